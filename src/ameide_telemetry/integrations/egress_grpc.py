"""Where gRPC sends a call, and how metadata are taken off there.

A channel has one target for all of its life, so most channels are told apart once and not touched at all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.integrations.egress import STRIP
from ameide_telemetry.integrations.hosts import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ameide_telemetry.integrations.egress import Egress, Unwanted

    Strip = Callable[[Any], Any]
    Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]

__all__ = ["hosts_of", "places"]

_LOCAL: Final = ("unix", "unix-abstract")
_LISTS: Final = ("ipv4", "ipv6")
_NAMED: Final = ("dns", "xds")
_METADATA: Final = 2
_WAYS: Final = ("with_call", "future")
_AIO_ARGUMENTS: Final = ("target", "options", "credentials", "compression", "interceptors")
_KINDS: Final = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def places(egress: Egress) -> list[tuple[Any, str, Wrapper]]:
    """Return the functions of gRPC that make calls and channels, each with what goes around it."""
    channel = import_module("grpc._channel").Channel
    aio = import_module("grpc.aio._channel").Channel
    around = _around_calls(egress)
    return [*((channel, kind, around) for kind in _KINDS), (aio, "__init__", _around_aio(egress))]


def hosts_of(target: str) -> tuple[str, ...]:
    """Return the hosts of a channel's target; an empty one where it cannot be told.

    Args:
        target: as `insecure_channel` takes it: `host:port`, or with a scheme of gRPC's name resolution.
    """
    scheme, colon, rest = target.partition(":")
    if colon and scheme in _LOCAL:
        return ("localhost",)
    if colon and scheme in _LISTS:
        return tuple(_host(each) for each in _endpoint(rest).split(","))
    return (_host(_endpoint(rest)) if colon and scheme in _NAMED else _host(target),)


def _endpoint(rest: str) -> str:
    # //authority/endpoint; without an authority the endpoint may begin with a slash, or not.
    return rest[2:].partition("/")[2] if rest.startswith("//") else rest.removeprefix("/")


def _host(endpoint: str) -> str:
    if endpoint.startswith("["):
        host, _, port = endpoint.partition("]")
        return f"{host}]" if not port or _is_port(port.removeprefix(":")) else ""
    if endpoint.count(":") != 1:
        # No port, or an IPv6 address without brackets.
        return endpoint
    host, _, port = endpoint.partition(":")
    return host if _is_port(port) else ""


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _around_calls(egress: Egress) -> Wrapper:
    def make(wrapped: Callable[..., Any], channel: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        calls = wrapped(*args, **kwargs)
        strip = STRIP.call(_stripper, egress, channel._target)  # noqa: SLF001 it has no public name
        return calls if strip is None else _StrippedCalls(calls, strip)

    return make


def _around_aio(egress: Egress) -> Wrapper:
    def initialise(wrapped: Callable[..., Any], _channel: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        changed = STRIP.call(_with_ours_innermost, egress, dict(zip(_AIO_ARGUMENTS, args)) | kwargs)  # noqa: B905
        return wrapped(*args, **kwargs) if changed is None else wrapped(**changed)

    return initialise


def _stripper(egress: Egress, target: str) -> Strip | None:
    """Return what takes the unwanted off the metadata of every call to a target, if anything is."""
    allowance = egress.allowance(*hosts_of(target))
    if allowance is Allowance.EVERYTHING:
        return None

    def strip(metadata: Any) -> Any:
        # A channel outlives a start of telemetry, and so does the instrumentor's part in it.
        return STRIP.call(_without, metadata, egress.headers(allowance)) if metadata else metadata

    return strip


def _without(metadata: Iterable[tuple[str, Any]], unwanted: Unwanted) -> tuple[Any, ...]:
    return tuple(pair for pair in metadata if not unwanted.holds(pair[0]))


class _StrippedCalls:
    """What a channel gives for one method, in every way that it can be called in."""

    __slots__ = ("_calls", "_strip")

    def __init__(self, calls: Any, strip: Strip) -> None:
        self._calls = calls
        self._strip = strip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._through(self._calls, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._calls, name)
        if name not in _WAYS:
            return found
        return lambda *args, **kwargs: self._through(found, args, kwargs)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._calls)

    def _through(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if "metadata" in kwargs:
            kwargs["metadata"] = self._strip(kwargs["metadata"])
        elif len(args) > _METADATA:
            args = (*args[:_METADATA], self._strip(args[_METADATA]), *args[_METADATA + 1 :])
        return call(*args, **kwargs)


def _with_ours_innermost(egress: Egress, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Return the arguments with an interceptor of ours after all others; None: there is no need."""
    given = list(arguments.get("interceptors") or ())
    strip = _stripper(egress, arguments["target"]) if given else None
    if strip is None:
        return None
    aio = import_module("grpc.aio")
    # Only where there is one already: a call that nobody intercepts is of another class.
    ours = [
        _interceptor(aio, base, method, strip)
        for method, base in _AIO_INTERCEPTORS.items()
        if any(isinstance(each, getattr(aio, base)) for each in given)
    ]
    return arguments | {"interceptors": [*given, *ours]}


def _interceptor(aio: Any, base: str, method: str, strip: Strip) -> Any:
    async def intercept(_self: Any, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        if details.metadata:
            kept = aio.Metadata(*(strip(details.metadata) or ()))
            details = aio.ClientCallDetails(
                details.method, details.timeout, kept, details.credentials, details.wait_for_ready
            )
        return await continuation(details, request)

    return type("EgressInterceptor", (getattr(aio, base),), {method: intercept})()


_AIO_INTERCEPTORS: Final = {
    "intercept_unary_unary": "UnaryUnaryClientInterceptor",
    "intercept_unary_stream": "UnaryStreamClientInterceptor",
    "intercept_stream_unary": "StreamUnaryClientInterceptor",
    "intercept_stream_stream": "StreamStreamClientInterceptor",
}
