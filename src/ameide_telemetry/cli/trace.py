"""`ameide-telemetry trace`: show one stored trace, or list the recent ones."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["register", "run"]

_MOST: Final = 1_000_000


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "trace",
        description="Show what `ameide-telemetry run` stored of a trace. Exits 1 when there is none.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="trace id, the beginning of one, or a traceparent")
    which.add_argument("--last", action="store_true", help="the trace that began last")
    which.add_argument("--list", action="store_true", help="a table of the recent traces")
    parser.add_argument("--tenant", metavar="T", help="only traces of this tenant")
    parser.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="with --list: at most N (default: 20)"
    )
    parser.add_argument("--store", metavar="FILE", help="the store to read (default: the user's own)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the trace or the table.

    Returns:
        0; 1 when nothing was found; 2 when the id is none.
    """
    from ameide_telemetry.cli import show  # noqa: PLC0415 it loads the store, which --help needs not

    if arguments.list:
        return show.show_list(
            arguments.store, tenant=arguments.tenant, limit=arguments.limit, as_json=arguments.json
        )
    if arguments.last:
        return show.show_last(arguments.store, tenant=arguments.tenant, as_json=arguments.json)
    return show.show_one(arguments.store, arguments.id, tenant=arguments.tenant, as_json=arguments.json)


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST)) else 0
    if not 1 <= count <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: a whole number from 1 to {_MOST}")
    return count
