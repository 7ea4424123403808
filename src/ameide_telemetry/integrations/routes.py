"""The route template of an ASGI request, as Starlette and FastAPI leave it in the scope. Pure duck typing.

The scope holds the innermost route only. What is missing is taken from the outermost router, which
Starlette leaves in the scope too:

* a mounted application's route knows nothing of the mount's own path;
* FastAPI >= 0.137 keeps the prefix of `include_router` beside the route, in its effective context;
* FastAPI leaves no route at all for plain Starlette routes such as `/docs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["RouteNames"]

_MAX_DEPTH: Final = 16
_MAX_CACHED: Final = 512
_MOUNT_TAIL: Final = "/{path}"


class RouteNames:
    """Finds route templates, and remembers those of mounted applications, where it takes a search."""

    __slots__ = ("_found", "_router")

    def __init__(self) -> None:
        self._router: object = None
        self._found: dict[tuple[str, str], str] = {}

    def template(self, scope: Mapping[str, Any]) -> str | None:
        """Return the whole template, such as `/api/orders/{order_id}`; None when nothing matched.

        The server's own root path is part of it, as the semantic conventions ask.
        """
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return None
        route = _own_template(scope, endpoint)
        mounted = "app_root_path" in scope
        root = str(scope.get("app_root_path" if mounted else "root_path", "")).rstrip("/")
        if route is None or mounted:
            route = self._searched(scope, endpoint, root, route)
        return None if route is None else root + route

    def _searched(
        self, scope: Mapping[str, Any], endpoint: object, root: str, route: str | None
    ) -> str | None:
        router = scope.get("router")
        if router is not self._router:
            self._router = router
            self._found = {}
        key = (str(scope.get("root_path", "")), route or "")
        known = self._found.get(key) if route is not None else None
        if known is not None:
            return known
        found = _search(getattr(router, "routes", ()), _below(str(scope["path"]), root), endpoint)
        if route is not None and found is not None:
            if len(self._found) >= _MAX_CACHED:
                self._found.clear()
            self._found[key] = found
        return found


def _own_template(scope: Mapping[str, Any], endpoint: object) -> str | None:
    """Return what the matched route says of itself; None when the scope's route is not the last match."""
    route = scope.get("route")
    if route is None or getattr(route, "endpoint", None) is not endpoint:
        return None
    effective = scope.get("fastapi", {}).get("effective_route_context")
    if effective is not None and effective.original_route is route:
        route = effective
    template = getattr(route, "path_format", None)
    return template if isinstance(template, str) else None


def _below(path: str, root: str) -> str:
    return path[len(root) :] if root and path.startswith(root) else path


def _search(routes: Iterable[Any], path: str, endpoint: object, depth: int = 0) -> str | None:
    """Return the template below `routes` that leads to `endpoint` on `path`, mounts included."""
    for route in _flat(routes):
        own = getattr(route, "endpoint", None)
        found = _leaf(route, path) if own is endpoint else None
        if found is None and own is None and depth < _MAX_DEPTH:
            found = _branch(route, path, endpoint, depth)
        if found is not None:
            return found
    return None


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    for route in routes:
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is None:
            yield route
        else:
            for each in contexts():
                yield each.starlette_route or each


def _leaf(route: Any, path: str) -> str | None:
    return str(route.path_format) if route.path_regex.match(path) else None


def _branch(route: Any, path: str, endpoint: object, depth: int) -> str | None:
    """Follow a mount (it has a path), or a host (it has none)."""
    regex = getattr(route, "path_regex", None)
    inner = getattr(route, "routes", ())
    if regex is None:
        return _search(inner, path, endpoint, depth + 1)
    match = regex.match(path)
    if match is None:
        return None
    found = _search(inner, f"/{match['path']}", endpoint, depth + 1)
    if found is not None:
        return str(route.path_format).removesuffix(_MOUNT_TAIL) + found
    return str(route.path_format) if route.app is endpoint else None
