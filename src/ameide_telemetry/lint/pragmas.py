"""Comments that switch a check off for one line: `# telemetry: ignore[TEL101] reason`."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Pragma", "has_pragma", "judge_pragmas", "pragmas_of"]

_MAYBE: Final = re.compile(rb"telemetry: ignore|(?i:noqa):[^\r\n]*TEL[0-9]")
# What ends the reason of one comment is the beginning of another.
_REASON: Final = r"(?P<reason>.*?)(?=#\s*(?:noqa|type|telemetry|pragma|fmt|nosec|pylint|mypy)\b|$)"
_OURS: Final = re.compile(rf"#\s*telemetry: ignore(?P<codes>\[[^\]]*\])?{_REASON}")
_NOQA: Final = re.compile(rf"#\s*(?i:noqa):\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*){_REASON}")
_WORD: Final = re.compile(r"[\w-]+")
_CODE: Final = re.compile(r"TEL[0-9]{3}")
_FRAME: Final = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_MARKS: Final = " \t:-\N{EN DASH}\N{EM DASH}"


class _Comment(NamedTuple):
    begin: int
    text: str
    row: int
    column: int
    rows: tuple[int, int]


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
    # To look for the words first is five times as quick.
    if b"telemetry" not in data and b"TEL" not in data:
        return False
    return _MAYBE.search(data) is not None


def pragmas_of(path: Path, text: str) -> list[Pragma]:
    """Return the comments of a file, in order.

    Args:
        path: tells by its name whether the file is Python, where a comment in a string is none.
        text: of the file.
    """
    comments = _of_python(text) if path.suffix in {".py", ".pyi", ".pyw"} else _of_rows(text)
    return [
        pragma
        for comment in comments
        for match in (*_OURS.finditer(comment.text), *_NOQA.finditer(comment.text))
        if (pragma := _pragma(path, text, comment, match)) is not None
    ]


def _pragma(path: Path, text: str, comment: _Comment, match: re.Match[str]) -> Pragma | None:
    ours = match.re is _OURS
    words = _WORD.findall(match["codes"] or "")
    codes = tuple(dict.fromkeys(word for word in words if ours or _CODE.fullmatch(word)))
    if not ours and not codes:
        return None
    begin, end = comment.begin + match.start(), comment.begin + match.end()
    return Pragma(
        spot=Spot(path, comment.row, comment.column + 1 + match.start()),
        codes=codes,
        reason=match["reason"].strip(_MARKS).strip(),
        begin=begin,
        end=end,
        whole=_whole(text, begin, end),
        rows=comment.rows,
        ours=ours,
        used=set(),
    )


def judge_pragmas(
    pragmas: Iterable[Pragma], ran: frozenset[str], known: Collection[str]
) -> Iterator[Problem]:
    """Yield what is wrong with comments themselves: stale ones (TEL003), ones without a reason (TEL004).

    Args:
        pragmas: of all files, after they were asked about all problems.
        ran: codes of the checks that ran; nothing is said of the others.
        known: codes that there are.
    """
    for pragma in pragmas:
        unknown = [code for code in pragma.codes if code not in known]
        stale = [code for code in pragma.codes if code in ran and code not in pragma.used]
        if not pragma.codes:
            yield _problem(
                pragma,
                "TEL004",
                "the comment names no check, so it switches nothing off",
                "name the checks and the reason: # telemetry: ignore[TEL101] reason",
            )
        elif unknown:
            yield _problem(
                pragma,
                "TEL003",
                f"{', '.join(unknown)} is no check of the lint, so this switches nothing off",
                "correct it: ameide-telemetry explain --list",
                _without(pragma, unknown),
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
    if not begin or text[begin - 1] == "\n":
        end += len(text[end : end + 2]) if text[end : end + 2] == "\r\n" else text[end : end + 1] == "\n"
    return begin, end


def _of_python(text: str) -> Iterator[_Comment]:
    starts = _starts(text)
    first = line = None
    comments: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments.append(token)
            elif token.type == tokenize.NEWLINE:
                # A decorator and what it decorates are one.
                if first is not None and line != "@":
                    yield from _placed(comments, (first, token.start[0]), starts)
                    first, comments = None, []
                line = None
            elif token.type == tokenize.NL:
                if first is None and not token.line.strip():
                    yield from _placed(comments, (0, 0), starts)
                    comments = []
            elif token.type not in _FRAME:
                first = first or token.start[0]
                line = line or token.string
    except (tokenize.TokenError, SyntaxError):
        # Of a file that does not parse nothing else is known either.
        return
    yield from _placed(comments, (0, 0), starts)


def _placed(
    comments: Iterable[tokenize.TokenInfo], rows: tuple[int, int], starts: Sequence[int]
) -> Iterator[_Comment]:
    """Yield comments with the lines of the statement that they stand in, or directly above."""
    for each in comments:
        row, column = each.start
        yield _Comment(starts[row - 1] + column, each.string, row, column, rows if rows[1] else (row, row))


def _of_rows(text: str) -> Iterator[_Comment]:
    begin = 0
    for number, row in enumerate(text.split("\n"), 1):
        column = row.find("#")
        if column >= 0:
            alone = not row[:column].strip()
            yield _Comment(
                begin + column, row[column:].rstrip("\r"), number, column, (number, number + alone)
            )
        begin += len(row) + 1


def _starts(text: str) -> list[int]:
    """Return the offset of each line, as `tokenize` counts them."""
    starts = [0]
    for row in io.StringIO(text):
        starts.append(starts[-1] + len(row))
    return starts
