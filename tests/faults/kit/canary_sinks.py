"""Everything that a program does with a value and that ends in telemetry, one function for each.

They run inside of real processes, which `sweep` and `put` put canaries into.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import warnings
from dataclasses import make_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import httpx
import requests
import structlog
from opentelemetry import baggage, metrics, trace
from opentelemetry import context as otel_context
from opentelemetry.metrics import Observation

from ameide_telemetry import bound_context
from ameide_telemetry.redaction import Redactor
from faults.kit.canaries import canaries
from faults.kit.canary_shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.metrics import CallbackOptions

    from faults.kit.canaries import Canary

__all__ = ["SINKS", "chosen", "prepare", "put", "seen", "sweep"]

_log: Final = logging.getLogger("orders")
_events: Final[Any] = structlog.get_logger("orders")
_tracer: Final = trace.get_tracer("orders")
_meter: Final = metrics.get_meter("orders")
_counter: Final = _meter.create_counter("orders.done")
_histogram: Final = _meter.create_histogram("orders.duration")
_observed: Final[list[dict[str, Any]]] = []
# Nobody listens there.
_NOWHERE: Final = "127.0.0.1:9"
_SECONDS: Final = 5
_TURNS: Final = 5


def _observations(_: CallbackOptions) -> Iterator[Observation]:
    yield from (Observation(1, attributes) for attributes in _observed)


_meter.create_observable_gauge("orders.observed", [_observations])


def _argument(canary: Canary) -> None:
    if canary.telling:
        _log.info("%s=%s", canary.name, canary.value)
    else:
        _log.info("got %s from the partner", canary.value)


def _structured(canary: Canary) -> None:
    _events.info("event", **{canary.name: canary.value})
    _events.info(canary.text, amount=3)


def _reserved(canary: Canary) -> None:
    """Names that lines keep for themselves."""
    _events.info("reserved", service=canary.text, level_name=canary.text)


def _bound(canary: Canary) -> None:
    with bound_context(**{canary.name: canary.value}):
        _log.info("bound")


def _failing(canary: Canary) -> None:
    _fail(canary.text)


def _fail(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        _log.exception("failed")


def _chained(canary: Canary) -> None:
    try:
        try:
            raise KeyError(canary.text)
        except KeyError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        _log.exception("failed")


def _noted(canary: Canary) -> None:
    error = RuntimeError("bad")
    error.add_note(f"while storing {canary.text}")
    _log.error("failed", exc_info=error)


def _grouped(canary: Canary) -> None:
    group = ExceptionGroup("several", [ValueError(canary.text), ExceptionGroup("x", [OSError(canary.text)])])
    _log.error("failed", exc_info=group)


def _uncaught(canary: Canary) -> None:
    def end() -> None:
        raise ValueError(canary.text)

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


def _objects(canary: Canary) -> None:
    """What has a text of its own: a record of a program, an object that says all it has."""
    record = make_dataclass("Order", [canary.identifier, "amount"])(canary.value, 3)
    _log.info("order %s", record)
    _log.info("order", extra={"order": record, "orders": [record]})


def _sql(canary: Canary) -> None:
    statement = f"SELECT id FROM users WHERE note = '{canary.value}' AND kind IN ('{canary.value}', 'b')"
    _log.info(statement)
    _log.info("slow: %s", statement, extra={"sql": statement, "about": statement})
    with _tracer.start_as_current_span("SELECT") as span:
        span.set_attributes({"db.query.text": statement, "db.statement": statement})
        span.set_attribute("db.query.parameter.0", canary.value)


def _driver(canary: Canary) -> None:
    """Errors as SQLAlchemy and the drivers below it word them."""
    toolkit = (
        "(sqlite3.IntegrityError) UNIQUE constraint failed\n[SQL: INSERT INTO users (note) VALUES (?)]\n"
        f"[parameters: ({canary.value!r}, 3)]\n(Background on this error at: https://sqlalche.me/e/20/gkpj)"
    )
    postgres = f"violates unique constraint\nDETAIL:  Key (note)=({canary.value}) already exists."
    mysql = f"(1062, \"Duplicate entry '{canary.value}' for key 'users.note'\")"
    # MySQL shows 64 letters of a value at most.
    for text in (toolkit, postgres, mysql) if canary.is_line else (toolkit, postgres):
        _fail(text)
        with _tracer.start_as_current_span("INSERT") as span:
            span.record_exception(ValueError(text))


def _span(canary: Canary) -> None:
    link = trace.Link(trace.INVALID_SPAN_CONTEXT, {canary.name: canary.value, "about": canary.text})
    with _tracer.start_as_current_span("work", links=[link], attributes={canary.name: canary.value}) as span:
        span.set_attributes({f"app.{canary.name}": canary.value, "about": canary.text, "all": [canary.text]})
        span.add_event("stored", {canary.name: canary.value, "about": canary.text})
        span.record_exception(ValueError(canary.text), {canary.name: canary.value})
        span.set_status(trace.StatusCode.ERROR, f"cannot store {canary.text}")


def _baggage(canary: Canary) -> None:
    token = otel_context.attach(baggage.set_baggage(canary.name, canary.value))
    try:
        _log.info("with baggage")
        with _tracer.start_as_current_span("with baggage"):
            _counter.add(1)
    finally:
        otel_context.detach(token)


def _metrics(canary: Canary) -> None:
    sets: tuple[dict[str, Any], ...] = (
        {canary.name: canary.value},
        {"about": canary.text},
        {"all": [canary.text], "nested": {canary.name: canary.value}},
    )
    for attributes in sets:
        _counter.add(1, attributes)
        _histogram.record(0.1, attributes)
        _observed.append(attributes)


def _outbound(canary: Canary) -> None:
    """Calls that are answered, at the place that the test names, and calls that fail."""
    secret = quote(canary.value, safe="")
    headers = {canary.header: canary.value} if canary.is_line else {}
    for place in filter(None, (os.environ.get("CANARY_PLACE"), _NOWHERE)):
        url = f"http://svc:{secret}@{place}/v1/items?{canary.name}={secret}&page=2"
        for client in _clients():
            try:
                client.get(url, headers=headers, timeout=_SECONDS)
            except (httpx.HTTPError, requests.RequestException):
                _log.exception("call to %s failed", url)


@cache
def _clients() -> tuple[Any, ...]:
    # Made when they are first used: then telemetry has instrumented them.
    return httpx.Client(), requests.Session()


def _message(canary: Canary) -> None:
    _log.info(canary.text)


def _bodies(canary: Canary) -> None:
    """A body as it came, in the forms that programs log it in."""
    content = {"id": 17, canary.name: canary.value}
    body = json.dumps(content)
    _log.info("body %s", body)
    _log.info("body %r", body.encode())
    _log.info("body %s", content)
    _log.info("body %s", json.dumps({"body": body}))
    if canary.telling:
        _log.info("body %s", urlencode(content))


def _extra(canary: Canary) -> None:
    content = {canary.name: canary.value}
    _log.info("extra", extra=content)
    _log.info("nested", extra={"payload": {"outer": content, "all": [content]}})
    _log.info("text", extra={"about": canary.text, "payload": json.dumps(content)})


def _printed(canary: Canary) -> None:
    # Each line that is printed is a record of its own, and a key over several lines has a test of its own.
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{canary.text}\n" if canary.is_line else "a key\n")


def _warned(canary: Canary) -> None:
    warnings.warn(canary.text, RuntimeWarning, stacklevel=1)


def _propagated(canary: Canary) -> None:
    """A call with baggage, whose headers the place that is called keeps."""
    place = os.environ.get("CANARY_PLACE")
    if place is None:
        return
    token = otel_context.attach(baggage.set_baggage(canary.name, canary.value))
    try:
        with _tracer.start_as_current_span("calls"):
            for client in _clients():
                client.post(f"http://{place}/v1/traces", timeout=_SECONDS).raise_for_status()
    finally:
        otel_context.detach(token)


SINKS: Final[Mapping[str, Callable[[Canary], None]]] = {
    "message": _message,
    "argument": _argument,
    "bodies": _bodies,
    "extra": _extra,
    "structlog": _structured,
    "reserved": _reserved,
    "bound": _bound,
    "exception": _failing,
    "chained": _chained,
    "noted": _noted,
    "grouped": _grouped,
    "uncaught": _uncaught,
    "objects": _objects,
    "sql": _sql,
    "driver": _driver,
    "span": _span,
    "baggage": _baggage,
    "metrics": _metrics,
    "outbound": _outbound,
    "printed": _printed,
    "warned": _warned,
    "propagated": _propagated,
    **SHAPES,
}


def prepare() -> None:
    """Begin a process: every warning is one, and where the test asks for it nothing is redacted."""
    warnings.simplefilter("always")
    logging.getLogger("orders").setLevel("DEBUG")
    if os.environ.get("CANARY_UNREDACTED"):
        for name in ("text", "name", "statement", "query"):
            setattr(Redactor, name, lambda _, text, *__: text)
        setattr(Redactor, "field", lambda _, __, value, ___: value)  # noqa: B010 a method, to mypy


def sweep() -> int:
    """Put the canaries that the environment asks for into every sink; return how often that was.

    `CANARY_EVERY` takes each of so many only. With `CANARY_OWN` each sink gets canaries of its own.
    `CANARY_WITHOUT` names sinks that are left out.
    """
    done, without = 0, os.environ.get("CANARY_WITHOUT", "").split()
    for name, sink in SINKS.items():
        for canary in chosen(name) if name not in without else ():
            sink(canary)
            done += 1
    return done


def chosen(name: str) -> tuple[Canary, ...]:
    """Return the canaries for a sink of this process."""
    own = f" {name}" if os.environ.get("CANARY_OWN") else ""
    return canaries(f"{os.environ['CANARY_SALT']}{own}")[:: int(os.environ.get("CANARY_EVERY", "1"))]


def put(number: str) -> None:
    """Put one canary, by its number, into some of the sinks: a few requests reach all of them."""
    canary = canaries(os.environ["CANARY_SALT"])[int(number)]
    for place, sink in enumerate(SINKS.values()):
        if place % _TURNS == int(number) % _TURNS:
            sink(canary)


def seen(*, url: str, path: str, query: Any, headers: Any, cookies: Any, body: bytes) -> None:
    """Log a request as services do."""
    _log.info("asked for %s", url)
    _log.info("item %s", path, extra={"url": url, "item": path})
    _log.info("query %s headers %s cookies %s", query, headers, cookies)
    _log.info("request", extra={"query": query, "headers": headers, "cookies": cookies})
    _log.info("body %s", body.decode())
    _log.info("body %r", body)
    _log.info("body", extra={"body": body.decode(), "content": json.loads(body)})
    trace.get_current_span().set_attributes({"app.url": url, "app.body": body.decode(), "app.item": path})
