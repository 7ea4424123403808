"""How users call the public surface, for type checkers: mypy reads this file, nothing runs it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, assert_type

from ameide_telemetry import (
    Telemetry,
    TelemetryError,
    TelemetrySettings,
    bind_context,
    bound_context,
    clear_context,
    current_context,
    get_logger,
    init_telemetry,
)
from ameide_telemetry.context import CurrentContext
from ameide_telemetry.export import FlushResult, SignalResult
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ameide_telemetry.exceptions import ConflictError, SettingsError


def start_with_nothing() -> Telemetry:
    """Every argument is optional."""
    telemetry = init_telemetry()
    assert_type(telemetry, Telemetry)
    return telemetry


def start_with_everything(app: object, settings: TelemetrySettings) -> Telemetry:
    """Every argument has a name; the service alone may come first."""
    return init_telemetry(
        "orders",
        version="1.2.3",
        environment="production",
        namespace="shop",
        app=app,
        resource={"team": "checkout"},
        traces=True,
        metrics=False,
        logs={"format": "json"},
        trust="edge",
        instrument=("httpx", "requests"),
        strict=True,
        settings=settings,
    )


def start_without_client_libraries() -> Telemetry:
    """`auto` is the default of `instrument`; an empty collection is none."""
    init_telemetry("orders", instrument="auto")
    return init_telemetry("orders", instrument=())


def refused_at_start(app: object) -> None:
    """What a type checker can find, it finds: these lines need their ignores."""
    init_telemetry("orders", "1.2.3")  # type: ignore[call-arg]
    init_telemetry("orders", app=app, colour="red")  # type: ignore[call-arg]
    init_telemetry(7)  # type: ignore[arg-type]


def handle(telemetry: Telemetry) -> None:
    """What the handle gives back."""
    flushed = telemetry.force_flush(timeout=2.0)
    assert_type(flushed, FlushResult)
    assert_type(flushed.traces, SignalResult)
    assert_type(flushed.logs.ok, bool)
    assert_type(flushed.metrics.dropped, int)
    assert_type(flushed.traces.error, str | None)
    assert_type(telemetry.shutdown(timeout=5.0), FlushResult)
    assert_type(telemetry.status(), dict[str, Any])
    assert_type(telemetry.settings, TelemetrySettings)
    if not telemetry.force_flush():
        telemetry.shutdown()


def script() -> None:
    """The handle is a context manager that gives itself."""
    with init_telemetry("import-job") as telemetry:
        assert_type(telemetry, Telemetry)


async def asgi(scope: dict[str, Any], receive: object, send: object) -> None:
    """Answer nothing."""


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with nothing."""
    start_response("204 No Content", [])
    return environ["wsgi.input"] and ()


def applications(telemetry: Telemetry) -> None:
    """What `instrument_app` returns is to be served, and has the type of what it was given."""
    telemetry.instrument_app(asgi)
    telemetry.instrument_app(wsgi)


def context() -> None:
    """Three ids by name, and further fields of any kind."""
    bind_context(tenant_id="globex", request_id="r-1", session_id="s-1", cart_size=3, beta=True)
    bind_context(cart_size=None)
    with bound_context(tenant_id="acme", attempt=2) as inside:
        assert_type(inside, CurrentContext)
        assert_type(inside.tenant_id, str | None)
    now = current_context()
    assert_type(now.request_id, str | None)
    assert_type(now.session_id, str | None)
    assert_type(now["cart_size"], object)
    as_mapping: Mapping[str, object] = now
    assert as_mapping == dict(now)
    clear_context()
    bind_context("globex")  # type: ignore[call-arg]


def loggers() -> None:
    """One logger of ours, or any stdlib logger."""
    log = get_logger(__name__)
    log.info("order placed", order_id=7, total=12.5)
    log.warning("slow answer", seconds=1.2)
    log.bind(cart="c-1").error("payment refused")
    try:
        log.debug("details")
    except OSError:
        log.exception("no luck")
    logging.getLogger(__name__).info("order %s placed", 7, extra={"total": 12.5})


def settings() -> None:
    """Settings can be made first, looked at, and handed over."""
    made = TelemetrySettings.from_environment({"OTEL_SERVICE_NAME": "orders"}, strict=True)
    assert_type(made, TelemetrySettings)
    assert_type(made.service, str)
    assert_type(made.exit_timeout, float)
    assert_type(made.warnings, tuple[Finding, ...])
    init_telemetry(settings=made)


def errors(problem: SettingsError, conflict: ConflictError) -> None:
    """All errors are one kind, and say what is wrong item by item."""
    for error in (problem, conflict):
        assert isinstance(error, TelemetryError)
    try:
        init_telemetry(trust="nobody")  # type: ignore[arg-type]
    except TelemetryError as error:
        assert_type(error.findings, tuple[Finding, ...])
