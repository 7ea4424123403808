"""What `make serve` and `just serve` run: the literal lines of one recipe."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.deployment.places import here
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.model import Command

__all__ = ["is_runner", "recipe"]

_RULE: Final = re.compile(r"([^\s:#=][^:#=]*):{1,2}(?![=:])([^=]*)")
_JUST_RULE: Final = re.compile(r"@?([A-Za-z_][\w-]*)((?:\s+[^:]+)?):(?!=)(.*)")
_SET: Final = re.compile(r"\s*(?:export\s+|override\s+)?([A-Za-z_][\w.-]*)\s*(?:[:?+]|::)?=\s*(.*)")
_JUST_SET: Final = re.compile(r"(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*[\"']([^\"']*)[\"']\s*")
_VALUE: Final = re.compile(r"\$\$|\$[({]([\w.-]+)[)}]|\$([A-Za-z@<^])")
_JUST_VALUE: Final = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
_FILES: Final = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "gmake": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
}
_ROUNDS: Final = 5
_MOST_LINES: Final = 200


class _Recipe(NamedTuple):
    lines: list[tuple[int, str]]
    names: list[str]


def is_runner(program: str) -> bool:
    """Return whether a program runs recipes of a file."""
    return program in _FILES


def recipe(command: Command, program: str, files: Files) -> Iterator[Command]:
    """Yield what a recipe runs, each line as a command of the shell; nothing where it cannot be told.

    Args:
        command: such as `make -C api serve`.
        program: its name, without folders.
        files: has the recipes.
    """
    words, given, folder = _asked(command.words[1:])
    path = next((found for name in _FILES[program] if (found := _file(folder, name, command, files))), None)
    if path is None or len(words) != 1:
        return
    read = _just if program == "just" else _make
    lines = read(files.text(path), words[0], given)
    for at, (number, line) in enumerate(lines, 1):
        # The last line is what stays; those before it only prepare, as in a script.
        kind = command.evidence[-1].kind if at == len(lines) else "shell"
        evidence = Evidence(kind, Spot(path, number), row(line))
        yield replace(command, words=("sh", "-c", line), evidence=(*command.evidence, evidence))


def _asked(words: tuple[str, ...]) -> tuple[list[str], dict[str, str], str]:
    """Return the recipes that are asked for, the variables that are set, and the folder."""
    names: list[str] = []
    given: dict[str, str] = {}
    folder, rest = "", list(words)
    while rest:
        word = rest.pop(0)
        name, sign, value = word.partition("=")
        if word in {"-C", "--directory", "-d", "--working-directory"}:
            folder = rest.pop(0) if rest else ""
        elif word in {"-f", "--file", "--justfile", "-j", "-o"}:
            del rest[:1]
        elif sign and name.isidentifier():
            given[name] = value
        elif not word.startswith("-"):
            names.append(word)
    return names, given, folder


def _file(folder: str, name: str, command: Command, files: Files) -> Path | None:
    path = here(f"{folder}/{name}" if folder else name, command, files)
    return path if path in files.paths else None


def _make(text: str, name: str, given: dict[str, str]) -> list[tuple[int, str]]:
    values: dict[str, str] = {"MAKE": "make", "CURDIR": "."}
    found: list[tuple[int, str]] = []
    inside = False
    for number, line in _whole(text):
        if line.startswith("\t"):
            if inside and line.strip():
                found.append((number, line.strip().lstrip("@-+").strip()))
            continue
        setting = _SET.fullmatch(line)
        rule = _RULE.match(line)
        if setting:
            values.setdefault(setting[1], setting[2].partition(" #")[0].strip())
        elif rule:
            inside = name in rule[1].split()
        elif line.strip() and not line.startswith("#"):
            inside = inside and line.startswith((" ", "ifdef", "ifeq", "ifneq", "ifndef", "else", "endif"))
    return [(number, _put_in(line, {**values, **given}, _VALUE)) for number, line in found[:_MOST_LINES]]


def _just(text: str, name: str, given: dict[str, str]) -> list[tuple[int, str]]:
    values: dict[str, str] = {}
    found: list[tuple[int, str]] = []
    inside = False
    for number, line in _whole(text):
        if line.startswith((" ", "\t")):
            stripped = line.strip()
            if inside and stripped and not stripped.startswith("#"):
                found.append((number, stripped.lstrip("@-")))
            continue
        setting, rule = _JUST_SET.fullmatch(line), _JUST_RULE.match(line)
        if setting:
            values[setting[1]] = setting[2]
        elif rule:
            inside = rule[1] == name
    return [(number, _put_in(line, {**values, **given}, _JUST_VALUE)) for number, line in found[:_MOST_LINES]]


def _whole(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers; one that ends with a backslash goes on in the next."""
    before, begin = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        begin = begin if before else number
        if line.endswith("\\"):
            before += (line[:-1].rstrip() if before else line[:-1]) + " "
            continue
        yield begin, (before + line.strip() if before else line)
        before = ""


def _put_in(line: str, values: dict[str, str], pattern: re.Pattern[str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "\0"
        name = next((group for group in found.groups() if group), "")
        return values.get(name, f"$UNSET_{name}" if name.isidentifier() else "$UNSET")

    for _ in range(_ROUNDS):
        before, line = line, pattern.sub(value, line)[:8_000]
        if line == before:
            break
    return line.replace("\0", "$")
