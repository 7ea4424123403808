"""supervisord: a command for each `[program:x]`."""

from __future__ import annotations

import fnmatch
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.ini import entries
from ameide_telemetry.lint.deployment.places import here, moved
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.ini import Entry
    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["programs"]

_KINDS: Final = ("program:", "eventlistener:", "fcgi-program:")
_VALUE: Final = re.compile(r"%\((\w+)\)[sd]|%%")
_PAIR: Final = re.compile(r"""\s*([A-Za-z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,]*)\s*(?:,|$)""")
_MOST_INCLUDED: Final = 50


def programs(path: Path, files: Files, starter: Command | None = None) -> Iterator[Command]:
    """Yield the programs of a supervisord file and of the files that it includes.

    Args:
        path: of the file.
        files: has its text.
        starter: the command that runs supervisord, with its folder and environment.
    """
    base = starter or Command((), (), "", _home(path, files))
    todo, seen = [path], {path}
    while todo:
        now = todo.pop(0)
        found = entries(files.text(now), folded=True)
        sections: dict[str, list[Entry]] = {}
        for entry in found:
            sections.setdefault(entry.section, []).append(entry)
        shared = _setting(sections.get("supervisord", ()), "environment")
        for section, settings in sections.items():
            if section.startswith(_KINDS):
                yield from _program(now, section.partition(":")[2].strip(), settings, shared, (base, files))
        included = _setting(sections.get("include", ()), "files").split()
        for one in _included(now, included, base, files):
            if one not in seen and len(seen) < _MOST_INCLUDED:
                seen.add(one)
                todo.append(one)


def _home(path: Path, files: Files) -> Path:
    """Return the nearest folder above that has Python in it."""
    return next((folder for folder in path.parents if folder in files.python), path.parent)


def _included(path: Path, patterns: list[str], base: Command, files: Files) -> Iterator[Path]:
    for pattern in patterns[:20]:
        folder, _, name = pattern.rpartition("/")
        holder = (
            here(folder, base, files) if folder.startswith("/") else files.find(path.parent, folder or ".")
        )
        if holder is not None:
            yield from sorted(
                other for other in files.paths if other.parent == holder and fnmatch.fnmatch(other.name, name)
            )


def _setting(settings: list[Entry] | tuple[()], key: str) -> str:
    return next((entry.value for entry in settings if entry.key == key), "")


def _program(
    path: Path, name: str, settings: list[Entry], shared: str, ground: tuple[Command, Files]
) -> Iterator[Command]:
    base, files = ground
    command = next((entry for entry in settings if entry.key == "command"), None)
    if command is None:
        files.doubt(Spot(path, settings[0].line), f"The program `{name}` has no command.", text=name)
        return
    known = {
        **{f"ENV_{key}": value for key, value in base.environment.items()},
        "program_name": name,
        "here": base.workdir or str(path.parent),
        "process_num": "0",
        "group_name": name,
        "host_node_name": "$HOSTNAME",
    }
    environment = {**base.environment}
    for text in (shared, _setting(settings, "environment")):
        environment.update({key: _filled(value.strip("\"'"), known) for key, value in _PAIR.findall(text)})
    words = _words(_filled(command.value, known))
    if not words:
        files.doubt(
            Spot(path, command.line), "The quotes of this command are not closed.", text=command.value
        )
        return
    evidence = Evidence("supervisord", Spot(path, command.line), row(f"command={command.value}"))
    started = replace(
        base,
        words=tuple(words),
        evidence=(*base.evidence, evidence),
        service=name,
        environment=environment,
    )
    folder = _filled(_setting(settings, "directory"), known)
    yield moved(started, folder, files) if folder else started


def _filled(text: str, known: dict[str, str]) -> str:
    """Put `%(ENV_X)s` in; what nobody says stays as `$X`."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else known.get(name, f"${name.removeprefix('ENV_')}")

    return _VALUE.sub(value, text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
