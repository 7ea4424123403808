"""Attributes of scopes, and records of others' loggers, over OTLP: redacted like all else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from ameide_telemetry.contract import names
from ameide_telemetry.export.foreign_records import RecordRedaction
from ameide_telemetry.export.scopes import Scopes
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from support.collector import FakeCollector
from support.environment import service_environment

_ADDRESS: Final = "jane.doe@example.com"
_EMAIL: Final = "[redacted:email]"
_SECONDS: Final = 60
_SIGNALS: Final = ("traces", "metrics", "logs")
_PROGRAM: Final = f"""
from opentelemetry import _logs, metrics, trace
attributes = {{"owner": "{_ADDRESS}", "password": "hunter2", "{_ADDRESS}": "kept"}}
early = metrics.get_meter("early", attributes=attributes).create_counter("early")
early_tracer = trace.get_tracer("early", attributes=attributes)
from ameide_telemetry import init_telemetry
telemetry = init_telemetry("orders", strict=True)
for tracer in (early_tracer, trace.get_tracer("late", attributes=attributes)):
    with tracer.start_as_current_span("work"):
        pass
early.add(1)
metrics.get_meter("late", attributes=attributes).create_counter("late").add(1)
logger = _logs.get_logger("late", attributes=attributes)
logger.emit(body="to {_ADDRESS}", attributes=attributes)
assert telemetry.shutdown({_SECONDS}), telemetry.status()["counts"]
"""


def _redaction() -> RecordRedaction:
    return RecordRedaction(Redactor(RedactionPolicy()))


def test_attributes_of_scopes_are_redacted_in_all_signals() -> None:
    """Tracers and meters made before and after the start, a logger and its record: nothing arrives."""
    with FakeCollector() as collector:
        environment = service_environment(**collector.environment(), AMEIDE_TELEMETRY_LOG_SINK="both")
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        arrived = {
            signal: b"".join(each.SerializeToString() for each in collector.requests[signal])
            for signal in _SIGNALS
        }
    for signal, body in arrived.items():
        assert b"late" in body, signal
        assert _ADDRESS.encode() not in body, signal
        assert b"hunter2" not in body, signal
        assert _EMAIL.encode() in body, signal
        assert b"[redacted:password]" in body, signal
    assert all(b"early" in arrived[signal] for signal in ("traces", "metrics"))


def test_a_clean_scope_stays_the_same_object() -> None:
    """So do scopes without attributes, and none; the second look is the first one's answer."""
    scopes = Scopes(Redactor(RedactionPolicy()))
    clean, bare = InstrumentationScope("a", "1", None, {"k": "v"}), InstrumentationScope("b")
    assert [scopes.shown(each) for each in (clean, bare, None)] == [clean, bare, None]
    assert scopes.shown(clean) is clean
    told = InstrumentationScope("a", "1", "https://s", {"owner": _ADDRESS, "ids": [_ADDRESS, "x"]})
    shown = scopes.shown(told)
    assert shown is not None
    assert (shown.name, shown.version, shown.schema_url) == ("a", "1", "https://s")
    assert dict(shown.attributes or {}) == {"owner": _EMAIL, "ids": (_EMAIL, "x")}
    assert scopes.shown(told) is shown


def test_any_number_of_scopes_is_redacted() -> None:
    """Also beyond those that are remembered."""
    scopes = Scopes(Redactor(RedactionPolicy()))
    for index in range(300):
        shown = scopes.shown(InstrumentationScope(f"s{index}", attributes={"owner": _ADDRESS}))
        assert shown is not None
        assert dict(shown.attributes or {}) == {"owner": _EMAIL}
        assert shown.name == f"s{index}"


class _Record:
    def __init__(self, body: Any, attributes: dict[str, Any] | None = None) -> None:
        self.body = body
        self.attributes: Any = None if attributes is None else BoundedAttributes(attributes=attributes)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (f"to {_ADDRESS}", f"to {_EMAIL}"),
        ({"to": _ADDRESS, "n": 1}, {"to": _EMAIL, "n": 1}),
        ([_ADDRESS, {"password": "x"}], [_EMAIL, {"password": "[redacted:password]"}]),
        (_ADDRESS.encode(), _EMAIL),
        (b"\xff\x00", b"\xff\x00"),
        (None, None),
        (7, 7),
        ({"long": "x" * 20_000 + _ADDRESS}, None),
    ],
)
def test_a_body_is_redacted_whatever_it_is(body: object, shown: object) -> None:
    """Text, bytes and what is nested; what is too long to be searched is not sent in whole."""
    record = _Record(body)
    _redaction().apply(record)
    assert _ADDRESS not in str(record.body)
    if shown is not None or body is None:
        assert record.body == shown


def test_attributes_of_a_record_are_redacted_and_counted() -> None:
    """By name and look; what was dropped before is still said; clean ones stay the same object."""
    record = _Record("x", {"to": [_ADDRESS, "y"], "password": "hunter2", "n": 3})
    record.attributes.dropped += 2
    _redaction().apply(record)
    assert dict(record.attributes) == {
        "to": (_EMAIL, "y"),
        "password": "[redacted:password]",
        "n": 3,
        names.SPAN_REDACTED: ("email=1", "password=1"),
    }
    assert record.attributes.dropped == 2
    clean = _Record("x", {"n": 3, "t": "text"})
    before = clean.attributes
    _redaction().apply(clean)
    assert clean.attributes is before
