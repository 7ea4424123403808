"""W3C trace context and baggage, with the contract's allow-list in and out.

The W3C baggage header carries the tenant, request and session between services. Inbound, only the keys of
the contract are taken out of it, into the `Bindings` of the returned OTel context. Outbound, the bindings
in force are written, and what the service itself put into OTel's baggage, redacted like a field. Because
this is an ordinary OTel propagator, whatever injects or extracts (our middleware, the contrib client
instrumentors, a message queue's) carries the ids along. To whom they may go is not known here: see
`integrations.egress`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_plus

from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context, get_current
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, current_bindings, with_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.redaction.trace_state import redacted_state
from ameide_telemetry.values.text import key_text, text_of, valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction import Redactor

__all__ = ["STATE", "TEXTS", "ContractBaggagePropagator", "install", "is_trace_state"]

STATE: Final = "tracestate"
_HEADER: Final = "baggage"
_KEY_BY_BAGGAGE: Final = {spelling: key for key, spelling in names.CONTEXT_BAGGAGE_KEYS.items()}
_INJECT: Final = guard.site("propagation.inject")
_LOADED: Final = guard.site("propagation.load")
_EXTRACT: Final = guard.site("propagation.extract", foreign=True)
# What HTTP calls a token: a line break in a key would be a header of its own.
_KEY: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# W3C Baggage: at most 8,192 bytes; OTel's propagators read at most 180 members.
_MAX_BYTES: Final = 8192
_MAX_MEMBERS: Final = 180
_TEXT_KINDS: Final = (str, bytes)
# One member of a tracestate, by W3C Trace Context.
_STATE_MEMBER: Final = re.compile(
    r"([a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MOST_STATE_MEMBERS: Final = 32
_LONGEST_STATE: Final = 512


class ContractBaggagePropagator(TextMapPropagator):
    """W3C baggage that moves the contract's keys between the header and the current `Bindings`.

    Args:
        redactor: takes what must not leave the process out of the service's own baggage; None: nobody does.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Return a context with fresh bindings made of the carrier's contract keys.

        Everything else in the header is dropped: W3C asks to take baggage from known sources only, and
        what nobody reads should not travel on to others.
        """
        if context is None:
            context = get_current()
        header = _EXTRACT.call(getter.get, carrier, _HEADER)
        values = _EXTRACT.call(_values_of, header) if header else None
        if not values:
            return context
        bindings = Bindings()
        bindings.update(values)
        return with_bindings(bindings, context)

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Write the OTel baggage and the bindings in force into the carrier."""
        _INJECT.call(_inject, carrier, context, setter, self._redactor)

    @property
    def fields(self) -> set[str]:
        """The header that this propagator reads and writes."""
        return {_HEADER}


class _TraceContextPropagator(TraceContextTextMapPropagator):
    """W3C trace context; what a caller's `tracestate` may not hold is neither recorded nor passed on.

    Args:
        redactor: of the process; None: the state is taken as it is.
    """

    def __init__(self, redactor: Redactor | None) -> None:
        self._redactor = redactor

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Return the context with the caller's span, without members of its state that hold something."""
        extracted = super().extract(carrier, context, getter)
        caller = trace.get_current_span(extracted).get_span_context()
        if self._redactor is None or not caller.trace_state or not caller.is_remote:
            return extracted
        shown = redacted_state(caller.trace_state, self._redactor, {})
        if shown is caller.trace_state:
            return extracted
        guard.note("propagation.tracestate_redacted")
        ids = SpanContext(
            caller.trace_id, caller.span_id, is_remote=True, trace_flags=caller.trace_flags, trace_state=shown
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(ids), extracted)


class _Propagators(CompositePropagator):
    """Several propagators as one; where a carrier or a propagator fails, only its own part is missing."""

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Return the context that the carrier describes; what is no text in it counts as absent."""
        texts = getter if getter is TEXTS else _AnyGetter(getter)
        for propagator in self._propagators:
            found = _EXTRACT.call(propagator.extract, carrier, context, texts)
            if found is not None:
                context = found
        return Context() if context is None else context

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write what is in force into the carrier."""
        for propagator in self._propagators:
            _INJECT.call(propagator.inject, carrier, context, setter)


class _TextGetter(Getter[Mapping[str, str]]):
    """Reads a mapping that holds nothing but text."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(key)
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)


TEXTS: Final = _TextGetter()
"""The getter for a carrier that is known to hold text only; quicker than OpenTelemetry's own."""


class _AnyGetter(Getter[Any]):
    """Reads through another getter what may be anything: message brokers hold bytes."""

    def __init__(self, getter: Getter[Any]) -> None:
        # OTel's own takes bytes apart, into numbers.
        self._get = _value_of if getter is default_getter else getter.get
        self._keys: Callable[[Any], Iterable[Any]] = getter.keys
        self._state: list[list[str] | None] = []

    def get(self, carrier: Any, key: str) -> list[str] | None:
        return _EXTRACT.call(self._texts if key != STATE else self._states, carrier, key)

    def keys(self, carrier: Any) -> list[str]:
        return [key for key in _EXTRACT.call(self._keys, carrier) or () if isinstance(key, str)]

    def _states(self, carrier: Any, key: str) -> list[str] | None:
        # Once for one message, whoever asks: a malformed one is counted.
        if not self._state:
            texts = self._texts(carrier, key)
            self._state.append(texts if texts and is_trace_state(",".join(texts)) else None)
        return self._state[0]

    def _texts(self, carrier: Any, key: str) -> list[str] | None:
        value = self._get(carrier, key)
        parts = value if isinstance(value, Iterable) and not isinstance(value, _TEXT_KINDS) else (value,)
        texts = [part.decode("latin-1") if isinstance(part, bytes) else part for part in _first(parts)]
        return [text for text in texts if isinstance(text, str)] or None


def is_trace_state(text: str) -> bool:
    """Tell whether this is a `tracestate`; one that is none is counted, and to be left out as a whole.

    W3C asks for that, and OpenTelemetry's parser does it too, with a line that holds what the caller wrote.
    """
    if len(text) <= _LONGEST_STATE:
        members = [member for each in text.split(",") if (member := each.strip(" \t"))]
        keys = {found[1] for found in map(_STATE_MEMBER.fullmatch, members) if found is not None}
        if len(keys) == len(members) <= _MOST_STATE_MEMBERS:
            return True
    guard.note("propagation.tracestate_refused")
    return False


def _value_of(carrier: Any, key: str) -> object:
    return carrier.get(key)


def _first(parts: Iterable[Any]) -> list[Any]:
    return list(islice(parts, _MAX_MEMBERS))


def _inject(
    carrier: CarrierT, context: Context | None, setter: Setter[CarrierT], redactor: Redactor | None
) -> None:
    entries: dict[str, object] = {}
    bindings = current_bindings(context)
    if bindings is not None:
        for key, value in tuple(bindings.values.items()):
            entries[names.CONTEXT_BAGGAGE_KEYS[key]] = value
    # The service's own come last: where there is no room for all, the ids travel.
    for name, own in baggage.get_all(context).items():
        key = key_text(name)
        if key not in entries:
            entries[key] = own if redactor is None else _redacted(key, own, redactor)
    header = _header(entries)
    if header:
        setter.set(carrier, _HEADER, header)


def _redacted(key: str, value: object, redactor: Redactor) -> object:
    # Cut first: what is longer has no room in the header in any case.
    return redactor.field(key, text_of(value)[:_MAX_BYTES], {})


def install(propagators: Iterable[str], redactor: Redactor | None = None) -> Callable[[], None]:
    """Make the named propagators global; the returned function restores what was.

    Args:
        propagators: names as in `OTEL_PROPAGATORS`; beyond `tracecontext` and `baggage` they are looked up
            in the entry-point group `opentelemetry_propagator`. One that is not installed is left out and
            said once. `none` alone means no propagation.
        redactor: of the process; the service's own baggage goes through it.
    """
    before = propagate.get_global_textmap()
    chosen = [
        found for name in propagators if name != "none" and (found := _load(name, redactor)) is not None
    ]
    ours = _Propagators(chosen)
    propagate.set_global_textmap(ours)

    def undo() -> None:
        if propagate.get_global_textmap() is ours:
            propagate.set_global_textmap(before)

    return undo


def _load(name: str, redactor: Redactor | None) -> TextMapPropagator | None:
    if name == "tracecontext":
        return _TraceContextPropagator(redactor)
    if name == "baggage":
        return ContractBaggagePropagator(redactor)
    for entry_point in entry_points(group="opentelemetry_propagator", name=name):
        with _LOADED:
            return entry_point.load()()  # type: ignore[no-any-return]
    guard.note(
        f"propagation.{name}",
        f"the propagator {name!r} of OTEL_PROPAGATORS is not installed and is left out; install the package "
        f"that provides it or take it out of the list",
    )
    return None


def _allowed(header: str) -> dict[str, str]:
    """Return the contract's values in a baggage header, by log key; what is malformed is passed over."""
    if len(header) > _MAX_BYTES:
        guard.note("propagation.baggage_refused")
        return {}
    values = {}
    for member in header.split(",", _MAX_MEMBERS)[:_MAX_MEMBERS]:
        name, _, value = member.partition(";")[0].partition("=")
        key = _KEY_BY_BAGGAGE.get(name.strip())
        if key is not None and value:
            values[key] = unquote_plus(value.strip())
    return values


def _values_of(header: Iterable[str]) -> dict[str, str]:
    return _allowed(",".join(header))


def _header(entries: Mapping[str, object]) -> str:
    """Return the entries as a header; what is malformed or does not fit is left out and counted."""
    parts: list[str] = []
    size = 0
    for key, value in entries.items():
        if _KEY.fullmatch(key) is None:
            guard.note("propagation.baggage_key_refused")
            continue
        # quote_plus is what OTel's own propagator uses, and what its extract undoes.
        part = f"{key}={quote_plus(valid(text_of(value)[:_MAX_BYTES]))}"
        if size + len(part) + 1 > _MAX_BYTES or len(parts) >= _MAX_MEMBERS:
            guard.note("propagation.baggage_too_long")
            continue
        size += len(part) + 1
        parts.append(part)
    return ",".join(parts)
