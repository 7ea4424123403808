"""The fixed corpus of bad values: every one has an id that stays, and the reason why it is in it.

The values are made anew for each use, because some are huge, some can be used once, and some change what is
around them. A value is added with a new id and never changed; that raises `VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from faults.kit.errors import ERRORS
from faults.kit.shapes import CONTAINERS, HOSTILE, KEYS, OBJECTS
from faults.kit.texts import BYTES, NUMBERS, TEXTS, TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CORPUS", "QUICK", "VERSION", "Case", "corpus_size"]

VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One bad value.

    Attributes:
        id: stays the same for ever.
        group: the table that it stands in.
        reason: what is bad about it.
        make: makes it.
    """

    id: str
    group: str
    reason: str
    make: Callable[[], Any]

    def __repr__(self) -> str:
        return self.id


_TABLES: Final = {
    "number": NUMBERS,
    "text": TEXTS,
    "bytes": BYTES,
    "time": TIMES,
    "container": CONTAINERS,
    "key": KEYS,
    "object": OBJECTS,
    "hostile": HOSTILE,
    "error": ERRORS,
}
CORPUS: Final[tuple[Case, ...]] = tuple(
    Case(name, group, reason, make)
    for group, table in _TABLES.items()
    for name, (reason, make) in table.items()
)


_COSTLY: Final = (
    "huge-",
    "bytes-huge",
    "wide-",
    "deep-list-100000",
    "deep-dict-100000",
    "dataclass-huge",
    "key-huge",
    "megabyte",
    "sleeps",
    "error-huge",
    "error-long",
    "error-syntax-huge",
    "error-unicode",
    "error-chain-50000",
    "error-frames-10000",
    "error-frames-mutual",
    "error-group-10000",
    "int-100000-bits",
)
# Without those that take milliseconds and megabytes to make.
QUICK: Final[tuple[Case, ...]] = tuple(case for case in CORPUS if not case.id.startswith(_COSTLY))


def corpus_size() -> int:
    """Return the number of bad values."""
    return len({case.id for case in CORPUS})
