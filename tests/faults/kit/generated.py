"""Bad values without end: put together from the corpus by a seeded generator, or by hypothesis.

The generator of this module is for millions of values; hypothesis is slower and finds the smallest of them.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from faults.kit.corpus import CORPUS, Case

__all__ = ["LIGHT", "Generator", "values"]

_HEAVY: Final = (
    "huge",
    "wide",
    "deep",
    "mega",
    "error-",
    "sleeps",
    "bytes-",
    "long-",
    "logs-again",
    "int-100000",
    "dataclass-",
    "key-huge",
    "changes-",
    "surrogates-many",
    "ansi-many",
    "coroutine",
    "evil-mapping-endless",
    "generator-endless",
    "keys-many",
    "shared",
    "recursive",
    "hostile-repr-recursion",
    "text-control",
    "mutates",
    "cycle",
    "traceback",
    "decimal-digits",
)
# A million of these take minutes and not hours.
LIGHT: Final[tuple[Case, ...]] = tuple(case for case in CORPUS if not case.id.startswith(_HEAVY))
_ERRORS: Final = tuple(case for case in CORPUS if case.id in {"error", "error-surrogate", "error-notes-odd"})
_TEXTS: Final[tuple[str, ...]] = tuple(
    str(case.make()) for case in LIGHT if case.group == "text" and len(case.make()) < 1_000
)
_PLAIN: Final = 'abc xyz %s {} " \\ / , : é東😀'
_KEYS: Final = (
    "a",
    "b",
    "order",
    "level",
    "service",
    "trace_id",
    "tenant_id",
    "event",
    "message",
    "extra",
    "stack",
)


class Generator:
    """Makes one value after another; the same ones for the same seed.

    Args:
        seed: of the generator.

    Attributes:
        count: values made so far.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.count = 0

    def value(self) -> Any:
        """Return the next value."""
        self.count += 1
        return self._value(0)

    def choice(self, options: tuple[Any, ...]) -> Any:
        """Return one of several things."""
        return options[int(self._random.random() * len(options))]

    def text(self) -> str:
        """Return a text of several pieces, good and bad."""
        pieces = [self.choice(_TEXTS) if self._random.random() < 0.5 else self._plain() for _ in range(3)]
        return "".join(pieces) * (50 if self._random.random() < 0.01 else 1)

    def key(self) -> Any:
        """Return a key for a mapping."""
        return self.choice(_KEYS) if self._random.random() < 0.6 else self.text()

    def _plain(self) -> str:
        return "".join(self.choice(tuple(_PLAIN)) for _ in range(4))

    def _value(self, depth: int) -> Any:
        kind = self._random.random()
        if kind < 0.3:
            return self.text()
        if kind < 0.45:
            return self._number()
        if kind < 0.8 or depth > 3:
            return self.choice(LIGHT).make()
        if kind < 0.82:
            return self.choice(_ERRORS).make()
        size = int(self._random.random() * 4)
        if kind < 0.91:
            return [self._value(depth + 1) for _ in range(size)]
        return {self.key(): self._value(depth + 1) for _ in range(size)}

    def _number(self) -> Any:
        if self._random.random() < 0.5:
            return self._random.getrandbits(int(self._random.random() * 130)) - 2**64
        return self._random.uniform(-1, 1) * 10.0 ** int(self._random.uniform(-320, 308))


def values() -> st.SearchStrategy[Any]:
    """Return a strategy for bad values: those of the corpus, random ones, and containers of both."""
    leaves = st.one_of(
        # hypothesis compares and prints what it draws, which not every value bears.
        st.sampled_from([case for case in LIGHT if case.group not in {"object", "hostile"}]).map(
            lambda case: case.make()
        ),
        st.text(st.characters(codec=None), max_size=50),
        st.integers(),
        st.floats(),
        st.binary(max_size=20),
        st.datetimes(),
        st.decimals(),
        st.none(),
    )
    keys = st.one_of(st.text(st.characters(codec=None), max_size=20), st.sampled_from(_KEYS), st.integers())
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
