"""Platforms that build from the tree: Fly, Heroku, Railway, Render, Nixpacks, App Engine; their commands."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from ameide_telemetry.lint.deployment.images import command_of, left_of
from ameide_telemetry.lint.deployment.ownership import holds_python
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.deployment.workshop import Build
from ameide_telemetry.lint.deployment.yamls import documents, items, mapping, scalar
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.deployment.images import Image
    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.workshop import Workshop

__all__ = ["is_app_engine", "is_platform", "is_render", "platform"]

_FLY: Final = re.compile(r"fly(?:[-_.][\w-]+)*\.toml")
_RAILWAY: Final = re.compile(r"railway(?:[-_.][\w-]+)*\.(?:toml|json)")
_HEROKU: Final = re.compile(r"heroku\.ya?ml")
_RENDER: Final = re.compile(r"(?:render|heroku)\.ya?ml")
_APP: Final = re.compile(r"(?:.*[-_.])?app(?:[-_.].*)?\.ya?ml")
_RUNTIME: Final = re.compile(rb"^runtime[ \t]*:[ \t]*[\"']?python", re.MULTILINE)
_ENTRYPOINT: Final = re.compile(rb"^entrypoint[ \t]*:", re.MULTILINE)
_MOST: Final = 200
_WIDTH: Final = 300
_Over = Literal["shell", "command", "all"]


@dataclass(frozen=True)
class _Process:
    """A command line of a platform's file.

    Attributes:
        name: what the file calls it; empty if it does not.
        line: the command line.
        spot: where it stands.
        folder: that it is started in.
        over: how it is run: by a shell, as the words of CMD, or in the place of all that an image says.
        dockerfile: that the image is built from; None for none.
        environment: variables that the file sets.
    """

    name: str
    line: str
    spot: Spot
    folder: Path
    over: _Over = "shell"
    dockerfile: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def is_platform(name: str) -> bool:
    """Return whether a file has the name of a platform's file that is no YAML."""
    return name == "nixpacks.toml" or bool(_FLY.fullmatch(name) or _RAILWAY.fullmatch(name))


def is_render(name: str) -> bool:
    """Return whether a file has the name of a blueprint of Render's, or of Heroku's for images."""
    return _RENDER.fullmatch(name) is not None


def is_app_engine(name: str, data: bytes) -> bool:
    """Return whether a file is a configuration of App Engine's for Python, by its content."""
    return bool(_RUNTIME.search(data) and (_ENTRYPOINT.search(data) or _APP.fullmatch(name)))


def platform(path: Path, files: Files, workshop: Workshop) -> Iterator[tuple[Command, Image | None]]:
    """Yield what a platform's file starts, each with the image that it runs in, if one is built here."""
    read = next(reader for fits, reader in _READERS if fits(path.name))
    for number, process in enumerate(read(path, files)):
        if number >= _MOST:
            files.doubt(Spot(path), f"It has more than {_MOST} commands; only the first are read.")
            return
        found = _started(process, files, workshop)
        if found is not None:
            yield found


def _started(process: _Process, files: Files, workshop: Workshop) -> tuple[Command, Image | None] | None:
    evidence = Evidence("procfile", process.spot, row(process.line))
    image = None
    if process.dockerfile is not None and process.over != "shell":
        image = workshop.image(Build(process.dockerfile, process.folder))
    if image is None:
        words: tuple[str, ...] = ("sh", "-c", process.line)
        return Command(
            words,
            (evidence,),
            process.name,
            process.folder,
            environment=process.environment,
            ours=holds_python((process.folder,), files),
        ), None
    try:
        words = tuple(shlex.split(process.line))
    except ValueError:
        files.doubt(
            process.spot, "The quotes of this command are not closed.", "close the quote", process.line
        )
        return None
    whole = process.over == "all"
    used = replace(image, entrypoint=None if whole else image.entrypoint, command=words)
    base = command_of(used, files)
    if base is None:
        return None
    return replace(
        base,
        evidence=(evidence, *left_of(image, entry=whole, words=True)),
        service=process.name,
        environment={**base.environment, **process.environment},
    ), image


def _table(path: Path, files: Files) -> dict[str, object]:
    """Return what a TOML or JSON file holds; what is broken in it is noted."""
    text = files.text(path)
    try:
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        files.doubt(Spot(path, getattr(error, "lineno", 0)), f"It cannot be read: {row(str(error))}.")
        return {}
    return found if isinstance(found, dict) else {}


def _inner(table: object, *keys: str) -> dict[str, object]:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _texts(table: Mapping[str, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in table.items() if isinstance(value, str | int)}


def _spot(path: Path, files: Files, key: str) -> Spot:
    """Return the first line on which a key is given a value."""
    wanted = re.compile(rf"""(?:^|[{{,])\s*["']?{re.escape(key)}["']?\s*[=:]""")
    rows = files.text(path).split("\n")
    return Spot(path, next((line for line, text in enumerate(rows, 1) if wanted.search(text[:_WIDTH])), 0))


def _dockerfile(path: Path, files: Files, name: object, folder: Path | None = None) -> Path | None:
    given = name if isinstance(name, str) and name else "Dockerfile"
    found = files.find(folder or path.parent, given)
    return found if found in files.paths else None


def _fly(path: Path, files: Files) -> Iterator[_Process]:
    """`[processes]` takes the place of CMD; ENTRYPOINT stays."""
    table = _table(path, files)
    dockerfile = _dockerfile(path, files, _inner(table, "build").get("dockerfile"))
    environment = _texts(_inner(table, "env"))
    for name, line in _inner(table, "processes").items():
        if isinstance(line, str) and line.strip():
            spot = _spot(path, files, name)
            yield _Process(name, line, spot, path.parent, "command", dockerfile, environment)


def _railway(path: Path, files: Files) -> Iterator[_Process]:
    """`startCommand` takes the place of an image's ENTRYPOINT and CMD; without an image a shell runs it."""
    table = _table(path, files)
    line = _inner(table, "deploy").get("startCommand")
    if isinstance(line, str) and line.strip():
        dockerfile = _dockerfile(path, files, _inner(table, "build").get("dockerfilePath"))
        yield _Process("", line, _spot(path, files, "startCommand"), path.parent, "all", dockerfile)


def _nixpacks(path: Path, files: Files) -> Iterator[_Process]:
    table = _table(path, files)
    line = _inner(table, "start").get("cmd")
    if isinstance(line, str) and line.strip():
        environment = _texts(_inner(table, "variables"))
        yield _Process("", line, _spot(path, files, "cmd"), path.parent, environment=environment)


def _render(path: Path, files: Files) -> Iterator[_Process]:
    """`startCommand` is run by a shell in `rootDir`; `dockerCommand` takes the place of CMD."""
    for document in documents(files.text(path), path, files):
        for one in items(document.get("services")):
            service = mapping(one)
            folder = files.find(path.parent, scalar(service.get("rootDir")) or ".") or path.parent
            pairs = (mapping(each) for each in items(service.get("envVars")))
            environment = {scalar(each.get("key")): scalar(each.get("value")) for each in pairs}
            key = "dockerCommand" if scalar(service.get("dockerCommand")) else "startCommand"
            line = scalar(service.get(key))
            if not line.strip():
                continue
            context = files.find(folder, scalar(service.get("dockerContext")) or ".") or folder
            dockerfile = _dockerfile(path, files, scalar(service.get("dockerfilePath")), folder)
            spot = Spot(path, service.lines.get(key, service.line))
            known = {name: value for name, value in environment.items() if name and value}
            if key == "startCommand":
                yield _Process(scalar(service.get("name")), line, spot, folder, environment=known)
            else:
                yield _Process(scalar(service.get("name")), line, spot, context, "command", dockerfile, known)


def _heroku(path: Path, files: Files) -> Iterator[_Process]:
    """`run` takes the place of CMD in the image of the process, or of the one that `image` names."""
    for document in documents(files.text(path), path, files):
        built = mapping(mapping(document.get("build")).get("docker"))
        processes = mapping(document.get("run"))
        for name, given in processes.items():
            one = mapping(given)
            lines = items(one.get("command"))
            line = scalar(given) or (scalar(lines[0]) if lines else scalar(one.get("command")))
            if not line.strip():
                continue
            named = scalar(built.get(scalar(one.get("image")) or name))
            spot = Spot(path, processes.lines.get(name, processes.line))
            yield _Process(name, line, spot, path.parent, "command", _dockerfile(path, files, named))


def _app_engine(path: Path, files: Files) -> Iterator[_Process]:
    """`entrypoint` is run by a shell; without it `main:app` by gunicorn, if there is a `main.py`."""
    for document in documents(files.text(path), path, files):
        runtime = scalar(document.get("runtime"))
        if not runtime.startswith("python"):
            continue
        line, key = scalar(document.get("entrypoint")), "entrypoint"
        is_flexible = scalar(document.get("env")).startswith("flex") or "vm" in document
        if not line.strip():
            if is_flexible or path.parent / "main.py" not in files.paths or runtime[6:7] != "3":
                continue
            line, key = "gunicorn main:app", "runtime"
        pairs = mapping(document.get("env_variables"))
        environment = {name: value for name, value in pairs.items() if isinstance(value, str)}
        spot = Spot(path, document.lines.get(key, document.line))
        name = scalar(document.get("service"))
        yield _Process(name, line, spot, path.parent, environment=environment)


_READERS: Final[tuple[tuple[Callable[[str], object], Callable[[Path, Files], Iterator[_Process]]], ...]] = (
    (_FLY.fullmatch, _fly),
    (_RAILWAY.fullmatch, _railway),
    ("nixpacks.toml".__eq__, _nixpacks),
    (_HEROKU.fullmatch, _heroku),
    (is_render, _render),
    (bool, _app_engine),
)
