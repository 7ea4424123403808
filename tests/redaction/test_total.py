"""Redaction of anything whatever: it never raises, takes linear time, and twice is once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor, keys, pairs, patterns, sql, urls

if TYPE_CHECKING:
    from collections.abc import Callable

REDACTOR = Redactor(RedactionPolicy())
SIZE = 20_000
MOST = 2.5

FRAGMENTS = (
    *(
        "password=",
        "token: ",
        '"',
        "'",
        "\\",
        '\\"',
        "\\n",
        "=",
        ":",
        "@",
        ".",
        ",",
        ";",
        " ",
        "\n",
        "&",
        "?",
        "#",
    ),
    *(
        "%40",
        "%22",
        "://",
        "https://",
        "bob",
        "example.com",
        "4111 1111 1111 1111",
        "DE89370400440532013000",
        "+49 30 ",
    ),
    *(
        "1234567",
        "eyJhbGciOiJIUzI1NiJ9",
        "Bearer ",
        "Basic ",
        "YTpi",
        "Authorization",
        "Cookie",
        "AKIAIOSFODNN7EXAMPLE",
    ),
    *(
        "SELECT ",
        " FROM ",
        "WHERE a = ",
        "VALUES (",
        "INSERT INTO ",
        "$$",
        "--",
        "/*",
        "*/",
        "[SQL: ",
        "[parameters: ",
    ),
    *(
        "Key (a)=(",
        "Duplicate entry '",
        "Failing row contains (",
        "]",
        "[",
        "{",
        "}",
        "(",
        ")",
        "<password>",
        "</",
        "<",
    ),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "[redacted:email]",
        "[redacted:",
        "email=",
        "***",
    ),
    *(
        "first_name=",
        "card ",
        "é",
        "\u200b",
        "&quot;",
        "--api-key ",
        "b'",
        "None",
        "0x1F",
        "7",
        "[generated in 1s] (",
    ),
)
FIELD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def _twice(text: str) -> None:
    found: Found = {}
    once = REDACTOR.text(text, found)
    assert isinstance(once, str)
    again: Found = {}
    assert (REDACTOR.text(once, again), again) == (once, {})


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_is_redacted_and_twice_is_once(text: str) -> None:
    """Whatever the text is, nothing is raised, and what is redacted stays as it is."""
    _twice(text)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
@settings(max_examples=800, deadline=None)
def test_any_mixture_of_what_is_looked_for_is_redacted(parts: list[str]) -> None:
    """However secrets and the signs around them are mixed, nothing is raised, also not by what is left."""
    once = REDACTOR.text("".join(parts), {})
    assert isinstance(REDACTOR.text(once, {}), str)


@given(st.sampled_from(("email", "password", "x", "db.statement", "url.query", "address", "ip")), FIELD)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_field_is_redacted_and_twice_is_once(name: str, value: Any) -> None:
    """Whatever stands in a field, nothing is raised, and what is redacted stays as it is."""
    once = REDACTOR.field(name, value, {})
    found: Found = {}
    assert repr(REDACTOR.field(name, once, found)) == repr(once)
    assert found == {}


NEAR_MISSES = (
    *(
        "a",
        "@",
        "a@",
        "a@a.",
        "a.a@",
        "eyJ",
        "eyJa.",
        "1 ",
        "1234 ",
        "1234-",
        "1234567890",
        "+1 1 1",
        "+1 ",
        "+",
    ),
    *("-----END PRIVATE KEY-----", "-u a:b ", "DE89+", "1234%20", "aaaaaaaaaaaaaa.atlasv1.", "MIIE\\n"),
    *(" eJwaaaaaaaaaaaaaaa.", "x://a@b ", "=: "),
    *("://", "x://a@", "://a:", "?a=&", "?a=", "?", "#a=", '"', "'", "\\", '\\"', "-----BEGIN ", "-----"),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "AA00",
        "AA00 ",
        "DE89 3704 ",
        "password=",
        "password:",
        'password="',
        "<a>",
    ),
    *(
        "<password>",
        "<password>a</",
        "<",
        "[",
        "{",
        "([{",
        "é",
        "é@é.",
        "\u200b",
        "''",
        "'a'",
        "$$",
        "$a$",
        "-1 ",
    ),
    *(
        "SELECT ",
        "select ",
        "VALUES (",
        "/*",
        "--",
        "--\n",
        "Bearer ",
        "Bearer abcdefgh",
        "[SQL: ",
        "[parameters: ",
    ),
    *(
        "Key (",
        "Key (a)=(",
        "Failing row contains (",
        "Duplicate entry '",
        "sk-",
        "AKIA",
        "ghp_",
        "SG.",
        "a_",
        "a=",
        "a:",
    ),
    *(
        "=>",
        "=",
        ": ",
        "\n",
        "\r\n",
        " ",
        "%40",
        "%22",
        "%",
        "xn--",
        "a@xn--",
        "Cookie: a",
        '"key":[',
        '"a":"',
        "&quot;",
    ),
)
SEARCHES: dict[str, Callable[[str], object]] = {
    "text": lambda text: REDACTOR.text(text, {}),
    "gate": patterns.may_hold,
    "values": lambda text: patterns.hide_values(text, _hide),
    "pairs": lambda text: pairs.hide_in_pairs(text, _hide, REDACTOR._class_of),
    "literals": lambda text: sql.hide_literals(text, _hide),
    "statements": lambda text: sql.hide_in_statements(text, _hide),
    "commands": lambda text: sql.hide_in_command(text, _hide),
    "errors": lambda text: sql.hide_in_errors(text, _hide),
    "urls": lambda text: urls.hide_in_urls(text, _hide, REDACTOR._class_of),
    "query": lambda text: urls.hide_query(text, _hide, REDACTOR._class_of),
    "words": keys.words,
}


def _hide(kind: str, value: str) -> str:
    return f"[redacted:{kind}]"


def _seconds(search: Callable[[str], object], text: str) -> float:
    begin = time.thread_time()
    search(text)
    return time.thread_time() - begin


def _growth(search: Callable[[str], object], unit: str, size: int) -> float:
    # Not twice the same text: where its two halves meet, something new may stand.
    longest = unit * (2 * size // len(unit) + 1)
    once, double = longest[:size], longest[: 2 * size]
    rounds = [(_seconds(search, once), _seconds(search, double)) for _ in range(5)]
    return min(twice for _, twice in rounds) / max(min(single for single, _ in rounds), size * 1e-7)


def _super_linear(name: str, size: int) -> list[str]:
    slow = [*NEAR_MISSES]
    # What others do to the machine is gone at the next look; what is quadratic stays.
    for _ in range(5):
        slow = [unit for unit in slow if _growth(SEARCHES[name], unit, size) > MOST]
    return slow


@pytest.mark.parametrize("name", SEARCHES)
def test_twice_the_text_takes_twice_the_time(name: str) -> None:
    """Near misses of all that is looked for never cost more than in proportion to their length."""
    assert _super_linear(name, SIZE) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", SEARCHES)
def test_twice_a_long_text_takes_twice_the_time(name: str) -> None:
    """The same of 100 kB and 200 kB."""
    assert _super_linear(name, 100_000) == []


def test_of_a_very_long_text_the_middle_is_left_out_and_half_a_secret_is_not_shown() -> None:
    """A secret that the cut goes through is gone on both sides of it."""
    secret = "password=" + "hunter2hunter2" * 20
    for shift in range(0, 600, 37):
        text = "x " * 9_900 + "y" * shift + f" {secret} " + "z " * 50_000
        assert "hunter2" not in REDACTOR.text(text, {})
        assert "hunter2" not in REDACTOR.text(text[::-1].replace(secret[::-1], secret), {})
