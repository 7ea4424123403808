"""A stream that is different on every line, for as long as it is asked to."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from logcheck.line_cases import GOOD_RECORD, encoded

if TYPE_CHECKING:
    from random import Random

__all__ = ["flood"]

_MANY: Final = 100
_BATCH: Final = 200


def flood(random: Random, count: int, stream: IO[bytes]) -> None:
    """Write lines: most are good, every tenth has a key, a service, a logger and a fault of its own."""
    good = encoded(GOOD_RECORD)
    for first in range(0, count, _BATCH):
        lines = [good.replace(b"order placed", b"order %d placed" % (first + each)) for each in range(_BATCH)]
        for each in range(0, _BATCH, 10):
            lines[each] = _odd(random, first + each)
        stream.write(b"\n".join(lines[: count - first]) + b"\n")


def _odd(random: Random, number: int) -> bytes:
    record = {
        **GOOD_RECORD,
        "service": f"orders-{number}",
        "logger": f"orders.{number}",
        f"key_{number}": random.choice((1, "x", {f"deep_{number}": 1}, [number])),
        f"note_{number % _MANY}": random.choice((1, "x", True)),
        "version": random.choice(("1", "", 5)),
        f"mail{number}@example.com": f"password=hunter{number}",
    }
    return encoded(record)[: random.choice((None, None, 300))]
