"""Containers of ECS: task definitions as JSON, and the lists of words that stand in Terraform as literals."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.deployment.images import Image, command_of, left_of
from ameide_telemetry.lint.deployment.instructions import as_words
from ameide_telemetry.lint.deployment.places import absolute, context_of
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.workshop import Workshop

__all__ = ["is_task", "is_terraform", "tasks", "terraform"]

_TASK: Final = re.compile(r".*(?:task[-_.]?def|taskdef|task[-_.]definition|ecs).*\.json")
_TOKEN: Final = re.compile(
    r"""(?P<brace>[{}])|"?\b(?P<key>command|entry[Pp]oint|args|name|image)\b"?[ \t]*[=:][ \t]*"""
    r"""(?:(?P<words>\[[^\[\]]*\])|"(?P<text>[^"\n]*)")"""
)
_LIKE_CONTAINERS: Final = re.compile(r"container|cloud_run|Cloud Run", re.IGNORECASE)
_NO_SHELL: Final = ("",)  # its words are an exec form, whatever they look like
_MOST: Final = 200


class _Container(NamedTuple):
    name: str
    image: str
    entry: tuple[str, ...] | None
    words: tuple[str, ...] | None
    environment: dict[str, str]
    folder: str
    spot: Spot


def is_task(name: str) -> bool:
    """Return whether a file has the name of a task definition."""
    return _TASK.fullmatch(name.lower()) is not None


def is_terraform(name: str) -> bool:
    """Return whether a file has the name of one of Terraform's."""
    return name.endswith((".tf", ".tofu"))


def tasks(path: Path, files: Files, workshop: Workshop) -> Iterator[tuple[Command, Image | None]]:
    """Yield what the containers of a task definition start."""
    text = files.text(path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        files.doubt(Spot(path, line), f"This JSON cannot be read: {row(str(error))}.")
        return
    listed = found.get("containerDefinitions") if isinstance(found, dict) else None
    for given in listed[:_MOST] if isinstance(listed, list) else ():
        if isinstance(given, dict):
            container = _of_json(path, text, given)
            started = _started(container, files, workshop) if container else None
            if started is not None:
                yield started


def terraform(path: Path, files: Files, workshop: Workshop) -> Iterator[tuple[Command, Image | None]]:
    """Yield what literal lists of words start; nothing is told of what is made of other values."""
    text = files.text(path)
    if not _LIKE_CONTAINERS.search(text):
        return
    for number, block in enumerate(_blocks(text)):
        if number >= _MOST:
            files.doubt(Spot(path), f"It has more than {_MOST} lists of words; only the first are read.")
            return
        container = _of_block(path, text, block)
        started = _started(container, files, workshop) if container else None
        if started is not None:
            yield started


def _blocks(text: str) -> Iterator[dict[str, re.Match[str]]]:
    """Yield what stands between braces, without what stands in further braces, where a command is in it."""
    blocks: dict[int, dict[str, re.Match[str]]] = {}
    around: list[int] = []
    for found in _TOKEN.finditer(text):
        if found["brace"] == "{":
            around.append(found.start())
        elif found["brace"]:
            del around[-1:]
        else:
            block = blocks.setdefault(around[-1] if around else -1, {})
            block.setdefault(found["key"].lower(), found)
    return (block for block in blocks.values() if {"command", "entrypoint", "args"} & block.keys())


def _of_block(path: Path, text: str, block: dict[str, re.Match[str]]) -> _Container | None:
    lists = {key: as_words(found["words"])[0] for key, found in block.items() if found["words"]}
    if not lists or None in lists.values():
        return None
    texts = {key: found["text"] or "" for key, found in block.items()}
    entry, words = lists.get("entrypoint"), lists.get("command")
    if "args" in lists:  # who has these calls an entry point a command
        entry, words = words, lists["args"]
    at = block.get("command") or next(block[key] for key in lists)
    name = texts.get("name", "")
    return _Container(
        "" if "$" in name else name,
        texts.get("image", ""),
        entry,
        words,
        {},
        "",
        Spot(path, text.count("\n", 0, at.start()) + 1),
    )


def _of_json(path: Path, text: str, given: dict[str, object]) -> _Container | None:
    entry, words = _words(given.get("entryPoint")), _words(given.get("command"))
    key = "command" if words is not None else "entryPoint" if entry is not None else "image"
    shown = json.dumps((words or entry or (given.get("image"),))[0], ensure_ascii=False)
    wanted = re.compile(rf'"{key}"\s*:\s*\[?\s*{re.escape(shown)}')
    place = wanted.search(text)
    line = text.count("\n", 0, place.start()) + 1 if place else 0
    listed = given.get("environment")
    pairs = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    environment = {str(each.get("name")): str(each.get("value", "")) for each in pairs}
    folder = given.get("workingDirectory")
    return _Container(
        str(given.get("name") or ""),
        str(given.get("image") or ""),
        entry,
        words,
        environment,
        folder if isinstance(folder, str) else "",
        Spot(path, line),
    )


def _words(given: object) -> tuple[str, ...] | None:
    return tuple(map(str, given)) if isinstance(given, list) and given else None


def _started(container: _Container, files: Files, workshop: Workshop) -> tuple[Command, Image | None] | None:
    path = container.spot.path
    image = workshop.called(container.image) if container.image and "$" not in container.image else None
    home = next((folder for folder in path.parents if folder in files.python), path.parent)
    used = image or Image(path, home)
    if container.entry is not None:
        used = replace(used, entrypoint=container.entry, command=None, shell=_NO_SHELL)
    if container.words is not None:
        used = replace(used, command=container.words)
    base = command_of(used, files)
    if base is None:
        return None
    shown = " ".join((*(container.entry or ()), *(container.words or ()))) or container.image
    left = left_of(image, entry=container.entry is not None, words=container.words is not None)
    folder = container.folder or (base.workdir if image is not None else "")
    workdir = absolute(folder, "/") if folder else ""
    return replace(
        base,
        evidence=(Evidence("kubernetes", container.spot, row(f"command: {shown}")), *left),
        service=container.name,
        environment={**base.environment, **container.environment},
        workdir=workdir,
        context=context_of(workdir or "/", dict(base.copied), files, base.context),
    ), image
