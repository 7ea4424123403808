"""The frame of the command line: parsing, exit codes, errors.

Exit codes: 0 all is well; 1 something was found, or was not found; 2 wrong usage or settings, or nothing can
be written; 130 after Ctrl+C; 141 when whoever read the output has gone; `run` exits as its command did. What
goes wrong ends with the edit or command that cures it.

Only the command that was asked for is imported, so that `--help` costs no more than an interpreter.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from ameide_telemetry.exceptions import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_PROGRAM: Final = "ameide-telemetry"
# Command -> module below this package, and what --help says of it.
_COMMANDS: Final = {
    "run": ("run", "run a command, show its lines, store its telemetry"),
    "trace": ("trace", "show a stored trace: its spans as a tree, its lines in their place"),
    "logs": ("logs", "check log lines by the contract"),
    "lint": ("lint", "prove that every deployed entrypoint starts telemetry first"),
    "explain": ("explain", "print the page of a check, such as TEL501"),
    "settings": ("settings", "print the effective settings and where they come from"),
    "contract": ("contract", "print or generate what the telemetry contract derives"),
    "uvicorn-log-config": ("uvicorn", "print the path of the log config for uvicorn --workers"),
}
_UNABLE: Final = 2
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141


class _Version(argparse.Action):
    """`--version`, looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *arguments: Any) -> NoReturn:  # noqa: ARG002
        """Print the installed version and exit."""
        from importlib.metadata import version  # noqa: PLC0415 costs more than all the rest of --help

        print(f"{_PROGRAM} {version(_PROGRAM)}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: the arguments behind the program's name; those of this process by default.
    """
    if _is_missing(sys.stderr):
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 for the rest of the process
    if _is_missing(sys.stdout):
        _say("there is no standard output to write to")
        return _UNABLE
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        return _given_up(error)
    return code


def _run(words: Sequence[str]) -> int:
    try:
        arguments = _parser(words[:1]).parse_args(words)
        return int(arguments.run(arguments))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except TelemetryError as error:
        _say(str(error))
        return int(getattr(error, "exit_code", _UNABLE))


def _given_up(error: OSError) -> int:
    """Return the exit code for an error of the system, most often that our output cannot be written."""
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            _say(f"cannot go on: {error}")
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    return _BROKEN_PIPE if isinstance(error, BrokenPipeError) else _UNABLE


def _let_go(stream: TextIO) -> None:
    """Drop what the stream cannot write: the interpreter's own last flush shall not complain."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(text: str) -> None:
    print(f"{_PROGRAM}: {text}", file=sys.stderr)


def _is_missing(stream: object) -> bool:
    """Return whether the process was started with this stream closed: Python has None in its place then."""
    return stream is None


def _parser(asked: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Telemetry on your own machine: run a service, see its traces, check its settings.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command, (module, text) in _COMMANDS.items():
        if command in asked:
            import_module(f"ameide_telemetry.cli.{module}").register(subparsers)
        else:
            subparsers.add_parser(command, help=text)
    return parser


def _never_fail_to_encode(stream: object) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
