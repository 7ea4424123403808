"""`ameide-telemetry lint`: every deployed entrypoint reaches the bootstrap before its application exists."""

from __future__ import annotations

import argparse
from typing import Final

from ameide_telemetry.cli.choices import format_name, level_name, output
from ameide_telemetry.reports.formats import FORMATS

__all__ = ["register", "run"]

_EPILOGUE: Final = """\
Exits 0 when nothing is wrong, 1 when something was found, 2 when settings are wrong, a path does not exist,
or no entrypoint was found. `ameide-telemetry explain CODE` says what a finding means.

  ameide-telemetry lint
  ameide-telemetry lint services/orders --show-entrypoints
  ameide-telemetry lint --why orders.asgi:app
  ameide-telemetry lint --format github --output sarif=lint.sarif
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "lint",
        description="Find what is deployed, and prove that each of it starts telemetry before its application"
        " exists. Nothing is imported or run.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="folders to look at (default: this one); with files, only what is wrong in them is shown",
    )
    _add_output(parser)
    _add_checks(parser)
    _add_known(parser)
    _add_cures(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at the tree and write the report.

    Returns:
        0 when nothing is wrong, 1 when something was found, 2 when nothing was looked at.
    """
    from ameide_telemetry.cli.lint_run import lint  # noqa: PLC0415 it loads the engine, which --help needs not

    return lint(arguments)


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
    which.add_argument(
        "--show-entrypoints", action="store_true", help="what is deployed, its verdict and the evidence"
    )
    which.add_argument(
        "--why",
        metavar="TARGET",
        help="how a verdict was reached: a target, a service, or the file of one",
    )
    which.add_argument("--statistics", action="store_true", help="how many findings there are of each check")
    which.add_argument(
        "--score", action="store_true", help="a score per service, and what would raise it most"
    )
    which.add_argument(
        "--print-schema", action="store_true", help="the JSON Schema of [tool.ameide_telemetry], for editors"
    )
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


def _add_checks(parser: argparse.ArgumentParser) -> None:
    checks = parser.add_argument_group("what is looked for")
    for name, text in (
        ("--select", "checks to run, by code or beginning: TEL1,TEL201"),
        ("--ignore", "checks not to run"),
    ):
        checks.add_argument(name, action="append", default=[], metavar="CODES", help=text)
    checks.add_argument(
        "--bootstrap",
        action="append",
        default=[],
        metavar="NAME",
        help="dotted name of the function that starts telemetry (default: ameide_telemetry.init_telemetry)",
    )
    checks.add_argument(
        "--strict", action="store_true", help="an entrypoint that cannot be resolved is an error"
    )
    checks.add_argument(
        "--config",
        metavar="FILE",
        help="TOML with [tool.ameide_telemetry.lint] (default: the nearest pyproject.toml that has it)",
    )
    checks.add_argument("--no-cache", action="store_true", help="keep nothing for the next run, use nothing")


def _add_known(parser: argparse.ArgumentParser) -> None:
    known = parser.add_argument_group("problems that are known")
    known.add_argument("--baseline", metavar="FILE", help="file of them; it only shrinks")
    known.add_argument("--update-baseline", action="store_true", help="take out of it what is cured")
    known.add_argument("--allow-new", action="store_true", help="with --update-baseline: put in what is new")


def _add_cures(parser: argparse.ArgumentParser) -> None:
    cures = parser.add_argument_group("cures")
    cures.add_argument("--fix", action="store_true", help="write the safe ones into the files")
    cures.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="the others too: the program may mean something else after",
    )
