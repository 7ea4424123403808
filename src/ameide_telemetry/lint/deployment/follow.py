"""From what a deployment file names to what runs: scripts, `sh -c`, supervisord and Procfile managers."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.places import here, program
from ameide_telemetry.lint.deployment.procfile import processes
from ameide_telemetry.lint.deployment.reading import DECLARE, row
from ameide_telemetry.lint.deployment.recipes import is_runner, recipe
from ameide_telemetry.lint.deployment.s6 import services
from ameide_telemetry.lint.deployment.scan import Broken
from ameide_telemetry.lint.deployment.shell import followed
from ameide_telemetry.lint.deployment.supervisord import programs
from ameide_telemetry.lint.model import Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.shell import Followed
    from ameide_telemetry.lint.model import Command

__all__ = ["Follower"]

_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_SHEBANG: Final = re.compile(rb"#!\s*\S*/(?:(?:env|with-contenv)\s+(?:-\S+\s+)*)?(?:ba|da|a|z|k)?sh\b")
_ENDINGS: Final = frozenset({".sh", ".bash", ".zsh", ".ksh"})
# Scripts of well-known images that set up a shell, and become what they are given.
_PASSING: Final = frozenset({"/usr/local/bin/_entrypoint.sh", "/opt/nvidia/nvidia_entrypoint.sh"})
_OF_IMAGES: Final = frozenset({"/lambda-entrypoint.sh"})
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
# What a role is made of in its script, whoever names it; a role is no word of its own then.
_OF_ARGUMENTS: Final = re.compile(r"\$\{?[\d@*]")
_MAX_DEPTH: Final = 8
_MOST_FOLLOWED: Final = 500
_MOST_WORDS: Final = 10_000
_MOST_RUNS: Final = 200
_MOST_ENDS_OF_ALL: Final = 20_000
_LONGEST_SCRIPT: Final = 256 * 1024
_MOST_RUNS_OF_ALL: Final = 5_000
_TAKING: Final = frozenset(
    {"-c", "-n", "-u", "-g", "-s", "-k", "--signal", "--user", "--group", "--adjustment"}
)

_WRAPPERS: Final[dict[str, int]] = {
    # Program -> how many words of its own stand between its options and the program that it starts.
    "exec": 0,
    "env": 0,
    "tini": 0,
    "tini-static": 0,
    "docker-init": 0,
    "dumb-init": 0,
    "catatonit": 0,
    "gosu": 1,
    "su-exec": 1,
    "setpriv": 0,
    "sudo": 0,
    "nice": 0,
    "ionice": 0,
    "nohup": 0,
    "setsid": 0,
    "stdbuf": 0,
    "chroot": 1,
    "timeout": 1,
    "time": 0,
    "uv": 1,
    "poetry": 1,
    "pipenv": 1,
    "pdm": 1,
    "rye": 1,
    "hatch": 1,
    "with-contenv": 0,
    "opentelemetry-instrument": 0,
    "ddtrace-run": 0,
    "newrelic-admin": 1,
}
_KEPT: Final = frozenset({"opentelemetry-instrument", "ddtrace-run", "newrelic-admin"})
"""Wrappers that reach the programs which the script behind them starts."""


class Follower:
    """Follows commands to what they run in the end.

    Args:
        files: where the scripts are.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self.reached: set[Path] = set()
        self._runs = 0
        self._runs_of_all = 0
        self._ends_of_all = 0
        self._known: dict[tuple[object, ...], Followed] = {}
        self._told: set[Spot] = set()

    def ends(self, command: Command, *, roles: bool, written: dict[str, str] | None = None) -> list[Command]:
        """Return what a command runs in the end.

        Args:
            command: as a deployment file gives it.
            roles: whether it may be given other arguments elsewhere: every role of its script is taken too.
            written: path in the image -> script that the Dockerfile itself writes there.
        """
        self._runs = 0
        if self._ends_of_all > _MOST_ENDS_OF_ALL:
            self.files.doubt(Spot(self.files.root), "So much is deployed here that not all scripts are read.")
            return [command]
        found = list(self._follow(command, False, written or {}, 0))
        if roles:
            guessed = self._follow(command, True, written or {}, 0)
            is_known = bool(found)
            found += [end for end in guessed if not (is_known and any(map(_OF_ARGUMENTS.search, end.words)))]
        self._ends_of_all += len(found)
        unique = {(end.words, end.context, end.service): end for end in reversed(found)}
        return list(reversed(unique.values()))[:_MOST_FOLLOWED]

    def _follow(
        self, command: Command, guess: bool, written: dict[str, str], depth: int
    ) -> Iterator[Command]:
        if not command.words or not command.words[0] or len(command.words) > _MOST_WORDS:
            return
        if depth > _MAX_DEPTH:
            self._doubt(command, f"Its scripts call one another more than {_MAX_DEPTH} deep.")
            return
        if command.words[0] in _PASSING and command.words[1:]:
            command = replace(command, words=command.words[1:])
        front, rest = _peeled(command.words)
        name = posixpath.basename(rest[0]) if rest else ""
        inner = replace(command, words=rest)
        if name in _SHELLS:
            yield from self._shell(inner, front, (guess, written, depth))
        elif name == "supervisord" or name in _MANAGERS:
            managed = self._supervisord(inner) if name == "supervisord" else self._manager(inner)
            for end in managed:
                yield from self._follow(end, guess, written, depth + 1)
        elif rest and (script := self._script(rest[0], inner, written)) is not None:
            yield from self._run(script, inner, rest[1:], front, (guess, written, depth))
        elif is_runner(name) or rest[:1] == ("/init",):
            lines = list(recipe(inner, name, self.files) if is_runner(name) else services(inner, self.files))
            ends = [end for line in lines for end in self._follow(line, guess, written, depth + 1)]
            yield from ends or [command]
        else:
            # Once is enough: what cannot be followed is told already.
            yield replace(command, ours=False) if command.evidence[-1].spot in self._told else command

    def _shell(
        self, command: Command, front: tuple[str, ...], how: tuple[bool, dict[str, str], int]
    ) -> Iterator[Command]:
        """`bash script a b`, `sh -c "text" $0 $1`."""
        words = command.words[1:]
        while words and words[0].startswith(("-", "+")):
            option = words[0]
            words = words[1:]
            if option == "--":
                break
            if not option.startswith("--") and "c" in option:
                if words:
                    # The first word behind the line is the name of the shell, `$0`.
                    named = replace(command, words=(*(words[1:2] or command.words[:1]), *command.words[1:]))
                    yield from self._run((None, words[0]), named, words[2:], front, how)
                return
            if option in {"-o", "+o", "-O", "--rcfile", "--init-file"}:
                words = words[1:]
        if not words:
            return
        script = self._script(words[0], command, how[1], asked=True)
        if script is not None:
            yield from self._run(script, command, words[1:], front, how)

    def _script(
        self, name: str, command: Command, written: dict[str, str], *, asked: bool = False
    ) -> tuple[Path | None, str] | None:
        """Return the path and text of a script that is run by its name; None where it is none."""
        inline = written.get(posixpath.normpath(posixpath.join(command.workdir or "/", name)))
        if inline is not None:
            return (None, inline) if asked or _is_script(name, inline.encode()) else None
        path = here(name, command, self.files) if asked else program(name, command, self.files)
        if path is not None and path in self.files.paths:
            data = self.files.data(path)
            return (path, self.files.text(path)) if asked or _is_script(path.name, data) else None
        known = name in _OF_IMAGES  # a script of the image that it is built from
        if (asked or posixpath.splitext(name)[1] in _ENDINGS) and "$" not in name and not known:
            self._missing(name, command)
        return None

    def _missing(self, name: str, command: Command) -> None:
        """Say that a script is not there, where the service is one of Python."""
        if command.context in self.files.near_python:
            self._doubt(
                command,
                f"The script `{row(name)}` that is started here is not in this tree.",
                f"COPY it from the tree, or {DECLARE}",
            )

    def _doubt(self, command: Command, message: str, hint: str = DECLARE) -> None:
        last = command.evidence[-1]
        self.files.lost.add(command.context)
        self._told.add(last.spot)
        self.files.doubt(last.spot, message, hint, last.text)

    def _run(
        self,
        script: tuple[Path | None, str],
        command: Command,
        arguments: tuple[str, ...],
        front: tuple[str, ...],
        how: tuple[bool, dict[str, str], int],
    ) -> Iterator[Command]:
        path, text = script
        guess, written, depth = how
        self._runs += 1
        self._runs_of_all += 1
        if self._runs > _MOST_RUNS or self._runs_of_all > _MOST_RUNS_OF_ALL:
            first = command.evidence[0]
            message = "Its scripts start too many other scripts; only the first are followed."
            self.files.doubt(first.spot, message, text=first.text)
            return
        spot = Spot(path) if path else command.evidence[-1].spot
        said = command.evidence[-1].text
        unknown = guess and path is not None
        try:
            found = self._followed(text, command, None if unknown else arguments, guess=guess)
        except Broken as error:
            spot = replace(spot, line=error.line) if path else spot
            self.files.doubt(spot, f"This script cannot be read: {error.reason}.", text=said)
            return
        if found.cut:
            self.files.doubt(spot, f"This script {found.cut}; only the first are followed.", text=said)
        if path is not None:
            self.reached.add(path)
        for started in found.started:
            end = replace(started.command, evidence=command.evidence, service=command.service)
            if path is not None:
                spoken = Evidence("shell", Spot(path, started.line), row(started.text))
                end = replace(end, evidence=(*end.evidence, spoken))
            end = replace(end, words=(*front, *end.words))
            if end.words != command.words or path is None:
                yield from self._follow(end, False, written, depth + 1)
            elif len(found.started) == 1 and command.context in self.files.near_python:
                self._doubt(command, "This script starts nothing but itself.")

    def _followed(
        self, text: str, command: Command, arguments: tuple[str, ...] | None, *, guess: bool
    ) -> Followed:
        """Follow a script, but only once for all that run it in the same way."""
        if len(text) > _LONGEST_SCRIPT:
            raise Broken(f"it has more than {_LONGEST_SCRIPT:,} characters")
        environment = frozenset(command.environment.items())
        place = (command.workdir, command.context, frozenset(command.copied.items()))
        key = (text, command.words[0], arguments, guess, environment, place)
        if key not in self._known:
            self._known[key] = followed(text, command, arguments, self.files, guess=guess)
        return self._known[key]

    def _supervisord(self, command: Command) -> Iterator[Command]:
        name = _option(command.words[1:], ("-c", "--configuration"))
        names = [name] if name else _SUPERVISORD
        found = (here(each, command, self.files) for each in names)
        path = next((path for path in found if path is not None and path in self.files.paths), None)
        if path is None:
            self._missing(name or "supervisord.conf", command)
            return
        self.reached.add(path)
        yield from programs(path, self.files, command)

    def _manager(self, command: Command) -> Iterator[Command]:
        """`honcho start web`: the processes of a Procfile, or those that are named."""
        name = _option(command.words[1:], ("-f", "--procfile")) or "Procfile"
        path = here(name, command, self.files)
        if path is None or path not in self.files.paths:
            self._missing(name, command)
            return
        self.reached.add(path)
        named = [
            word for word in command.words[1:] if not word.startswith("-") and word not in {"start", name}
        ]
        for process in processes(path, self.files, command):
            if not named or process.service in named:
                yield process


def _option(words: tuple[str, ...], names: tuple[str, str]) -> str:
    for number, word in enumerate(words):
        if word in names and number + 1 < len(words):
            return words[number + 1]
        long = word.partition("=")
        if long[0] == names[1] and long[2]:
            return long[2]
        if word.startswith(names[0]) and not word.startswith("--") and len(word) > len(names[0]):
            return word[len(names[0]) :]
    return ""


def _peeled(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the wrappers that reach into a script, and the words without any wrapper."""
    kept: tuple[str, ...] = ()
    rest = words
    for _ in range(_MAX_DEPTH):
        if not rest:
            break
        name = posixpath.basename(rest[0])
        if name not in _WRAPPERS:
            break
        end = _after_options(rest, 1)
        end = _after_options(rest, end + _WRAPPERS[name]) if _WRAPPERS[name] else end
        if end >= len(rest):
            break
        if name in _KEPT:
            kept = (*kept, *rest[:end])
        rest = rest[end:]
    return kept, rest


def _after_options(words: tuple[str, ...], at: int) -> int:
    while at < len(words) and (words[at].startswith("-") or _ASSIGNMENT.match(words[at])):
        if words[at] == "--":
            return at + 1
        at += 2 if words[at] in _TAKING and words[0] != "dumb-init" else 1
    return at


def _is_script(name: str, data: bytes) -> bool:
    if data.startswith(b"#!"):
        return _SHEBANG.match(data[:200]) is not None
    return posixpath.splitext(name)[1] in _ENDINGS


_SUPERVISORD: Final = [
    # Where supervisord looks without `-c`, and where distributions put it.
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
    "/etc/supervisor/conf.d/supervisord.conf",
]
_MANAGERS: Final = frozenset({"honcho", "foreman", "goreman", "hivemind", "overmind", "forego"})
"""Programs that start the processes of a Procfile."""
