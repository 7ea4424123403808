"""What `instrument_app` accepts, and what it says of the rest."""

from __future__ import annotations

import contextvars
import functools
import types
from typing import TYPE_CHECKING, Any

import flask
import pytest
from fastapi import FastAPI
from opentelemetry import context as otel_context
from starlette.applications import Starlette

from ameide_telemetry import guard
from ameide_telemetry.exceptions import ApplicationError, TelemetryError
from ameide_telemetry.integrations import asgi, wsgi
from ameide_telemetry.integrations.application import instrument_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.rig import Rig


async def asgi3(scope: Any, receive: Any, send: Any) -> None:
    """Answer 204."""
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


def asgi3_without_await(scope: Any, receive: Any, send: Any) -> Any:
    """Return the coroutine of another."""
    return asgi3(scope, receive, send)


def asgi2(scope: Any) -> Any:
    """Answer 204 in two calls."""
    return functools.partial(asgi3, scope)


def wsgi_function(environ: Any, start_response: Any, extra: int = 0) -> list[bytes]:
    """Answer 204."""
    start_response("204 No Content", [])
    return []


class Asgi3Object:
    """ASGI 3 by `__call__`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asgi3(scope, receive, send)


class Asgi2Class:
    """ASGI 2 the way it was written in its time."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        await asgi3(self.scope, receive, send)


class WsgiClass:
    """WSGI as a class whose instances are the body, as in PEP 3333."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        start_response("204 No Content", [])

    def __iter__(self) -> Iterator[bytes]:
        return iter([b""])


async def any_arguments(*arguments: Any) -> None:
    """ASGI 3 behind a decorator that kept no signature."""
    await asgi3(*arguments)


@pytest.mark.parametrize(
    "app",
    [asgi3, asgi3_without_await, asgi2, Asgi3Object(), Asgi2Class, any_arguments, functools.partial(asgi3)],
    ids=lambda app: getattr(app, "__name__", type(app).__name__),
)
def test_asgi_callables(rig: Rig, app: Any) -> None:
    """Every shape of ASGI application is served as ASGI 3."""
    served = instrument_app(app, rig.telemetry())
    assert isinstance(served, asgi.TelemetryMiddleware)
    assert rig.asgi(served).status == 204
    assert len(rig.spans()) == 1


@pytest.mark.parametrize("app", [wsgi_function, WsgiClass, functools.partial(wsgi_function, extra=1)])
def test_wsgi_callables(rig: Rig, app: Any) -> None:
    """Every shape of WSGI application is served as WSGI."""
    served = instrument_app(app, rig.telemetry())
    assert isinstance(served, wsgi.TelemetryMiddleware)
    assert rig.wsgi(served).status == 204
    assert len(rig.spans()) == 1


@pytest.mark.parametrize("make", [FastAPI, Starlette, lambda: flask.Flask("x")])
def test_frameworks_are_served_as_themselves(rig: Rig, make: Callable[[], Any]) -> None:
    """FastAPI, Starlette and Flask are instrumented in place, and undone by the callable given."""
    app = make()
    undo: list[Callable[[], None]] = []
    assert instrument_app(app, rig.telemetry(), on_undo=undo.append) is app
    call = rig.wsgi if isinstance(app, flask.Flask) else rig.asgi
    assert len(call(app, "/none").header("x-request-id")) == 1
    undo[0]()
    assert call(app, "/none").header("x-request-id") == []


@pytest.mark.parametrize("app", [asgi3, wsgi_function])
def test_instrumented_is_returned_as_it_is(rig: Rig, app: Any) -> None:
    """A wrapper is never wrapped; after undo it passes through, and can be armed again."""
    undo: list[Callable[[], None]] = []
    served = instrument_app(app, rig.telemetry(), on_undo=undo.append)
    undo[0]()
    assert served.telemetry is None
    newer = rig.telemetry()
    assert instrument_app(served, newer) is served
    assert served.telemetry is newer


@pytest.mark.parametrize(
    "app",
    [
        None,
        "app:app",
        7,
        types,
        dict,
        print,
        object(),
        lambda: None,
        lambda a, b, c, d: None,
        lambda *a: None,
    ],
    ids=lambda app: type(app).__name__,
)
def test_anything_else_is_refused_with_what_was_given(rig: Rig, app: Any) -> None:
    """The error names the type, shows the object shortened, and says what is accepted."""
    with pytest.raises(ApplicationError) as caught:
        instrument_app(app, rig.telemetry())
    assert isinstance(caught.value, TelemetryError)
    assert isinstance(caught.value, TypeError)
    assert type(app).__name__ in str(caught.value)
    assert "ASGI callable (scope, receive, send)" in str(caught.value)


def test_long_objects_are_shortened(rig: Rig) -> None:
    """The error stays one readable line."""
    with pytest.raises(ApplicationError) as caught:
        instrument_app("x" * 10_000, rig.telemetry())
    assert len(str(caught.value)) < 300


def test_a_context_detached_elsewhere_is_counted_and_not_an_error(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """A generator that is closed by somebody else cannot detach; undone, OpenTelemetry says so again."""
    undo: list[Callable[[], None]] = []
    guard.reset()
    instrument_app(FastAPI(), rig.telemetry(), on_undo=undo.append)
    token = contextvars.copy_context().run(otel_context.attach, otel_context.Context())
    otel_context.detach(token)
    assert not caplog.records
    assert guard.counts() == {"context.detached_elsewhere": 1}
    for each in undo:
        each()
    otel_context.detach(token)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    guard.reset()
