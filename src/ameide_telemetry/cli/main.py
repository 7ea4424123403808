"""The frame of the command line: parsing, exit codes, errors.

Exit codes: 0 all is well; 1 something was found, or was not found; 2 wrong usage or settings; 130 after
Ctrl+C; `run` exits as its command did. What goes wrong ends with the edit or command that cures it.

Only the command that was asked for is imported, so that `--help` costs no more than an interpreter.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ameide_telemetry.exceptions import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

_PROGRAM: Final = "ameide-telemetry"
# Command -> module below this package, and what --help says of it.
_COMMANDS: Final = {
    "run": ("run", "run a command, show its lines, store its telemetry"),
    "trace": ("trace", "show a stored trace: its spans as a tree, its lines in their place"),
    "settings": ("settings", "print the effective settings and where they come from"),
    "contract": ("contract", "print or generate what the telemetry contract derives"),
    "uvicorn-log-config": ("uvicorn", "print the path of the log config for uvicorn --workers"),
}
_USAGE: Final = 2
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
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        words = sys.argv[1:] if argv is None else list(argv)
        arguments = _parser(words[:1]).parse_args(words)
        code = _guarded(arguments.run, arguments)
        sys.stdout.flush()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter's own last flush shall not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _guarded(run_command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        return run_command(arguments)
    except TelemetryError as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
        return int(getattr(error, "exit_code", _USAGE))


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
