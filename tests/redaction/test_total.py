"""Redaction of anything whatever: it never raises, takes linear time, and twice is once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ameide_telemetry.redaction import (
    Found,
    RedactionPolicy,
    Redactor,
    doubtful,
    keys,
    named_values,
    pairs,
    patterns,
    sql,
    urls,
    validation,
)
from ameide_telemetry.redaction.kept import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

REDACTOR = Redactor(RedactionPolicy())
KEEPER = Keeper(("payment_id",))
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
    *(
        "user[",
        "]=",
        "<login ",
        ">",
        "client_ip=",
        "203.0.113.7",
        "phone=030 ",
        "dob=1 Jan 1990",
        " select * from t ",
    ),
    *(
        "where a=",
        "'loc': ('password',), ",
        "'input': ",
        "\npassword\n  ",
        "[type=x, input_value=",
        ", input_type=str]",
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
    *(
        "//a:",
        "//a:b@",
        "//a",
        ":\\/\\/a:",
        "jdbc:oracle:a:",
        "jdbc:oracle:a:b/",
        "GRANT ",
        "GRANT a IDENTIFIED ",
    ),
    *(
        "SHOW ",
        "SET a",
        "SET a = '",
        '"a@',
        '"a"@a.',
        "a'a@a.",
        "#aB3",
        "https://x#",
        "x#" + "aB3" * 8,
        "DE89+",
    ),
    *(
        "de89 3704 ",
        "gb82west",
        "abc8Q~",
        "v1.0-",
        "sk.eyJ",
        "e\u0301",
        "a@e\u0301.",
        "?trace_id=a&",
        "%20+4",
    ),
    *("root@db01.internal ", "+49301234567 EUR ", "balance ", "ops_eyJ", "A3-A1B2C3-", "a%40", "Cookie: a"),
    *("%3A%2F%2Fa%3A", "%3A%2F%2F", "%3A%2F%2Fa%3Ab%40"),
    *("'SELECT a FROM b WHERE c = \\", "'SELECT a FROM b', (", "anna.o'", "a.b.o'"),
    *(
        "<a b=c ",
        "<a name='password' ",
        "<password a=b>",
        "phone=1 ",
        "card=4111 1111 1111 1111 ",
        "iban=DE89 ",
    ),
    *("dob=1 Jan ", "email=a b <", "street=Main ", "\nfirst_name: ", "user[password]=a&", "password=a[b][c]"),
    *("client_ip=1.2.3.4, ", "client_ip=[", "forwarded: for=1.2.3.4;", "peer_address=1:", "a]=", "a]["),
    *("'loc': ('password',), 'input': '", "'loc': ('password',), 'input': [", "password\n  a [input_value="),
    *("password\\n  a [input_value=", "input_value='a', input_type=", "\n | input_value=", "loc input "),
    *("select a from t where ", "select a, ", "insert into t (a) ", "delete from t ", "where a=", "id 4111 "),
    *("payment_id=", "payment_id='", 'payment_id: "a" ', "\ue0f0", "<a  ", '<a name="x" value='),
    *('{"name": "password", "value": "', 'name="password"', 'name="a"\\n', "'--a', ", '"--a","'),
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
    "validation": lambda text: validation.hide_in_validation(text, _hide, REDACTOR._class_of),
    "kept": lambda text: KEEPER.put(*KEEPER.take(text)),
    "named": lambda text: named_values.hide_named_values(text, _hide, REDACTOR._class_of),
    "doubtful": lambda text: doubtful.hide_in_doubtful_pairs(text, _hide, REDACTOR._suspected),
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
    rounds = [(_seconds(search, once), _seconds(search, double)) for _ in range(3)]
    return min(twice for _, twice in rounds) / max(min(single for single, _ in rounds), size * 1e-7)


def _growths(name: str, size: int) -> dict[str, float]:
    growths = dict.fromkeys(NEAR_MISSES, MOST + 1)
    # What others do to the machine is gone at the next look; what is quadratic stays.
    for _ in range(5):
        slow = [unit for unit, growth in growths.items() if growth > MOST]
        growths.update({unit: _growth(SEARCHES[name], unit, size) for unit in slow})
    return growths


def _settle(name: str, size: int, record: Callable[[str, object], None]) -> None:
    growths = _growths(name, size)
    worst = max(growths.values())
    record("growth", f"{worst:.2f}")
    print(f"{name}: {2 * size:,} letters take at most {worst:.2f} times as long as {size:,}")
    assert [unit for unit, growth in growths.items() if growth > MOST] == []


@pytest.mark.parametrize("name", SEARCHES)
def test_twice_the_text_takes_twice_the_time(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """Near misses of all that is looked for never cost more than in proportion to their length."""
    _settle(name, SIZE, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("name", SEARCHES)
def test_twice_a_long_text_takes_twice_the_time(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """The same of 100 kB and 200 kB."""
    _settle(name, 100_000, record_property)


def test_of_a_very_long_text_the_middle_is_left_out_and_half_a_secret_is_not_shown() -> None:
    """A secret that the cut goes through is gone on both sides of it."""
    secret = "password=" + "hunter2hunter2" * 20
    for shift in range(0, 600, 37):
        text = "x " * 9_900 + "y" * shift + f" {secret} " + "z " * 50_000
        assert "hunter2" not in REDACTOR.text(text, {})
        assert "hunter2" not in REDACTOR.text(text[::-1].replace(secret[::-1], secret), {})
