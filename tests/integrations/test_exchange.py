"""Whatever fails in telemetry, the application runs exactly once and its answer does not change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor

from ameide_telemetry import guard
from ameide_telemetry.integrations import asgi, exchange, inbound, routes, wsgi
from ameide_telemetry.integrations.server import ServerTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.rig import Rig

# Every call into telemetry, by the object and the attribute that is made to fail.
FAILPOINTS: dict[str, tuple[Any, str]] = {
    "excluded": (ServerTelemetry, "excluded"),
    "reader": (inbound.InboundReader, "receive"),
    "pairs": (inbound.InboundReader, "from_pairs"),
    "environ": (inbound.InboundReader, "from_environ"),
    "open": (exchange.Exchange, "_open"),
    "attributes": (exchange.Exchange, "_first_attributes"),
    "request_id": (exchange.Exchange, "request_id"),
    "stop_clock": (exchange.Exchange, "stop_clock"),
    "settle": (exchange.Exchange, "_settle"),
    "complete_span": (exchange.Exchange, "_complete_span"),
    "measure": (exchange.Exchange, "_measure"),
    "say": (exchange.Exchange, "_say"),
    "fail": (exchange.Exchange, "fail"),
    "finish": (exchange.Exchange, "finish"),
    "template": (routes.RouteNames, "template"),
    "route": (wsgi, "_route"),
    "identified": (asgi, "_identified"),
    "asgi_received": (asgi._Http, "_received"),
    "asgi_sending": (asgi._Http, "_sending"),
    "asgi_sent_all": (asgi._Http, "_sent_all"),
    "wsgi_identified": (wsgi._Response, "_identified"),
    "wsgi_count": (wsgi._Response, "count"),
}


class Failing:
    """A function, method or property that raises."""

    def __get__(self, *_: object) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        raise RuntimeError

    def encode(self, *_: object) -> Any:
        """Stand for a string, too."""
        raise RuntimeError


class FailingProcessor(SpanProcessor):
    """A span processor that raises at the start or at the end."""

    def __init__(self, where: str) -> None:
        self.where = where

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if self.where == "on_start":
            raise RuntimeError

    def on_end(self, span: Any) -> None:
        if self.where == "on_end":
            raise RuntimeError


def asgi_app(runs: list[int], error: Exception | None) -> Any:
    """Return an application that counts its runs and answers, or raises half way."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        runs.append(1)
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
        if error is not None:
            raise error
        await send({"type": "http.response.body", "body": b"abc"})

    return app


def wsgi_app(runs: list[int], error: Exception | None) -> Any:
    """Return an application that counts its runs and answers, or raises half way."""

    def app(environ: Any, start_response: Any) -> Any:
        runs.append(1)
        start_response("200 OK", [("x-own", "1")])
        if error is not None:
            raise error
        return [b"abc"]

    return app


@pytest.mark.usefixtures("fail_open")
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("point", sorted(FAILPOINTS))
@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_failpoint(rig: Rig, monkeypatch: pytest.MonkeyPatch, protocol: str, point: str, fails: bool) -> None:
    """Status, headers, body and exception are those of the bare application, wherever telemetry fails."""
    telemetry = rig.telemetry()
    monkeypatch.setattr(*FAILPOINTS[point], Failing())
    runs: list[int] = []
    error = LookupError("its own") if fails else None
    if protocol == "asgi":
        answer = rig.asgi(asgi.TelemetryMiddleware(asgi_app(runs, error), telemetry))
    else:
        answer = rig.wsgi(wsgi.TelemetryMiddleware(wsgi_app(runs, error), telemetry))
    assert answer.error is error
    assert (answer.status, answer.body) == (200, b"" if fails else b"abc")
    assert [each for each in answer.headers if each[0] != "x-request-id"] == [("x-own", "1")]
    assert runs == [1]


@pytest.mark.parametrize("where", ["on_start", "on_end"])
def test_failing_span_processor_leaves_id_and_line(rig: Rig, fail_open: None, where: str) -> None:
    """Without a span the request still has its id, its sample and its line."""
    telemetry = rig.telemetry()
    rig.tracers.add_span_processor(FailingProcessor(where))
    answer = rig.asgi(asgi.TelemetryMiddleware(asgi_app([], None), telemetry))
    assert answer.header("x-request-id") == [rig.line().bound["request_id"]]
    assert sum(each.count for each in rig.durations()) == 1


def test_failing_access_line_leaves_the_span(rig: Rig, fail_open: None) -> None:
    """One part that fails does not take the others with it."""
    rig.lines = None  # type: ignore[assignment]
    rig.asgi(asgi.TelemetryMiddleware(asgi_app([], None), rig.telemetry()))
    assert rig.span().name == "GET"
    assert guard.counts()["exchange.access"] == 1


def test_flush_that_fails_does_not_keep_the_server_from_stopping(rig: Rig, fail_open: None) -> None:
    """The lifespan ends whatever the flush does."""
    telemetry = ServerTelemetry.build(
        rig.telemetry().settings, access=lambda *_: None, flush=Failing(), tracer_provider=rig.tracers
    )
    assert rig.lifespan(asgi.TelemetryMiddleware(asgi_app([], None), telemetry))[-1] == (
        "lifespan.shutdown.complete"
    )


def test_exception_without_attributes_is_raised_all_the_same(rig: Rig, fail_open: None) -> None:
    """An exception that takes no attribute cannot carry the context, and nothing else changes."""

    class Bare(Exception):  # noqa: N818 an exception of a service
        def __setattr__(self, name: str, value: object) -> None:
            raise TypeError

    answer = rig.asgi(asgi.TelemetryMiddleware(asgi_app([], Bare()), rig.telemetry()))
    assert isinstance(answer.error, Bare)
    assert rig.span().status.status_code is trace.StatusCode.ERROR


def test_unsampled_request_has_a_line_and_a_sample(rig: Rig) -> None:
    """Sampling decides on the span only."""
    unsampled = f"{rig.traceparent[:-2]}00"
    rig.asgi(
        asgi.TelemetryMiddleware(asgi_app([], None), rig.telemetry()), headers=[("traceparent", unsampled)]
    )
    assert rig.spans() == []
    assert rig.line().trace_id == rig.trace_id
    assert sum(each.count for each in rig.durations()) == 1


def test_of_a_long_path_the_beginning_is_kept(rig: Rig) -> None:
    """On the span and on the line, in its field and its message."""
    path = f"/{'a' * 60_000}"
    rig.asgi(asgi.TelemetryMiddleware(asgi_app([], None), rig.telemetry()), path=path)
    line = rig.line()
    assert (rig.span().attributes or {})["url.path"] == path[:2_048]
    assert (line.fields or {})["url_path"] == path[:2_048]
    assert len(line.message) < 2_100


@pytest.mark.parametrize("run", ["asgi", "wsgi"])
def test_no_site_is_reached_in_a_healthy_request(rig: Rig, run: str) -> None:
    """A request without failures counts none: the sites above are not what makes it work."""
    before = guard.counts()
    call: Callable[..., Any] = getattr(rig, run)
    middleware: Any = asgi.TelemetryMiddleware if run == "asgi" else wsgi.TelemetryMiddleware
    app = asgi_app([], None) if run == "asgi" else wsgi_app([], None)
    call(middleware(app, rig.telemetry()))
    assert guard.counts() == before
