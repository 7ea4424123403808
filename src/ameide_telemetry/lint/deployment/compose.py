"""Compose files: services with their image, command, environment and mounted folders."""

from __future__ import annotations

import os.path
import re
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import joined, plain
from ameide_telemetry.lint.deployment.images import Image, command_of, left_of
from ameide_telemetry.lint.deployment.places import absolute, context_of, within
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.deployment.scan import Broken
from ameide_telemetry.lint.deployment.workshop import Build
from ameide_telemetry.lint.deployment.yamls import Items, Map, documents, items, mapping, scalar
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.workshop import Workshop

__all__ = ["Compose", "is_compose"]

_NAME: Final = re.compile(
    r"(?:.*[-_.])?(?:docker-)?compose(?:[-_.].*)?\.ya?ml(?:\.(?:example|sample|dist))?", re.IGNORECASE
)
_BASES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
_MOST_EXTENDED: Final = 10
_LONGEST: Final = 8_000
_NOTHING: Final = ("null", "Null", "NULL", "~")
_CONTENT: Final = re.compile(r"^(?!---\s*$)[^\S\n]*[^\s#]", re.MULTILINE)
_RENAME: Final = "mend it, or give it another name"
_SERVICE: Final = "write it as a mapping: {image: NAME, command: [PROGRAM, ARGUMENT]}"
_MERGED: Final = frozenset({"environment", "build", "labels", "args"})


def is_compose(name: str) -> bool:
    """Return whether a file has the name of a compose file."""
    return _NAME.fullmatch(name) is not None


class _Variables:
    """The scope of `${NAME:-word}`; compose has no commands to put in."""

    guess = False

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def value(self, name: str) -> str | None:
        return self.values.get(name)

    def assign(self, name: str, value: str) -> None:
        """Compose has no `:=`."""

    def output(self, command: str) -> str | None:  # noqa: ARG002 - part of the protocol
        return None


_PARAMETER: Final = re.compile(r"\$\$|\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\$[A-Za-z_]\w*")


def interpolated(text: str, values: dict[str, str]) -> str:
    """Return a text with variables put in; `$$` is a dollar, what nobody says stays as `$NAME`."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        try:
            return plain(joined(f'"{found[0]}"', _Variables(values)))
        except Broken:
            return found[0]

    return _PARAMETER.sub(value, text) if "$" in text and len(text) <= _LONGEST else text


def variables_of(text: str) -> dict[str, str]:
    """Return what a file of `NAME=value` lines says."""
    found: dict[str, str] = {}
    for line in text.split("\n")[:10_000]:
        pair = _LINE.fullmatch(line)
        if pair and not line.lstrip().startswith("#"):
            value = pair[2]
            quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
            found[pair[1]] = value[1:-1] if quoted else value.partition(" #")[0].rstrip()
    return found


class Compose:
    """All compose files of a tree.

    Args:
        paths: the files.
        files: the tree.
        workshop: the images.
    """

    def __init__(self, paths: list[Path], files: Files, workshop: Workshop) -> None:
        self.files = files
        self.workshop = workshop
        self.services: dict[Path, Map] = {}
        for path in sorted(paths, key=lambda path: (path.name not in _BASES, path)):
            told = is_compose(path.name)
            found = documents(files.text(path), path, files, ("services",), told=told)
            services = next((one["services"] for one in found if isinstance(one.get("services"), Map)), None)
            if services is not None and (told or _looks_like(services)):
                self.services[path] = services
            elif told:
                self._no_services(path, found)
        for path, name, service in self._all():
            made = self._build(path, service)
            if made is not None:
                self.workshop.name(self._text(path, service.get("image")) or name, made)

    def _no_services(self, path: Path, found: list[Map]) -> None:
        """Note why a file that has the name of a compose file has no services, unless it may have none."""
        text = self.files.text(path)
        given = next((one for one in found if one.get("services") is not None), None)
        if given is not None:
            spot = Spot(path, given.lines["services"])
            self.files.doubt(spot, "`services` is no mapping of names.", "write services: {name: {...}}")
        elif "services" not in text and _CONTENT.search(text):
            before = len(self.files.problems)
            if not documents(text, path, self.files) and len(self.files.problems) == before:
                self.files.doubt(Spot(path), "This is no compose file: it holds no mapping.", _RENAME)

    def _all(self) -> Iterator[tuple[Path, str, Map]]:
        """Yield each service of each file, put together with what it extends or overlays."""
        for path, services in self.services.items():
            base = next((path.parent / name for name in _BASES if path.parent / name in self.services), None)
            for name, service in services.items():
                if not isinstance(service, Map):
                    spot = Spot(path, services.lines.get(name, services.line))
                    if service is not None:
                        self.files.doubt(spot, f"The service `{row(name)}` is no mapping.", _SERVICE)
                    continue
                whole = self._extended(path, service, 0)
                under = self.services[base].get(name) if base is not None and base != path else None
                if isinstance(under, Map) and base is not None and not _stands_alone(whole):
                    whole = _over(self._extended(base, under, 0), whole, base)
                yield path, name, whole

    def _extended(self, path: Path, service: Map, depth: int) -> Map:
        given = service.get("extends")
        name = scalar(given) or scalar(mapping(given).get("service"))
        if not name:
            return service
        if depth > _MOST_EXTENDED:
            self.files.doubt(_spot(path, service, "extends"), "This service extends itself.")
            return service
        other = (
            self.files.find(path.parent, scalar(mapping(given).get("file")))
            if mapping(given).get("file")
            else path
        )
        parent = mapping(self.services.get(other)).get(name) if other else None
        if not isinstance(parent, Map) or other is None:
            self.files.doubt(
                _spot(path, service, "extends"),
                f"The service `{row(name)}` that this one extends is not there.",
            )
            return service
        return _over(self._extended(other, parent, depth + 1), service, other)

    def commands(self) -> Iterator[tuple[Command, Image | None]]:
        """Yield what each service starts."""
        for path, name, service in self._all():
            command, image = self._command(path, name, service)
            if command is not None:
                yield command, image

    def _values(self, path: Path) -> dict[str, str]:
        dotenv = path.parent / ".env"
        return variables_of(self.files.text(dotenv)) if dotenv in self.files.paths else {}

    def _text(self, path: Path, value: object) -> str:
        return interpolated(scalar(value), self._values(path))

    def _build(self, path: Path, service: Map) -> Build | None:
        given = service.get("build")
        if given is None:
            return None
        settings = mapping(given)
        text = partial(self._text, path)
        folder = text(given) or text(settings.get("context")) or "."
        context = self.files.find(path.parent, folder)
        name = text(settings.get("dockerfile"))
        if context is None or "dockerfile_inline" in settings or "://" in folder:
            self._no_dockerfile(path, service, folder if context is None else "")
            return None
        names = [name] if name else ["Dockerfile", "Containerfile"]
        # With several files the folder of the first is meant, and here nobody says which that is.
        contexts = (context, *self._with_base(path, folder))
        found = (
            (place, each) for place in contexts for one in names if (each := self.files.find(place, one))
        )
        context, dockerfile = next((pair for pair in found if pair[1] in self.files.paths), (context, None))
        if dockerfile is None:
            self._no_dockerfile(path, service, f"{folder}/{names[0]}")
            return None
        arguments = _pairs(settings.get("args"), text)
        return Build(dockerfile, context, text(settings.get("target")), arguments)

    def _with_base(self, path: Path, name: str) -> Iterator[Path]:
        """Yield the folder of a relative name, seen from the nearest folder above that has a first file."""
        for folder in path.parent.parents:
            if any(folder / base in self.services for base in _BASES):
                found = self.files.find(folder, name)
                if found is not None:
                    yield found
                return
            if folder == self.files.root:
                return

    def _no_dockerfile(self, path: Path, service: Map, name: str) -> None:
        if name and "$" not in name and "://" not in name:
            hint = "name a folder with a Dockerfile: `build: {context: FOLDER, dockerfile: FILE}`"
            spot = _spot(path, service, "build")
            if self._is_there(path.parent / name):
                hint = "exclude this file too, or neither of them: see `exclude` in the settings"
                self.files.doubt(spot, f"What is built at `{row(name)}` is excluded.", hint, f"build: {name}")
                return
            self.files.doubt(spot, f"There is nothing to build at `{row(name)}`.", hint, f"build: {name}")

    def _is_there(self, place: Path) -> bool:
        """Return whether the tree has a Dockerfile that is not looked at: a file, or what a folder has."""
        named = os.path.normpath(place)
        inside = Path(named).is_relative_to(self.files.root)
        # These two take every name for that of nothing which no file can have.
        return inside and any(os.path.isfile(each) for each in (named, f"{named}/Dockerfile"))  # noqa: PTH113

    def _image(self, path: Path, service: Map) -> Image | None:
        made = self._build(path, service)
        if made is not None:
            image = self.workshop.image(made)
            if image is None and made.target:
                spot = _spot(path, service, "build")
                self.files.doubt(spot, f"The Dockerfile has no stage `{row(made.target)}`.", text=made.target)
            return image
        reference = self._text(path, service.get("image"))
        return self.workshop.called(reference) if reference else None

    def _command(self, path: Path, name: str, service: Map) -> tuple[Command | None, Image | None]:
        image = self._image(path, service)
        blank = Image(path, path.parent)
        used = image or blank
        entry, shown_entry = self._words(path, service, "entrypoint")
        words, shown = self._words(path, service, "command")
        reference = self._text(path, service.get("image"))
        if image is None and entry is None and words and (image := self.workshop.meant(reference, words)):
            used = image
        if entry is not None:
            used = replace(used, entrypoint=entry, command=None)
        if words is not None:
            used = replace(used, command=words)
        base = command_of(used, self.files)
        if base is None:
            return None, image
        whole = "build" if "build" in service else "image"
        key = "command" if words is not None else "entrypoint" if entry is not None else whole
        spot = _spot(path, service, key)
        text = shown or shown_entry or f"{name}: {row(used.said[1])}"
        evidence = Evidence("compose", spot, row(text))
        workdir = self._text(path, service.get("working_dir")) or base.workdir
        copied = self._mounted(path, service, dict(base.copied))
        workdir = absolute(workdir, "/") if image is not None or service.get("working_dir") else ""
        return replace(
            base,
            evidence=(evidence, *left_of(image, entry=entry is not None, words=words is not None)),
            service=name,
            environment={**base.environment, **self._environment(path, service)},
            copied=copied,
            workdir=workdir,
            context=context_of(workdir or "/", copied, self.files, image.context if image else path.parent),
            ours=base.ours or self.workshop.runs_ours(reference, base.words),
        ), image

    def _words(self, path: Path, service: Map, key: str) -> tuple[tuple[str, ...] | None, str]:
        """Return the words of a command: a text is split as a shell would, but no shell runs it."""
        given = service.get(key)
        if given in _NOTHING:
            return None, ""
        if isinstance(given, Items) and all(isinstance(word, str) for word in given):
            words = tuple(self._text(path, word) for word in given)
            return words, f"{key}: {shlex.join(words)}"
        if not isinstance(given, str):
            if given is not None:
                wanted = f'write {key}: ["program", "argument"]'
                self.files.doubt(
                    _spot(path, service, key), f"This {key} is neither a text nor a list of texts.", wanted
                )
            return None, ""
        text = self._text(path, given)
        try:
            return tuple(shlex.split(text)), f"{key}: {text}"
        except ValueError:
            spot = _spot(path, service, key)
            self.files.doubt(spot, "The quotes of this command are not closed.", "close the quote", text)
            return None, ""

    def _environment(self, path: Path, service: Map) -> dict[str, str]:
        found: dict[str, str] = {}
        given = service.get("env_file")
        for one in items(given) or [given]:
            name = self._text(path, one) or self._text(path, mapping(one).get("path"))
            file = self.files.find(path.parent, name) if name else None
            if file is not None and file in self.files.paths:
                found.update(variables_of(self.files.text(file)))
        return {**found, **_pairs(service.get("environment"), partial(self._text, path))}

    def _mounted(self, path: Path, service: Map, copied: dict[str, Path]) -> dict[str, Path]:
        """Return what stands where, once folders of this tree are mounted over the image's."""
        for one in items(service.get("volumes")):
            source, _, rest = self._text(path, one).partition(":")
            target = rest.partition(":")[0]
            source = source or self._text(path, mapping(one).get("source"))
            target = target or self._text(path, mapping(one).get("target"))
            found = self.files.find(path.parent, source) if source.startswith(".") else None
            if found is None or not target.startswith("/"):
                continue
            folder = absolute(target, "/")
            copied = {known: here for known, here in copied.items() if within(known, folder) is None}
            copied[folder] = found
        return copied


def _looks_like(services: Map) -> bool:
    return any(isinstance(one, Map) and {"image", "build"} & one.keys() for one in services.values())


def _stands_alone(service: Map) -> bool:
    """Return whether a service says what it is made of, so that no other file is needed below it."""
    build = service.get("build")
    return "image" in service or isinstance(build, str) or "context" in mapping(build)


def _spot(path: Path, service: Map, key: str) -> Spot:
    """Return where a setting stands: in this file, or in that which it was merged from."""
    return Spot(service.paths.get(key, path), service.lines.get(key, service.line))


def _over(under: Map, upper: Map, origin: Path) -> Map:
    """Return a service with another over it: mappings are merged, lists of variables joined."""
    whole = Map(upper.line)
    whole.update(under)
    whole.lines.update(under.lines)
    whole.paths = {**dict.fromkeys(under, origin), **under.paths}
    for key, given in upper.items():
        old, value = under.get(key), given
        whole.paths.pop(key, None)
        if key in _MERGED and isinstance(old, Map) and isinstance(value, Map):
            value = _over(old, value, origin)
        elif (
            key in {"environment", "volumes", "env_file"}
            and isinstance(old, Items)
            and isinstance(value, Items)
        ):
            value = Items(given.line)
            value.extend([*old, *given])
        whole[key] = value
    whole.lines.update(upper.lines)
    whole.pop("extends", None)
    return whole


def _pairs(given: object, text: Any) -> dict[str, str]:
    """Return variables that are given as a mapping or as a list of `NAME=value`."""
    if isinstance(given, Map):
        return {name: text(value) for name, value in given.items() if isinstance(value, str)}
    split = (text(one).partition("=") for one in items(given))
    return {name: value for name, sign, value in split if sign}
