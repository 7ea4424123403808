"""systemd units: `ExecStart=` with its prefixes, specifiers and environment."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.ini import entries
from ameide_telemetry.lint.deployment.places import absolute
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.deployment.ini import Entry
    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["units"]

_IN_ENVIRONMENT: Final = re.compile(r"/\.?(?:v|virtual)?env[^/]*/(?:[^/]+/)?bin/|/\.local/bin/")
_PREFIXES: Final = "-@:+!|"
_SPECIFIER: Final = re.compile(r"%([%npNPiIjJ])")
_WHOLE: Final = re.compile(r"\$([A-Za-z_]\w*)")
_INSIDE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$\$")


def units(path: Path, files: Files, overrides: Sequence[Path] = ()) -> Iterator[Command]:
    """Yield what a unit starts.

    Args:
        path: of the unit.
        files: the tree.
        overrides: files of its `.service.d` folder, whose settings come after its own.
    """
    said = [
        (each, entry)
        for each in (path, *overrides)
        for entry in (entries(files.text(each), folded=False) if each in files.paths else ())
        if entry.section == "Service"
    ]
    settings = [entry for _, entry in said]
    origins = {id(entry): each for each, entry in said}
    home = next((folder for folder in path.parents if folder in files.python), path.parent)
    environment = _environment(settings, path, files)
    folder = _specified(_last(settings, "WorkingDirectory").lstrip("-"), path)
    workdir = absolute(folder, "/") if folder.startswith("/") else ""
    for entry in _starts(settings):
        words = _words(entry.value, environment, path)
        spot = Spot(origins[id(entry)], entry.line)
        if not words:
            files.doubt(spot, "The quotes of this ExecStart are not closed.", text=entry.value)
            continue
        yield Command(
            words=tuple(words),
            evidence=(Evidence("systemd", spot, row(f"ExecStart={entry.value}")),),
            service=path.name.partition(".")[0].rstrip("@"),
            context=home,
            environment=environment,
            copied={workdir: home} if workdir not in {"", "/"} else {},
            workdir=workdir,
            ours=(
                home in files.near_python
                and _last(settings, "Type") != "oneshot"
                and (bool(workdir) or _IN_ENVIRONMENT.search(words[0]) is not None)
            ),
        )


def _starts(settings: list[Entry]) -> list[Entry]:
    """Return the starting lines; an empty one takes back those before it."""
    found: list[Entry] = []
    for entry in settings:
        if entry.key == "ExecStart":
            found = [*found, entry] if entry.value else []
    return found


def _last(settings: list[Entry], key: str) -> str:
    return next((entry.value for entry in reversed(settings) if entry.key == key), "")


def _environment(settings: list[Entry], path: Path, files: Files) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in settings:
        if entry.key == "Environment":
            for word in _split(entry.value):
                name, sign, value = word.partition("=")
                if sign:
                    found[name] = _specified(value, path)
        elif entry.key == "EnvironmentFile":
            name = entry.value.lstrip("-").rpartition("/")[2]
            other = files.find(path.parent, name) if name else None
            if other is not None and other in files.paths:
                for line in files.text(other).split("\n"):
                    key, sign, value = line.strip().partition("=")
                    if sign and key.isidentifier():
                        found[key] = value.strip("\"'")
    return found


def _words(text: str, environment: Mapping[str, str], path: Path) -> list[str]:
    """Return the words of a command line: `$A` alone is split into words, `${A}` is put into one."""
    stripped = text.lstrip()
    while stripped and stripped[0] in _PREFIXES:
        stripped = stripped[1:].lstrip()
    own_name = "@" in text[: len(text) - len(stripped)]
    words: list[str] = []
    for word in _split(stripped):
        whole = _WHOLE.fullmatch(word)
        if whole and whole[1] in environment:
            words.extend(_split(environment[whole[1]]))
            continue
        put_in = _INSIDE.sub(
            lambda found: environment.get(found[1], f"${found[1]}") if found[1] else "$", word
        )
        words.append(_specified(put_in, path))
    return [words[0], *words[2:]] if own_name and len(words) > 1 else words


def _specified(text: str, path: Path) -> str:
    unit = path.name
    prefix = unit.removesuffix(".service").partition("@")[0]
    known = {"%": "%", "n": unit, "N": unit.removesuffix(".service"), "p": prefix, "P": prefix, "j": prefix}
    return _SPECIFIER.sub(lambda found: known.get(found[1], f"%{found[1]}"), text)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
