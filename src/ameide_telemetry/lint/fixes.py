"""Cures written into files: only where the result compiles, has less to complain of, and nothing new."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import tokenize
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.importers import lost_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Edit, Fix, Problem

__all__ = ["Fixed", "fix"]

# A cure, what comes up with it, and what comes up with that.
_FOLLOWING: Final = 3


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
    unsafe: bool
    before: Counter[tuple[str, Path]]
    known: frozenset[tuple[object, ...]]

    @classmethod
    def on(
        cls, problems: Sequence[Problem], again: Callable[[], Sequence[Problem]], *, unsafe: bool
    ) -> _Work:
        return cls(again, unsafe, _counted(problems), frozenset(map(_identity, problems)))

    def may(self, problem: Problem) -> bool:
        return problem.fix is not None and (self.unsafe or problem.fix.safe)


class _Attempt(NamedTuple):
    reason: str
    done: tuple[Problem, ...] = ()
    changed: tuple[Path, ...] = ()


def fix(
    problems: Sequence[Problem], again: Callable[[], Sequence[Problem]], *, unsafe: bool = False
) -> Fixed:
    """Write the cures of problems into the files.

    All are written together. If the outcome is not clean, they are taken back and tried by halves, so that
    one bad cure does not keep the others away. A problem that only comes up with a cure, such as a package
    that is called and not asked for, is cured with it.

    Args:
        problems: what was found.
        again: looks at the whole tree anew.
        unsafe: whether cures are written too after which the program may mean something else.
    """
    work = _Work.on(problems, again, unsafe=unsafe)
    curable = _apart(filter(work.may, problems))
    if not curable:
        return Fixed((), (), ())
    found = _attempt(curable, work)
    if not found.reason:
        return Fixed(found.done, (), found.changed)
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
        found = _attempt(some, _Work.on(now, work.again, unsafe=work.unsafe))
        if not found.reason:
            done += found.done
            files.update(dict.fromkeys(found.changed))
        elif len(some) == 1:
            refused.append((some[0], found.reason))
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


def _attempt(problems: Sequence[Problem], work: _Work) -> _Attempt:
    """Write cures, and those of what comes up with them; whatever goes wrong, nothing has changed."""
    old: dict[Path, bytes] = {}
    new: dict[Path, bytes] = {}
    done = tuple(problems)
    following: Sequence[Problem] = problems
    reason = ""
    for _ in range(_FOLLOWING):
        reason = _written(following, old, new)
        if reason:
            break
        worse = _worse(problems, work)
        if not worse:
            return _Attempt("", done, tuple(path for path, data in new.items() if data != old[path]))
        reason = _against(next((each for each in worse if not work.may(each)), worse[0]), work)
        if not all(_identity(each) not in work.known and work.may(each) for each in worse):
            break
        following = _apart(worse)
        done += tuple(following)
    _write(old)
    return _Attempt(reason)


def _against(problem: Problem, work: _Work) -> str:
    first = f": first {problem.hint}" if problem.hint and _identity(problem) not in work.known else ""
    return f"{problem.spot.path.name} would have {problem.code} afterwards{first}"


def _written(problems: Sequence[Problem], old: dict[Path, bytes], new: dict[Path, bytes]) -> str:
    """Write cures; return why not, and note what stood in the files before, and what stands there now."""
    for path, edits in _by_file(each.fix for each in problems if each.fix).items():
        try:
            data = path.read_bytes()
            new[path] = _edited(path, data, edits)
            missed = lost_names(path, data, new[path]) if path.suffix == ".py" else ""
        except (OSError, LookupError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"{path.name}: {getattr(error, 'strerror', None) or error}"
        if missed:
            return missed
        old.setdefault(path, data)
    return _write(new)


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
        beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _worse(problems: Sequence[Problem], work: _Work) -> list[Problem]:
    """Return the problems of which there are more than there were, those that are new first."""
    after = work.again()
    allowed = work.before - _counted(problems)
    worse = {key for key, count in _counted(after).items() if count > allowed[key]}
    found = [each for each in after if (each.code, each.spot.path) in worse]
    fresh = [each for each in found if _identity(each) not in work.known]
    return fresh or found


def _edited(path: Path, data: bytes, edits: Sequence[Edit]) -> bytes:
    python = path.suffix == ".py"
    encoding = _runs(path, data) if python else "utf-8"
    text = data.decode(encoding)
    newline = "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"
    for edit in sorted(edits, key=lambda each: (each.begin, each.end), reverse=True):
        put = re.sub("\r?\n", newline, edit.text)
        text = text[: edit.begin] + put + text[edit.end :]
    made = text.encode(encoding)
    if python and _runs(path, made) != encoding:
        raise ValueError("its encoding would be another one")
    return made


def _runs(path: Path, data: bytes) -> str:
    """Return the encoding of a source file that Python would run; raise as its compiler does for another."""
    with warnings.catch_warnings():
        # An invalid escape is the business of other tools; as an error it would end the compiler.
        warnings.simplefilter("ignore")
        compile(data, str(path), "exec", dont_inherit=True)
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    return tokenize.detect_encoding(io.BytesIO(lines).readline)[0]


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
