"""Generated ids and times, which have to stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

FRAMES: Final = ("{}", "took {} to answer", "id={} ok", '{{"id": "{}"}}', "handled {}.", "request:{}, done")
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BEGIN: Final = 1_500_000_000
_END: Final = 2_000_000_000


def _hex(digits: int) -> Callable[[Random], str]:
    return lambda random: f"{random.getrandbits(4 * digits):0{digits}x}"


def _epoch(power: int) -> Callable[[Random], str]:
    return lambda random: str(random.randrange(_BEGIN * 10**power, _END * 10**power))


def _traceparent(random: Random) -> str:
    return f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-0{random.randrange(2)}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _ulid(random: Random) -> str:
    return "01" + "".join(random.choices(_CROCKFORD, k=24))


def _block(random: Random) -> str:
    return f"blk_{random.randrange(-(2**63), 2**63)}"


def _sixteen(random: Random) -> str:
    return str(random.randrange(10**15, 10**16))


def _payment(random: Random) -> str:
    return f"card payment_id={random.randrange(4 * 10**15, 5 * 10**15)}"


MACHINES: Final[Mapping[str, Callable[[Random], str]]] = {
    "trace id": _hex(32),
    "span id": _hex(16),
    "traceparent": _traceparent,
    "UUID": _uuid,
    "ULID": _ulid,
    "epoch s": _epoch(0),
    "epoch ms": _epoch(3),
    "epoch us": _epoch(6),
    "epoch ns": _epoch(9),
    "HDFS block": _block,
    "payment id": _payment,
}
"""What is generated -> how; none of it may be redacted, alone or in a sentence."""

SIXTEEN_DIGITS: Final = _sixteen
"""Makes numbers with as many digits as most cards have; they may be redacted in one of 10,000."""
