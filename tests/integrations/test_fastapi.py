"""FastAPI and Starlette applications, instrumented in place."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.applications import Starlette

from ameide_telemetry.context import bind_context, current_context
from ameide_telemetry.integrations.fastapi import instrument_app

if TYPE_CHECKING:
    from support.rig import Rig


def application(rig: Rig, **options: Any) -> FastAPI:
    """An application whose native telemetry would report to the same place."""
    native: dict[str, Any] = {"tracer_provider": rig.tracers, "meter_provider": rig.meters}
    app = FastAPI(telemetry=native, **options)  # type: ignore[arg-type]  # a dict of any kind

    def tenant() -> None:
        bind_context(tenant_id="acme")

    @app.get("/orders/{order}", dependencies=[Depends(tenant)])
    async def order(order: int, tasks: BackgroundTasks) -> dict[str, Any]:
        tasks.add_task(lambda: rig.events.append(f"task {current_context().tenant_id}"))
        return {"order": order, "tenant": current_context().tenant_id}

    @app.get("/broken")
    def broken() -> None:
        raise LookupError("no")

    return app


def test_native_telemetry_steps_aside(rig: Rig) -> None:
    """FastAPI >= 0.142 alone would make spans of its own: with ours there is exactly one SERVER span."""
    bare = application(rig)
    rig.asgi(bare, "/orders/1")
    assert len(rig.spans()) > 1, "the native telemetry of this FastAPI is what this test is about"
    rig.exporter.clear()
    app, _ = instrument_app(application(rig), rig.telemetry())
    app.mount("/sub", application(rig))
    rig.asgi(app, "/orders/1")
    rig.asgi(app, "/sub/orders/1")
    assert [each.name for each in rig.spans()] == ["GET /orders/{order}", "GET /sub/orders/{order}"]


def test_tenant_of_a_thread_dependency_reaches_endpoint_task_and_line(rig: Rig) -> None:
    """A sync dependency runs in a thread: what it binds is seen by all that follows."""
    app, _ = instrument_app(application(rig), rig.telemetry())
    answer = rig.asgi(app, "/orders/1")
    assert answer.body == b'{"order":1,"tenant":"acme"}'
    assert rig.line().bound["tenant_id"] == "acme"
    assert rig.events[-1] == "task acme"


@pytest.mark.parametrize(("path", "status"), [("/orders/x", 422), ("/none", 404), ("/broken", 500)])
def test_errors_have_one_span_and_an_id(rig: Rig, path: str, status: int) -> None:
    """Validation errors, unknown paths and failures, all answered with a request id."""
    app, _ = instrument_app(application(rig), rig.telemetry())
    answer = rig.asgi(app, path)
    assert (answer.status, len(answer.header("x-request-id")), len(rig.spans())) == (status, 1, 1)
    assert (rig.line().level == logging.ERROR) is (status == 500)


@pytest.mark.parametrize("kind", [FastAPI, Starlette])
def test_object_stays_what_it_is_and_can_be_undone(rig: Rig, kind: type[Starlette]) -> None:
    """The same object, class and repr; after undo there is no trace of us."""
    app = kind()
    shown = repr(app)
    served, undo = instrument_app(app, rig.telemetry())
    assert served is app
    assert isinstance(app, kind)
    assert repr(app) == shown
    assert inspect.iscoroutinefunction(app.__call__), "uvicorn tells ASGI 3 by this"
    undo()
    assert type(app) is kind
    rig.asgi(app, "/none")
    assert rig.spans() == []
    undo()
    assert type(app) is kind


def test_twice_is_once_and_uses_the_newer(rig: Rig) -> None:
    """A second call does not wrap again; its telemetry is used, its undo undoes."""
    app, first = instrument_app(application(rig), rig.telemetry())
    kind = type(app)
    app, second = instrument_app(app, rig.telemetry(excluded_paths=("/orders/1",)))
    assert type(app) is kind
    rig.asgi(app, "/orders/1")
    assert rig.spans() == []
    second()
    first()
    assert type(app) is FastAPI


def test_application_that_runs_already(rig: Rig) -> None:
    """After the first request the middleware stack is built: ours is outside of it and works."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False})
    rig.asgi(app, "/none")
    instrument_app(app, rig.telemetry())
    assert len(rig.asgi(app, "/none").header("x-request-id")) == 1
    assert len(rig.spans()) == 1


def test_own_lifespan_still_runs(rig: Rig) -> None:
    """State of the lifespan, start and end are the application's; the flush comes before the end."""
    from contextlib import asynccontextmanager  # noqa: PLC0415

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        rig.events.append("start")
        yield {"answer": 42}
        rig.events.append("stop")

    app, _ = instrument_app(FastAPI(lifespan=lifespan), rig.telemetry())
    state: dict[str, Any] = {}
    rig.lifespan(app, {"state": state})
    assert rig.events == ["start", "lifespan.startup.complete", "stop", "flush", "lifespan.shutdown.complete"]
    assert state == {"answer": 42}


@pytest.mark.parametrize("how", ["flag", "middleware", "none"])
def test_contrib_server_instrumentor_is_reported(
    rig: Rig, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A second server instrumentation is said, and left alone."""
    app = FastAPI()
    if how == "flag":
        vars(app)["_is_instrumented_by_opentelemetry"] = True
    if how == "middleware":
        foreign = type("OpenTelemetryMiddleware", (), {"__module__": "opentelemetry.instrumentation.asgi"})
        app.add_middleware(foreign)  # type: ignore[arg-type]  # a class that only has the name
    instrument_app(app, rig.telemetry())
    assert ("two server spans" in caplog.text) is (how != "none")


def test_parallel_requests_do_not_mix(rig: Rig) -> None:
    """Two hundred requests at once each keep their own tenant and id."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False})

    @app.get("/t/{tenant}")
    async def endpoint(tenant: str) -> str | None:
        bind_context(tenant_id=tenant)
        await asyncio.sleep(0)
        return current_context().tenant_id

    instrument_app(app, rig.telemetry())

    async def all_at_once() -> Any:
        return await asyncio.gather(*(rig.asgi_call(app, f"/t/t{each}") for each in range(200)))

    answers = asyncio.run(all_at_once())
    assert [each.body for each in answers] == [f'"t{each}"'.encode() for each in range(200)]
    ids = {each.bound["request_id"]: each.bound["tenant_id"] for each in rig.lines}
    assert [ids[each.header("x-request-id")[0]] for each in answers] == [f"t{each}" for each in range(200)]
    assert len(rig.spans()) == 200
