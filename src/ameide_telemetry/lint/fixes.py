"""Cures written into files: only where the result parses, has less to complain of, and nothing new."""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import shutil
import stat
import tokenize
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

    All are written together. If the outcome is not clean, they are taken back and tried by halves, so that
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
    return _one_by_one(curable, work)


def _one_by_one(curable: Sequence[Problem], work: _Work) -> Fixed:
    """Write what holds, by halves: most are good, and each attempt looks at the whole tree."""
    done: list[Problem] = []
    refused: list[tuple[Problem, str]] = []
    files: dict[Path, None] = {}
    bad: Counter[tuple[object, ...]] = Counter()
    waiting = [list(curable)]
    while waiting:
        wanted = Counter(map(_identity, waiting.pop()))
        # An edit above moves what is below: offsets are those of the files as they are now.
        now = work.again()
        some = list(_again(now, wanted, bad))
        if not some:
            continue
        reason, changed = _attempt(some, _Work(work.again, _counted(now)))
        if not reason:
            done += some
            files.update(dict.fromkeys(changed))
        elif len(some) == 1:
            refused.append((some[0], reason))
            bad[_identity(some[0])] += 1
        else:
            middle = len(some) // 2
            waiting += [some[middle:], some[:middle]]
    return Fixed(tuple(done), tuple(refused), tuple(files))


def _identity(problem: Problem) -> tuple[object, ...]:
    return problem.code, problem.spot.path, problem.symbol, problem.text, problem.message


def _again(
    now: Iterable[Problem], wanted: Counter[tuple[object, ...]], bad: Counter[tuple[object, ...]]
) -> Iterator[Problem]:
    """Yield the problems that are meant; of some that are alike, those behind the ones that were refused."""
    seen: Counter[tuple[object, ...]] = Counter()
    for problem in now:
        key = _identity(problem)
        if problem.fix and bad[key] <= seen[key] < bad[key] + wanted[key]:
            yield problem
        seen[key] += 1


def _attempt(problems: Sequence[Problem], work: _Work) -> tuple[str, tuple[Path, ...]]:
    """Write cures; return why they were taken back, and else the files that were written."""
    old: dict[Path, bytes] = {}
    new: dict[Path, bytes] = {}
    for path, edits in _by_file(each.fix for each in problems if each.fix).items():
        try:
            old[path] = path.read_bytes()
            new[path] = _edited(path, old[path], edits)
        except (OSError, LookupError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"{path.name}: {getattr(error, 'strerror', None) or error}", ()
    reason = _write(new) or _worse(problems, work)
    if reason:
        _write(old)
        return reason, ()
    return "", tuple(path for path, data in new.items() if data != old[path])


def _write(files: Mapping[Path, bytes]) -> str:
    for path, data in files.items():
        try:
            if path.read_bytes() != data:
                _replace(path.resolve(), data)
        except OSError as error:
            return f"{path.name} cannot be written: {error.strerror}"
    return ""


def _replace(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all: half a file is worse than a finding."""
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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
    crlf = "\r\n" in text
    for edit in sorted(edits, key=lambda each: (each.begin, each.end), reverse=True):
        put = re.sub("\r?\n", "\r\n", edit.text) if crlf else edit.text
        text = text[: edit.begin] + put + text[edit.end :]
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
