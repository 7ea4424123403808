"""Comments that switch a check off for one line: `# telemetry: ignore[TEL101] reason`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.comments import comments_of
from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.comments import Comment

__all__ = ["Pragma", "has_pragma", "judge_pragmas", "pragmas_of"]

_MAYBE: Final = re.compile(rb"telemetry:[ \t]*ignore|(?i:noqa):[^\r\n]*TEL[0-9]")
# What ends the reason of one comment is the beginning of another.
_REASON: Final = r"(?P<reason>.*?)(?=#\s*(?:noqa|type|telemetry|pragma|fmt|nosec|pylint|mypy)\b|$)"
_OURS: Final = re.compile(rf"#\s*telemetry:[ \t]*ignore(?P<codes>\[[^\]]{{0,999}}\])?{_REASON}")
_NOQA: Final = re.compile(rf"#\s*(?i:noqa):\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*){_REASON}")
_WORD: Final = re.compile(r"[\w-]+")
_CODE: Final = re.compile(r"TEL[0-9]{3}")
_MARKS: Final = " \t:-\N{EN DASH}\N{EM DASH}"


@dataclass(slots=True)
class Pragma:
    """One such comment.

    Attributes:
        spot: where it begins.
        codes: of the checks that it switches off; none when it names none, which switches nothing off.
        reason: why, as it says; may be empty.
        names: begin and end of the brackets with the codes, as offsets in characters.
        whole: begin and end of what goes when nothing of it stays: blanks before it, its line if it is alone.
        rows: first and last line that it holds for: a statement of several lines is one.
        ours: whether it is our own form; `noqa` belongs to other tools as well.
        sure: whether the file means the same without it.
        used: codes that it has switched off.
    """

    spot: Spot
    codes: tuple[str, ...]
    reason: str
    names: tuple[int, int]
    whole: tuple[int, int]
    rows: tuple[int, int]
    ours: bool
    sure: bool
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
        path: tells by its name what kind of file it is, and so what is a comment in it.
        text: of the file.
    """
    return [
        pragma
        for comment in comments_of(path, text)
        for match in (*_OURS.finditer(comment.text), *_NOQA.finditer(comment.text))
        if (pragma := _pragma(path, text, comment, match)) is not None
    ]


def _pragma(path: Path, text: str, comment: Comment, match: re.Match[str]) -> Pragma | None:
    ours = match.re is _OURS
    words = _WORD.findall(match["codes"] or "")
    codes = tuple(dict.fromkeys(word for word in words if ours or _CODE.fullmatch(word)))
    if not ours and not codes:
        return None
    return Pragma(
        spot=Spot(path, comment.row, comment.column + 1 + match.start()),
        codes=codes,
        reason=match["reason"].strip(_MARKS).strip(),
        names=(comment.begin + match.start("codes"), comment.begin + match.end("codes")),
        whole=_whole(text, comment.begin + match.start(), comment.begin + match.end()),
        rows=comment.rows,
        ours=ours,
        sure=comment.sure,
        used=set(),
    )


def judge_pragmas(
    pragmas: Iterable[Pragma], proves: Callable[[str, Path], bool], known: Collection[str]
) -> Iterator[Problem]:
    """Yield what is wrong with comments themselves: stale ones (TEL003), ones without a reason (TEL004).

    Args:
        pragmas: of all files, after they were asked about all problems.
        proves: tells whether a problem of a check would have been found in a file.
        known: codes that there are.
    """
    for pragma in pragmas:
        unknown = [code for code in pragma.codes if code not in known]
        stale = [code for code in pragma.codes if code not in pragma.used and proves(code, pragma.spot.path)]
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
    if not pragma.ours or not pragma.sure:
        return None
    left = ", ".join(code for code in pragma.codes if code not in stale)
    limits, text = (pragma.names, f"[{left}]") if left else (pragma.whole, "")
    edit = Edit(pragma.spot.path, *limits, text)
    return Fix((edit,), safe=True, title="delete what is stale")


def _whole(text: str, begin: int, end: int) -> tuple[int, int]:
    if text[end : end + 1] not in {"", "\r", "\n"}:
        # The blanks are those of the comment behind it then.
        return begin, end
    while begin and text[begin - 1] in " \t":
        begin -= 1
    if not begin or text[begin - 1] == "\n":
        end += len(text[end : end + 2]) if text[end : end + 2] == "\r\n" else text[end : end + 1] == "\n"
    return begin, end
