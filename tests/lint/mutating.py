"""Files that nobody would write: sources and deployment files, cut, mixed, nested and in odd encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

__all__ = ["mutated"]

_ODD: Final = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x0c", b"\t", b"\xc3", b"\xed\xa0\x80", b"\x1a", b"\\\n"),
    *(
        b"{{ .Values.x }}",
        b"${",
        b"$(",
        b"`",
        b'"',
        b"'",
        b"<<EOT\n",
        b"&a ",
        b"*a",
        b"<<: *a\n",
        b"!!python/name:os",
    ),
    *(
        b"lambda: ",
        b"yield ",
        b"await ",
        b"*",
        b"**",
        b":=",
        b"match x:\n",
        b"async ",
        b"type X = int\n",
        b'f"{',
        b";",
    ),
    *(
        b"init_telemetry",
        b"init_telemetry()",
        b"logging.basicConfig()\n",
        b"from . import x\n",
        b"import m0\n",
    ),
    *(b"case x in\n", b"esac\n", b"fi\n", b"&&", b"||", b"exec ", b"[program:x]\n", b"ONBUILD ", b"---\n"),
)
_CODINGS: Final = (
    b"rot13",
    b"utf-16",
    b"latin-1",
    b"nothing",
    b"cp1252",
    b"utf-7",
    b"ascii",
    b"\xff",
    b"utf-8-sig",
)
_NESTING: Final = (
    b"(",
    b"[",
    b"{",
    b"if x:\n ",
    b"not ",
    b"-",
    b"x.",
    b"f(",
    b"lambda: ",
    b'{"a": ',
    b"- ",
    b"if a; then ",
)
_MOST: Final = 20_000


def _cut(data: bytes, _: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _without(data: bytes, _: bytes, chance: Random) -> bytes:
    begin = chance.randrange(len(data) + 1)
    return data[:begin] + data[begin + chance.randrange(1, 200) :]


def _spliced(data: bytes, other: bytes, chance: Random) -> bytes:
    lines, more = data.splitlines(keepends=True), other.splitlines(keepends=True)
    at, begin = chance.randrange(len(lines) + 1), chance.randrange(len(more) + 1)
    return b"".join([*lines[:at], *more[begin : begin + chance.randrange(1, 30)], *lines[at:]])


def _shuffled(data: bytes, _: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _repeated(data: bytes, _: bytes, chance: Random) -> bytes:
    begin = chance.randrange(len(data) + 1)
    return data[:begin] + data[begin : begin + 300] * chance.randrange(2, 20) + data[begin:]


def _odd(data: bytes, other: bytes, chance: Random) -> bytes:
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice((*_ODD, other[:1])) + data[at:]
    return data


def _noisy(data: bytes, other: bytes, chance: Random) -> bytes:
    made = bytearray(data or other)
    for _ in range(chance.randrange(1, 12) if made else 0):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


def _nested(data: bytes, _: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_NESTING) * chance.choice((20, 90, 150, 500, 3_000)) + data[at:]


def _deep(data: bytes, _: bytes, chance: Random) -> bytes:
    """Nest what parses: calls, attributes, sums, conditions."""
    many = chance.choice((50, 90, 400, 1_500))
    begin, end = chance.choice(
        ((b"(", b")"), (b"f(", b")"), (b"[", b"]"), (b"1 + ", b""), (b"", b".a"), (b"", b"()"))
    )
    return data + b"\nx = " + begin * many + b"y" + end * many + b"\n"


def _indented(data: bytes, _: bytes, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    return b"".join([*lines[:at], *(b" " * chance.randrange(6) + line for line in lines[at:])])


def _encoded(data: bytes, _: bytes, chance: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp037")), "replace")


def _declared(data: bytes, _: bytes, chance: Random) -> bytes:
    return b"# -*- coding: " + chance.choice(_CODINGS) + b" -*-\n" + data


def _swapped(data: bytes, other: bytes, chance: Random) -> bytes:
    """Put words of another file in the place of some."""
    words, more = data.split(b" "), other.split() or [b"x"]
    for _ in range(chance.randrange(1, 20)):
        words[chance.randrange(len(words))] = chance.choice(more)
    return b" ".join(words)


_WAYS: Final[tuple[Callable[[bytes, bytes, Random], bytes], ...]] = (
    *(_cut, _without, _spliced, _spliced, _shuffled, _repeated, _odd, _odd, _noisy, _nested, _deep),
    *(_indented, _encoded, _declared, _swapped, _swapped),
)


def mutated(pool: Sequence[bytes], chance: Random) -> bytes:
    """Return one of some files, changed in one way or several."""
    data = chance.choice(pool)[:_MOST]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(_WAYS)(data, chance.choice(pool)[:_MOST], chance)
    return data
