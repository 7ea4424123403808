"""Scenarios: one request, or one logging call, each run as bare application and with telemetry.

A scenario returns what its caller, server or user sees of it: messages, headers, body, exception, what the
application itself saw, and how often it ran. The request id header is ours and is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import logging.config
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import requests
import structlog
from opentelemetry import metrics, trace

from ameide_telemetry import bind_context, bound_context, clear_context, current_context, get_logger
from ameide_telemetry.integrations.threads import carry_context
from faults.kit.applications import WSGI_PATHS, NotServedError
from support.rig import LIMIT, http_scope, wsgi_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults.kit.applications import Apps

__all__ = ["SCENARIOS", "Scenario", "remote"]

_REQUEST_ID: Final = "x-request-id"
_INTEGRATIONS: Final = "ameide_telemetry.integrations."
_HEADERS: Final = (
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("baggage", "tenant.id=acme"),
    ("user-agent", "curl"),
    ("x-tenant", "acme"),
)
_log = logging.getLogger("shop.kit")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that a service does.

    Attributes:
        name: for the test.
        family: those that share most of their failpoints.
        run: runs it with the given applications and returns what was seen.
        within: the beginning of the callers whose failpoints count; all of them, unless it is more than a
            request or a logging call.
    """

    name: str
    family: str
    run: Callable[[Apps], Any]
    within: str = ""


def _asgi(app: str, path: str, *, body: bytes = b"", leave: bool = False) -> Callable[[Apps], Any]:
    """Return a scenario: one HTTP request."""

    def run(apps: Apps) -> Any:
        scope = http_scope(path, "POST" if body else "GET", _HEADERS)
        return _served(apps, getattr(apps, app), scope, [{"type": "http.request", "body": body}], leave=leave)

    return run


def _served(
    apps: Apps, app: Any, scope: dict[str, Any], incoming: list[dict[str, Any]], *, leave: bool = False
) -> Any:
    """Do what a server does; return all that it sees."""
    apps.calls.clear()
    sent: list[Any] = []
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        seen = dict(message)
        headers = [(k, v) for k, v in seen.pop("headers", ()) if k != _REQUEST_ID.encode()]
        if headers:
            seen["headers"] = headers
        sent.append(sorted(seen.items()))
        if leave or (message["type"] == "http.response.body" and not message.get("more_body")):
            done.set()
        if leave and len(sent) > 1:
            raise OSError("the client is gone")

    error = asyncio.run(asyncio.wait_for(_outcome(app, scope, receive, send), LIMIT))
    return sent, error, list(apps.calls)


async def _outcome(app: Any, scope: Any, receive: Any, send: Any) -> str | None:
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 the server's place
        return f"{type(error).__qualname__}: {error}"
    return None


def _websocket(apps: Apps) -> Any:
    scope = http_scope("/ws", "GET", _HEADERS) | {"type": "websocket", "scheme": "ws", "subprotocols": []}
    del scope["method"]
    incoming: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1001},
    ]
    return _served(apps, apps.raw_asgi, scope, incoming)


def _lifespan(app: str) -> Callable[[Apps], Any]:
    """Return a scenario: a start and an end."""

    def run(apps: Apps) -> Any:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        incoming: list[dict[str, Any]] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        return _served(apps, getattr(apps, app), scope, incoming)

    return run


class _FileWrapper:
    def __init__(self, file: Any) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter([self._file.read()])

    def close(self) -> None:
        self._file.close()


def _wsgi(app: str, path: str, *, leave: bool = False) -> Callable[[Apps], Any]:
    """Return a scenario: one request to a WSGI application."""

    def run(apps: Apps) -> Any:
        apps.calls.clear()
        environ = wsgi_environ(path, "GET", _HEADERS, b"") | {"wsgi.file_wrapper": _FileWrapper}
        seen: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            kept = [pair for pair in headers if pair[0].lower() != _REQUEST_ID]
            seen.append((status, kept, exc_info is not None))
            return lambda data: seen.append(("write", data))

        error = _iterated(getattr(apps, app), environ, start_response, seen, leave=leave)
        return seen, error, list(apps.calls)

    return run


def _iterated(app: Any, environ: Any, start_response: Any, seen: list[Any], *, leave: bool) -> str | None:
    try:
        body = app(environ, start_response)
        seen.append(
            ("length", len(body) if hasattr(body, "__len__") else None, isinstance(body, _FileWrapper))
        )
        try:
            for chunk in body:
                seen.append(chunk)
                if leave:
                    break
        finally:
            if hasattr(body, "close"):
                body.close()
    except Exception as error:  # noqa: BLE001 the server's place
        return f"{type(error).__qualname__}: {error}"
    return None


class _Kept(logging.Handler):
    """A handler of the service's own, such as one that writes to a file."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.levelname} {record.msg} {bool(record.exc_info)}")


def _logging(work: Callable[[], object]) -> Callable[[Apps], Any]:
    """Return a scenario: logging calls; seen is what they return or raise, and what another handler gets."""

    def run(_: Apps) -> Any:
        kept = _Kept()
        _log.addHandler(kept)
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 no such call may raise
            return f"{type(error).__qualname__}: {error}", kept.seen
        finally:
            _log.removeHandler(kept)
        return result, kept.seen

    return run


def _plainly(work: Callable[[], object]) -> Callable[[Apps], Any]:
    """Return a scenario: any calls; seen is what they return or raise."""

    def run(_: Apps) -> Any:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 no such call may raise
            return f"{type(error).__qualname__}: {error}"

    return run


def _exception() -> None:
    try:
        raise NotServedError("logged")
    except NotServedError:
        _log.exception("it failed")


def _structlog() -> None:
    log = structlog.get_logger("shop.kit.structlog").bind(cart=7)
    log.info("priced", total=3)
    log.info("%d items", "x")
    try:
        raise NotServedError("logged")
    except NotServedError:
        log.exception("it failed")


def _own_logger() -> None:
    fields: dict[str, object] = {"event": "field"}
    get_logger("shop.kit.own", cart=7).warning("priced", **fields)


def _printed() -> int:
    print("printed")
    print("to stderr", file=sys.stderr)
    print('{"message": "json", "n": 1}')
    return sys.stdout.write("returned\n")


def _warned() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful", stacklevel=1)


def _late_handler() -> str:
    """Add two handlers that telemetry does not know: one on the console, one elsewhere."""
    elsewhere = io.StringIO()
    handlers = logging.StreamHandler(sys.stderr), logging.StreamHandler(elsewhere)
    for handler in handlers:
        _log.addHandler(handler)
    try:
        _log.warning("late")
    finally:
        for handler in handlers:
            _log.removeHandler(handler)
    return elsewhere.getvalue()


def _uncaught() -> None:
    error = NotServedError("uncaught")
    sys.excepthook(NotServedError, error, None)


def _unraisable() -> None:
    class Broken:
        def __del__(self) -> None:
            raise NotServedError("unraisable")

    Broken()


def _in_thread() -> str:
    def fail() -> None:
        raise NotServedError("thread")

    thread = threading.Thread(target=fail, name="shop")
    thread.start()
    thread.join(LIMIT)
    return str(thread.is_alive())


def _span() -> str:
    with trace.get_tracer("shop").start_as_current_span("outer", attributes={"a": 1}) as span:
        span.set_attribute("b", "c")
        span.add_event("e", {"f": 1})
        bind_context(tenant_id="acme")
        with contextlib.suppress(NotServedError), trace.get_tracer("shop").start_as_current_span("inner"):
            raise NotServedError("inside")
    return "done"


def _context() -> int:
    """Bind in every way. What is bound may be lost with the telemetry; the work inside goes on."""
    clear_context()
    bind_context(tenant_id="acme", cart=7)
    with bound_context(request_id="r1", cart=8) as bound:
        assert bound is not None
    dict(current_context())
    carried = carry_context(lambda: 5)()
    clear_context()
    return carried


# Made before telemetry starts, as at the import of a service. To make one may raise, where it contradicts
# another and the settings are strict.
_counter: Final = metrics.get_meter("shop").create_counter("shop.orders")
_histogram: Final = metrics.get_meter("shop").create_histogram("shop.price")


def _measured() -> None:
    _counter.add(1, {"kind": "a"})
    _histogram.record(3.5)


def _configured() -> bool:
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    logging.basicConfig()
    return _log.disabled


_ADDRESS: Final[list[str]] = []


def remote(address: str) -> None:
    """Say where the server for outbound calls listens."""
    _ADDRESS[:] = [address]


def _outbound(get: Callable[..., Any]) -> Callable[[], Any]:
    def call() -> Any:
        response = get(_ADDRESS[0], timeout=LIMIT)
        return response.status_code, response.text

    return call


SCENARIOS: Final = (
    Scenario("asgi-get", "asgi", _asgi("raw_asgi", "/")),
    Scenario("asgi-post", "asgi", _asgi("raw_asgi", "/post", body=b"body")),
    Scenario("asgi-early-error", "asgi", _asgi("raw_asgi", "/early_error")),
    Scenario("asgi-late-error", "asgi", _asgi("raw_asgi", "/late_error")),
    Scenario("asgi-disconnect", "asgi", _asgi("raw_asgi", "/disconnect")),
    Scenario("asgi-client-gone", "asgi", _asgi("raw_asgi", "/", leave=True)),
    Scenario("asgi-websocket", "asgi", _websocket),
    # What it flushes depends on the moment, and is everybody's who exports.
    Scenario("asgi-lifespan", "asgi", _lifespan("raw_asgi"), within=_INTEGRATIONS),
    Scenario("asgi-no-lifespan", "asgi", _lifespan("no_lifespan"), within=_INTEGRATIONS),
    Scenario("fastapi-item", "asgi", _asgi("fastapi", "/items/7")),
    Scenario("fastapi-thread", "asgi", _asgi("fastapi", "/threads/7")),
    Scenario("fastapi-error", "asgi", _asgi("fastapi", "/error")),
    Scenario("fastapi-missing", "asgi", _asgi("fastapi", "/missing")),
    Scenario("fastapi-no-route", "asgi", _asgi("fastapi", "/nowhere")),
    Scenario("fastapi-background", "asgi", _asgi("fastapi", "/background")),
    Scenario("fastapi-stream", "asgi", _asgi("fastapi", "/stream")),
    Scenario("starlette-mount", "asgi", _asgi("starlette", "/inner/leaf/7")),
    *(
        Scenario(f"wsgi-{path[1:]}", "wsgi", _wsgi("raw_wsgi", path))
        for path in WSGI_PATHS
        if path != "/left"
    ),
    Scenario("wsgi-left", "wsgi", _wsgi("raw_wsgi", "/left", leave=True)),
    Scenario("flask-item", "wsgi", _wsgi("flask", "/items/7")),
    Scenario("flask-error", "wsgi", _wsgi("flask", "/error")),
    Scenario("flask-stream", "wsgi", _wsgi("flask", "/stream")),
    Scenario("flask-no-route", "wsgi", _wsgi("flask", "/nowhere")),
    Scenario("log-info", "log", _logging(lambda: _log.info("hello"))),
    Scenario("log-arguments", "log", _logging(lambda: _log.warning("%s %d", "a", 1, extra={"b": [1]}))),
    Scenario("log-bad-format", "log", _logging(lambda: _log.info("%d items", "x"))),
    Scenario("log-dict", "log", _logging(lambda: _log.info({"message": "m", "n": 1}))),
    Scenario("log-exception", "log", _logging(_exception)),
    Scenario("log-late-handler", "log", _logging(_late_handler)),
    Scenario("log-configure", "log", _logging(_configured)),
    Scenario("structlog", "structlog", _plainly(_structlog)),
    Scenario("structlog-own", "structlog", _plainly(_own_logger)),
    Scenario("print", "print", _plainly(_printed)),
    Scenario("warning", "hook", _plainly(_warned)),
    Scenario("thread-error", "hook", _plainly(_in_thread)),
    Scenario("uncaught", "hook", _plainly(_uncaught)),
    Scenario("unraisable", "hook", _plainly(_unraisable)),
    Scenario("span", "span", _plainly(_span)),
    Scenario("context", "context", _plainly(_context)),
    Scenario("metric", "metric", _plainly(_measured)),
    Scenario("requests", "client", _plainly(_outbound(requests.get))),
    Scenario("httpx", "client", _plainly(_outbound(httpx.get))),
)
