"""Where the HTTP libraries send one request to one host, and how headers are taken off there.

A proxy is the deployment's own choice, and counts as part of the way: what decides is the host that the
request is for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.integrations.egress import STRIP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.integrations.egress import Egress, Unwanted

    Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]

__all__ = ["places"]


def places(egress: Egress, library: str) -> list[tuple[Any, str, Wrapper]]:
    """Return the functions of a library that send, each with what goes around it."""
    wrapper = _WRAPPERS[library](egress)
    return [(getattr(import_module(module), kind), name, wrapper) for module, kind, name in _PLACES[library]]


def _around_urllib3(egress: Egress) -> Wrapper:
    unwanted_at = egress.unwanted

    def make_request(wrapped: Callable[..., Any], pool: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        # Of urllib3 1.26 and 2: (conn, method, url, *, headers, ...); requests goes through here as well.
        if kwargs.get("headers") is not None:
            kept = STRIP.call(_kept_for_pool, unwanted_at, pool, args, kwargs)
            if kept is not None:
                kwargs["headers"] = kept
        return wrapped(*args, **kwargs)

    return make_request


def _kept_for_pool(
    unwanted_at: Callable[..., Unwanted | None], pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    url = kwargs["url"] if "url" in kwargs else args[2]
    if url.startswith("/"):
        unwanted = unwanted_at(pool.host)
    else:
        # The whole URL is sent to a proxy, which is the pool's host then, and by whoever uses a pool as one.
        host = import_module("urllib3").util.parse_url(url).host
        passed_on = (host,) if host else ()
        unwanted = unwanted_at(*(passed_on if pool.proxy is not None and host else (pool.host, *passed_on)))
    return None if unwanted is None else _without(kwargs["headers"], unwanted)


def _without(headers: Mapping[Any, Any], unwanted: Unwanted) -> Any:
    """Return a copy without those headers; None: there are none."""
    found = [name for name in headers if unwanted.holds(name)]
    if not found:
        return None
    kept: Any = headers.copy() if hasattr(headers, "copy") else dict(headers)
    for name in found:
        del kept[name]
    return kept


def _around_httpcore(egress: Egress) -> Wrapper:
    unwanted_at = egress.unwanted

    def strip(request: Any) -> None:
        unwanted = unwanted_at(request.url.host.decode("latin-1"))
        if unwanted is not None:
            request.headers = [pair for pair in request.headers if not unwanted.holds(pair[0])]

    def handle_request(wrapped: Callable[..., Any], _pool: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        STRIP.call(strip, args[0] if args else kwargs["request"])
        return wrapped(*args, **kwargs)

    return handle_request


def _around_aiohttp(egress: Egress) -> Wrapper:
    unwanted_at = egress.unwanted

    def strip(request: Any) -> None:
        unwanted = unwanted_at(request.url.raw_host or "")
        if unwanted is not None:
            headers = request.headers
            for name in [name for name in headers if unwanted.holds(name)]:
                headers.popall(name, None)

    def send(wrapped: Callable[..., Any], request: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        STRIP.call(strip, request)
        return wrapped(*args, **kwargs)

    return send


_WRAPPERS: Final[dict[str, Callable[[Egress], Wrapper]]] = {
    "aiohttp": _around_aiohttp,
    "httpcore": _around_httpcore,
    "httpcore2": _around_httpcore,
    "urllib3": _around_urllib3,
}
_PLACES: Final = {
    "aiohttp": (("aiohttp", "ClientRequest", "send"),),
    "httpcore": (
        ("httpcore", "ConnectionPool", "handle_request"),
        ("httpcore", "AsyncConnectionPool", "handle_async_request"),
    ),
    "httpcore2": (
        ("httpcore2", "ConnectionPool", "handle_request"),
        ("httpcore2", "AsyncConnectionPool", "handle_async_request"),
    ),
    # Private, and the one place below `urlopen`, which the instrumentor wraps; there since 2012.
    "urllib3": (("urllib3.connectionpool", "HTTPConnectionPool", "_make_request"),),
}
