"""Bad texts, bytes, numbers and times of the corpus, by id; each with the reason why it is there."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BYTES", "NUMBERS", "TEXTS", "TIMES"]

Table = dict[str, tuple[str, "Callable[[], Any]"]]


def _itself(value: Any) -> Any:
    return value


def _between(text: str) -> str:
    return f"a{text}b"


def _same(reason: str, **values: Any) -> Table:
    return {name.replace("_", "-"): (reason, partial(_itself, value)) for name, value in values.items()}


NUMBERS: Table = {
    **_same(
        "a constant that readers of JSON know", none=None, true=True, false=False, zero=0, one=1, minus=-1
    ),
    **_same(
        "an edge of an integer type",
        int_31=2**31 - 1,
        int_over_31=2**31,
        int_53=2**53,
        int_over_53=2**53 + 1,
        int_63=2**63 - 1,
        int_min=-(2**63),
    ),
    **_same(
        "an integer that 64 bits cannot hold",
        int_over_63=2**63,
        int_under_63=-(2**63) - 1,
        int_64=2**64 - 1,
        int_over_64=2**64,
        int_70=2**70,
        int_128=2**128,
        int_400=10**400,
        int_minus_400=-(10**400),
    ),
    **_same(
        "an integer with more digits than CPython turns into text",
        int_4300=10**4300,
        int_5000=10**5000,
        int_minus_5000=-(10**5000),
        int_100000_bits=1 << 100_000,
    ),
    **_same("a float that JSON lacks", nan=math.nan, inf=math.inf, minus_inf=-math.inf, minus_nan=-math.nan),
    **_same(
        "an edge of the doubles",
        minus_zero=-0.0,
        tiny=5e-324,
        smallest=2.2250738585072014e-308,
        largest=1.7976931348623157e308,
        third=1 / 3,
        epsilon=2.0**-52,
        big_float=1e22,
    ),
    **_same(
        "a moment before 1970, where it is taken for a time",
        before_1970_by_a_bit=-1e-5,
        before_1970_by_half=-0.5,
        before_1970_by_one=-1.0,
        before_1970_by_more=-1.5,
    ),
    **_same(
        "a number of another type",
        decimal=Decimal("1.50"),
        decimal_nan=Decimal("NaN"),
        decimal_snan=Decimal("sNaN"),
        decimal_inf=Decimal("Infinity"),
        decimal_huge=Decimal("1E+1000000"),
        decimal_digits=Decimal("1" * 5_000),
        fraction=Fraction(1, 3),
        fraction_huge=Fraction(10**5000, 3),
        complex_number=complex(1, 2),
        complex_nan=complex(math.nan, math.inf),
    ),
}

_CONTROLS = {f"control-{code:02x}": chr(code) for code in (*range(0x20), 0x7F)}
_C1 = {f"c1-{code:02x}": chr(code) for code in range(0x80, 0xA0)}
_BIDI = {
    f"bidi-{code:04x}": chr(code)
    for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_SPECIAL = {
    "line-separator": "\u2028",
    "paragraph-separator": "\u2029",
    "next-line": "\u0085",
    "bom": "\ufeff",
    "noncharacter-fffe": "\ufffe",
    "noncharacter-ffff": "\uffff",
    "noncharacter-fdd0": "\ufdd0",
    "noncharacter-last": "\U0010ffff",
    "replacement": "\ufffd",
    "object-replacement": "\ufffc",
    "zero-width": "\u200b\u200c\u200d\u2060",
    "soft-hyphen": "a\u00adb",
    "tag-characters": "\U000e0041\U000e007f",
    "variation-selectors": "\ufe0f" * 50,
    "private-use": "\ue000\U000f0000",
}
_SURROGATES = {
    "surrogate-high": "a\ud800b",
    "surrogate-low": "a\udc00b",
    "surrogate-alone": "\ud800",
    "surrogate-last": "a\udfff",
    "surrogates-swapped": "\udc00\ud800",
    "surrogate-pair-apart": "\ud83d\ude00",
    "surrogates-many": "\ud800" * 5_000,
    "surrogate-escaped-bytes": b"caf\xe9".decode("utf-8", "surrogateescape"),
    "surrogate-at-line-cut": "x" * 15_999 + "\ud800" + "y" * 100,
    "surrogate-at-key-cut": "x" * 255 + "\ud800",
    "surrogate-in-emoji": "\U0001f600\ud83d\U0001f600",
}
_LOOKALIKES = {
    "empty": "",
    "space": " ",
    "newline": "\n",
    "newlines": "\n" * 500,
    "crlf": "a\r\nb",
    "lf-at-end": "a\n",
    "looks-like-json": '{"level":"critical","service":"victim"}',
    "looks-like-json-end": 'x"}\n{"level":"critical","message":"forged"}',
    "looks-like-truncation": ',"truncated_bytes":16500',
    "looks-like-array": "[1,2",
    "looks-like-logfmt": 'level=error msg="forged" tenant_id=victim',
    "looks-like-cri": "2026-01-01T00:00:00.000000000Z stdout F forged",
    "looks-like-cri-partial": "2026-01-01T00:00:00.000000000Z stdout P forged",
    "looks-like-syslog": "<0>1 2026-01-01T00:00:00Z host app - - - forged",
    "looks-like-escape": "\\u0000\\ud800\\n",
    "looks-like-html": "<script>alert(1)</script>&lt;",
    "looks-like-sql": "'; DROP TABLE logs; --",
    "looks-like-jndi": "${jndi:ldap://127.0.0.1/a}",
    "looks-like-path": "../../../../etc/passwd",
    "looks-like-header": "value\r\nset-cookie: a=b",
    "looks-like-nan": "NaN",
    "looks-like-null": "null",
    "backslashes": "\\" * 1_000,
    "quotes": '"' * 1_000,
    "backslash-at-end": "ends with \\",
    "slash": "</",
}
_FORMATS = {
    "percent": "%",
    "percent-at-end": "100 %",
    "percent-s": "%s %s",
    "percent-named": "%(a)s",
    "percent-n": "%n%n%n",
    "percent-star": "%*d",
    "percent-wide": "%5000d",
    "percent-bad": "%y %",
    "percent-unclosed": "%(a",
    "braces": "{} {0} {a.b} {a[b]!r:>10}",
    "braces-unclosed": "{",
    "dollar": "$name ${name}",
}
_TERMINAL = {
    "ansi-colour": "\x1b[31mred\x1b[0m",
    "ansi-clear": "\x1b[2J\x1b[H",
    "ansi-unfinished": "\x1b[",
    "ansi-many": "\x1b[31m" * 3_000,
    "osc-title": "\x1b]0;title\x07",
    "osc-8-link": "\x1b]8;;http://127.0.0.1/\x1b\\link\x1b]8;;\x1b\\",
    "osc-52-clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "dcs": "\x1bP0;1|17/ab\x9c",
    "c1-csi": "\x9b31m",
    "backspaces": "visible" + "\b" * 7 + "hidden",
    "carriage-return": "hidden\rshown",
}
_LONG = {
    "long-ascii-15999": "a" * 15_999,
    "long-ascii-16000": "a" * 16_000,
    "long-ascii-16001": "a" * 16_001,
    "long-latin": "é" * 20_000,
    "long-cjk": "東" * 20_000,
    "long-emoji": "😀" * 20_000,
    "long-controls": "\x00" * 20_000,
    "long-quotes": '"' * 20_000,
    "long-bidi": "\u202e" * 20_000,
    "emoji-at-cut": "x" * 7_999 + "😀" * 4_000,
    "family-emoji": "👩‍👩‍👧‍👦" * 500,
    "combining-10000": "e" + "\u0301" * 10_000,
    "zalgo": "".join(f"{letter}{'̴̵̶' * 20}" for letter in "zalgo"),
    "right-to-left": "שלום עולם" * 10,
    "long-one-word": "a" * 60_000,
    "megabyte": "m" * 2**20,
}
TEXTS: Table = {
    **{name: ("a control character", partial(_between, text)) for name, text in _CONTROLS.items()},
    **{name: ("a control character of C1", partial(_between, text)) for name, text in _C1.items()},
    **{name: ("turns the text around it", partial(_between, text)) for name, text in _BIDI.items()},
    **{name: ("a character with a meaning", partial(_itself, text)) for name, text in _SPECIAL.items()},
    **{name: ("no UTF-8 for it", partial(_itself, text)) for name, text in _SURROGATES.items()},
    **{name: ("looks like another format", partial(_itself, text)) for name, text in _LOOKALIKES.items()},
    **{name: ("looks like a format string", partial(_itself, text)) for name, text in _FORMATS.items()},
    **{name: ("commands a terminal", partial(_itself, text)) for name, text in _TERMINAL.items()},
    **{name: ("at or over the length of a line", partial(_itself, text)) for name, text in _LONG.items()},
    "huge-ascii": ("fifty megabytes", lambda: "h" * 50_000_000),
    "huge-emoji": ("forty megabytes of UTF-8", lambda: "😀" * 10_000_000),
}

BYTES: Table = {
    **_same(
        "bytes are no text",
        bytes_empty=b"",
        bytes_ascii=b"text",
        bytes_utf8="é😀".encode(),
        bytes_invalid=b"\xff\xfe\x00",
        bytes_cut_short="😀".encode()[:3],
        bytes_overlong=b"\xc0\xaf",
        bytes_surrogate=b"\xed\xa0\x80",
        bytes_newline=b"a\nb",
        bytes_long=b"\xff" * 100_000,
    ),
    "bytearray": ("bytes that change", lambda: bytearray(b"\xff\x00")),
    "memoryview": ("a view of bytes", lambda: memoryview(b"\xff\x00")),
    "memoryview-released": ("a view that is gone", lambda: _released(memoryview(b"ab"))),
    "memoryview-shaped": ("a view of another shape", lambda: memoryview(bytes(8)).cast("B", [2, 4])),
    "bytes-huge": ("fifty megabytes", lambda: bytes(50_000_000)),
}


def _released(view: memoryview) -> memoryview:
    view.release()
    return view


class _NoOffset(dt.tzinfo):
    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        raise RuntimeError("no offset")

    dst = tzname = utcoffset  # type: ignore[assignment]


TIMES: Table = {
    **_same(
        "a time",
        datetime_naive=dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        datetime_aware=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        datetime_min=dt.datetime.min,  # noqa: DTZ901 the edge is the point
        datetime_max=dt.datetime.max,  # noqa: DTZ901 the edge is the point
        datetime_fold=dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=dt.UTC),
        datetime_odd_offset=dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=23, minutes=59))),
        datetime_hostile=dt.datetime(2026, 1, 1, tzinfo=_NoOffset()),
        date_min=dt.date.min,
        date_max=dt.date.max,
        time_aware=dt.time(1, 2, 3, tzinfo=dt.UTC),
        time_hostile=dt.time(1, 2, 3, tzinfo=_NoOffset()),
        timedelta=dt.timedelta(days=-1, microseconds=1),
        timedelta_max=dt.timedelta.max,
        timezone=dt.timezone(dt.timedelta(minutes=1), "\ud800"),
    )
}
