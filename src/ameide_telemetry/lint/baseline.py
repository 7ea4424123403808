"""The problems that are known already: a file that only shrinks."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.model import Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Baseline", "Known", "known", "written"]

_VERSION: Final = 1
_KEYS: Final = ("code", "path", "symbol", "text", "count")


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
    """

    path: Path
    entries: Counter[Known]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Return what the file says.

        Raises:
            TelemetryError: it cannot be read or is none of ours.
        """
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise TelemetryError(
                f"{path} cannot be read: {error.strerror}; write it: ameide-telemetry lint --update-baseline"
                " --allow-new"
            ) from None
        except (ValueError, RecursionError) as error:
            raise TelemetryError(f"{path} is not JSON: {error}; write it anew: delete it first") from None
        if not isinstance(found, dict) or found.get("version") != _VERSION:
            raise TelemetryError(
                f"{path} is no baseline of version {_VERSION}: write it anew: delete it first"
            )
        rows = found.get("entries")
        if not isinstance(rows, list):
            raise TelemetryError(f"{path} has no list of entries: write it anew: delete it first")
        entries: Counter[Known] = Counter()
        for row in rows:
            entries[_entry(row, path)] += row["count"]
        return cls(path, entries)

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
        stale = [self._stale(key, count) for key, count in sorted(left.items()) if count > 0 and asked(key)]
        return new, stale

    def file_of(self, entry: Known) -> Path:
        """Return the file that an entry is about."""
        return Path(os.path.normpath(self.path.parent / entry.path))

    def _stale(self, key: Known, count: int) -> Problem:
        return Problem(
            "TEL003",
            f"the baseline has {count} more of {key.code} in {key.path} ({key.symbol}) than there is",
            Spot(self.path, 0),
            "shrink it: ameide-telemetry lint --update-baseline",
            symbol=key.symbol,
            text=f"{key.code} {key.path} {key.text}",
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


def _entry(row: object, path: Path) -> Known:
    if (
        not isinstance(row, dict)
        or row.keys() != set(_KEYS)
        or not all(isinstance(row[key], str) for key in _KEYS[:-1])
        or type(row["count"]) is not int
        or row["count"] < 1
    ):
        raise TelemetryError(f"{path}: an entry is wrong: {row!r:.200}; write the file anew: delete it first")
    return Known(*(row[key] for key in _KEYS[:-1]))
