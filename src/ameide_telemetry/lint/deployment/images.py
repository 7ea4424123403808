"""Images: what a Dockerfile builds, from its stages."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import joined, plain
from ameide_telemetry.lint.deployment.instructions import KNOWN, as_words, instructions
from ameide_telemetry.lint.deployment.ownership import (
    holds_python,
    installs_python,
    is_for_others,
    is_for_python,
)
from ameide_telemetry.lint.deployment.places import absolute, context_of, mapped, overlays, within
from ameide_telemetry.lint.deployment.reading import DECLARE, row
from ameide_telemetry.lint.deployment.scan import Broken
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ameide_telemetry.lint.deployment.instructions import Instruction
    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["Image", "build", "command_of", "is_ours", "left_of"]

_WORD: Final = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+""", re.DOTALL)
_UNSET: Final = re.compile(r"\$\w+")  # what no ARG or ENV of the stage sets is empty
_SHELL: Final = ("/bin/sh", "-c")
_LAMBDA: Final = re.compile(r"(?:^|/)lambda/python\b|amazon/aws-lambda-python\b")
_TASK: Final = "/var/task"
_TAKES: Final = re.compile(r"\$\{?[\d@*]")
_MOST_STAGES: Final = 100
_MOST_COPIES: Final = 500
_MOST_VALUES: Final = 1_000
_URL: Final = re.compile(r"(?:https?|git|ssh|ftp)[:@]")


@dataclass(frozen=True)
class Image:
    """What a stage of a Dockerfile makes.

    Attributes:
        path: of the Dockerfile.
        name: of the stage; empty without.
        base: the image that it begins with, or that the stage does that it begins with.
        context: folder here that is sent to the build.
        entrypoint: words in front; None where nobody sets them.
        command: words behind; None where nobody sets them.
        shell: what runs shell forms.
        environment: variables.
        arguments: build arguments.
        copied: folder or file in the image -> here.
        written: path in the image -> text that the Dockerfile itself writes there.
        workdir: absolute folder that it starts in.
        said: line and text of the ENTRYPOINT or CMD that says what is started.
        said_first: line and text of the ENTRYPOINT.
        own: whether this stage itself says what is started.
        own_command: whether this stage itself has a CMD.
        python: whether it is made for Python: its base has such a name, or a line installs packages.
    """

    path: Path
    context: Path
    name: str = ""
    base: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    shell: tuple[str, ...] = _SHELL
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, Path] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    said: tuple[int, str] = (0, "")
    said_first: tuple[int, str] = (0, "")
    own: bool = False
    own_command: bool = False
    python: bool = False


class _Values:
    """The scope of `$NAME` in a Dockerfile: variables over build arguments."""

    guess = False

    def __init__(self, image: Image) -> None:
        self.image = image

    def value(self, name: str) -> str | None:
        return self.image.environment.get(name, self.image.arguments.get(name))

    def assign(self, name: str, value: str) -> None:
        """A Dockerfile has no `:=`."""

    def output(self, command: str) -> str | None:  # noqa: ARG002 - part of the protocol
        return None


def _value(raw: str, image: Image) -> str:
    try:
        return plain(joined(raw, _Values(image)))
    except Broken:
        return raw


class _Builder:
    def __init__(self, path: Path, context: Path, arguments: Mapping[str, str], files: Files) -> None:
        self.files = files
        self.given = dict(arguments)
        self.blank = Image(path, context)
        self.stages: list[Image] = []
        self.image: Image | None = None
        self.said: set[str] = set()
        self.global_arguments: dict[str, str] = {}

    def run(self, text: str) -> list[Image]:
        for instruction in instructions(text):
            if instruction.name not in KNOWN:
                self.doubt(instruction, f"`{instruction.name[:40]}` is no instruction of a Dockerfile.")
            elif self.image is None and instruction.name not in {"FROM", "ARG"}:
                self.doubt(instruction, f"`{instruction.name}` stands before the first FROM.")
            elif instruction.name in _READERS:
                _READERS[instruction.name](self, instruction)
        if self.image is not None:
            self.stages.append(self.image)
        elif not self.stages:
            self.files.doubt(Spot(self.blank.path), "It has no FROM, so it builds nothing.")
        return self.stages

    def doubt(self, instruction: Instruction, message: str, hint: str = DECLARE) -> None:
        if message in self.said:  # the first place is enough
            return
        self.said.add(message)
        shown = f"{instruction.name} {instruction.text}"
        self.files.doubt(Spot(self.blank.path, instruction.line), message, hint, shown)

    @property
    def now(self) -> Image:
        return self.image or self.blank

    def from_(self, found: Instruction) -> None:
        if self.image is not None:
            self.stages.append(self.image)
        if len(self.stages) >= _MOST_STAGES:
            self.doubt(found, f"It has more than {_MOST_STAGES} stages; only the first are read.")
            return
        words = [word for word in found.text.split() if not word.startswith("--")]
        scope = replace(self.blank, arguments={**self.global_arguments, **self.given})
        base = _value(words[0], scope) if words else ""
        name = words[2].lower() if words[2:] and words[1].lower() == "as" else ""
        parent = self.stage(base)
        start = replace(parent, own=False, own_command=False) if parent else self.blank
        if parent is None and _LAMBDA.search(base):
            task = {"LAMBDA_TASK_ROOT": _TASK}
            start = replace(start, entrypoint=("/lambda-entrypoint.sh",), workdir=_TASK, environment=task)
        is_python = parent.python if parent else is_for_python(base)
        self.image = replace(
            start, name=name, base=parent.base if parent else base, arguments={}, python=is_python
        )

    def run_(self, found: Instruction) -> None:
        lines = (found.text, *(text for _, text in found.documents))
        if not is_for_others(self.now.base) and any(map(installs_python, lines)):
            self.image = replace(self.now, python=True)

    def stage(self, name: str) -> Image | None:
        named = [stage for stage in self.stages if stage.name and stage.name == name.lower()]
        if named:
            return named[-1]
        return self.stages[int(name)] if name.isdecimal() and int(name[:4]) < len(self.stages) else None

    def arg(self, found: Instruction) -> None:
        for word in _WORD.findall(found.text)[:_MOST_VALUES]:
            name, sign, raw = word.partition("=")
            if len(self.now.arguments) + len(self.global_arguments) > _MOST_VALUES:
                return
            known = self.global_arguments if self.image is not None else {}
            value = self.given.get(name, _value(raw, self.now) if sign else known.get(name))
            if value is None:
                continue
            if self.image is None:
                self.global_arguments[name] = value
            else:
                self.image = replace(self.image, arguments={**self.image.arguments, name: value})

    def env(self, found: Instruction) -> None:
        words = _WORD.findall(found.text)
        if words and "=" not in words[0]:
            name, _, rest = found.text.partition(" ")
            pairs = [(name, rest.strip())]
        else:
            pairs = [(name, raw) for name, sign, raw in (word.partition("=") for word in words) if sign]
        if len(self.now.environment) > _MOST_VALUES:
            self.doubt(found, f"It sets more than {_MOST_VALUES:,} variables; only the first are read.")
            return
        new = {name: _value(raw, self.now) for name, raw in pairs[:_MOST_VALUES]}
        self.image = replace(self.now, environment={**self.now.environment, **new})

    def workdir(self, found: Instruction) -> None:
        folder = _UNSET.sub("", _value(found.text, self.now))
        self.image = replace(self.now, workdir=absolute(folder, self.now.workdir))

    def shell(self, found: Instruction) -> None:
        words, _ = as_words(found.text)
        if words:
            self.image = replace(self.now, shell=words)

    def words(self, found: Instruction) -> tuple[str, ...]:
        words, broken = as_words(found.text)
        if broken:
            self.doubt(
                found,
                f"{found.name} is no JSON, so it is run through the shell, brackets and all.",
                f'write it with double quotes: {found.name} ["program", "argument"]',
            )
        if words is None:
            return (*self.now.shell, found.text) if found.text else ()
        return words

    def entrypoint(self, found: Instruction) -> None:
        """An ENTRYPOINT takes back the CMD of the image it is built from, not of its own stage."""
        command = self.now.command if self.now.own_command else None
        said = (found.line, f"ENTRYPOINT {found.text}")
        words = self.words(found)
        self.image = replace(
            self.now, entrypoint=words or None, command=command, own=True, said=said, said_first=said
        )

    def cmd(self, found: Instruction) -> None:
        said = self.now.said if self.now.entrypoint and self.now.own else (found.line, f"CMD {found.text}")
        words = self.words(found)
        self.image = replace(self.now, command=words, own=True, own_command=True, said=said)

    def copy(self, found: Instruction) -> None:
        sources, options = _operands(found.text)
        sources = [_UNSET.sub("", _value(source, self.now)) for source in sources]
        if len(self.now.copied) > _MOST_COPIES:
            self.doubt(found, f"It copies more than {_MOST_COPIES} times; only the first are read.")
            return
        if not sources[1:]:
            return
        target = sources.pop()
        folder = absolute(target, self.now.workdir)
        if found.documents:
            self._write(found, sources, target, folder)
            return
        is_folder = target.endswith(("/", ".")) or len(sources) > 1 or folder == self.now.workdir
        origin = self.stage(options.get("from", "")) if "from" in options else None
        copied = dict(self.now.copied)
        for source in sources:
            if origin is not None:
                _copy_from_stage(self.files, origin, absolute(source, "/"), folder, copied)
            elif "from" not in options and not _URL.match(source):
                _copy_here(self.files, self.blank.context, source, (folder, is_folder), copied)
        self.image = replace(self.now, copied=copied)

    def _write(self, found: Instruction, sources: list[str], target: str, folder: str) -> None:
        written = dict(self.now.written)
        for name, text in found.documents:
            many = len(sources) > 1 or target.endswith("/")
            written[posixpath.join(folder, name) if many else folder] = text
        self.image = replace(self.now, written=written)


def _operands(text: str) -> tuple[list[str], dict[str, str]]:
    options: dict[str, str] = {}
    rest = text
    while rest.startswith("--"):
        option, _, rest = rest.partition(" ")
        rest = rest.lstrip()
        name, _, value = option[2:].partition("=")
        options[name] = value
    words, _ = as_words(rest)
    return list(words) if words is not None else _WORD.findall(rest), options


def _copy_from_stage(files: Files, origin: Image, source: str, target: str, copied: dict[str, Path]) -> None:
    """Note what an earlier stage had at a path, and what it had below."""
    whole = mapped(source, dict(origin.copied), files)
    if whole is not None:
        copied[target] = whole
    for folder, path in origin.copied.items():
        below = within(folder, source)
        if below:
            copied[posixpath.join(target, below)] = path


def _copy_here(
    files: Files, context: Path, source: str, where: tuple[str, bool], copied: dict[str, Path]
) -> None:
    """Note `COPY source folder`; a copied folder's content goes into it, a file goes there by its name."""
    folder, is_folder = where
    if any(sign in source for sign in "*?["):
        stem = source.partition("*")[0].rpartition("/")[0]
        found = files.find(context, stem.lstrip("/") or ".")
        if found is not None:
            copied.setdefault(folder, found)
        return
    found = files.find(context, source.lstrip("/") or ".")
    if found is None:
        return
    if found in files.folders:
        under = copied.get(folder)
        if under is not None and under != found and overlays(found, under, files):
            copied.update({posixpath.join(folder, name): found / name for name in files.names(found)})
            return
        copied[folder] = found
        if folder.rpartition("/")[2] == found.name:
            copied.setdefault(folder.rpartition("/")[0] or "/", found.parent)
    elif is_folder:
        copied[posixpath.join(folder, found.name)] = found
        copied.setdefault(folder, found.parent)
    else:
        copied[folder] = found
        copied.setdefault(folder.rpartition("/")[0] or "/", found.parent)


_READERS: Final = {
    "FROM": _Builder.from_,
    "RUN": _Builder.run_,
    "ARG": _Builder.arg,
    "ENV": _Builder.env,
    "WORKDIR": _Builder.workdir,
    "SHELL": _Builder.shell,
    "ENTRYPOINT": _Builder.entrypoint,
    "CMD": _Builder.cmd,
    "COPY": _Builder.copy,
    "ADD": _Builder.copy,
}


def build(text: str, path: Path, context: Path, arguments: Mapping[str, str], files: Files) -> list[Image]:
    """Return the stages of a Dockerfile, in order; what is broken in it is noted."""
    return _Builder(path, context, arguments, files).run(text)


def command_of(image: Image, files: Files) -> Command | None:
    """Return what an image starts by itself; None if it starts nothing."""
    entry, words = image.entrypoint or (), image.command or ()
    if entry[: len(image.shell)] == image.shell and not _TAKES.search(entry[-1]):
        words = ()  # its shell is given arguments that its line does not use
    if not entry and not words:
        return None
    context = context_of(image.workdir, dict(image.copied), files, image.context)
    line, text = image.said
    return Command(
        words=(*entry, *words),
        evidence=(Evidence("dockerfile", Spot(image.path, line), row(text)),),
        service="",
        context=context,
        environment={name: value for name, value in image.environment.items() if "\0" not in value},
        copied=dict(image.copied),
        workdir=image.workdir,
        ours=is_ours(image, files),
    )


def is_ours(image: Image, files: Files) -> bool:
    """Return whether Python of the tree runs in an image: its base, its packages or its files say so."""
    if image.python:
        return True
    return not is_for_others(image.base) and holds_python(image.copied.values(), files)


def left_of(image: Image | None, *, entry: bool, words: bool) -> tuple[Evidence, ...]:
    """Return the line of an image that still counts under a deployment.

    Args:
        image: None for one that is not built here.
        entry: whether the deployment has words of its own for ENTRYPOINT.
        words: whether it has words of its own for CMD.
    """
    if image is None or entry or (words and not image.entrypoint):
        return ()
    line, text = image.said_first if words else image.said
    return (Evidence("dockerfile", Spot(image.path, line), row(text)),)
