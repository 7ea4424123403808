"""Every way in which a service hands a value to telemetry, by name; none of them may raise.

`KNOWN` lists what raises before telemetry is reached, with the reason.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

import structlog
from opentelemetry import baggage, context, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from ameide_telemetry.context import Bindings, activate, bind_context, bound_context, restore
from ameide_telemetry.logs.structured import get_logger
from ameide_telemetry.propagation import ContractBaggagePropagator
from faults.kit.hostile import EvilStr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["KNOWN", "LINES", "LOGGER", "PROPAGATION", "SPANS", "Front"]

Front = "Callable[[Any], object]"
LOGGER: Final = "shop"
_log: Final = logging.getLogger(LOGGER)
_PROPAGATOR: Final = ContractBaggagePropagator()


def _structured() -> Any:
    return get_logger(LOGGER)


def _stdlib_mapping(value: Any) -> None:
    _log.info({"message": "mapped", "value": value})


def _stdlib_record(value: Any) -> None:
    record = logging.makeLogRecord(
        {"name": LOGGER, "msg": value, "levelno": 20, "args": value, "value": value}
    )
    logging.getLogger().handle(record)


def _stdlib_odd_record(value: Any) -> None:
    odd = dict.fromkeys(("created", "exc_info", "exc_text", "stack_info", "threadName", "process"), value)
    logging.getLogger().handle(logging.makeLogRecord({"name": LOGGER, "msg": "odd", "levelno": 20, **odd}))


def _stdlib_odd_name(value: Any) -> None:
    logging.getLogger().handle(logging.makeLogRecord({"name": value, "msg": "odd", "levelno": 20}))


def _keys(value: Any) -> dict[Any, Any]:
    return value if type(value) is dict else {"value": value}


def _structlog_evil_key(value: Any) -> None:
    _structured().info("evil key", **{EvilStr("level"): value})


def _contextvars(value: Any) -> None:
    with structlog.contextvars.bound_contextvars(value=value, level=value, trace_id=value):
        _structured().info("contextvars")


def _bound(value: Any) -> None:
    with bound_context(value=value):
        _log.info("inside")


def _bound_and_said(value: Any) -> None:
    with bound_context(value=value, extra=value, level=value):
        _log.info("inside", extra={"value": value, "level": value})


def _bound_ids(value: Any) -> None:
    with bound_context(tenant_id=value, request_id=value, session_id=value):
        _log.info("inside")


def _bind(value: Any) -> None:
    token = activate(Bindings())
    try:
        bind_context(value=value, tenant_id=value)
        _log.info("bound")
    finally:
        restore(token)


def _printed(value: Any) -> None:
    if type(value) is str:
        # What a thread leaves unfinished would begin the next line.
        print(f"printed {value}")


def _raw(value: Any) -> None:
    if type(value) is bytes:
        sys.stdout.buffer.write(b"raw " + value + b"\n")


# Each writes one line at least.
LINES: Final[Mapping[str, Any]] = {
    "stdlib-message": _log.info,
    "stdlib-argument": lambda value: _log.info("value %s", value),
    "stdlib-arguments": lambda value: _log.info("values %r %s %d", value, "x", value),
    "stdlib-too-many": lambda value: _log.info("no place", value),
    "stdlib-named": lambda value: _log.info("%(value)s", {"value": value}),
    "stdlib-extra": lambda value: _log.info("extra", extra={"value": value}),
    "stdlib-extra-reserved": lambda value: _log.info("extra", extra={"level": value, "service": value}),
    "stdlib-mapping": _stdlib_mapping,
    "stdlib-exc-info": lambda value: _log.error("failed", exc_info=value),
    "stdlib-record": _stdlib_record,
    "stdlib-odd-record": _stdlib_odd_record,
    "stdlib-odd-name": _stdlib_odd_name,
    "structlog-event": lambda value: _structured().info(value),
    "structlog-argument": lambda value: _structured().info("value %s", value),
    "structlog-field": lambda value: _structured().info("field", value=value),
    "structlog-reserved": lambda value: _structured().info(
        "field", level=value, tenant_id=value, stack=value
    ),
    "structlog-event-field": lambda value: _structured().info("field", event=value),
    "structlog-keys": lambda value: _structured().info({"message": "keys", **_keys(value)}),
    "structlog-evil-key": _structlog_evil_key,
    "structlog-bind": lambda value: _structured().bind(value=value).info("bound"),
    "structlog-exc-info": lambda value: _structured().error("failed", exc_info=value),
    "structlog-stack-info": lambda value: _structured().info("stack", stack_info=value),
    "structlog-level": lambda value: _structured().log(value, "level"),
    "structlog-ours": lambda value: _structured().info(
        "ours", _level_number=value, _event_field=value, positional_args=value
    ),
    "structlog-own-contextvars": _contextvars,
    "bound": _bound,
    "bound-and-said": _bound_and_said,
    "bound-ids": _bound_ids,
    "bind": _bind,
    "print": _printed,
    "raw-bytes": _raw,
}


def _link(value: Any) -> Any:
    return Link(trace.SpanContext(1, 1, is_remote=True), value)


def _with_span(work: Callable[[Any, Any], object]) -> Any:
    def front(tracer: trace.Tracer, value: Any) -> None:
        span = tracer.start_span("bad")
        work(span, value)
        span.end()

    return front


def _start(**names: str) -> Any:
    def front(tracer: Any, value: Any) -> None:
        given = {
            "name": "bad",
            **{name: (value if kind == "value" else [value]) for name, kind in names.items()},
        }
        tracer.start_span(**given).end()

    return front


def _left_by(tracer: Any, value: Any) -> None:
    """Leave the block of a span by the value, where it is an exception."""
    if not issubclass(type(value), Exception):
        return
    for manager in (tracer.start_as_current_span("bad"), tracer.start_span("bad")):
        try:
            with manager:
                raise value
        except Exception as error:  # noqa: BLE001 any of the corpus
            assert error is value  # noqa: PT017 it comes out as it went in


def _current(tracer: Any, value: Any) -> None:
    with tracer.start_as_current_span(value, attributes={"value": value}) as span:
        span.set_attribute("value", value)


def _bound_on_span(tracer: Any, value: Any) -> None:
    with bound_context(tenant_id=value, other=value), tracer.start_as_current_span("bad"):
        bind_context(session_id=value)


# Each gets a tracer and ends one span at least.
SPANS: Final[Mapping[str, Any]] = {
    "start-name": _start(name="value"),
    "start-attributes": _start(attributes="value"),
    "start-attribute": lambda tracer, value: tracer.start_span("bad", attributes={"value": value}).end(),
    "start-attribute-list": lambda tracer, value: tracer.start_span("bad", attributes={"v": [value]}).end(),
    "start-kind": _start(kind="value"),
    "start-context": _start(context="value"),
    "start-links": _start(links="value"),
    "start-link-list": _start(links="list"),
    "start-link-attributes": lambda tracer, value: tracer.start_span("bad", links=[_link(value)]).end(),
    "start-time": _start(start_time="value"),
    "end-time": lambda tracer, value: tracer.start_span("bad").end(value),
    "current": _current,
    "left-by": _left_by,
    "bound": _bound_on_span,
    "set-attribute": _with_span(lambda span, value: span.set_attribute("value", value)),
    "set-attribute-key": _with_span(lambda span, value: span.set_attribute(value, "value")),
    "set-attributes": _with_span(lambda span, value: span.set_attributes(value)),
    "set-attributes-value": _with_span(lambda span, value: span.set_attributes({"value": value})),
    "event-name": _with_span(lambda span, value: span.add_event(value)),
    "event-attributes": _with_span(lambda span, value: span.add_event("event", value)),
    "event-attribute": _with_span(lambda span, value: span.add_event("event", {"value": value})),
    "event-time": _with_span(lambda span, value: span.add_event("event", None, value)),
    "link-context": _with_span(lambda span, value: span.add_link(value)),
    "link-attributes": _with_span(
        lambda span, value: span.add_link(trace.SpanContext(1, 1, is_remote=True), value)
    ),
    "link-ids": _with_span(lambda span, _: span.add_link(trace.SpanContext(2**200, 1, True), {"a": 1})),
    "status": _with_span(lambda span, value: span.set_status(value)),
    "status-description": _with_span(lambda span, value: span.set_status(StatusCode.ERROR, value)),
    "status-code": _with_span(lambda span, value: span.set_status(_status(value))),
    "update-name": _with_span(lambda span, value: span.update_name(value)),
    "exception": _with_span(lambda span, value: span.record_exception(value)),
    "exception-attributes": _with_span(lambda span, value: span.record_exception(ValueError("x"), value)),
    "exception-escaped": _with_span(
        lambda span, value: span.record_exception(ValueError("x"), None, value, value)
    ),
    "scope": lambda tracer, value: _scoped(value).start_span("bad", kind=SpanKind.SERVER).end(),
}


def _status(value: Any) -> Status:
    """Return a status whose code is the value; a description that is no text OTel refuses by itself."""
    return Status(value)


def _scoped(value: Any) -> trace.Tracer:
    return trace.get_tracer_provider().get_tracer(value, value, value, {"value": value})


def _inject(value: Any) -> dict[str, str]:
    carrier: dict[str, str] = {}
    own = baggage.set_baggage("value", value, context.Context())
    _PROPAGATOR.inject(carrier, baggage.set_baggage("plan", "gold", own))
    return carrier


def _inject_key(value: Any) -> dict[str, str]:
    carrier: dict[str, str] = {}
    own = baggage.set_baggage(value, "value", context.Context())
    _PROPAGATOR.inject(carrier, baggage.set_baggage("plan", "gold", own))
    return carrier


# Each returns a carrier that must hold the good entry.
PROPAGATION: Final[Mapping[str, Any]] = {"baggage-value": _inject, "baggage-key": _inject_key}

# Raised by Python or by OpenTelemetry's API itself, before there is anything of ours to contain it. Only the
# front ends listed here may raise, and only if none of our frames was on the way.
KNOWN: Final[Mapping[str, str]] = {
    "stdlib-argument": "LogRecord asks a single argument whether it is a mapping, by its __class__",
    "stdlib-too-many": "LogRecord asks a single argument whether it is a mapping, by its __class__",
    "stdlib-exc-info": "Logger._log asks exc_info whether it is true, and whether it is an exception",
    "baggage-key": "OTel's set_baggage puts the key into a dict, which not every value can be in",
}
