"""`ameide-telemetry run -- CMD ...`: run a service with a receiver beside it."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["register", "run"]

_LAST_PORT: Final = 65_535


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "run",
        description="Run a command with a telemetry receiver beside it. Exits as the command does.",
        usage="%(prog)s [-h] [--store FILE] [--port N] [--json] -- CMD ...",
    )
    parser.add_argument(
        "--store", metavar="FILE", help="sqlite file to keep everything in (default: one per user)"
    )
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="port of the receiver (default: any)"
    )
    parser.add_argument("--json", action="store_true", help="pass on what the command prints, byte by byte")
    parser.add_argument(
        "command_line", nargs=argparse.REMAINDER, metavar="CMD", help="command with arguments"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command.

    Returns:
        The command's own exit code, 128 + n where signal n ended it.
    """
    from ameide_telemetry.cli import supervise  # noqa: PLC0415 it loads the protocol, which --help needs not

    given: list[str] = arguments.command_line
    return supervise.supervise(
        given[1:] if given[:1] == ["--"] else given,
        store=arguments.store,
        port=arguments.port,
        raw=arguments.json,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:6]) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a whole number from 0 to {_LAST_PORT}")
    return int(text)
