"""Comments that switch a check off for one line: `# telemetry: ignore[TEL101] reason`."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Pragma", "has_pragma", "judge_pragmas", "pragmas_of"]

_NEEDLES: Final = (b"telemetry: ignore", b"noqa: TEL")
_OURS: Final = re.compile(r"#\s*telemetry: ignore(?P<codes>\[[^\]]*\])?(?P<reason>[^#]*)")
_NOQA: Final = re.compile(r"#\s*noqa: (?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)(?P<reason>[^#]*)")
_CODE: Final = re.compile(r"TEL[0-9]{3}")
_MARKS: Final = " \t:-\N{EN DASH}\N{EM DASH}"


@dataclass(slots=True)
class Pragma:
    """One such comment.

    Attributes:
        spot: where it begins.
        codes: of the checks that it switches off; none when it names none, which switches nothing off.
        reason: why, as it says; may be empty.
        begin: offset of the comment in the text, in characters.
        end: offset behind it.
        whole: begin and end of what goes when nothing of it stays: blanks before it, its line if it is alone.
        rows: first and last line that it holds for: a statement of several lines is one.
        ours: whether it is our own form; `noqa` belongs to other tools as well.
        used: codes that it has switched off.
    """

    spot: Spot
    codes: tuple[str, ...]
    reason: str
    begin: int
    end: int
    whole: tuple[int, int]
    rows: tuple[int, int]
    ours: bool
    used: set[str]

    def holds(self, problem: Problem) -> bool:
        """Return whether a problem is on its lines and one of its codes; note that it was used."""
        first, last = self.rows
        if problem.spot.path != self.spot.path or not first <= problem.spot.line <= last:
            return False
        if problem.code not in self.codes:
            return False
        self.used.add(problem.code)
        return True


def has_pragma(data: bytes) -> bool:
    """Return whether the bytes of a file may hold such a comment."""
    return any(needle in data for needle in _NEEDLES)


def pragmas_of(path: Path, text: str) -> list[Pragma]:
    """Return the comments of a file, in order.

    Args:
        path: tells by its name whether the file is Python, where a comment in a string is none.
        text: of the file.
    """
    comments = _of_python(text) if path.suffix in {".py", ".pyi", ".pyw"} else _of_rows(text)
    found = []
    for begin, comment, row, column, rows in comments:
        match = _OURS.search(comment) or _NOQA.search(comment)
        if match is None:
            continue
        codes = tuple(dict.fromkeys(_CODE.findall(match["codes"] or "")))
        ours = match.re is _OURS
        if ours or codes:
            spot = Spot(path, row, column + 1 + match.start())
            reason = match["reason"].strip(_MARKS).strip()
            limits = (begin + match.start(), begin + match.end())
            found.append(Pragma(spot, codes, reason, *limits, _whole(text, *limits), rows, ours, set()))
    return found


def judge_pragmas(pragmas: Iterable[Pragma], ran: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with comments themselves: stale ones (TEL003), ones without a reason (TEL004).

    Args:
        pragmas: of all files, after they were asked about all problems.
        ran: codes of the checks that ran; nothing is said of the others.
    """
    for pragma in pragmas:
        stale = [code for code in pragma.codes if code in ran and code not in pragma.used]
        if not pragma.codes:
            yield _problem(
                pragma,
                "TEL004",
                "the comment names no check, so it switches nothing off",
                "name the checks and the reason: # telemetry: ignore[TEL101] reason",
            )
        elif stale:
            yield _problem(
                pragma,
                "TEL003",
                f"nothing of {', '.join(stale)} is on this line any more",
                "delete the comment"
                if len(stale) == len(pragma.codes)
                else f"delete {', '.join(stale)} in it",
                _without(pragma, stale),
            )
        elif not pragma.reason:
            yield _problem(
                pragma,
                "TEL004",
                f"{', '.join(pragma.codes)} is switched off without a reason",
                f"say why: # telemetry: ignore[{', '.join(pragma.codes)}] reason",
            )


def _problem(pragma: Pragma, code: str, message: str, hint: str, fix: Fix | None = None) -> Problem:
    return Problem(code, message, pragma.spot, hint, text=",".join(pragma.codes), fix=fix)


def _without(pragma: Pragma, stale: Sequence[str]) -> Fix | None:
    if not pragma.ours:
        return None
    left = [code for code in pragma.codes if code not in stale]
    text = f"# telemetry: ignore[{', '.join(left)}] {pragma.reason}".rstrip() if left else ""
    limits = (pragma.begin, pragma.end) if left else pragma.whole
    edit = Edit(pragma.spot.path, *limits, text)
    return Fix((edit,), safe=True, title="delete what is stale")


def _whole(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin and text[begin - 1] in " \t":
        begin -= 1
    if (not begin or text[begin - 1] == "\n") and text[end : end + 1] == "\n":
        end += 1
    return begin, end


def _of_python(text: str) -> Iterator[tuple[int, str, int, int, tuple[int, int]]]:
    """Yield offset, comment, line, column, and the lines of the statement that it stands in."""
    starts = _starts(text)
    waiting: list[tuple[int, str, int, int]] = []
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            row, column = token.start
            if token.type == tokenize.COMMENT:
                waiting.append((starts[row - 1] + column, token.string, row, column))
            elif token.type == tokenize.NEWLINE:
                yield from ((*each, (first or each[2], row)) for each in waiting)
                waiting, first = [], 0
            elif token.type == tokenize.NL and not first:
                # A comment alone in its line holds for the next statement's first line too.
                yield from ((*each, (each[2], each[2] + 1)) for each in waiting)
                waiting = []
            elif token.type not in {tokenize.NL, tokenize.INDENT, tokenize.DEDENT} and not first:
                first = row
    except (tokenize.TokenError, SyntaxError):
        # Of a file that does not parse nothing else is known either.
        return


def _of_rows(text: str) -> Iterator[tuple[int, str, int, int, tuple[int, int]]]:
    begin = 0
    for number, row in enumerate(text.splitlines(keepends=True), 1):
        column = row.find("#")
        if column >= 0:
            alone = not row[:column].strip()
            yield begin + column, row[column:].rstrip("\r\n"), number, column, (number, number + alone)
        begin += len(row)


def _starts(text: str) -> list[int]:
    """Return the offset of each line, as `tokenize` counts them."""
    starts = [0]
    for row in io.StringIO(text):
        starts.append(starts[-1] + len(row))
    return starts
