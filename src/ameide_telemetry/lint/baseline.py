"""The problems that are known already: a file that only shrinks."""

from __future__ import annotations

import json
import os
import posixpath
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.config import lint_codes
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot
from ameide_telemetry.nearness import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Baseline", "Known", "known", "written"]

_VERSION: Final = 1
_KEYS: Final = ("code", "path", "symbol", "text", "count")
_MEMBERS: Final = ("version", "entries")
# What is said of suppressions is never known: it would keep them for ever.
_NEVER: Final = frozenset({"TEL003", "TEL004"})
_ANEW: Final = "write it anew: delete it first"
_FORM: Final = (
    'an entry is {"code": "TEL101", "path": "shop/asgi.py", "symbol": "<module>", "text": "app = FastAPI()",'
    ' "count": 1}, its path relative to the folder of this file'
)


class Known(NamedTuple):
    """What a known problem is told by: no line number, which changes with every edit above it.

    Attributes:
        code: of the check.
        path: relative to the root, with `/`.
        symbol: enclosing function or class.
        text: the source line, stripped and with single blanks.
    """

    code: str
    path: str
    symbol: str
    text: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a file of known problems says.

    Attributes:
        path: the file.
        entries: known problem -> how often.
        size: length of its text, in characters.
    """

    path: Path
    entries: Counter[Known]
    size: int = 0

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Return what the file says.

        Raises:
            TelemetryError: it cannot be read or is none of ours.
        """
        try:
            text = contents(path).decode("utf-8")
            found: Any = json.loads(text)
        except OSError as error:
            raise TelemetryError(
                f"{path} cannot be read: {error.strerror}; write it: ameide-telemetry lint --update-baseline"
                " --allow-new"
            ) from None
        except (ValueError, RecursionError) as error:
            raise TelemetryError(f"{path} is not JSON: {error}; {_ANEW}") from None
        return cls(path, _entries(found, path), len(text))

    def judge(
        self, problems: Iterable[Problem], asked: Callable[[Known], bool] = lambda _: True
    ) -> tuple[list[Problem], list[Problem]]:
        """Return the problems that are new, and one (TEL003) for each entry that has more than there is.

        Args:
            problems: what was found.
            asked: tells of an entry whether this run would have found it; else it is not said to be stale.
        """
        left = Counter(self.entries)
        new = []
        for problem in problems:
            key = known(problem, self.path)
            if left[key] > 0:
                left[key] -= 1
            else:
                new.append(problem)
        stale = Counter({key: count for key, count in left.items() if count > 0 and asked(key)})
        fix = self._without(stale)
        return new, [self._stale(key, count, fix) for key, count in sorted(stale.items())]

    def file_of(self, entry: Known) -> Path:
        """Return the file that an entry is about."""
        return Path(os.path.normpath(self.path.parent / entry.path))

    def _without(self, stale: Counter[Known]) -> Fix:
        """Return the fix that shrinks the file; it is the same for all its entries, so it is done once."""
        edit = Edit(self.path, 0, self.size, written((), self.path, self.entries - stale))
        return Fix((edit,), safe=True, title="take what is cured out of the baseline")

    def _stale(self, key: Known, count: int, fix: Fix) -> Problem:
        return Problem(
            "TEL003",
            f"the baseline has {count} more of {key.code} in {key.path} ({key.symbol}) than there is",
            Spot(self.path, 0),
            "shrink it: ameide-telemetry lint --update-baseline",
            symbol=key.symbol,
            text=f"{key.code} {key.path} {key.text}",
            fix=fix,
        )


def known(problem: Problem, baseline: Path) -> Known:
    """Return what a problem is told by; its path is relative to the folder of the baseline."""
    path = os.path.relpath(problem.spot.path, baseline.parent).replace(os.sep, "/")
    return Known(problem.code, path, problem.symbol, problem.text)


def written(problems: Iterable[Problem], path: Path, kept: Mapping[Known, int]) -> str:
    """Return the text of a baseline: one row for each entry, sorted, so that changes merge.

    Args:
        problems: that it knows.
        path: of its file.
        kept: entries that it has besides.
    """
    counted = Counter(known(problem, path) for problem in problems)
    counted.update(kept)
    rows = [dict(zip(_KEYS, (*key, count), strict=True)) for key, count in sorted(counted.items())]
    text = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{{\n "version": {_VERSION},\n "entries": [\n{text}\n ]\n}}\n'


def _entries(found: object, path: Path) -> Counter[Known]:
    if not isinstance(found, dict) or type(found.get("version")) is not int or found["version"] != _VERSION:
        raise TelemetryError(f"{path} is no baseline of version {_VERSION}: {_ANEW}")
    for key in found:
        if key not in _MEMBERS:
            raise TelemetryError(
                f"{path} has no key {key!r:.200}: its keys are {', '.join(_MEMBERS)}; {_ANEW}"
            )
    rows = found.get("entries")
    if not isinstance(rows, list):
        raise TelemetryError(f"{path} has no list of entries: {_ANEW}")
    codes = frozenset(lint_codes()) - _NEVER
    entries: Counter[Known] = Counter()
    for row in rows:
        entries[_entry(row, path, codes)] += row["count"]
    return entries


def _entry(row: object, path: Path, codes: frozenset[str]) -> Known:
    if (
        not isinstance(row, dict)
        or row.keys() != set(_KEYS)
        or not all(isinstance(row[key], str) for key in _KEYS[:-1])
        or type(row["count"]) is not int
        or row["count"] < 1
        or not _is_path(row["path"])
    ):
        raise TelemetryError(f"{path}: an entry is wrong: {row!r:.200}; {_FORM}; {_ANEW}")
    if row["code"] not in codes:
        near = nearest(row["code"], codes)
        question = f"did you mean {near}? " if near else ""
        raise TelemetryError(
            f"{path}: no check whose problems can be known is {row['code']!r:.100}: {question}"
            f"take its entry out; or {_ANEW}"
        )
    return Known(*(row[key] for key in _KEYS[:-1]))


def _is_path(text: str) -> bool:
    """Return whether a path is as `known` writes it: any other would be about nothing."""
    return "\0" not in text and not text.startswith("/") and posixpath.normpath(text) == text
