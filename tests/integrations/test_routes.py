"""Route templates of real applications: plain, prefixed, mounted, by host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

from ameide_telemetry.integrations import routes
from ameide_telemetry.integrations.asgi import TelemetryMiddleware

if TYPE_CHECKING:
    from starlette.requests import Request

    from support.rig import Rig


async def ok(_: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("ok")


async def other(_: Request) -> PlainTextResponse:
    """Answer from another function."""
    return PlainTextResponse("other")


def leaf() -> FastAPI:
    """A FastAPI application with a route, a prefixed router and a plain Starlette route."""
    app = FastAPI(docs_url="/docs")
    router = APIRouter(prefix="/items")

    @router.get("/{item}")
    def item(item: str) -> str:
        return item

    @app.get("/me/{user}")
    def user(user: str) -> str:
        return user

    app.include_router(router, prefix="/v1")
    return app


def mounted(kind: str) -> Any:
    """The leaf application two mounts deep, below a mount with a parameter."""
    if kind == "starlette":
        return Starlette(
            routes=[
                Route("/t", ok),
                Mount("/t/{tenant}", routes=[Mount("/app", app=leaf()), Route("/x/{y}", ok)]),
                Mount("/s", app=Starlette(routes=[Route("/x/{y}", ok), Route("/x/{y}/z", ok)])),
            ]
        )
    inner, outer = FastAPI(), FastAPI()
    inner.mount("/app", leaf())
    router = APIRouter()
    router.mount("/t/{tenant}", inner)
    outer.include_router(router)
    outer.mount("/s", Starlette(routes=[Route("/x/{y}", ok), Route("/x/{y}/z", ok)]))
    return outer


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/me/ann", "/me/{user}"),
        ("/v1/items/3", "/v1/items/{item}"),
        ("/docs", "/docs"),
        ("/openapi.json", "/openapi.json"),
        ("/none", None),
    ],
)
def test_fastapi_template(rig: Rig, path: str, template: str | None) -> None:
    """Routers with a prefix and FastAPI's own pages have their whole template."""
    rig.asgi(TelemetryMiddleware(leaf(), rig.telemetry()), path)
    assert (rig.span().attributes or {}).get("http.route") == template


@pytest.mark.parametrize("kind", ["starlette", "fastapi"])
@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/t/acme/app/me/ann", "/t/{tenant}/app/me/{user}"),
        ("/t/acme/app/v1/items/3", "/t/{tenant}/app/v1/items/{item}"),
        ("/t/acme/app/docs", "/t/{tenant}/app/docs"),
        ("/s/x/1", "/s/x/{y}"),
        ("/s/x/1/z", "/s/x/{y}/z"),
        ("/s/nowhere", "/s/{path}"),
        ("/t/acme/app/nowhere", "/t/{tenant}/app/{path}"),
    ],
)
def test_mounted_two_levels_deep(rig: Rig, kind: str, path: str, template: str) -> None:
    """A mounted application has its whole template and one SERVER span, on every request."""
    app = TelemetryMiddleware(mounted(kind), rig.telemetry())
    for _ in range(2):
        rig.asgi(app, path)
    assert [(each.attributes or {}).get("http.route") for each in rig.spans()] == [template, template]


def test_server_root_path_is_part_of_the_route(rig: Rig) -> None:
    """A root path that the server or the application was told is the application root of the conventions."""
    scope = {"root_path": "/api", "path": "/api/me/ann"}
    rig.asgi(TelemetryMiddleware(leaf(), rig.telemetry()), scope=scope)
    rig.asgi(TelemetryMiddleware(mounted("starlette"), rig.telemetry()), scope=scope | {"path": "/api/s/x/1"})
    assert [each.name for each in rig.spans()] == ["GET /api/me/{user}", "GET /api/s/x/{y}"]


def test_routes_by_host_and_a_bare_router(rig: Rig) -> None:
    """A Host route has no path of its own; a Router without an application around it works too."""
    router = Router(routes=[Host("shop.test", app=Router(routes=[Mount("/in", routes=[Route("/{x}", ok)])]))])
    rig.asgi(TelemetryMiddleware(router, rig.telemetry()), "/in/1")
    assert rig.span().name == "GET /in/{x}"


def test_two_mounts_of_one_application_keep_their_names(rig: Rig) -> None:
    """The same application below two paths is told apart by the path."""
    inner = leaf()
    app = TelemetryMiddleware(
        Starlette(routes=[Mount("/a", app=inner), Mount("/b", app=inner)]), rig.telemetry()
    )
    for path in ("/a/me/x", "/b/me/x", "/a/docs"):
        rig.asgi(app, path)
    assert [each.name for each in rig.spans()] == ["GET /a/me/{user}", "GET /b/me/{user}", "GET /a/docs"]


def test_remembered_templates_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount with a parameter has as many concrete prefixes as there are tenants: not all are kept."""
    monkeypatch.setattr(routes, "_MAX_CACHED", 5)
    names = routes.RouteNames()
    middleware = TelemetryMiddleware(mounted("starlette"), rig.telemetry())
    middleware._routes = names
    for tenant in range(12):
        rig.asgi(middleware, f"/t/{tenant}/app/me/x")
    assert {each.name for each in rig.spans()} == {"GET /t/{tenant}/app/me/{user}"}
    assert len(names._found) <= 5


def test_application_mounted_in_itself_ends(rig: Rig) -> None:
    """A cycle of mounts is followed a bounded number of times."""
    app = Starlette(routes=[Route("/x", ok)])
    app.mount("/self", app)
    scope = {"endpoint": object(), "path": "/self" * 40, "router": app.router}
    assert routes.RouteNames().template(scope) is None


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"endpoint": ok, "path": "/"},
        {"endpoint": ok, "path": "/", "route": Route("/", other)},
    ],
)
def test_scope_of_another_framework_has_no_route(scope: dict[str, Any]) -> None:
    """Where the scope does not tell, there is no route rather than a wrong one."""
    assert routes.RouteNames().template(scope) is None


def test_route_without_a_template_is_searched() -> None:
    """A framework's own route object without `path_format` gives no route."""

    class Odd:
        endpoint = ok

    assert routes.RouteNames().template({"endpoint": ok, "path": "/", "route": Odd()}) is None
