"""What a WSGI server hears of `start_response`: what it would hear without telemetry, and the request id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.integrations.wsgi import TelemetryMiddleware

if TYPE_CHECKING:
    from support.rig import Rig

OK = "200 OK"
TEXT = [("Content-Type", "text/plain")]


def _answered(app: Any) -> tuple[Any, list[Any]]:
    """Return what a server hears from an application, and the body."""
    heard: list[Any] = []

    def start_response(status: Any, headers: Any, exc_info: Any = None) -> Any:
        heard.append((status, [each for each in headers if each[0] != "x-request-id"], exc_info))
        return lambda _: None

    body: Any = app({"PATH_INFO": "/"}, start_response)
    return heard, list(body)


def _by_name(environ: Any, start_response: Any) -> list[bytes]:
    start_response(status=OK, headers=TEXT)
    return [b"1"]


def _by_name_for_an_error(environ: Any, start_response: Any) -> list[bytes]:
    start_response("500 Oops", TEXT, exc_info=(None, None, None))
    return [b"1"]


def _headers_once(environ: Any, start_response: Any) -> list[bytes]:
    start_response(OK, iter(TEXT))
    return [b"1"]


def _odd_status(environ: Any, start_response: Any) -> list[bytes]:
    start_response("odd", iter(TEXT))
    return [b"1"]


def _no_text_as_status(environ: Any, start_response: Any) -> list[bytes]:
    start_response(200, TEXT)
    return [b"1"]


@pytest.mark.parametrize(
    "app", [_by_name, _by_name_for_an_error, _headers_once, _odd_status, _no_text_as_status]
)
def test_start_response_hears_what_it_would_without_telemetry(rig: Rig, app: Any) -> None:
    """Arguments by name, headers that can be read once, a status that is none: the server decides."""
    bare = _answered(app)
    assert _answered(TelemetryMiddleware(app, rig.telemetry())) == bare
    assert bare[0][0][1] == TEXT
    assert len(rig.lines) == 1


@pytest.mark.usefixtures("fail_open")
def test_headers_that_are_none_reach_the_server_whole(rig: Rig) -> None:
    """The server is the one to refuse them, also where they can be read once only."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response(OK, iter([*TEXT, ("alone",)]))
        return [b"1"]

    assert _answered(TelemetryMiddleware(app, rig.telemetry())) == _answered(app)
