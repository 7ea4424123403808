"""`ameide-telemetry explain`: the page of a check, without a network."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from ameide_telemetry.checks.reference import render_checks
from ameide_telemetry.checks.registry import CHECKS, FAMILIES, page
from ameide_telemetry.cli.surroundings import environment
from ameide_telemetry.reports.terminal import printable, style_for, wrapped, wrapped_sample

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.checks.registry import Check
    from ameide_telemetry.reports.terminal import Style

__all__ = ["register", "run"]

_USAGE: Final = 2
_LEVEL_COLOURS: Final = {"error": "red", "warning": "yellow", "info": "blue"}
_SUMMARY_COLUMN: Final = 48
_CODE: Final = re.compile(r"`([^`]+)`")
_NUMBER: Final = re.compile(r"TEL([0-9]{1,3})")
# How documents write all codes that begin alike: TEL5xx.
_GROUP: Final = re.compile(r"(TEL[0-9]*)X+")
_DIGITS: Final = 3
_SHOWN: Final = 3
_FENCE: Final = "```"
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_READABLE: Final = 88


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Print the page of a check: what it means, why it matters, and the edit that cures it."
    parser = subparsers.add_parser("explain", description=text)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "code",
        nargs="?",
        metavar="CODE",
        help="a code such as TEL501, a check's name, or TEL5xx for a table of all that begin so",
    )
    what.add_argument("--list", action="store_true", help="a table of all checks")
    what.add_argument("--reference", action="store_true", help="all pages as one, in Markdown")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the page or the table.

    Returns:
        0; 2 when there is no such check or group.
    """
    style = style_for(sys.stdout, environment())
    if arguments.reference:
        print(render_checks(), end="")
        return 0
    listed = [*CHECKS.values()] if arguments.list else _group(arguments.code)
    if listed:
        print("\n".join(_table(listed, style)))
        return 0
    code = _code(arguments.code)
    if code is None:
        print(_unknown(arguments.code), file=sys.stderr)
        return _USAGE
    text = page(code)
    print("\n".join(_styled(text, style)) if style.colour or sys.stdout.isatty() else text.rstrip("\n"))
    return 0


def _code(asked: str) -> str | None:
    wanted = asked.strip()
    if wanted.upper() in CHECKS:
        return wanted.upper()
    return next((code for code, check in CHECKS.items() if check.name == wanted.lower()), None)


def _group(asked: str) -> list[Check]:
    """Return the checks of TEL5xx or TEL51x; empty when something else is asked for, or there are none."""
    wanted = asked.strip().upper()
    begin = _GROUP.fullmatch(wanted)
    if begin is None:
        return []
    return [check for code, check in CHECKS.items() if len(code) == len(wanted) and code.startswith(begin[1])]


def _unknown(asked: str) -> str:
    rows = [f"ameide-telemetry: there is no check {printable(asked)}"]
    wanted = asked.strip().upper()
    if _GROUP.fullmatch(wanted) is not None:
        rows.append(f"  the groups are {', '.join(dict.fromkeys(f'{code[:4]}xx' for code in CHECKS))}")
    else:
        rows += [f"  {code}  {CHECKS[code].summary}" for code in dict.fromkeys(_nearest(wanted))]
    return "\n".join([*rows, "  see all of them: ameide-telemetry explain --list"])


def _nearest(asked: str) -> list[str]:
    digits = _NUMBER.fullmatch(asked)
    if digits is not None:
        number = int(digits[1].ljust(_DIGITS, "0"))
        return sorted(CHECKS, key=lambda code: abs(int(code[-_DIGITS:]) - number))[:_SHOWN]
    names = {check.name.upper(): code for code, check in CHECKS.items()}
    near = get_close_matches(asked, [*CHECKS, *names], n=_SHOWN)
    return [names.get(each, each) for each in near]


def _table(checks: Iterable[Check], style: Style) -> Iterator[str]:
    family = ""
    for check in checks:
        if not check.code.startswith(family or "-"):
            lead = "" if not family else "\n"
            family = check.code[:5]
            yield lead + style.paint(FAMILIES[family], "bold")
        level = style.paint(f"{check.level:<8}", _LEVEL_COLOURS[check.level])
        first, *rest = wrapped(check.summary, max(style.width - _SUMMARY_COLUMN, 30))
        yield f"  {check.code}  {check.name:<{_SUMMARY_COLUMN - 19}} {level}{first}"
        yield from (" " * _SUMMARY_COLUMN + row for row in rest)


def _styled(text: str, style: Style) -> Iterator[str]:
    fenced = False
    prose: list[str] = []
    for row in [*text.rstrip("\n").split("\n"), ""]:
        if row.startswith(_FENCE):
            fenced = not fenced
        elif fenced:
            yield from (f"  {style.paint('│', 'dim')} {piece}" for piece, _, _ in _pieces(row, style))
        elif row.startswith("#"):
            yield style.paint(row.lstrip("# "), "bold")
        elif row:
            prose.append(row)
        else:
            yield from _paragraph(" ".join(prose), style)
            prose = []


def _pieces(row: str, style: Style) -> Iterable[tuple[str, int, int]]:
    # An empty row has no piece, and is one all the same.
    return list(wrapped_sample(row, None, style.width - 4)) or [("", 0, 0)]


def _paragraph(text: str, style: Style) -> Iterator[str]:
    """Yield the rows of a paragraph and an empty one; what is code stays in one row."""
    kept = _CODE.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    for row in wrapped(kept, min(style.width, _READABLE)):
        yield _CODE.sub(lambda found: style.paint(found[1], "cyan"), row).replace(_NO_BREAK, " ")
    if text:
        yield ""
