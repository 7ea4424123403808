"""What an operator plugs in may fail (sampler, span processor, propagator, flush): requests go on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry import propagate
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler

from ameide_telemetry import guard, propagation
from ameide_telemetry.contract import names
from ameide_telemetry.integrations import asgi, wsgi
from support.rig import Answer, Rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _PluginError(Exception):
    """What the plugged-in parts raise."""


def _fail(*_: Any, **__: Any) -> Any:
    raise _PluginError("plugin")


class _RaisingSampler(Sampler):
    should_sample = _fail

    def get_description(self) -> str:
        return "raising"


class _RaisingStart(SpanProcessor):
    on_start = _fail


class _RaisingEnd(SpanProcessor):
    on_end = _fail


class _RaisingPropagator(TextMapPropagator):
    extract = _fail
    inject = _fail

    @property
    def fields(self) -> set[str]:
        return {"traceparent"}


class _NoPropagator(_RaisingPropagator):
    def extract(self, *_: Any, **__: Any) -> Any:
        return None


def _with_sampler(rig: Rig) -> None:
    rig.tracers.sampler = _RaisingSampler()


def _with_start(rig: Rig) -> None:
    rig.tracers.add_span_processor(_RaisingStart())


def _with_end(rig: Rig) -> None:
    rig.tracers.add_span_processor(_RaisingEnd())


def _with_propagator(_: Rig) -> None:
    propagate.set_global_textmap(_RaisingPropagator())


def _with_no_context(_: Rig) -> None:
    propagate.set_global_textmap(_NoPropagator())


def _with_access(rig: Rig) -> None:
    rig._access = _fail  # type: ignore[method-assign]


_PLUGINS: Final = {
    each.__name__.removeprefix("_with_"): each
    for each in (_with_sampler, _with_start, _with_end, _with_propagator, _with_no_context, _with_access)
}


@pytest.fixture
def rig(caplog: pytest.LogCaptureFixture) -> Iterator[Rig]:
    """Telemetry in memory, as in production: nothing is raised again."""
    caplog.set_level(logging.CRITICAL, "ameide_telemetry")
    undo = propagation.install(("tracecontext", "baggage"))
    guard.reset()
    guard.reraise_in_tests(choice=False)
    yield Rig()
    guard.reraise_in_tests(choice="auto")
    guard.reset()
    undo()


async def _asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/error":
        raise LookupError("the application's own")
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


def _wsgi_app(environ: Any, start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/error":
        raise LookupError("the application's own")
    start_response("201 Created", [("x", "y")])
    return iter([b"one", b"two"])


def _asked(rig: Rig, protocol: str, path: str, *, served: Callable[[Any], Any]) -> tuple[Any, ...]:
    app: Any = {"asgi": _asgi_app, "wsgi": _wsgi_app}[protocol]
    answer: Answer = getattr(rig, protocol)(served(app), path, headers=[("traceparent", rig.traceparent)])
    headers = [pair for pair in answer.headers if pair[0] != "x-request-id"]
    return answer.status, headers, answer.body, repr(answer.error)


@pytest.mark.parametrize("path", ["/", "/error"])
@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
@pytest.mark.parametrize("plugin", _PLUGINS)
def test_a_failing_plugin_changes_no_response(rig: Rig, plugin: str, protocol: str, path: str) -> None:
    """Status, headers, body and exception are those of the bare application, and the failure is counted."""
    bare = _asked(rig, protocol, path, served=lambda app: app)
    _PLUGINS[plugin](rig)
    telemetry = rig.telemetry(trust="internal")
    middleware: Any = {"asgi": asgi.TelemetryMiddleware, "wsgi": wsgi.TelemetryMiddleware}[protocol]
    assert _asked(rig, protocol, path, served=lambda app: middleware(app, telemetry)) == bare
    assert guard.counts()


@pytest.mark.parametrize("plugin", ["sampler", "start", "end", "propagator", "no_context"])
def test_the_access_line_is_written_all_the_same(rig: Rig, plugin: str) -> None:
    """A failing plugin costs its own part of the telemetry only."""
    _PLUGINS[plugin](rig)
    rig.asgi(asgi.TelemetryMiddleware(_asgi_app, rig.telemetry(trust="internal")))
    assert rig.line().fields[names.LOG_HTTP_STATUS] == 201


def test_a_failing_flush_lets_the_server_stop(rig: Rig) -> None:
    """The end of the lifespan is told to the server, whatever becomes of the records."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    telemetry = rig.telemetry()
    object.__setattr__(telemetry, "flush", _fail)
    messages = rig.lifespan(asgi.TelemetryMiddleware(app, telemetry))
    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_our_own_errors_are_not_hidden_under_pytest(rig: Rig, protocol: str) -> None:
    """In a test of a service a bug of ours fails the request, so that somebody sees it."""
    guard.reraise_in_tests(choice="auto")
    _with_access(rig)
    telemetry = rig.telemetry()
    middleware: Any = {"asgi": asgi.TelemetryMiddleware, "wsgi": wsgi.TelemetryMiddleware}[protocol]
    seen = _asked(rig, protocol, "/", served=lambda app: middleware(app, telemetry))
    assert "_PluginError" in seen[-1]
