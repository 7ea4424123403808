"""The only owner of ambient state: the tenant, request and session now in force.

The values live in one mutable `Bindings` object that travels inside OpenTelemetry's own `Context`,
under a private key. Two things follow. Whatever carries an OTel context (a task, a copied context of a
thread pool, a contrib instrumentor that extracts baggage from a message) carries the tenant too. And
because the object is shared, not copied, a tenant that a dependency binds in a worker thread is seen by
the endpoint, the background task and the access line of the same request.

The middleware opens a fresh `Bindings` per request; outside of one, the first `bind_context` opens it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from weakref import ref

from opentelemetry import context as otel_context
from opentelemetry import trace

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.values.identity import accepted

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

__all__ = [
    "Bindings",
    "CurrentContext",
    "Departure",
    "activate",
    "bind_context",
    "bound_context",
    "clear_context",
    "current_bindings",
    "current_context",
    "forget",
    "remember",
    "remembered",
    "restore",
    "with_bindings",
]

_CALL: Final = guard.site("context.call")
_KEY: Final = otel_context.create_key("ameide-telemetry-bindings")
_ALIASES: Final = {"session_id": names.LOG_SESSION_ID, "saas.tenant": names.LOG_TENANT_ID}
_REMEMBER: Final = guard.site("context.remember", foreign=True)
# The slots themselves: a class may put properties before them.
_TRACEBACK: Final = BaseException.__dict__["__traceback__"].__get__
_CAUSE: Final = BaseException.__dict__["__cause__"].__get__
_CONTEXT: Final = BaseException.__dict__["__context__"].__get__
# The traceback of an exception that is raised over and over grows each time; the last raise comes first.
_MAX_FRAMES: Final = 1_000
_LAST: Final[ContextVar[ref[Departure] | None]] = ContextVar("ameide_telemetry_departure", default=None)


class Bindings:
    """The values of one unit of work, shared by everything that runs inside it.

    Attributes:
        values: contract fields by their log key (`tenant_id`, `request_id`, `ameide_session_id`).
        fields: further fields that the service bound; they appear on log lines only.
        inner: whether these are of a block: spans from before the block are not theirs.
        revision: grows with every change, so that renderings can be cached.
        rendered: the cached rendering of the log pipeline, `(revision, rendering)`.
    """

    __slots__ = ("_open_spans", "fields", "inner", "rendered", "revision", "values")

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        fields: Mapping[str, object] | None = None,
        *,
        inner: bool = False,
    ) -> None:
        self.values: dict[str, str] = dict(values) if values else {}
        self.fields: dict[str, object] = dict(fields) if fields else {}
        self.inner = inner
        self.revision = 0
        self.rendered: tuple[int, object] = (-1, None)
        self._open_spans: dict[int, Span] = {}

    def update(self, changes: Mapping[str, object]) -> None:
        """Set what `changes` holds and remove what it holds as None; open spans get the attributes."""
        for key, value in changes.items():
            name = _ALIASES.get(key, key)
            if name in names.CONTEXT_SPAN_ATTRIBUTES:
                self._set_value(name, value)
            elif value is None:
                self.fields.pop(name, None)
            else:
                self.fields[name] = value
        self.revision += 1

    def span_attributes(self) -> dict[str, str]:
        """Return the contract fields as span attributes, every spelling of each."""
        return {
            attribute: value
            for key, value in self.values.items()
            for attribute in names.CONTEXT_SPAN_ATTRIBUTES[key]
        }

    def opened(self, span: Span) -> None:
        """Remember a span started in this unit of work, so that a later binding reaches it."""
        self._open_spans[span.get_span_context().span_id] = span

    def closed(self, span_id: int) -> None:
        """Forget the span with this span id."""
        self._open_spans.pop(span_id, None)

    def copy(self) -> Bindings:
        """Return an independent copy without open spans, for a block inside."""
        return Bindings(self.values, self.fields, inner=True)

    def _set_value(self, name: str, value: object) -> None:
        if value is None:
            self.values.pop(name, None)
            return
        text = accepted(name, value)
        if text is None:
            return
        self.values[name] = text
        for span in tuple(self._open_spans.values()):
            _set_span_attributes(span, name, text)


class CurrentContext(Mapping[str, object]):
    """A frozen copy of the values in force: a mapping by log key, with the three ids as properties."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = dict(values)

    @property
    def tenant_id(self) -> str | None:
        """The tenant on whose behalf the work is done."""
        return self._text(names.LOG_TENANT_ID)

    @property
    def request_id(self) -> str | None:
        """The id of the request, the same in every service that it crosses."""
        return self._text(names.LOG_REQUEST_ID)

    @property
    def session_id(self) -> str | None:
        """The session, `ameide.session_id` on spans and in baggage."""
        return self._text(names.LOG_SESSION_ID)

    def _text(self, key: str) -> str | None:
        value = self._values.get(key)
        return value if isinstance(value, str) else None

    def __getitem__(self, key: str) -> object:
        return self._values[_ALIASES.get(key, key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"CurrentContext({self._values!r})"


class bound_context:  # noqa: N801 used as a function, like contextlib's own managers
    """Bind values for the length of a `with` block, then restore what was.

    Takes the same arguments as `bind_context`. The block sees the outer values too; what it binds
    stays inside it, also when several tasks run such blocks side by side.
    """

    __slots__ = ("_arguments", "_token")

    def __init__(
        self,
        *,
        tenant_id: str | None = None,
        request_id: str | None = None,
        session_id: str | None = None,
        **fields: object,
    ) -> None:
        self._arguments = (tenant_id, request_id, session_id, fields)
        self._token: Token[Context] | None = None

    def __enter__(self) -> CurrentContext:
        entered = _CALL.call(self._entered)
        return CurrentContext({}) if entered is None else entered

    def _entered(self) -> CurrentContext:
        outer = current_bindings()
        inner = outer.copy() if outer is not None else Bindings()
        inner.update(_changes(*self._arguments))
        self._token = activate(inner)
        return _snapshot(inner)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _CALL.call(restore, self._token)
            self._token = None


def bind_context(
    *,
    tenant_id: str | None = None,
    request_id: str | None = None,
    session_id: str | None = None,
    **fields: object,
) -> None:
    """Bind values to the current unit of work: every later line and span of it carries them.

    Inside a request they reach all of it, whichever dependency, thread or task binds them, the
    already open spans included. Outside of one they hold for the current task or thread.

    Args:
        tenant_id: the tenant, from code that verified the caller's identity; on lines as `tenant_id`
            and `saas.tenant`. At most 150 bytes of `A-Z a-z 0-9 ! - _ . * ' ( )`, and neither `.` nor
            `..`, which is what Loki and Tempo accept. In any other, the characters become `_`, a digest of
            the whole is added, so that `a/b` and `a:b` stay two tenants, and that is counted. The same
            holds for the two ids below.
        request_id: the request's id; normally the middleware has bound it.
        session_id: the session, `ameide_session_id` on lines, `ameide.session_id` on spans.
        **fields: further fields for log lines only; never on spans, metrics or in baggage.
            A value of None removes the field.
    """
    _CALL.call(_bind, tenant_id, request_id, session_id, fields)


def _bind(
    tenant_id: str | None, request_id: str | None, session_id: str | None, fields: Mapping[str, object]
) -> None:
    changes = _changes(tenant_id, request_id, session_id, fields)
    bindings = current_bindings()
    if bindings is None:
        bindings = Bindings()
        activate(bindings)
    bindings.update(changes)
    if bindings.inner:
        return
    current = trace.get_current_span()
    for key in bindings.values.keys() & {_ALIASES.get(name, name) for name in changes}:
        _set_span_attributes(current, key, bindings.values[key])


def clear_context() -> None:
    """Remove every bound value from the current unit of work."""
    _CALL.call(_clear)


def _clear() -> None:
    bindings = current_bindings()
    if bindings is not None:
        bindings.values.clear()
        bindings.fields.clear()
        bindings.revision += 1


def current_context() -> CurrentContext:
    """Return a frozen copy of the values in force; empty when nothing is bound."""
    found = _CALL.call(_current)
    return CurrentContext({}) if found is None else found


def _current() -> CurrentContext:
    bindings = current_bindings()
    return _snapshot(bindings) if bindings is not None else CurrentContext({})


def current_bindings(context: Context | None = None) -> Bindings | None:
    """Return the live bindings of an OTel context, by default of the current one."""
    found = (otel_context.get_current() if context is None else context).get(_KEY)
    return found if type(found) is Bindings else None


def with_bindings(bindings: Bindings, context: Context | None = None) -> Context:
    """Return an OTel context that carries `bindings`, based on `context` or the current one."""
    return otel_context.set_value(_KEY, bindings, context)


def activate(bindings: Bindings) -> Token[Context]:
    """Make `bindings` current; detach the token with OTel's `detach` to restore what was."""
    return otel_context.attach(with_bindings(bindings))


def restore(token: Token[Context]) -> None:
    """Undo an `attach`, quietly also where that is no longer possible.

    An async generator whose client went away is closed by another task, in another context, where the token
    means nothing. OTel's own `detach` then logs an error with a stack, for what is no error of anybody.
    """
    variable = getattr(token, "var", None)
    if variable is None:
        # An OTel runtime context of somebody else's making, whose tokens are their own.
        otel_context.detach(token)
        return
    try:
        variable.reset(token)
    except (ValueError, RuntimeError):
        guard.note("context.not_restored")


class Departure:
    """Where an exception left a unit of work last.

    Only a local variable of the function that it left through holds this. So it is there as long as that
    function's frame, which the exception's traceback holds, and keeps nothing alive.
    """

    __slots__ = ("__weakref__", "context", "frame")

    def __init__(self, error: BaseException, context: Context) -> None:
        self.context = context
        # The frame that catches comes first; no other has its number as long as this object is there.
        self.frame = id(_TRACEBACK(error).tb_frame)


def remember(error: BaseException, context: Context) -> Departure | None:
    """Note, outside of a unit of work, that an exception leaves it; whoever catches holds the result.

    A server logs what escapes in the task or thread that called the application, when the request's context
    is gone; its line gets the ids all the same. The exception is the application's own, and may be shared.
    """
    with _REMEMBER:
        departure = Departure(error, context)
        _LAST.set(ref(departure))
        return departure
    return None


def forget() -> None:
    """Drop the note of a former unit of work: another one begins in the same task or thread."""
    if _LAST.get() is not None:
        _LAST.set(None)


def remembered(error: BaseException) -> Context | None:
    """Return the context that an exception, or what it was raised from, left last in this task or thread."""
    last = _LAST.get()
    if last is not None and (departure := last()) is not None:
        with _REMEMBER:
            if any(_went_through(departure.frame, each) for each in (error, _CAUSE(error), _CONTEXT(error))):
                return departure.context
    return None


def _went_through(frame: int, error: BaseException | None) -> bool:
    trace = None if error is None else _TRACEBACK(error)
    for _ in range(_MAX_FRAMES):
        if trace is None or id(trace.tb_frame) == frame:
            return trace is not None
        trace = trace.tb_next
    return False


def _changes(
    tenant_id: str | None, request_id: str | None, session_id: str | None, fields: Mapping[str, object]
) -> dict[str, object]:
    ids = {names.LOG_TENANT_ID: tenant_id, names.LOG_REQUEST_ID: request_id, names.LOG_SESSION_ID: session_id}
    return {**fields, **{key: value for key, value in ids.items() if value is not None}}


def _set_span_attributes(span: Span, key: str, value: str) -> None:
    if span.is_recording():
        for attribute in names.CONTEXT_SPAN_ATTRIBUTES[key]:
            span.set_attribute(attribute, value)


def _snapshot(bindings: Bindings) -> CurrentContext:
    return CurrentContext({**bindings.fields, **bindings.values})
