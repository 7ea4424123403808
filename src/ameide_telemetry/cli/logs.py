"""`ameide-telemetry logs check`: judges log lines by the contract."""

from __future__ import annotations

import argparse
from typing import Final

from ameide_telemetry.cli.choices import format_name, level_name, output
from ameide_telemetry.reports.formats import FORMATS

__all__ = ["register", "run"]

_MOST: Final = 10_000
_EPILOGUE: Final = """\
Exits 0 when nothing is wrong, 1 when something was found, 2 when a file cannot be read to its end, when no
line was read, or when an option is wrong. `ameide-telemetry explain CODE` says what a finding means.

  orders-service | ameide-telemetry logs check
  ameide-telemetry logs check app.log worker.log.gz --format github --output sarif=logs.sarif
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `logs` with its verb `check`."""
    text = "Look at the log lines of services."
    verbs = subparsers.add_parser("logs", description=text).add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    text = "judge lines by the contract: their form, their fields, what must not be in them"
    parser = verbs.add_parser(
        "check",
        help=text,
        description=f"{text.capitalize()}.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="files, also .gz; - or nothing: standard input"
    )
    _add_output(parser)
    _add_rules(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the lines and write the report.

    Returns:
        0 when nothing is wrong, 1 when something was found, 2 when nothing was read.
    """
    from ameide_telemetry.cli.log_check import check  # noqa: PLC0415 it loads the contract, which --help needs not

    return check(arguments)


def _add_output(parser: argparse.ArgumentParser) -> None:
    shown = parser.add_argument_group("what is written")
    which = shown.add_mutually_exclusive_group()
    which.add_argument(
        "--format",
        type=format_name,
        default="full",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)} (default: full)",
    )
    which.add_argument("--json", action="store_const", const="json", dest="format", help="--format json")
    shown.add_argument(
        *("--output", "-o"),
        type=output,
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write a report into a file too; may be given several times",
    )
    shown.add_argument(
        "--level", metavar="LEVEL", type=level_name, help="least level: error, warning (default), info"
    )
    shown.add_argument(
        "--max-samples", type=_count, metavar="N", help="places to keep of each finding (default: 5)"
    )


def _add_rules(parser: argparse.ArgumentParser) -> None:
    rules = parser.add_argument_group("what is asked of lines")
    rules.add_argument(
        *("--ignore", "-i"),
        action="append",
        default=[],
        metavar="CODES",
        help="codes to leave out: TEL512,TEL520",
    )
    rules.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="FIELDS",
        help="fields that every line of a request has, such as request_id,tenant_id (default: request_id)",
    )
    rules.add_argument(
        "--in-trace",
        action="store_true",
        help="every line with a trace id is one of a request, not the access line only",
    )
    rules.add_argument(
        "--engine", metavar="ENGINE", help="auto (default), standard, or jsonschema-rs of the extra `check`"
    )
    rules.add_argument(
        "--config",
        metavar="FILE",
        help="TOML with [tool.ameide_telemetry.logs] (default: the nearest pyproject.toml)",
    )


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST)) else 0
    if not 1 <= count <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: a whole number from 1 to {_MOST}")
    return count
