"""Flask applications, instrumented in place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import flask
import pytest
from opentelemetry import trace
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from ameide_telemetry.context import bind_context
from ameide_telemetry.integrations.flask import instrument_app
from ameide_telemetry.integrations.wsgi import TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.rig import Rig


def application() -> flask.Flask:
    """An application with a blueprint, a failure and a stream."""
    app = flask.Flask("shop")
    stock = flask.Blueprint("stock", "stock", url_prefix="/stock")

    @stock.get("/<int:item>")
    def item(item: int) -> str:
        bind_context(tenant_id="acme")
        return str(item)

    @app.get("/broken")
    def broken() -> str:
        raise LookupError("no")

    @app.get("/teapot")
    def teapot() -> tuple[str, int]:
        return "no", 418

    @app.get("/stream")
    def stream() -> Any:
        def parts() -> Iterator[str]:
            yield flask.request.path
            bind_context(tenant_id="streamed")

        return flask.stream_with_context(parts())

    app.register_blueprint(stock)
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/stock/7", 200, "GET /stock/<int:item>"),
        ("HEAD", "/stock/7", 200, "HEAD /stock/<int:item>"),
        ("POST", "/stock/7", 405, "POST"),
        ("GET", "/nowhere", 404, "GET"),
        ("GET", "/broken", 500, "GET /broken"),
        ("GET", "/teapot", 418, "GET /teapot"),
        ("GET", "/stream", 200, "GET /stream"),
    ],
)
def test_every_kind_of_response_has_one_span(
    rig: Rig, method: str, path: str, status: int, name: str
) -> None:
    """Span, line and sample are one each, and the response has its id, whatever the outcome."""
    app, _ = instrument_app(application(), rig.telemetry())
    answer = rig.wsgi(app, path, method=method)
    assert (answer.status, len(answer.header("x-request-id"))) == (status, 1)
    assert (rig.span().name, len(rig.spans()), len(rig.lines)) == (name, 1, 1)
    assert sum(each.count for each in rig.durations()) == 1


def test_exception_that_flask_answers_is_recorded(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Flask turns an exception into a 500 and keeps it: the span has it all the same."""
    app, _ = instrument_app(application(), rig.telemetry())
    caplog.set_level(logging.CRITICAL, "shop")
    rig.wsgi(app, "/broken")
    assert [each.name for each in rig.span().events] == ["exception"]
    assert rig.span().status.status_code is trace.StatusCode.ERROR
    assert rig.line().fields["error_type"] == "LookupError"


def test_tenant_is_on_the_line_also_from_a_stream(rig: Rig) -> None:
    """What a view or its stream binds is there when the line is written."""
    app, _ = instrument_app(application(), rig.telemetry())
    rig.wsgi(app, "/stock/1")
    assert rig.wsgi(app, "/stream").body == b"/stream"
    assert [each.bound["tenant_id"] for each in rig.lines] == ["acme", "streamed"]


def test_mounted_application_has_the_whole_route(rig: Rig) -> None:
    """Below a dispatcher the script name is part of the route, and there is one span."""
    inner, _ = instrument_app(application(), rig.telemetry())
    mounts: dict[str, Any] = {"/in": inner}
    app = TelemetryMiddleware(DispatcherMiddleware(application(), mounts), rig.telemetry())
    rig.wsgi(app, "/in/stock/7")
    assert rig.span().name == "GET /in/stock/<int:item>"


def test_module_level_application_and_test_client(rig: Rig) -> None:
    """Whoever serves the original object gets telemetry."""
    app = application()
    instrument_app(app, rig.telemetry())
    response = app.test_client().get("/stock/7", headers={"x-request-id": "r-1"})
    assert response.headers.getlist("x-request-id") == ["r-1"]
    assert response.text == "7"
    assert len(rig.spans()) == 1


def test_twice_is_once_and_undo_is_whole(rig: Rig) -> None:
    """A second call wraps nothing; undo leaves the application as it was, signal included."""
    app = application()
    original = app.wsgi_app
    _, undo = instrument_app(app, rig.telemetry())
    wrapped: Any = app.wsgi_app
    instrument_app(app, rig.telemetry())
    assert app.wsgi_app is wrapped
    undo()
    assert app.wsgi_app == original
    assert app.extensions == {}
    assert not list(flask.got_request_exception.receivers_for(app))
    instrument_app(app, rig.telemetry())
    rig.wsgi(app, "/teapot")
    assert len(rig.spans()) == 1


def test_undo_below_a_later_middleware_is_silence(rig: Rig) -> None:
    """What somebody wrapped cannot be taken out: it does nothing any more, and can be used again."""
    app = application()
    _, undo = instrument_app(app, rig.telemetry())
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    undo()
    assert rig.wsgi(app, "/teapot").header("x-request-id") == []
    instrument_app(app, rig.telemetry())
    rig.wsgi(app, "/teapot")
    assert len(rig.spans()) == 1


def test_contrib_server_instrumentor_is_reported(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A second server instrumentation is said, and left alone."""
    app = application()
    vars(app)["_is_instrumented_by_opentelemetry"] = True
    instrument_app(app, rig.telemetry())
    assert "FlaskInstrumentor" in caplog.text


def test_exception_outside_of_our_request_is_ignored(rig: Rig) -> None:
    """A failing request that did not pass through us (a test request context) leaves nothing behind."""
    app, _ = instrument_app(application(), rig.telemetry())
    with app.test_request_context("/"):
        flask.got_request_exception.send(app, exception=ValueError())
    assert rig.spans() == []


@pytest.mark.parametrize(("method", "size"), [("GET", 1), ("HEAD", 0)])
def test_a_response_that_nobody_reads_is_complete_all_the_same(rig: Rig, method: str, size: int) -> None:
    """Flask's test client neither reads nor closes it when the test looks at the status only."""
    app, _ = instrument_app(application(), rig.telemetry())
    response = app.test_client().open("/stock/7", method=method)
    assert response.status_code == 200
    assert rig.span().name == f"{method} /stock/<int:item>"
    assert rig.line().fields["http_response_body_size"] == size
