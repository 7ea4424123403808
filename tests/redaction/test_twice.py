"""What was redacted is redacted again, by another hop or handler: twice is once, however it is mixed."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.pseudonym import Pseudonyms

REDACTOR = Redactor(RedactionPolicy())
PEOPLE = ["email", "phone", "ip", "iban", "card", "name", "address"]
WITH_PSEUDONYMS = Redactor(RedactionPolicy(pseudonyms=Pseudonyms(b"0123456789abcdef", "k1", PEOPLE)))

NAMES = """
password pass api_key apiKey auth authorization Authorization cookie sid email mail tel phone card iban
first_name street signature hmac tokens token session_id trace_id order lng dsn X-Auth-Token client_ip dob
forwarded ssn account_number user[password] loc input input_value
""".split()  # noqa: SIM905 a table to read
VALUES = (
    *(
        "hunter2",
        "tulip",
        "Zx81kd93jfK2q0",
        "9f86d081884c7d659a2feaa0c55ad015",
        "bob@example.com",
        "1234",
        "7",
    ),
    *("4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "+49 30 1234567"),
    *(
        "AKIAIOSFODNN7EXAMPLE",
        "Bearer abcdefgh12345678",
        "Basic YWxhZGRpbjpvcGVu",
        "Anna Smith",
        "None",
        "***",
    ),
    *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijkl", "8.8.8.8", "52.520008", "f(x)"),
    *("https://u:p4ss@db.example.com:5432/x", "/in?token=abc&b=2#c=d", "-----BEGIN PRIVATE KEY-----"),
    *(
        "030 1234567",
        "1 Jan 1990",
        "203.0.113.7, 10.0.0.1",
        "for=203.0.113.7;proto=https",
        "('body', 'password')",
    ),
    *("select a from b where c = 'd'", "\npassword\n  short [type=x, input_value=", ", input_type=str]"),
    *("SELECT a FROM b WHERE c = 'd'", "2026-11-22T18:10:11Z", "bob%40example.com", "{}", "%s", "${X}"),
)
MARKERS = (
    *("[redacted:email]", "[redacted:password]", "[redacted:query]", "[redacted:credentials]", "[redacted:"),
    "[email:k1:0123456789abcdef01234567]",
)
SIGNS = (
    *("=", ":", ": ", ' "', '"', "'", "', '", '": "', "=[", "={", "(", ")", "[", "]", "{", "}", ",", ", "),
    *(" ", "\n", ";", "&", "?", "#", "@", "\\", '\\"', "%22", "%3D", "&quot;", "<", ">", "</", "--", " -u "),
    *("://", ".", "/", "-", "+", "é", "=>", "|", "]=", "].", "%5D=", "<a "),
)
PIECES = st.one_of(*map(st.sampled_from, (NAMES, VALUES, MARKERS, SIGNS, SIGNS)))
TEXTS = st.lists(PIECES, max_size=10).map("".join)
STRUCTURES = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none() | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=4)
        | st.tuples(st.sampled_from(NAMES), inner)
        | st.fixed_dictionaries({"name": st.sampled_from(NAMES), "value": inner})
    ),
    max_leaves=12,
)


def _text_twice(redactor: Redactor, text: str) -> None:
    once = redactor.text(text, {})
    again: Found = {}
    assert (redactor.text(once, again), again) == (once, {})


def _field_twice(redactor: Redactor, name: str, value: Any) -> None:
    once = redactor.field(name, value, {})
    again: Found = {}
    assert (repr(redactor.field(name, once, again)), again) == (repr(once), {})


@given(TEXTS)
@settings(max_examples=1_500, deadline=None, derandomize=True)
@example("auth=Zx81kd93jfK2q0")
@example("tel: 030 1234567, mail bob@example.com")
def test_a_text_that_was_redacted_stays_as_it_is(text: str) -> None:
    """Names, values, signs between them and markers in any order, with markers and with pseudonyms."""
    _text_twice(REDACTOR, text)
    _text_twice(WITH_PSEUDONYMS, text)


@given(st.sampled_from(NAMES) | TEXTS, STRUCTURES)
@settings(max_examples=800, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_a_field_that_was_redacted_stays_as_it_is(name: str, value: Any) -> None:
    """Texts, numbers, lists, pairs and objects under any name."""
    _field_twice(REDACTOR, name, value)
    _field_twice(WITH_PSEUDONYMS, name, value)
