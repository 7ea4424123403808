"""What a request brings along: its trace, its request id, its tenant. Pure: no framework, no I/O.

The context that comes out never rests on the ambient one. A server may start a request inside the
context of another (uvicorn with pipelined requests does), and that one's trace and tenant must not leak.

Nothing from the network reaches a diagnostic: what is refused is counted by name only.
"""

from __future__ import annotations

import re
import sys
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry import baggage, propagate, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, current_bindings, with_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.propagation import STATE, TEXTS, is_trace_state
from ameide_telemetry.values.identity import RESERVED_TENANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.propagators.textmap import TextMapPropagator

    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["Inbound", "InboundReader", "new_request_id"]

_EXTRACT: Final = guard.site("inbound.extract")
_REQUEST_ID: Final = re.compile(names.REQUEST_ID_PATTERN)
_TENANT_ID: Final = re.compile(names.TENANT_ID_PATTERN)
_ALLOWED_BAGGAGE: Final = frozenset(names.CONTEXT_BAGGAGE_KEYS.values())
_DEFAULT_CAP: Final = 512
# Bytes at most, before decoding. Whatever is longer counts as absent.
_CAPS: Final = {
    "traceparent": 64,
    STATE: 512,
    "baggage": 8192,
    names.HEADER_REQUEST_ID: 128,
    # 18 digits fit 64 bits, as what is counted in must.
    "content-length": 18,
    "host": 262,
    "user-agent": 512,
}
_ALWAYS: Final = (names.HEADER_REQUEST_ID, "content-length", "host", "user-agent")
# CGI, and so PEP 3333, spells this one header without the prefix.
_ENVIRON_KEYS: Final = {"content-length": "CONTENT_LENGTH"}
# What only a trusted caller may decide; the rest of the propagation fields say which trace it was.
_TRUSTED_FIELDS: Final = frozenset({"baggage", STATE})


class Inbound(NamedTuple):
    """What a request starts from.

    Attributes:
        context: fresh OTel context with `bindings` and, for trusted callers, the remote parent.
        bindings: the request's own, with at least a request id.
        links: the caller's span, where it is only pointed at (`trust="edge"`).
    """

    context: Context
    bindings: Bindings
    links: tuple[trace.Link, ...]


class _Wanted(NamedTuple):
    """The headers to pick, by the two spellings that servers use; made anew when the propagator changes.

    The fields are pairs: the header in lower case, and as the propagator asks for it.
    """

    propagator: TextMapPropagator
    fields: tuple[tuple[str, str], ...]
    by_bytes: Mapping[bytes, tuple[str, int]]
    by_environ: tuple[tuple[str, str, int], ...]


class InboundReader:
    """Reads headers by the trust policy of the settings.

    Args:
        settings: `trust` decides whether the caller's trace is continued or linked, `tenant_header`
            names the one header, if any, that may say the tenant.
    """

    __slots__ = ("_edge", "_tenant_header", "_wanted")

    def __init__(self, settings: TelemetrySettings) -> None:
        self._edge = settings.trust == "edge"
        self._tenant_header = settings.tenant_header.lower() if settings.tenant_header else None
        self._wanted = self._table(propagate.get_global_textmap())

    def from_pairs(self, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
        """Return the headers that matter from ASGI's pairs of bytes, in one pass.

        Repeated headers are joined by a comma (RFC 9110 section 5.3), so that a repeated
        `traceparent` or request id is not valid any more. One that is too long takes the others of its name
        along.
        """
        wanted = self._current().by_bytes
        found: dict[str, str] = {}
        refused: list[str] = []
        for name, value in headers:
            if name in wanted:
                key, cap = wanted[name]
                if len(value) > cap or not _add(found, key, value.decode("latin-1"), cap):
                    refused.append(key)
        return self._without(found, refused) if refused else found

    def from_environ(self, environ: Mapping[str, object]) -> dict[str, str]:
        """Return the headers that matter from a WSGI environ, whose texts are latin-1 (PEP 3333)."""
        found: dict[str, str] = {}
        for variable, key, cap in self._current().by_environ:
            value = environ.get(variable)
            if value and isinstance(value, str) and not _add(found, key, value, cap):
                self._without(found, [key])
        return found

    def receive(self, headers: Mapping[str, str]) -> Inbound:
        """Return what a request with these headers starts from."""
        context, links = self._remote(headers)
        bindings = current_bindings(context)
        if bindings is None:
            bindings = Bindings()
            context = with_bindings(bindings, context)
        self._identify(bindings.values, headers)
        return Inbound(context, bindings, links)

    def _without(self, found: dict[str, str], refused: Iterable[str]) -> dict[str, str]:
        for key in refused:
            guard.note(f"inbound.{key}_too_long" if key in _CAPS else "inbound.header_too_long")
            found.pop(key, None)
            if key == self._tenant_header:
                # There, and no tenant: else the one of the baggage would stand in for it.
                found[key] = ""
        return found

    def _remote(self, headers: Mapping[str, str]) -> tuple[Context, tuple[trace.Link, ...]]:
        wanted = self._wanted
        carrier = {spelling: headers[field] for field, spelling in wanted.fields if field in headers}
        if STATE in carrier and not is_trace_state(carrier[STATE]):
            del carrier[STATE]
        context = Context()
        if carrier:
            with _EXTRACT:
                context = _extracted(wanted.propagator, carrier)
            if not isinstance(context, Context):
                # For OTel None is the ambient context, which may be another request's.
                guard.note("inbound.no_context", "the propagator returned no context: it is left out")
                context = Context()
        return (Context(), _links(context)) if self._edge else (_allowed(context), ())

    def _identify(self, values: dict[str, str], headers: Mapping[str, str]) -> None:
        given = headers.get(names.HEADER_REQUEST_ID) or values.get(names.LOG_REQUEST_ID, "")
        if _REQUEST_ID.fullmatch(given):
            values[names.LOG_REQUEST_ID] = given
        else:
            values[names.LOG_REQUEST_ID] = new_request_id()
            if given:
                guard.note(f"context.{names.LOG_REQUEST_ID}_replaced")
        if self._tenant_header is not None and self._tenant_header in headers:
            # RFC 9110 section 5.5: what surrounds a value is none of it; not all servers take it off.
            self._identify_tenant(values, headers[self._tenant_header].strip(" \t"))

    def _identify_tenant(self, values: dict[str, str], tenant: str) -> None:
        """Take the tenant of the header that the deployment named: it wins over a caller's baggage."""
        if _TENANT_ID.fullmatch(tenant) and tenant not in RESERVED_TENANTS:
            values[names.LOG_TENANT_ID] = tenant
        else:
            values.pop(names.LOG_TENANT_ID, None)
            guard.note("inbound.tenant_refused")

    def _current(self) -> _Wanted:
        propagator = propagate.get_global_textmap()
        if propagator is not self._wanted.propagator:
            self._wanted = self._table(propagator)
        return self._wanted

    def _table(self, propagator: TextMapPropagator) -> _Wanted:
        fields = {field.lower(): field for field in sorted(propagator.fields)}
        if self._edge:
            fields = {key: field for key, field in fields.items() if key not in _TRUSTED_FIELDS}
        tenant = {self._tenant_header} if self._tenant_header else set()
        keys = sorted(fields.keys() | tenant | set(_ALWAYS))
        return _Wanted(
            propagator=propagator,
            fields=tuple(fields.items()),
            by_bytes={key.encode("latin-1"): (key, _cap(key)) for key in keys},
            by_environ=tuple((_environ_key(key), key, _cap(key)) for key in keys),
        )


if sys.version_info >= (3, 14):

    def new_request_id() -> str:
        """Return 32 hex digits that no other request has; they begin with the time, so that ids sort."""
        return uuid.uuid7().hex

else:

    def new_request_id() -> str:
        """Return 32 hex digits that no other request has."""
        return uuid.uuid4().hex


def _cap(key: str) -> int:
    return _CAPS.get(key, _DEFAULT_CAP)


def _environ_key(key: str) -> str:
    return _ENVIRON_KEYS.get(key) or f"HTTP_{key.upper().replace('-', '_')}"


def _add(found: dict[str, str], key: str, text: str, cap: int) -> bool:
    """Add a header to those that were found; return False for one that is too long by now."""
    joined = f"{found[key]},{text}" if key in found else text
    if len(joined) > cap:
        return False
    found[key] = joined
    return True


def _extracted(propagator: TextMapPropagator, carrier: dict[str, str]) -> Context:
    """Return what a propagator makes of the headers, whatever request surrounds it, and whichever it is."""
    if not otel_context.get_current():
        return propagator.extract(carrier, Context(), TEXTS)
    token = otel_context.attach(Context())
    try:
        return propagator.extract(carrier, Context(), TEXTS)
    finally:
        otel_context.detach(token)


def _allowed(context: Context) -> Context:
    """Take out of OTel's baggage what the contract does not name: not every propagator is ours."""
    entries = baggage.get_all(context)
    if not entries:
        return context
    context = baggage.clear(context)
    for name in _ALLOWED_BAGGAGE & entries.keys():
        context = baggage.set_baggage(name, entries[name], context)
    return context


def _links(remote: Context) -> tuple[trace.Link, ...]:
    """Return a link to the caller's span without its sampled flag and trace state."""
    caller = trace.get_current_span(remote).get_span_context()
    if not caller.is_valid:
        return ()
    return (trace.Link(trace.SpanContext(caller.trace_id, caller.span_id, is_remote=True)),)
