"""The ASGI middleware around hand-written applications and around Starlette."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from ameide_telemetry.context import Bindings, bind_context, current_context, with_bindings
from ameide_telemetry.integrations.asgi import TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from support.rig import Rig


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with three bytes."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"abc"})


def test_one_request_gives_one_span_one_sample_and_one_line(rig: Rig) -> None:
    """A plain request has exactly one SERVER span, one duration sample and one access line, which agree."""
    answer = rig.asgi(
        TelemetryMiddleware(plain, rig.telemetry()), "/a?secret=1", headers=[("user-agent", "curl")]
    )
    span, line = rig.span(), rig.line()
    assert answer.body == b"abc"
    assert len(rig.spans()) == 1
    assert span.name == "GET"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "shop.test",
        "server.port": 8080,
        "url.path": "/a",
        "url.scheme": "http",
        "user_agent.original": "curl",
    }
    assert answer.header("x-request-id") == [line.bound["request_id"]]
    assert re.fullmatch("[0-9a-f]{32}", line.bound["request_id"])
    assert line.span_id == f"{span.context.span_id:016x}"
    assert line[:2] == (logging.INFO, "GET /a 200")
    assert line.fields | {"duration_ms": 0} == {
        "http_request_method": "GET",
        "url_path": "/a",
        "http_response_status_code": 200,
        "duration_ms": 0,
        "http_request_body_size": 0,
        "http_response_body_size": 3,
    }
    (point,) = rig.durations()
    assert point.count == 1
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "url.scheme": "http",
    }
    assert point.exemplars[0].span_id == span.context.span_id
    assert list(point.explicit_bounds)[:2] == [0.005, 0.01]
    assert [each.value for each in rig.points("http.server.active_requests")] == [0]


def test_trace_of_a_trusted_caller_is_continued(rig: Rig) -> None:
    """The caller's span is the parent, and its baggage is bound."""
    headers = [("traceparent", rig.traceparent), ("baggage", "tenant_id=acme"), ("x-request-id", "r-1")]
    answer = rig.asgi(TelemetryMiddleware(plain, rig.telemetry()), headers=headers)
    span = rig.span()
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == rig.parent_id
    assert answer.header("x-request-id") == ["r-1"]
    assert rig.line().bound == {"request_id": "r-1", "tenant_id": "acme"}


def test_caller_at_the_edge_is_only_linked(rig: Rig) -> None:
    """With trust="edge" the span is a new root with a link, and baggage is not read."""
    headers = [("traceparent", rig.traceparent), ("baggage", "tenant_id=victim"), ("tracestate", "a=b")]
    rig.asgi(TelemetryMiddleware(plain, rig.telemetry(trust="edge")), headers=headers)
    span = rig.span()
    (link,) = span.links
    assert span.parent is None
    assert f"{span.context.trace_id:032x}" != rig.trace_id
    assert (f"{link.context.trace_id:032x}", link.context.trace_flags, dict(link.context.trace_state)) == (
        rig.trace_id,
        0,
        {},
    )
    assert "tenant_id" not in rig.line().bound


def test_ambient_context_of_another_request_is_neither_used_nor_lost(rig: Rig) -> None:
    """Whatever the server left around the call is not inherited, and is there again afterwards."""
    app = TelemetryMiddleware(plain, rig.telemetry())

    async def inside_another_request() -> tuple[Any, Any]:
        other = rig.tracers.get_tracer("t").start_span("other")
        context = with_bindings(Bindings({"tenant_id": "other"}), trace.set_span_in_context(other))
        otel_context.attach(context)
        await rig.asgi_call(app)
        return context, otel_context.get_current()

    before, after = asyncio.run(inside_another_request())
    assert before is after
    assert rig.span().parent is None
    assert "tenant_id" not in rig.line().bound


def test_tenant_bound_anywhere_is_on_the_access_line(rig: Rig) -> None:
    """What the application binds while it works is there when the line is written."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bind_context(tenant_id="acme", request_id="mine")
        await plain(scope, receive, send)

    answer = rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert rig.line().bound == {"tenant_id": "acme", "request_id": "mine"}
    assert answer.header("x-request-id") == ["mine"]


def test_response_carries_exactly_one_request_id(rig: Rig) -> None:
    """A request id header of the application itself is replaced, other headers stay."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"X-Request-ID", b"theirs"), (b"content-length", b"x")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body"})

    answer = rig.asgi(TelemetryMiddleware(app, rig.telemetry()), headers=[("x-request-id", "ours")])
    assert answer.headers == [("content-length", "x"), ("x-request-id", "ours")]


@pytest.mark.parametrize("path", ["/health", "/internal/metrics"])
def test_excluded_path_has_ids_but_no_telemetry(rig: Rig, path: str) -> None:
    """An excluded path has no span, sample or line; its own lines still carry the caller's trace."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(f"{trace.get_current_span().get_span_context().trace_id:032x}")
        seen.append(str(current_context().request_id))
        await plain(scope, receive, send)

    middleware = TelemetryMiddleware(app, rig.telemetry(excluded_paths=("/health", "/internal/*")))
    answer = rig.asgi(middleware, path, headers=[("traceparent", rig.traceparent), ("x-request-id", "r")])
    assert seen == [rig.trace_id, "r"]
    assert answer.header("x-request-id") == ["r"]
    assert (rig.spans(), rig.lines, rig.durations()) == ([], [], [])
    rig.asgi(middleware, f"{path[:6]}-other")
    assert len(rig.spans()) == 1


def test_exception_is_raised_unchanged_and_recorded(rig: Rig) -> None:
    """The server gets the application's own exception; span, sample and line say what it was."""
    failure = ValueError("broken")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise failure

    answer = rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    span, line = rig.span(), rig.line()
    assert answer.error is failure
    assert span.status.status_code is trace.StatusCode.ERROR
    assert [each.name for each in span.events] == ["exception"]
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert (line.level, line.fields["http_response_status_code"]) == (logging.ERROR, 500)
    assert rig.durations()[0].attributes["error.type"] == "ValueError"


def test_cancelled_request_is_recorded_without_a_status(rig: Rig) -> None:
    """A cancelled request got no response: its span has none either."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    answer = rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert isinstance(answer.error, asyncio.CancelledError)
    assert "http.response.status_code" not in (rig.span().attributes or {})
    assert (rig.span().attributes or {})["error.type"] == "asyncio.exceptions.CancelledError"


def test_application_that_never_answers_is_an_error(rig: Rig) -> None:
    """An application that returns without a response counts as a 500, which is what servers send."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        return None

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert (rig.span().attributes or {})["error.type"] == "incomplete_response"
    assert rig.line().fields["http_response_status_code"] == 500


async def item(request: Request) -> PlainTextResponse:
    """Answer with the path parameter."""
    return PlainTextResponse(str(request.path_params["item"]))


async def broken(_: Request) -> PlainTextResponse:
    """Fail."""
    raise RuntimeError("no")


async def stream(_: Request) -> StreamingResponse:
    """Answer in five pieces."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"12"
            await asyncio.sleep(0)

    return StreamingResponse(parts())


async def endless(_: Request) -> StreamingResponse:
    """Answer for as long as the client stays."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.001)

    return StreamingResponse(parts())


async def room(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


def starlette_app() -> Starlette:
    """An application with one route per trait."""
    return Starlette(
        routes=[
            Route("/items/{item:int}", item),
            Route("/broken", broken),
            Route("/stream", stream),
            Route("/endless", endless),
            WebSocketRoute("/rooms/{room}", room),
        ]
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/items/7", 200, "GET /items/{item}"),
        ("HEAD", "/items/7", 200, "HEAD /items/{item}"),
        ("POST", "/items/7", 405, "POST /items/{item}"),
        ("GET", "/nowhere", 404, "GET"),
        ("GET", "/broken", 500, "GET /broken"),
        ("GET", "/stream", 200, "GET /stream"),
        ("BREW", "/items/7", 405, "HTTP /items/{item}"),
    ],
)
def test_every_kind_of_response_has_one_span(
    rig: Rig, method: str, path: str, status: int, name: str
) -> None:
    """Span, line and sample are one each, and the response has its id, whatever the outcome."""
    answer = rig.asgi(TelemetryMiddleware(starlette_app(), rig.telemetry()), path, method=method)
    assert (answer.status, len(answer.header("x-request-id"))) == (status, 1)
    assert (rig.span().name, len(rig.spans()), len(rig.lines)) == (name, 1, 1)
    assert sum(each.count for each in rig.durations()) == 1
    assert rig.line().level == (logging.ERROR if status >= 500 else logging.INFO)


def test_handled_500_keeps_its_exception(rig: Rig) -> None:
    """Starlette answers 500 and raises afterwards: the span has both."""
    answer = rig.asgi(TelemetryMiddleware(starlette_app(), rig.telemetry()), "/broken")
    assert isinstance(answer.error, RuntimeError)
    assert answer.body == b"Internal Server Error"
    assert [each.name for each in rig.span().events] == ["exception"]
    assert rig.line().fields["http_route"] == "/broken"
    assert rig.line().fields["error_type"] == "RuntimeError"


def test_500_without_exception_is_an_error(rig: Rig) -> None:
    """A 5xx that the application chose has its number as error.type."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503})
        await send({"type": "http.response.body"})

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert (rig.span().attributes or {})["error.type"] == "503"
    assert rig.span().status.status_code is trace.StatusCode.ERROR


def test_unknown_method_stays_out_of_metrics(rig: Rig) -> None:
    """A made-up method is `_OTHER` everywhere, and kept as sent on the span only."""
    rig.asgi(TelemetryMiddleware(plain, rig.telemetry()), method="BREW", scope={"scheme": "gopher"})
    attributes = rig.span().attributes or {}
    assert attributes["http.request.method"] == "_OTHER"
    assert attributes["http.request.method_original"] == "BREW"
    assert rig.durations()[0].attributes["http.request.method"] == "_OTHER"
    assert rig.durations()[0].attributes["url.scheme"] == "http"


def test_context_is_restored_after_an_exception(rig: Rig) -> None:
    """A request that fails leaves the server's context as it was, too."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    async def inside() -> tuple[Any, Any]:
        before = otel_context.get_current()
        await rig.asgi_call(TelemetryMiddleware(app, rig.telemetry()))
        return before, otel_context.get_current()

    before, after = asyncio.run(inside())
    assert before is after


def test_disconnect_after_a_failed_response_is_nothing(rig: Rig) -> None:
    """A 5xx waits for the application to return; the end of the connection meanwhile means nothing."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 500})
        await send({"type": "http.response.body"})
        await receive()

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert "client_disconnected" not in rig.line().fields
    assert rig.line().fields["error_type"] == "500"


@pytest.mark.parametrize(
    ("host", "server", "expected"),
    [
        ("a.test", ("127.0.0.1", 80), ("a.test", 80)),
        ("[::1]:9000", None, ("::1", 9000)),
        ("a.test:bad", None, ("a.test", 80)),
        ("", ("10.0.0.1", 81), ("10.0.0.1", 81)),
        ("", None, (None, None)),
    ],
)
def test_server_address_is_the_host_header_else_the_socket(
    rig: Rig, host: str, server: Any, expected: tuple[Any, Any]
) -> None:
    """`server.address` and `server.port` follow the semantic conventions."""
    scope = {"headers": [(b"host", host.encode())], "server": server}
    rig.asgi(TelemetryMiddleware(plain, rig.telemetry()), scope=scope)
    attributes = rig.span().attributes or {}
    assert (attributes.get("server.address"), attributes.get("server.port")) == expected


def test_streamed_body_is_counted_to_its_end(rig: Rig) -> None:
    """A streamed response is one request, whole size included."""
    answer = rig.asgi(TelemetryMiddleware(starlette_app(), rig.telemetry()), "/stream")
    assert answer.body == b"1212121212"
    assert rig.line().fields["http_response_body_size"] == 10


def test_request_body_is_counted_when_its_length_is_not_announced(rig: Rig) -> None:
    """The announced length wins; a chunked body is counted as it is read."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await plain(scope, lambda: asyncio.sleep(0), send)

    middleware = TelemetryMiddleware(app, rig.telemetry())
    rig.asgi(middleware, method="POST", body=(b"123", b"4567"))
    rig.asgi(middleware, method="POST", body=(b"123",), headers=[("content-length", "99")])
    assert [each.fields["http_request_body_size"] for each in rig.lines] == [7, 99]


def test_trailers_and_files_end_the_response(rig: Rig) -> None:
    """Trailers come after the body; a file that the server sends has its announced size."""

    async def trailing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "trailers": True})
        await send({"type": "http.response.body", "body": b"1"})
        assert rig.lines == []
        await send({"type": "http.response.trailers", "headers": []})

    async def sent_by_path(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"70")]})
        await send({"type": scope["path"][1:], "path": "/f", "file": 3})

    rig.asgi(TelemetryMiddleware(trailing, rig.telemetry()))
    rig.asgi(TelemetryMiddleware(sent_by_path, rig.telemetry()), "/http.response.pathsend")
    rig.asgi(TelemetryMiddleware(sent_by_path, rig.telemetry()), "/http.response.zerocopysend")
    rig.asgi(TelemetryMiddleware(sent_by_path, rig.telemetry()), "/http.response.debug")
    assert [each.fields["http_response_body_size"] for each in rig.lines] == [1, 70, 70, 0]


def test_background_task_does_not_stretch_the_request(rig: Rig) -> None:
    """The line is written when the body is out; the task still sees trace and request id."""
    seen: dict[str, Any] = {}

    def task() -> None:
        seen["lines"] = len(rig.lines)
        seen["ids"] = (trace.get_current_span().get_span_context().trace_id, current_context().request_id)
        rig.tracers.get_tracer("t").start_span("task").end()

    async def endpoint(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok", background=BackgroundTask(task))

    app = Starlette(routes=[Route("/", endpoint)])
    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    span = rig.span()
    assert seen == {"lines": 1, "ids": (span.context.trace_id, rig.line().bound["request_id"])}
    (child,) = rig.spans(trace.SpanKind.INTERNAL)
    assert child.parent is not None
    assert child.parent.span_id == span.context.span_id


def test_failing_background_task_is_raised_once_the_request_is_done(rig: Rig) -> None:
    """The request was fine and stays so; the server gets the task's exception."""

    async def task() -> None:
        raise RuntimeError("late")

    async def endpoint(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok", background=BackgroundTask(task))

    app = Starlette(routes=[Route("/", endpoint)])
    answer = rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert isinstance(answer.error, RuntimeError)
    assert rig.span().status.status_code is trace.StatusCode.UNSET
    assert rig.line().level == logging.INFO


def test_client_that_leaves_a_stream_is_named(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A disconnect ends the span without an error status, says so on the line, and detaches quietly."""
    app = TelemetryMiddleware(starlette_app(), rig.telemetry())
    for _ in range(20):
        rig.asgi(app, "/endless", disconnect_after=4)
    assert len(rig.spans()) == len(rig.lines) == 20
    assert {each.fields["client_disconnected"] for each in rig.lines} == {True}
    assert {each.fields["http_response_status_code"] for each in rig.lines} == {200}
    assert {each.status.status_code for each in rig.spans()} == {trace.StatusCode.UNSET}
    assert {(each.attributes or {})["error.type"] for each in rig.spans()} == {"client_disconnected"}
    assert [each for each in caplog.records if "detach" in each.message] == []


def test_client_that_leaves_before_the_response_has_no_status(rig: Rig) -> None:
    """Nothing was answered: 499 on the line, nothing on the span."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()), disconnect_after=0, body=())
    line = rig.line()

    assert (line.level, line.fields["http_response_status_code"]) == (logging.INFO, 499)
    assert "http.response.status_code" not in (rig.span().attributes or {})


def test_server_that_refuses_to_send_means_a_disconnect(rig: Rig) -> None:
    """ASGI 2.4 servers raise OSError from `send` for a client that is gone."""

    async def refuse(_: Any) -> None:
        raise OSError

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    app = TelemetryMiddleware(plain, rig.telemetry())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(OSError, match=r"^$"):
        asyncio.run(app(scope, receive, refuse))
    assert rig.line().fields["client_disconnected"] is True
    assert rig.span().events == ()


def test_disconnect_after_the_response_is_nothing(rig: Rig) -> None:
    """Servers tell of the end of every connection; after the last byte it means nothing."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain(scope, receive, send)
        await receive()

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert "client_disconnected" not in rig.line().fields


def test_middleware_between_keeps_the_one_context(rig: Rig) -> None:
    """BaseHTTPMiddleware runs the endpoint in another task: what it binds is seen outside all the same."""
    seen: list[str | None] = []

    async def dispatch(request: Request, call_next: Callable[[Request], Awaitable[Any]]) -> Any:
        response = await call_next(request)
        seen.append(current_context().tenant_id)
        return response

    async def endpoint(_: Request) -> PlainTextResponse:
        bind_context(tenant_id="acme")
        return PlainTextResponse("ok")

    app = Starlette(
        routes=[Route("/x", endpoint)], middleware=[Middleware(BaseHTTPMiddleware, dispatch=dispatch)]
    )
    rig.asgi(TelemetryMiddleware(app, rig.telemetry()), "/x")
    assert seen == ["acme"]
    assert rig.line().bound["tenant_id"] == "acme"
    assert rig.span().name == "GET /x"


def test_coroutine_closed_by_a_dying_loop_is_quiet(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A request whose loop went away is closed in a foreign context: the span ends, nothing is detached."""

    class Never:
        def __await__(self) -> Any:
            yield None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Never()

    middleware = TelemetryMiddleware(app, rig.telemetry())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    request = middleware(scope, app, app)  # type: ignore[arg-type]
    import contextvars  # noqa: PLC0415

    contextvars.copy_context().run(request.send, None)
    request.close()
    assert len(rig.spans()) == 1
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_nested_middleware_steps_aside(rig: Rig) -> None:
    """Wrapped twice is measured once; other kinds of connection pass untouched."""
    app = TelemetryMiddleware(plain, rig.telemetry())
    rig.asgi(TelemetryMiddleware(app, rig.telemetry()))
    assert len(rig.spans()) == 1
    app.telemetry = None
    rig.asgi(app)
    assert len(rig.spans()) == 1


def test_unknown_kind_of_scope_passes_untouched(rig: Rig) -> None:
    """A protocol that we do not know gets the server's own scope."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {"type": "mqtt"}
    asyncio.run(TelemetryMiddleware(app, rig.telemetry())(scope, app, app))  # type: ignore[arg-type]
    assert seen[0] is scope


def test_websocket_of_50_messages_is_one_span(rig: Rig) -> None:
    """A websocket has one SERVER span and one line with the close code, and no duration sample."""
    incoming: list[dict[str, Any]] = [{"type": "websocket.receive", "text": str(each)} for each in range(50)]
    incoming.append({"type": "websocket.disconnect", "code": 1001})
    answer = rig.websocket(TelemetryMiddleware(starlette_app(), rig.telemetry()), "/rooms/7", incoming)
    span, line = rig.span(), rig.line()
    assert len(answer.messages) == 51
    assert (span.name, len(rig.spans())) == ("GET /rooms/{room}", 1)
    assert (span.attributes or {})["http.response.status_code"] == 101
    assert (span.attributes or {})["network.protocol.name"] == "websocket"
    assert "error.type" not in (span.attributes or {})
    assert line.fields["websocket_close_code"] == 1001
    assert line.fields["http_route"] == "/rooms/{room}"
    assert rig.durations() == []
    accept = answer.messages[0]
    assert dict(accept["headers"])[b"x-request-id"].decode() == line.bound["request_id"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ([{"type": "websocket.close", "code": 1008}], 403, None),
        ([{"type": "websocket.accept"}, {"type": "websocket.close", "code": 4000}], 101, 4000),
        ([{"type": "websocket.http.response.start", "status": 401, "headers": []}], 401, None),
        ([{"type": "websocket.accept"}, {"type": "websocket.send", "text": "x"}], 101, None),
    ],
)
def test_websocket_says_how_it_ended(
    rig: Rig, sent: list[dict[str, Any]], status: int, code: int | None
) -> None:
    """Refused, closed by the application, denied with a response, left open."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in sent:
            await send(message)

    rig.websocket(TelemetryMiddleware(app, rig.telemetry()), "/", [])
    fields = rig.line().fields
    assert (fields["http_response_status_code"], fields.get("websocket_close_code")) == (status, code)


def test_websocket_exceptions(rig: Rig) -> None:
    """A failing endpoint is an error; the exception that only says "the client left" is none."""

    class WebSocketDisconnect(Exception):  # noqa: N818 the name that Starlette uses
        pass

    async def leaves(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        await receive()
        raise WebSocketDisconnect

    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    gone = [{"type": "websocket.disconnect"}]
    answer = rig.websocket(TelemetryMiddleware(leaves, rig.telemetry()), "/", gone)
    assert isinstance(answer.error, WebSocketDisconnect)
    rig.websocket(TelemetryMiddleware(breaks, rig.telemetry()), "/", [])
    assert [each.level for each in rig.lines] == [logging.INFO, logging.ERROR]
    assert rig.lines[0].fields["websocket_close_code"] == 1005


def test_lifespan_flushes_before_the_server_hears_of_the_end(rig: Rig) -> None:
    """The application's own lifespan runs, state included, and the flush comes before the last message."""
    app = TelemetryMiddleware(starlette_app(), rig.telemetry())
    assert rig.lifespan(app) == ["lifespan.startup.complete", "flush", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("behaviour", ["raise", "return", "receive"])
def test_application_without_lifespan_flushes_too(rig: Rig, behaviour: str) -> None:
    """The middleware answers for an application that does not know the protocol."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if behaviour == "raise":
            raise AssertionError
        if behaviour == "receive":
            await receive()

    middleware = TelemetryMiddleware(app, rig.telemetry())
    assert rig.lifespan(middleware) == ["lifespan.startup.complete", "flush", "lifespan.shutdown.complete"]


def test_failing_lifespan_stays_failing(rig: Rig) -> None:
    """An application that fails while it starts is not answered for."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"):
        rig.lifespan(TelemetryMiddleware(app, rig.telemetry()))
    assert rig.events == []


def test_the_span_lasts_as_long_as_the_request(rig: Rig) -> None:
    """Telemetry's own work after the response is no part of it: span, line and sample agree."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("boom")

    rig.asgi(TelemetryMiddleware(app, rig.telemetry()), "/")
    span = rig.span()
    assert span.start_time is not None
    assert span.end_time is not None
    assert abs((span.end_time - span.start_time) / 1e6 - float(rig.line().fields["duration_ms"])) < 0.01
