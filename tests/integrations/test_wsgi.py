"""The WSGI middleware around hand-written applications, by PEP 3333."""

from __future__ import annotations

import contextvars
import io
import logging
import random
import wsgiref.util
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest
import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace

from ameide_telemetry.context import bind_context, current_context
from ameide_telemetry.integrations.wsgi import TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.rig import Rig

OK = "200 OK"
TEXT = [("Content-Type", "text/plain")]
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")


def plain(environ: Any, start_response: Any) -> list[bytes]:
    """Answer every request with three bytes."""
    start_response(OK, TEXT)
    return [b"abc"]


def test_one_request_gives_one_span_one_sample_and_one_line(rig: Rig) -> None:
    """A plain request has exactly one SERVER span, one duration sample and one access line, which agree."""
    answer = rig.wsgi(TelemetryMiddleware(plain, rig.telemetry()), "/a/\u00c3\u00a9?secret=1", body=b"12")
    span, line = rig.span(), rig.line()
    assert (answer.status, answer.body) == (200, b"abc")
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "shop.test",
        "server.port": 8080,
        "url.path": "/a/\u00e9",
        "url.scheme": "http",
    }
    assert answer.header("x-request-id") == [line.bound["request_id"]]
    assert line.span_id == f"{span.context.span_id:016x}"
    assert line.fields["http_request_body_size"] == 2
    assert line.fields["http_response_body_size"] == 3
    (point,) = rig.durations()
    assert (point.count, point.exemplars[0].span_id) == (1, span.context.span_id)


def test_protocol_is_kept_to_the_letter(rig: Rig) -> None:
    """wsgiref's validator finds nothing, on either side of the middleware."""
    app = validator(TelemetryMiddleware(validator(plain), rig.telemetry()))
    environ: dict[str, Any] = {"QUERY_STRING": ""}
    wsgiref.util.setup_testing_defaults(environ)
    body = app(environ, lambda *_: lambda _: None)
    assert list(body) == [b"abc"]
    body.close()  # type: ignore[attr-defined]
    assert len(rig.spans()) == 1


def test_trace_of_the_caller_is_continued(rig: Rig) -> None:
    """traceparent, baggage and request id come from the environ."""
    headers = [("traceparent", rig.traceparent), ("baggage", "tenant_id=acme"), ("x-request-id", "r-1")]
    answer = rig.wsgi(TelemetryMiddleware(plain, rig.telemetry()), headers=headers)
    assert f"{rig.span().context.trace_id:032x}" == rig.trace_id
    assert rig.line().bound == {"tenant_id": "acme", "request_id": "r-1"}
    assert answer.header("x-request-id") == ["r-1"]


def test_every_step_runs_in_the_request_and_nothing_stays(rig: Rig) -> None:
    """Call, each piece and close see the same context; the thread's own context is untouched."""
    seen: list[Any] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            seen.append(variable.get())
            yield b"1"
            bind_context(tenant_id="late")
            yield b"2"

        def close(self) -> None:
            seen.append((variable.get(), current_context().tenant_id))
            variable.reset(seen[0])

    def app(environ: Any, start_response: Any) -> Body:
        assert variable.get() == "server's own"
        seen.append(variable.set("bound"))
        structlog.contextvars.bind_contextvars(tenant="A")
        start_response(OK, TEXT)
        return Body()

    before = otel_context.get_current()
    outer = variable.set("server's own")
    answer = rig.wsgi(TelemetryMiddleware(app, rig.telemetry()))
    assert answer.error is None
    assert seen[1:] == ["bound", ("bound", "late")]
    assert variable.get() == "server's own"
    variable.reset(outer)
    assert structlog.contextvars.get_contextvars() == {}
    assert otel_context.get_current() is before
    assert rig.line().bound["tenant_id"] == "late"


def test_thousand_requests_of_fifty_tenants_in_eight_threads(rig: Rig) -> None:
    """Threads are reused, contexts are not: each request's line has that request's tenant and id."""
    chance = random.Random(7)

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        assert structlog.contextvars.get_contextvars() == {}
        tenant = environ["HTTP_X_TENANT"]
        if chance.random() < 0.8:
            bind_context(tenant_id=tenant)
            structlog.contextvars.bind_contextvars(tenant=tenant)
        start_response(OK, TEXT)
        yield tenant.encode()
        assert current_context().get("tenant_id") in {tenant, None}
        if chance.random() < 0.1:
            raise ValueError

    middleware = TelemetryMiddleware(app, rig.telemetry())

    def request(number: int) -> None:
        tenant = f"t{chance.randrange(50)}"
        rig.wsgi(middleware, headers=[("x-request-id", f"{tenant}.{number}"), ("x-tenant", tenant)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(request, range(1000)))
    assert len({each.bound["request_id"] for each in rig.lines}) == len(rig.spans()) == 1000
    for line in rig.lines:
        assert (
            line.bound.get("tenant_id", line.bound["request_id"].partition(".")[0])
            == (line.bound["request_id"].partition(".")[0])
        )


def test_exception_in_the_call_is_raised_unchanged(rig: Rig) -> None:
    """The server gets the application's own exception; span, sample and line say what it was."""
    failure = ValueError("broken")

    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise failure

    answer = rig.wsgi(TelemetryMiddleware(app, rig.telemetry()))
    assert answer.error is failure
    assert rig.span().status.status_code is trace.StatusCode.ERROR
    assert (rig.line().level, rig.line().fields["http_response_status_code"]) == (logging.ERROR, 500)


@pytest.mark.parametrize("where", ["body", "close"])
def test_exception_in_the_body_is_raised_unchanged(rig: Rig, where: str) -> None:
    """A body that fails half way is an error with the status already sent; in close the request is over."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"1"
            if where == "body":
                raise RuntimeError

        def close(self) -> None:
            if where == "close":
                raise RuntimeError

    def app(environ: Any, start_response: Any) -> Body:
        start_response(OK, TEXT)
        return Body()

    answer = rig.wsgi(TelemetryMiddleware(app, rig.telemetry()))
    assert isinstance(answer.error, RuntimeError)
    assert rig.line().fields.get("error_type") == ("RuntimeError" if where == "body" else None)
    assert rig.line().fields["http_response_status_code"] == 200


def test_body_is_closed_exactly_once(rig: Rig) -> None:
    """Servers may call close twice; the application sees it once."""
    closed: list[int] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(1)

    def app(environ: Any, start_response: Any) -> Body:
        start_response(OK, TEXT)
        return Body([b"1", b"22"])

    middleware = TelemetryMiddleware(app, rig.telemetry())
    body: Any = middleware({"PATH_INFO": "/", "REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)
    assert len(body) == 2
    assert list(body) == [b"1", b"22"]
    body.close()
    body.close()
    assert (closed, len(rig.spans())) == ([1], 1)


def test_generator_has_no_length(rig: Rig) -> None:
    """Servers derive Content-Length from a body of length one: only where there is a length."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(OK, TEXT)
        yield b"1"

    body = TelemetryMiddleware(app, rig.telemetry())({"PATH_INFO": "/"}, lambda *_: lambda _: None)
    assert not hasattr(body, "__len__")


def test_start_response_may_be_called_again_for_an_error(rig: Rig) -> None:
    """With exc_info the second call replaces the first: its status counts, and it is passed on."""
    given: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(OK, TEXT)
        start_response("502 Bad", TEXT, (ValueError, ValueError(), None))
        return [b""]

    def start_response(*arguments: Any) -> Any:
        given.append(arguments)
        return lambda _: None

    body: Any = TelemetryMiddleware(app, rig.telemetry())({"PATH_INFO": "/"}, start_response)
    list(body)
    body.close()
    assert [len(each) for each in given] == [2, 3]
    assert rig.line().fields["http_response_status_code"] == 502
    assert (rig.span().attributes or {})["error.type"] == "502"


def test_legacy_write_is_counted(rig: Rig) -> None:
    """What goes through the `write` callable is part of the response."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(OK, TEXT)(b"12345")
        return [b"6"]

    assert rig.wsgi(TelemetryMiddleware(app, rig.telemetry())).body == b"123456"
    assert rig.line().fields["http_response_body_size"] == 6


def test_response_carries_exactly_one_request_id(rig: Rig) -> None:
    """A request id header of the application itself is replaced."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(OK, [*TEXT, ("X-Request-Id", "theirs"), ("Content-Length", "odd")])
        return [b""]

    answer = rig.wsgi(TelemetryMiddleware(app, rig.telemetry()), headers=[("x-request-id", "ours")])
    assert answer.header("x-request-id") == ["ours"]


@pytest.mark.parametrize("closable", [True, False])
def test_file_of_the_server_stays_what_it_is(rig: Rig, closable: bool) -> None:
    """A `wsgi.file_wrapper` object reaches the server itself, which may use sendfile; close ends the span."""
    closed: list[int] = []

    class File(io.BytesIO):
        def close(self) -> None:
            closed.append(1)
            super().close()

    class Plain:
        def __init__(self, _: Any) -> None:
            """Take the file and leave it to its owner."""

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"12"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response(OK, [*TEXT, ("Content-Length", "2")])
        return environ["wsgi.file_wrapper"](opened)

    opened = File(b"12")
    wrapper = wsgiref.util.FileWrapper if closable else Plain
    environ = {"PATH_INFO": "/", "wsgi.file_wrapper": wrapper}
    body: Any = TelemetryMiddleware(app, rig.telemetry())(environ, lambda *_: lambda _: None)
    assert type(body).__name__ == wrapper.__name__
    assert b"".join(body) == b"12"
    assert rig.spans() == []
    body.close()
    assert closed == ([1] if closable else [])
    assert rig.line().fields["http_response_body_size"] == 2
    assert "client_disconnected" not in rig.line().fields


def test_file_object_that_takes_no_attribute_ends_at_once(rig: Rig) -> None:
    """A wrapper class with slots cannot be watched: the span ends with the call."""

    class Slotted:
        __slots__ = ()

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"1"])

    def app(environ: Any, start_response: Any) -> Any:
        start_response(OK, TEXT)
        return Slotted()

    environ = {"PATH_INFO": "/", "wsgi.file_wrapper": Slotted}
    TelemetryMiddleware(app, rig.telemetry())(environ, lambda *_: lambda _: None)
    assert len(rig.spans()) == 1


@pytest.mark.parametrize(
    ("method", "headers", "steps", "left"),
    [
        ("GET", TEXT, 1, True),
        ("GET", [*TEXT, ("Content-Length", "9")], 1, True),
        ("GET", [*TEXT, ("Content-Length", "2")], 2, False),
        ("HEAD", TEXT, 1, False),
        ("GET", TEXT, None, False),
    ],
)
def test_body_left_unread_means_that_the_client_left(
    rig: Rig, method: str, headers: Any, steps: int | None, left: bool
) -> None:
    """A server closes a body early when the client is gone, unless it knew that it had everything."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(OK, headers)
        yield b"1"
        yield b"2"
        yield b""

    rig.wsgi(TelemetryMiddleware(app, rig.telemetry()), method=method, steps=steps)
    assert rig.line().fields.get("client_disconnected", False) is left


def test_excluded_path_and_disabled_and_nested_pass(rig: Rig) -> None:
    """An excluded path keeps its id; without telemetry, or further in, nothing is done."""
    middleware = TelemetryMiddleware(plain, rig.telemetry(excluded_paths=("/health",)))
    assert len(rig.wsgi(middleware, "/health").header("x-request-id")) == 1
    assert (rig.spans(), rig.lines) == ([], [])
    rig.wsgi(TelemetryMiddleware(middleware, rig.telemetry()))
    assert len(rig.spans()) == 1
    middleware.telemetry = None
    assert rig.wsgi(middleware).header("x-request-id") == []


def test_environ_of_a_sparse_server(rig: Rig) -> None:
    """Only what PEP 3333 demands may be there, and not even that breaks a request."""
    body: Any = TelemetryMiddleware(plain, rig.telemetry())({}, lambda *_: lambda _: None)
    assert list(body) == [b"abc"]
    body.close()
    assert rig.line().message == "GET  200"
