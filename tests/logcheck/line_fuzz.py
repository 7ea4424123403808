"""Lines that nobody would write: good ones, changed in their fields and in their bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import names
from ameide_telemetry.contract.load import load_contract
from logcheck.line_cases import BAD, GOOD, GOOD_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

__all__ = ["fuzzed"]

_ACCESS: Final = {
    "logger": names.ACCESS_LOGGER,
    "http_request_method": "GET",
    "http_response_status_code": 200,
    "duration_ms": 1.25,
}
_KEYS: Final = (
    *GOOD_RECORD,
    *_ACCESS,
    *("order", "order_id", "order.id", "sku", "email", "password", "note", "extra", "redacted", "traceId"),
    *(
        "truncated_bytes",
        "client_disconnected",
        "exception_type",
        "url_path",
        "d\u00e9j\u00e0",
        "a\x07b",
        "",
        "1",
    ),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        200,
        1000,
        1.0,
        1.5,
        -0.0,
        1e15,
        1e16,
        1e300,
        10**15,
        10**16,
        2**63,
        2**64,
    ),
    *(10**30, 10**400, float("inf"), float("nan"), "", "x", "info", "INFO", "1.0", "acme", "a b", "a\nb"),
    *(
        "0" * 32,
        "0" * 16,
        "A" * 32,
        "a" * 32,
        "a" * 16,
        "01",
        "01\n",
        "\x00",
        "\x7f",
        "\x85",
        "\u2028",
        "\ud800",
    ),
    *("\ud83d\ude00", "\U0001f600", "\ufeff", "bob@example.com", "password=hunter22", 'a:"b":c', '":', '" :'),
    *(
        "[redacted:email]",
        "card 4111111111111111",
        "+49 30 12345678",
        "2026-01-31T12:34:56.789012Z",
        "\\",
        '"',
    ),
    *(
        {},
        {"a": 1},
        {"a": {"b": [1, {"c": "bob@example.com"}]}},
        {"id": 1},
        [],
        [1, "x"],
        [[]],
        ["x@example.com"],
    ),
    *("http://a:b@c.example/?token=abc", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "x" * 200),
)
_BYTES: Final = (
    *(b"", b'"', b"\\", b"{", b"}", b",", b":", b" ", b"\t", b"\x00", b"\xff", b"\xc3", b"\x7f", b"\xc2\x85"),
    *(b"\\u0000", b"\\ud800", b"1", b"e9", b"NaN", b"null", b'"a":1,', b'"a" :1,', b'"level":"info",', b"\r"),
    *(b"\xef\xbb\xbf", b"[", b"]", b'{"timestamp":', b"\\u0041", b'\\"', b"\\b", b"-", b"0", b"."),
)


_DISTORTED: Final[tuple[Callable[[str], str], ...]] = (str, str.upper, "{}\n".format, "{}0".format)
_PERSONAL: Final = (
    *(
        "bob@example.com",
        "password=hunter22",
        "4111 1111 1111 1111",
        "+49 30 12345678",
        "http://a:b@c.example/",
    ),
    *('{"token": "abcdef0123456789"}', "DE89 3704 0044 0532 0130 00", "12:30 and 50 % more", "it's (a+b)"),
)


def _edges() -> Iterator[tuple[str, Any]]:
    """Yield what is just good for a field of the contract, and what is just not."""
    for field in load_contract().fields:
        limits = [limit for limit in (field.minimum, field.maximum) if limit is not None]
        numbers = [limit + step for limit in limits for step in (-1, -0.5, 0, 0.0, 0.5, 1)]
        texts = [change(str(field.example)) for change in _DISTORTED]
        yield from (
            (key, value) for key in field.log for value in (*numbers, *texts, *field.enum, "", field.example)
        )


_EDGES: Final = tuple(_edges())


def fuzzed(random: Random, count: int) -> Iterator[bytes]:
    """Yield lines; a third of them are good."""
    known = [line for case in (*BAD, *GOOD) for line in case.lines if len(line) < 5_000]
    for number in range(count):
        line = _encoded(random, _record(random, number))
        if random.random() < 0.1:
            line = random.choice(known)
        for change in random.choices(_CHANGES, k=random.choice((0, 0, 1, 2))):
            line = change(random, line)
        yield line


def _record(random: Random, number: int) -> dict[str, Any]:
    clock = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    moment = f"2026-01-31T{clock}.{random.randrange(10**6):06}Z"
    record = {
        **GOOD_RECORD,
        "timestamp": moment,
        "message": f"order {number} priced",
        "trace_id": f"{random.getrandbits(128) | 1:032x}",
        "service": random.choice(("orders", "orders", "billing")),
    }
    if random.random() < 0.3:
        record |= _ACCESS
    if random.random() < 0.5:
        record |= {"sku": f"A-{number}", "price": random.choice((1, 2.5))}
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        key = random.choice(_KEYS)
        if random.random() < 0.3:
            record.pop(key, None)
        else:
            record[key] = random.choice(_VALUES)
    if random.random() < 0.1:
        record |= [random.choice(_EDGES)]
    if random.random() < 0.05:
        record["message"] = f"order {number}: {random.choice(_PERSONAL)}"
    return record


def _encoded(random: Random, record: dict[str, Any]) -> bytes:
    separators = random.choice(((",", ":"), (",", ":"), (",", ":"), (", ", ": "), (" , ", " : ")))
    text = json.dumps(record, ensure_ascii=random.random() < 0.3, separators=separators)
    return text.encode("utf-8", "surrogatepass")


def _spliced(random: Random, line: bytes) -> bytes:
    at = random.randrange(len(line) + 1)
    return line[:at] + random.choice(_BYTES) + line[at + random.choice((0, 0, 1, 3)) :]


def _cut(random: Random, line: bytes) -> bytes:
    at = random.randrange(len(line) + 1)
    return line[:at] if random.random() < 0.5 else line[at:]


def _doubled(random: Random, line: bytes) -> bytes:
    fields = line[1:-1].split(b",")
    return line[:-1] + b"," + random.choice(fields) + line[-1:]


def _joined(random: Random, line: bytes) -> bytes:
    return line + _encoded(random, _record(random, 1))


_CHANGES: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    _spliced,
    _spliced,
    _spliced,
    _cut,
    _doubled,
    _joined,
)
