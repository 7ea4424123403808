"""Cures written into files: only where the result parses, has less to complain of, and nothing new."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Edit, Fix, Problem

__all__ = ["Fixed", "fix"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of the cures.

    Attributes:
        done: problems that are gone.
        refused: problems whose cure did not hold what it promised, each with the reason.
        changed: files that were written.
    """

    done: tuple[Problem, ...]
    refused: tuple[tuple[Problem, str], ...]
    changed: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    again: Callable[[], Sequence[Problem]]
    before: Counter[tuple[str, Path]]


def fix(
    problems: Sequence[Problem], again: Callable[[], Sequence[Problem]], *, unsafe: bool = False
) -> Fixed:
    """Write the cures of problems into the files.

    All are written together. If the outcome is not clean, they are taken back and tried one by one, so that
    one bad cure does not keep the others away.

    Args:
        problems: what was found.
        again: looks at the whole tree anew.
        unsafe: whether cures are written too after which the program may mean something else.
    """
    work = _Work(again, _counted(problems))
    curable = _apart([each for each in problems if each.fix and (unsafe or each.fix.safe)])
    if not curable:
        return Fixed((), (), ())
    reason, changed = _attempt(curable, work)
    if not reason:
        return Fixed(tuple(curable), (), changed)
    done: list[Problem] = []
    refused: list[tuple[Problem, str]] = []
    files: list[Path] = []
    # From the end of each file: what stands before an edit stays where it was.
    for problem in sorted(curable, key=_last, reverse=True):
        reason, changed = _attempt([problem], _Work(again, _counted(again())))
        if reason:
            refused.append((problem, reason))
        else:
            done.append(problem)
            files += changed
    return Fixed(tuple(done), tuple(refused), tuple(dict.fromkeys(files)))


def _attempt(problems: Sequence[Problem], work: _Work) -> tuple[str, tuple[Path, ...]]:
    """Write cures; return why they were taken back, and else the files that were written."""
    old: dict[Path, bytes] = {}
    new: dict[Path, bytes] = {}
    for path, edits in _by_file(each.fix for each in problems if each.fix).items():
        try:
            old[path] = path.read_bytes()
            new[path] = _edited(path, old[path], edits)
        except (OSError, LookupError, SyntaxError, UnicodeError, ValueError, RecursionError) as error:
            return f"{path.name}: {error}", ()
    reason = _write(new) or _worse(problems, work)
    if reason:
        _write(old)
        return reason, ()
    return "", tuple(path for path, data in new.items() if data != old[path])


def _write(files: Mapping[Path, bytes]) -> str:
    for path, data in files.items():
        try:
            path.write_bytes(data)
        except OSError as error:
            return f"{path} cannot be written: {error.strerror}"
    return ""


def _worse(problems: Sequence[Problem], work: _Work) -> str:
    after = _counted(work.again())
    cured = _counted(problems)
    for key, count in after.items():
        if count > work.before[key] - cured[key]:
            code, path = key
            return f"{path.name} would have {code} afterwards"
    return ""


def _edited(path: Path, data: bytes, edits: Sequence[Edit]) -> bytes:
    encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0] if path.suffix == ".py" else "utf-8"
    text = data.decode(encoding)
    if path.suffix == ".py":
        ast.parse(text)
    for edit in sorted(edits, key=lambda each: (each.begin, each.end), reverse=True):
        text = text[: edit.begin] + edit.text + text[edit.end :]
    if path.suffix == ".py":
        ast.parse(text)
    return text.encode(encoding)


def _apart(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems whose cures do not touch each other; the first come first."""
    taken: dict[Path, list[Edit]] = {}
    kept = []
    for problem in problems:
        edits = problem.fix.edits if problem.fix else ()
        if all(_is_free(edit, taken.get(edit.path, ())) for edit in edits):
            kept.append(problem)
            for edit in edits:
                taken.setdefault(edit.path, []).append(edit)
    return kept


def _is_free(edit: Edit, taken: Iterable[Edit]) -> bool:
    return all(edit.end < other.begin or other.end < edit.begin or edit == other for other in taken)


def _by_file(fixes: Iterable[Fix]) -> dict[Path, list[Edit]]:
    found: dict[Path, dict[Edit, None]] = {}
    for each in fixes:
        for edit in each.edits:
            # What two cures do alike, such as an import, is done once.
            found.setdefault(edit.path, {})[edit] = None
    return {path: list(edits) for path, edits in found.items()}


def _counted(problems: Iterable[Problem]) -> Counter[tuple[str, Path]]:
    return Counter((each.code, each.spot.path) for each in problems)


def _last(problem: Problem) -> tuple[str, int]:
    edits = problem.fix.edits if problem.fix else ()
    return max((str(edit.path), edit.end) for edit in edits)
