"""Lines told by their shape: which are, without asking a parser, and that no bad one is among them."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from ameide_telemetry.contract import names
from ameide_telemetry.logcheck import inspector as module
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.personal import PersonalData
from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.redaction import RedactionPolicy
from ameide_telemetry.reports.model import Place
from logcheck.line_cases import GOOD_RECORD, encoded

_ACCESS = {
    "logger": names.ACCESS_LOGGER,
    "http_request_method": "GET",
    "http_response_status_code": 200,
    "duration_ms": 1.25,
    "http_response_body_size": 10,
    "client_disconnected": True,
    "url_path": "/orders",
}
_FAILURE = {"exception_type": "ValueError", "exception_message": "", "exception_stacktrace": "a\n b"}
# What was seen -> what is as good, and what is not, or is not told by its shape.
_SHAPES: list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        {},
        [
            {"message": 'say "it"\n\t\\ /'},
            {"message": ""},
            {"level": "error", "logger": "x", "version": "2", "trace_flags": "00"},
            {"tenant_id": "globex", "saas.tenant": "globex"},
            {"message": "K\u00f6ln"},
        ],
        [
            {"level": "INFO"},
            {"logger": ""},
            {"logger": names.ACCESS_LOGGER},
            {"service": "other"},
            {"version": ""},
            {"env": ""},
            {"schema_version": "1x0"},
            {"trace_id": "0" * 32},
            {"trace_id": "A" * 32},
            {"span_id": "0" * 16},
            {"trace_flags": "1"},
            {"request_id": ""},
            {"request_id": "x" * 65},
            {"tenant_id": "a", "saas.tenant": "b"},
            {"tenant_id": "a b", "saas.tenant": "a b"},
            {"message": "password=hunter22"},
            {"message": "bob@example.com"},
            {"request_id": "bob@example.com"},
            {"message": "card 4111 1111 1111 1111"},
            {"message": "x\x00"},
            {"message": "x\x7f"},
            {"message": None},
            {"timestamp": "2026-01-31T12:34:56Z"},
            {"timestamp": "2026-01-31T12:30:00.000000Z"},
            {"message": "x" * 16_000},
            {"message": "\x85"},
        ],
    ),
    (
        _ACCESS,
        [
            {"http_response_status_code": 100, "duration_ms": 0, "http_response_body_size": 0},
            {"http_response_status_code": 999, "duration_ms": 12, "client_disconnected": False},
        ],
        [
            {"http_response_status_code": 99},
            {"http_response_status_code": 1000},
            {"http_response_status_code": 200.5},
            {"http_response_status_code": "200"},
            {"duration_ms": -1},
            {"duration_ms": float("nan")},
            {"http_response_body_size": -1},
            {"http_response_body_size": 1.5},
            {"client_disconnected": None},
            {"client_disconnected": "true"},
            {"url_path": "/orders?token=abcdef0123456789"},
            {"logger": "orders.access"},
            {"http_request_method": ""},
        ],
    ),
    (
        {"truncated_bytes": 1},
        [{"truncated_bytes": 10**14}],
        [{"truncated_bytes": 0}, {"truncated_bytes": -1}],
    ),
    (
        _FAILURE,
        [{"exception_message": "no"}],
        [{"exception_type": ""}, {"exception_stacktrace": "a@example.com"}],
    ),
    (
        {"price": 1, "sku": "A", "sold": True, "note": None},
        [{"price": 1.5}, {"price": -3}, {"price": 0.25}, {"sold": False}, {"sku": "a, b"}],
        [{"price": "1"}, {"price": 1e300}, {"sku": 1}, {"sold": 1}, {"sku": "password: hunter22"}],
    ),
    (
        {"password": "[redacted:password]"},
        [{"password": ""}, {"password": "[redacted:custom]"}],
        [{"password": "x"}, {"password": 123456}, {"password": "[redacted:password] x"}],
    ),
    ({"password": None}, [{"password": None}], [{"password": "x"}]),
]
_SEEN = [(seen, each) for seen, good, _ in _SHAPES for each in (seen, *good)]
_NOT_SEEN = [(seen, each) for seen, _, bad in _SHAPES for each in bad]


class _Nobody:
    """An engine that may not be asked."""

    name = "nobody"

    def loads(self, raw: bytes, text: str) -> NoReturn:
        raise AssertionError("the line was parsed")

    def findings(self, record: dict[str, Any]) -> NoReturn:
        raise AssertionError("the record was judged")


def _learned(seen: dict[str, Any], *, spaced: bool = False) -> Inspector:
    inspector = Inspector(engine="standard")
    for _ in range(4):
        assert not inspector.inspect(encoded({**GOOD_RECORD, **seen}, spaced=spaced))
    inspector._engine = _Nobody()
    return inspector


@pytest.mark.parametrize(("seen", "changed"), _SEEN)
@pytest.mark.parametrize("spaced", [False, True])
def test_a_line_of_a_known_shape_is_told_at_once(
    seen: dict[str, Any], changed: dict[str, Any], spaced: bool
) -> None:
    """No parser and no engine are asked, one by one and all at once."""
    inspector = _learned(seen, spaced=spaced)
    # Escaped quotes make lines look like others; they are learned too.
    inspector._engine = Inspector(engine="standard")._engine
    line = encoded({**GOOD_RECORD, **seen, **changed}, spaced=spaced)
    for _ in range(4):
        assert not inspector.inspect(line)
    inspector._engine = _Nobody()
    assert not inspector.inspect(line)
    inspector.inspect_all([line] * 3)
    assert inspector.report().facts["clean"] == inspector.examined == 12


@pytest.mark.parametrize(("seen", "changed"), _NOT_SEEN)
def test_no_bad_line_is_taken_for_one_of_a_known_shape(seen: dict[str, Any], changed: dict[str, Any]) -> None:
    """What is learned changes nothing of what is found, one by one and all at once."""
    good, line = (encoded({**GOOD_RECORD, **seen, **each}) for each in ({}, changed))
    slow, quick, at_once = (Inspector(engine="standard", learning=each) for each in (False, True, True))
    lines = [good, good, good, good, line]
    found = [
        [[*inspector.inspect(each, Place("-", n))] for n, each in enumerate(lines, 1)]
        for inspector in (slow, quick)
    ]
    assert found[0] == found[1]
    at_once.inspect_all(lines)
    assert at_once.report() == quick.report() == slow.report()


def test_lines_that_are_searched_at_once_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many lines only those with something in them are told, with their numbers, however they are held."""
    for held in (1, 7, 64):
        monkeypatch.setattr(module, "_HELD", held)
        lines = [encoded({**GOOD_RECORD, "message": f"order {number}"}) for number in range(200)]
        lines[150] = encoded({**GOOD_RECORD, "message": "password=hunter22"})
        lines[151] = encoded({**GOOD_RECORD, "message": "key: value"})
        inspector = Inspector(engine="standard")
        inspector.inspect_all(lines, "app.log")
        (group,) = inspector.report().groups
        assert (group.finding.code, group.places) == ("TEL521", (Place("app.log", 151),))
        assert inspector.report().facts["clean"] == 199


def test_what_is_held_may_be_searched_together() -> None:
    """A value that is found alone is found between other texts as well."""
    personal = PersonalData(RedactionPolicy())
    for text in ("password=hunter22", "+49 30 12345678", "card 4111 1111 1111 1111", "http://a:b@c.example/"):
        assert not personal.is_clean_text(text)
        assert not personal.is_clean_text(f"order placed\n{text}\nA-17")
    assert personal.is_clean_text("order placed\nA-17")


@pytest.mark.parametrize(
    ("key", "treatment"),
    [
        ("message", "searched"),
        ("sku", "searched"),
        ("level", "kept"),
        ("trace_id", "kept"),
        ("redacted", "kept"),
        ("password", "hidden"),
        ("customer_email", "hidden"),
        ("url.query", "hidden"),
        ("db.statement", "hidden"),
        ("bob@example.com", "hidden"),
    ],
)
def test_the_name_of_a_field_says_what_is_done_with_it(key: str, treatment: str) -> None:
    """Kept, searched, or hidden as a whole."""
    assert PersonalData(RedactionPolicy()).treatment(key) == treatment


def test_without_the_search_for_personal_data_shapes_are_learned_too() -> None:
    """An address is no reason to look closer then, but for its sign; the rest of the line is judged."""
    inspector = Inspector(Rules(personal=False), engine="standard")
    line = encoded({**GOOD_RECORD, "message": "password=hunter22", "password": "x"})
    for _ in range(4):
        assert not inspector.inspect(line)
    inspector._engine = _Nobody()
    assert not inspector.inspect(line)
    inspector.inspect_all([line])
    assert inspector.report().facts["clean"] == 6


def test_a_day_that_no_calendar_has_is_told() -> None:
    """Also on lines that are told by their shape; it is near no other time."""
    days = [*["2026-01-30"] * 4, "2026-02-30", "0000-01-01", "2026-02-27", "2028-02-29", "2028-11-31"]
    for learning in (False, True):
        inspector = Inspector(engine="standard", learning=learning)
        told = [
            [finding.code for finding in inspector.inspect(encoded({**GOOD_RECORD, "timestamp": moment}))]
            for moment in (f"{day}T12:00:00.000000Z" for day in days)
        ]
        assert told == [[], [], [], [], ["TEL532"], ["TEL532"], [], [], ["TEL532"]]


def test_keys_that_no_pattern_can_say_are_judged_the_long_way() -> None:
    """Quotes and backslashes in keys, and more keys than a pattern is made for."""
    for more in ({'say "it"': 1}, {"a\\b": 1}, {f"key_{number}": 1 for number in range(100)}):
        inspector = Inspector(engine="standard")
        line = encoded({**GOOD_RECORD, **more})
        for _ in range(6):
            assert not inspector.inspect(line)
        assert [each.code for each in inspector.inspect(line.replace(b"info", b"INFO"))] == ["TEL532"]
