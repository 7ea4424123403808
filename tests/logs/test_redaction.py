"""What must not leave the process is on no line, whichever way it got into the event."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from ameide_telemetry.context import bound_context
from ameide_telemetry.contract import names
from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.formatter import JsonFormatter, event_of
from ameide_telemetry.logs.line import LineRenderer
from ameide_telemetry.logs.otlp import RecordEmitter
from ameide_telemetry.logs.pretty import PrettyRenderer
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.values.plain import MAX_TEXT

RENDERER = LineRenderer(service="orders", version="1", environment="test")
ADDRESS = "jane.doe@example.com"
SECRET = "s3cret-v4lue"
EMAIL, PASSWORD = "[redacted:email]", "[redacted:password]"


def _event(message: str = "hello", **rest: Any) -> Event:
    return Event(1_700_000_000.0, logging.INFO, "shop", message, **rest)


def _line(event: Event) -> dict[str, Any]:
    data = RENDERER.render(event)
    assert ADDRESS.encode() not in data
    assert SECRET.encode() not in data
    assert len(data) <= names.MAX_LINE_BYTES
    return json.loads(data)  # type: ignore[no-any-return]


def test_a_message_is_searched_after_its_arguments_were_put_in() -> None:
    """Neither the template nor an argument gives itself away alone."""
    record = logging.LogRecord("shop", 20, "", 0, "mail to %s@%s", ("jane.doe", "example.com"), None)
    line = _line(event_of(record))
    assert line["message"] == f"mail to {EMAIL}"
    assert line[names.LOG_REDACTED] == {"email": 1}


def test_fields_are_redacted_by_name_and_by_value() -> None:
    """A telling name is enough, and so is a telling value; the names stay."""
    fields = {"password": SECRET, "note": f"by {ADDRESS}", "sku": "A-1", "has_email": True, "emails_sent": 3}
    line = _line(_event(fields=fields))
    assert (line["password"], line["note"], line["sku"]) == (PASSWORD, f"by {EMAIL}", "A-1")
    assert (line["has_email"], line["emails_sent"]) == (True, 3)
    assert line[names.LOG_REDACTED] == {"email": 1, "password": 1}


def test_what_is_nested_is_redacted_too() -> None:
    """Members of objects and lists, their keys, and what is called like a secret as a whole."""
    fields = {"body": {"user": {"password": SECRET}, "to": [ADDRESS], ADDRESS: 1}, "secrets": {"a": [SECRET]}}
    line = _line(_event(fields=fields))
    assert line["body"] == {"user": {"password": PASSWORD}, "to": [EMAIL], EMAIL: 1}
    assert line["secrets"] == "[redacted:secret]"
    assert line[names.LOG_REDACTED] == {"email": 2, "password": 1, "secret": 1}


def test_the_name_of_a_field_may_be_an_address() -> None:
    """Programs count by whatever they have."""
    for _ in range(2):
        assert _line(_event(fields={ADDRESS: 3}))[EMAIL] == 3


def test_bound_fields_are_redacted_on_every_line() -> None:
    """They are rendered once, and counted on each line that they stand on."""
    with bound_context(tenant_id="acme", customer_email=ADDRESS):
        for _ in range(2):
            line = _line(_event(fields={"password": SECRET}))
            assert (line["customer_email"], line["tenant_id"]) == (EMAIL, "acme")
            assert line[names.LOG_REDACTED] == {"email": 1, "password": 1}
            assert _line(_event())[names.LOG_REDACTED] == {"email": 1}


def test_an_exception_and_its_causes_are_redacted() -> None:
    """The message, the stack with its chain, and the notes."""
    try:
        try:
            raise KeyError(f"password={SECRET}")
        except KeyError as cause:
            error = ValueError(f"no mail for {ADDRESS}")
            error.add_note(f"asked by {ADDRESS}")
            raise error from cause
    except ValueError as caught:
        line = _line(_event(exc_info=(ValueError, caught, caught.__traceback__)))
    assert line[names.LOG_EXCEPTION_MESSAGE] == f"no mail for {EMAIL}"
    assert f"asked by {EMAIL}" in line[names.LOG_EXCEPTION_STACKTRACE]
    assert f"password={PASSWORD}" in line[names.LOG_EXCEPTION_STACKTRACE]


def test_the_stack_of_a_call_and_displaced_values_are_redacted() -> None:
    """What the caller passed under a reserved name is the caller's, and not to be trusted."""
    line = _line(_event(stack=f"at {ADDRESS}", fields={"tenant_id": ADDRESS, "service": f"x {ADDRESS}"}))
    assert line[names.LOG_STACK] == f"at {EMAIL}"
    assert line[names.LOG_EXTRA] == {"tenant_id": EMAIL, "service": f"x {EMAIL}"}


def test_a_clean_line_has_no_note() -> None:
    """Ids, routes and hosts are join keys, and nothing is said of them."""
    fields = {
        "session.id": "4111111111111111",
        "server.address": "10.0.0.7",
        "order": "0af7651916cd43dd8448eb211c80319c",
    }
    line = _line(_event("order 17 of b7ad6b7169203331 placed", fields=fields))
    assert names.LOG_REDACTED not in line
    assert fields.items() <= line.items()


@pytest.mark.parametrize("place", [MAX_TEXT, MAX_TEXT // 2, 2_000, 1_000])
@pytest.mark.parametrize("shift", [0, 5, 10, 15])
def test_a_cut_leaves_no_half_of_a_secret(place: int, shift: int) -> None:
    """Texts are searched before they are cut, and cut between words."""
    text = f"{'word ' * ((place - shift) // 5)}{ADDRESS} {'word ' * 8_000}"
    parts = ("jane.doe@", "jane.doe", "example.com", "@exam")
    for event in (
        _event(text),
        _event(fields={"note": text}),
        _event(fields={"nested": {"note": text}}),
        _event(exc_info=(ValueError, ValueError(text), None)),
    ):
        data = RENDERER.render(event).decode()
        assert not any(part in data for part in parts)


def test_the_pretty_line_is_redacted_too() -> None:
    """A terminal is looked over, recorded and pasted from."""
    error = ValueError(ADDRESS)
    event = _event(f"for {ADDRESS}", fields={"password": SECRET}, exc_info=(ValueError, error, None))
    text = PrettyRenderer(colors=False).render(event).decode()
    assert ADDRESS not in text
    assert SECRET not in text
    assert f"for {EMAIL}" in text


def test_the_formatter_for_other_handlers_redacts() -> None:
    """A handler of the service's that writes our lines elsewhere writes the same ones."""
    record = logging.LogRecord("shop", 20, "", 0, "for %s", (ADDRESS,), None)
    assert json.loads(JsonFormatter(RENDERER).format(record))["message"] == f"for {EMAIL}"


class _Logger:
    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def logger(self, _name: str) -> _Logger:
        return self

    def emit(self, **record: Any) -> None:
        self.records.append(record)


def test_records_over_otlp_are_redacted() -> None:
    """Body, attributes and the exception; the note has the form that attributes allow."""
    records = _Logger()
    emitter = RecordEmitter(records, Redactor(RedactionPolicy()))  # type: ignore[arg-type]
    fields = {"password": SECRET, "d": {"to": ADDRESS}, "service": ADDRESS, ADDRESS: 1}
    emitter(_event(f"for {ADDRESS}", fields=fields, exc_info=(ValueError, ValueError(ADDRESS), None)))
    (record,) = records.records
    assert ADDRESS not in str(record)
    assert SECRET not in str(record)
    assert record["body"] == f"for {EMAIL}"
    assert record["attributes"][names.SPAN_REDACTED] == ["email=6", "password=1"]


def test_a_failing_redactor_hides_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be searched is not shown."""
    monkeypatch.setattr("ameide_telemetry.guard._inside_test", lambda: False)
    monkeypatch.setattr("ameide_telemetry.redaction.redactor.hide_values", lambda *_: 1 / 0)
    line = _line(_event(f"for {ADDRESS}", fields={"password": SECRET, "sku": "A-1"}))
    assert line["message"] == "[redacted:custom]"
    assert (line["password"], line["sku"]) == (PASSWORD, "A-1")
