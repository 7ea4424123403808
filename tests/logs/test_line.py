"""One event becomes one line that fits the contract, whatever it holds."""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from ameide_telemetry.context import bind_context, bound_context
from ameide_telemetry.contract import names
from ameide_telemetry.logs.event import Event, level_name
from ameide_telemetry.logs.line import LineRenderer

RENDERER = LineRenderer(service="orders", version="1.2.3", environment="test")


def _parsed(event: Event) -> dict[str, Any]:
    data = RENDERER.render(event)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert len(data) <= names.MAX_LINE_BYTES

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(data.decode("utf-8", "strict"), parse_constant=refuse)  # type: ignore[no-any-return]


def _event(message: str = "hello", **rest: Any) -> Event:
    return Event(1_700_000_000.25, logging.INFO, "shop", message, **rest)


def test_the_parts_of_a_line() -> None:
    """Every line says when, how bad, what, who and by which contract."""
    assert _parsed(_event()) == {
        "timestamp": "2023-11-14T22:13:20.250000Z",
        "level": "info",
        "message": "hello",
        "logger": "shop",
        "service": "orders",
        "version": "1.2.3",
        "env": "test",
        "schema_version": names.SCHEMA_VERSION,
    }


def test_ids_of_the_current_span_and_context_are_on_the_line() -> None:
    """In a span and a bound context the join keys are there, both tenant spellings included."""
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(0)))
    token = otel_context.attach(trace.set_span_in_context(span))
    with bound_context(tenant_id="acme", request_id="r-1", session_id="s-1", plan="gold"):
        line = _parsed(_event())
    otel_context.detach(token)
    assert line["trace_id"] == f"{0xABC:032x}"
    assert line["span_id"] == f"{0xDEF:016x}"
    assert line["trace_flags"] == "00"
    assert (line["tenant_id"], line["saas.tenant"]) == ("acme", "acme")
    assert (line["request_id"], line["ameide_session_id"], line["plan"]) == ("r-1", "s-1", "gold")


def test_a_later_binding_shows_on_the_next_line() -> None:
    """The rendering that is kept between lines is renewed when something is bound."""
    with bound_context(tenant_id="acme"):
        assert _parsed(_event())["tenant_id"] == "acme"
        bind_context(tenant_id="globex")
        assert _parsed(_event())["tenant_id"] == "globex"


def test_a_bound_value_that_changes_shows_as_it_is() -> None:
    """What cannot change is rendered once, anything else for each line."""
    cart: dict[str, object] = {"a": 1}
    with bound_context(tenant_id="acme", cart=cart):
        assert _parsed(_event())["cart"] == {"a": 1}
        cart["a"] = 2
        assert _parsed(_event())["cart"] == {"a": 2}
        assert _parsed(_event(fields={"b": 1}))["cart"] == {"a": 2}


def test_reserved_keys_cannot_be_overridden() -> None:
    """The caller's value survives under `extra`; ours is the one on top, and no key stands twice."""
    fields = dict.fromkeys(sorted(names.RESERVED_LOG_KEYS), "fake")
    data = RENDERER.render(_event(fields=fields))
    pairs = json.loads(data, object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys))
    line = json.loads(data)
    assert line["service"] == "orders"
    assert line["extra"] == fields


def test_reserved_keys_stay_apart_after_a_line_had_them() -> None:
    """Names of fields are remembered once rendered; those of an exception are not a field's for that."""
    failed = _event(exc_info=(ValueError, ValueError("x"), None))
    fields: dict[str, object] = {names.LOG_EXCEPTION_TYPE: "fake", "sku": 1}
    for event in (failed, _event(fields=fields), _event(fields=fields)):
        line = _parsed(event)
    assert line["extra"] == {names.LOG_EXCEPTION_TYPE: "fake"}
    assert line["sku"] == 1


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (0, "debug"),
        (5, "debug"),
        (10, "debug"),
        (25, "info"),
        (30, "warning"),
        (45, "error"),
        (99, "critical"),
    ],
)
def test_levels_round_down_to_the_contracts(level: int, name: str) -> None:
    """Custom numbers get one of the five names."""
    assert level_name(level) == name
    assert _parsed(Event(0.0, level, "l", "m"))["level"] == name


def test_control_and_bidirectional_characters_are_escaped() -> None:
    """Nothing in a line can move a cursor, reorder text or end the line early."""
    nasty = "a\x00\x1b[2J\x7f\x85\x9b\u2028\u2029\u202e\u2066\ufeffz\nend"
    data = RENDERER.render(_event(nasty, fields={nasty: nasty}))
    text = data.decode()
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text[:-1])
    assert not set(text) & set("\u2028\u2029\u202e\u2066\ufeff")
    line = json.loads(text)
    assert line["message"] == nasty
    assert line[nasty] == nasty


def test_text_stays_readable() -> None:
    """Ordinary non-ASCII text is not turned into escapes."""
    assert "Zürich 東京 😀".encode() in RENDERER.render(_event("Zürich 東京 😀"))


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    """UTF-8 cannot hold it, and strict parsers refuse its escape."""
    assert _parsed(_event("a\ud800b", fields={"x": "\udfff"}))["message"] == "a\ufffdb"


def test_numbers_that_json_lacks_become_text() -> None:
    """NaN, infinities and integers beyond 64 bits."""
    fields = {
        "n": math.nan,
        "i": math.inf,
        "m": -math.inf,
        "big": 2**70,
        "huge": 10**5000,
        "ok": 2**62,
        "f": 1.5,
    }
    line = _parsed(_event(fields=fields))
    assert (line["n"], line["i"], line["m"]) == ("NaN", "Infinity", "-Infinity")
    assert line["big"] == str(2**70)
    assert "integer of" in line["huge"]
    assert (line["ok"], line["f"]) == (2**62, 1.5)


def test_the_error_of_a_line_has_type_message_and_stack_but_no_locals() -> None:
    """Three fields, and nothing of the frames' variables."""
    password = "hunter2-in-a-local"
    try:
        raise ValueError("boom")
    except ValueError as error:
        line = _parsed(_event(exc_info=(ValueError, error, error.__traceback__), stack="Stack: here"))
    assert (line["exception_type"], line["exception_message"]) == ("ValueError", "boom")
    assert line["exception_stacktrace"].endswith("ValueError: boom")
    assert line["stack"] == "Stack: here"
    assert password not in json.dumps(line)


def test_a_long_line_is_cut_inside_its_fields() -> None:
    """The line stays valid, keeps its ids and says how much is gone."""
    with bound_context(tenant_id="acme", note="n" * 20_000):
        line = _parsed(
            _event(
                "m" * 30_000, fields={"a": "b" * 100_000, "c": 1, "d": list(range(5000))}, stack="s" * 9_000
            )
        )
    assert line["tenant_id"] == "acme"
    assert line["truncated_bytes"] > 120_000
    assert "characters left out" in line["message"]
    assert line["c"] == 1


def test_many_long_fields_still_fit() -> None:
    """When nothing else helps, the first of the fields are what is left, beside ids and exception."""
    fields = {f"key{number}" * 20: "\u202e" * 500 for number in range(500)}
    with bound_context(tenant_id="acme", **{f"b{number}": "\u202e" * 500 for number in range(100)}):
        line = _parsed(_event("m" * 100, fields=fields))
    assert line["tenant_id"] == "acme"
    assert line["truncated_bytes"] > 0
    assert 10 < len([key for key in line if key.startswith("b")]) < 100


@pytest.mark.parametrize("size", [500, 5_000])
def test_of_many_long_fields_as_many_as_fit_are_kept(size: int) -> None:
    """Cut short, and the exception of the line before all of them."""
    fields = {f"k{number}": "v" * size for number in range(120)}
    error = ValueError("boom")
    line = _parsed(_event(fields=fields, exc_info=(ValueError, error, None)))
    assert line.keys() >= {*fields, "exception_type", "exception_message", "exception_stacktrace"}
    assert line["k0"].startswith("vvvv")


def test_timestamps_move_with_the_second() -> None:
    """The kept prefix is renewed when the second changes, backwards too."""
    for created in (1_700_000_000.999999, 1_700_000_001.0, 1_600_000_000.5, time.time()):
        line = _parsed(Event(created, 20, "l", "m"))
        parsed = dt.datetime.fromisoformat(line["timestamp"]).timestamp()
        assert abs(parsed - created) < 2e-6


@pytest.mark.parametrize("created", [-0.5, -1.0, -1.5])
def test_a_time_before_all_timestamps_is_replaced(created: float) -> None:
    """A record can be made by hand; what is between two seconds belongs to the earlier one."""
    renderer = LineRenderer(service="orders", version="1.2.3", environment="test")
    line = json.loads(renderer.render(Event(created, 20, "l", "m")))
    assert abs(dt.datetime.fromisoformat(line["timestamp"]).timestamp() - time.time()) < 60


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(max_size=50),
        st.datetimes(),
        st.uuids(),
        st.decimals(),
        st.just(object()),
        st.just(ValueError("x")),
    ),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.one_of(st.text(), st.integers(), st.none(), st.tuples(st.text())), inner, max_size=5
        )
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    message=st.text(st.characters(codec=None), max_size=300),
    logger=st.text(st.characters(codec=None), max_size=40),
    level=st.integers(-5, 200),
    fields=st.dictionaries(
        st.text(max_size=20) | st.sampled_from(sorted(names.RESERVED_LOG_KEYS)), VALUES, max_size=6
    ),
)
def test_any_event_becomes_one_line_of_the_contract(
    message: str, logger: str, level: int, fields: dict[object, object]
) -> None:
    """One line, strict JSON, valid UTF-8, bounded, with every reserved field our own."""
    line = _parsed(Event(1_700_000_000.5, level, logger, message, fields))
    assert line["level"] in names.LEVELS
    assert (line["service"], line["schema_version"]) == ("orders", names.SCHEMA_VERSION)


@given(
    fields=st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,11}", fullmatch=True),
        st.integers(-(2**63), 2**63 - 1)
        | st.text("abc é", max_size=20)
        | st.booleans()
        | st.none()
        | st.lists(st.integers(0, 9), max_size=4),
        max_size=6,
    )
)
def test_plain_values_come_back_equal(fields: dict[object, object]) -> None:
    """What JSON can hold is not changed on the way."""
    own = {key: value for key, value in fields.items() if key not in names.RESERVED_LOG_KEYS}
    line = _parsed(_event(fields=own))
    assert {key: line[key] for key in own} == own  # type: ignore[index]


def test_colours_and_a_last_newline_are_taken_off_the_message() -> None:
    """Servers write for terminals; the line is for a reader of lines."""
    assert _parsed(_event("\x1b[1;31mfailed\x1b[0m twice\n\n"))["message"] == "failed twice"
