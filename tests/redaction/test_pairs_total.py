"""Pairs in any text: twice is once, and the time is that of the length."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ameide_telemetry.redaction import RedactionPolicy, Redactor, pairs

if TYPE_CHECKING:
    from collections.abc import Callable

REDACTOR = Redactor(RedactionPolicy())
SIZE = 20_000
MOST = 2.5
PARTS = (
    *(
        "password=",
        "password: ",
        "password:\n  ",
        "passphrase: ",
        "secret=",
        "token: ",
        '{"pin": ',
        "Password=",
    ),
    *("authorization=", "Authorization: ", "Set-Cookie: ", "Cookie: ", "Digest ", "Bearer ", 'response="9a"'),
    *("|\n  ", "\\n  ", "\n", "- ", "    ", 'File "x", line 1\n', " Pass 99x", "s3cret1", "1234", ", ", "; "),
    *("session_id=7", "f(x)", "self.X", "{X}", "${X}", "%(password)s", "[FILTERED]", "***", "None", "host="),
    *(
        "[redacted:token]",
        "[redacted:email]",
        "[redacted:",
        "kubernetes.io/",
        "'",
        '"',
        '\\"',
        "\\",
        "<",
        ">",
    ),
    *("[", "]", "{", "}", "(", ")", "=", ":", ",", ";", "&", "@", " ", "é", "\u200b", "<password>", "</"),
)


def _hide(kind: str, value: str) -> str:
    return f"[redacted:{kind}]"


def _redacted(text: str) -> str:
    return pairs.hide_in_pairs(text, _hide, REDACTOR._class_of)


@given(st.lists(st.sampled_from(PARTS), max_size=6))
@settings(max_examples=1_500, deadline=None, derandomize=True)
def test_pairs_that_were_hidden_stay_as_they_are(parts: list[str]) -> None:
    """However names, values, markers and quotes are mixed."""
    once = _redacted("".join(parts))
    assert _redacted(once) == once


GLUED = (
    "?password={X}$$",
    "password={X}+49 30 ",
    "passphrase: -----END PRIVATE KEY-----",
    'password: response="9a"@password:\n  ',
    "password: password=Password=https://",
    "password: |\n  [redacted:password]\n",
    "[parameters: [redacted:email]password=",
    "password=[redacted:password]password=",
)


@pytest.mark.parametrize("text", GLUED)
def test_what_is_glued_to_a_value_is_hidden_with_it(text: str) -> None:
    """Else it would be glued to the marker, and hidden the second time."""
    once = REDACTOR.text(text, {})
    assert REDACTOR.text(once, {}) == once


UNITS = (
    *(
        "password={",
        "password=((a)",
        "f(password=g(x)",
        "password: |\n ",
        "password: |\n [redacted:password]\n",
    ),
    *(
        "password:\n - ",
        "passwords:\n - a\n",
        "password: A1 ",
        ";password=a b",
        "passphrase: aa bb ",
        "token: /run/",
    ),
    *(
        'authorization="',
        'cookie=a="',
        "Cookie: a=' ",
        "cookie: a, ",
        "Authorization: Digest ",
        "Cookie: a: ",
    ),
    *(
        "password=[redacted:token]",
        "password=a[redacted:token]",
        "[redacted:token]",
        "kubernetes.io/secret=",
        "a.",
    ),
    *(
        "password=f(x)",
        "    password=f(x)\n",
        "password={a}",
        '"secret": {"name": "',
        '\\"secret\\": [\\"',
        "a=",
    ),
    *(
        "=",
        "=:",
        "a" * 50 + "=",
        "password=a)",
        'Authorization: Bearer "',
        "password: |\\n  a\\n",
        '"pin": 1',
    ),
)
WAYS: dict[str, Callable[[str], object]] = {
    "search": _redacted,
    "gate": lambda text: pairs.may_hold_pairs(text, REDACTOR._class_of),
}


def _seconds(way: Callable[[str], object], text: str) -> float:
    begin = time.thread_time()
    way(text)
    return time.thread_time() - begin


def _growth(way: Callable[[str], object], unit: str) -> float:
    longest = unit * (2 * SIZE // len(unit) + 1)
    rounds = [(_seconds(way, longest[:SIZE]), _seconds(way, longest[: 2 * SIZE])) for _ in range(5)]
    return min(twice for _, twice in rounds) / max(min(once for once, _ in rounds), SIZE * 1e-7)


@pytest.mark.parametrize("name", WAYS)
def test_twice_the_pairs_take_twice_the_time(name: str) -> None:
    """Values without ends, blocks, lists and markers cost no more than in proportion to their length."""
    slow = [*UNITS]
    for _ in range(5):
        slow = [unit for unit in slow if _growth(WAYS[name], unit) > MOST]
    assert slow == []


def test_the_gate_finds_a_name_among_many_marks_and_few() -> None:
    """All names at once or one by one: the answer is the same."""
    for few in ("a=1 {}=2", "x" * 400 + " {}: 2", "x" * 400 + "; '{}' = 2"):
        for name, telling in (("password", True), ("api-key", True), ("colour", False)):
            text = few.format(name)
            assert pairs.may_hold_pairs(text, REDACTOR._class_of) is telling
            assert pairs.may_hold_pairs(f"{'k=v;' * 200} {text}", REDACTOR._class_of) is telling
