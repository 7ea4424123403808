"""A span whose calls never raise into the service, whatever values they are given.

The SDK's span turns values into attributes while it holds a lock that is not reentrant, and by running
their code: an object whose `__str__` raises fails the caller, one that touches the span while it is printed
blocks it for ever, and a list that refers to itself, or thirty times to the same list, ends in a recursion
or in gigabytes. Here values are made plain first, by the rules that log lines have; what is a plain scalar
already, as nearly all are, goes straight to the SDK.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import Span
from opentelemetry.semconv.attributes import exception_attributes
from opentelemetry.trace import SpanContext, Status, StatusCode

from ameide_telemetry import guard
from ameide_telemetry.values.failure import Failure, exc_info_of, failure_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.plain import MAX_TEXT, plain
from ameide_telemetry.values.text import key_text, shorten, text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from opentelemetry.util import types

__all__ = ["GuardedSpan", "attributes_of", "record_failure", "wanted"]

_CALL: Final = guard.site("traces.span_call", foreign=True)
# The SDK keeps 128 by default and logs a line for every one above; so many were never meant to be attributes.
_MAX_ATTRIBUTES: Final = 256
# Looked up once: `super()` costs as much as the guard does.
_set_attribute: Final = Span.set_attribute
_end: Final = Span.end


class GuardedSpan(Span):
    """The SDK's span, made total. It has no state of its own: a span becomes one by its class."""

    def set_attribute(self, key: str, value: types.AnyValue) -> None:
        """Set one attribute; never raises."""
        kind = type(value)
        if type(key) is str and (kind is str or kind is int or kind is bool or kind is float):
            _CALL.call(_set_attribute, self, key, value)
        else:
            _CALL.call(_set_attribute, self, key_text(key), _value(value))

    def set_attributes(self, attributes: Mapping[str, types.AnyValue]) -> None:
        """Set several attributes; never raises."""
        _CALL.call(_set_attributes, self, attributes)

    def add_event(self, name: str, attributes: types.Attributes = None, timestamp: int | None = None) -> None:
        """Add an event; never raises."""
        _CALL.call(_add_event, self, name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: types.Attributes = None) -> None:
        """Add a link to another span; never raises. What is no span context is left out."""
        if type(context) is SpanContext:
            _CALL.call(_add_link, self, context, attributes)
        else:
            guard.note("traces.link_refused")

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status; never raises."""
        if not issubclass(type(status), (Status, StatusCode)):
            guard.note("traces.status_refused")
            return
        if description is not None and type(description) is not str:
            description = text_of(description)
        _CALL.call(super().set_status, status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: types.Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an exception as an event, its stack bounded; never raises."""
        _CALL.call(_record_exception, self, exception, attributes, timestamp, escaped)

    def end(self, end_time: int | None = None) -> None:
        """End the span; never raises."""
        _CALL.call(_end, self, end_time)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """End the span of a `with` block, noting the exception that ends it."""
        if exc_val is not None:
            with _CALL:
                record_failure(
                    self,
                    exc_val,
                    event=self._record_exception,
                    status=self._set_status_on_exception,
                    escaped=True,
                )
        self.end()


def record_failure(
    span: Any, error: BaseException, *, event: bool, status: bool, escaped: bool = False
) -> None:
    """Note on a span the exception that ends its block: as an event, as its status, or both."""
    if not span.is_recording():
        return
    if event is True or wanted(event):
        span.record_exception(error, escaped=escaped)
    if status is True or wanted(status):
        text = shorten(f"{type_name(error)}: {text_of(error)}", MAX_TEXT)
        span.set_status(Status(StatusCode.ERROR, text))


def wanted(choice: object) -> bool:
    """Return whether an argument means yes; one that cannot tell means yes, as one that was not given."""
    return contained(bool, choice) is not False


def attributes_of(attributes: Any) -> Any:
    """Return attributes that can be read without running code of the caller's: the same where they are so."""
    if attributes is None or _are_plain(attributes):
        return attributes
    items = contained(_items, attributes)
    if items is None:
        guard.note("traces.attributes_refused")
        return None
    return {key_text(key): _value(value) for key, value in items}


def _are_plain(attributes: Any) -> bool:
    if type(attributes) is not dict or len(attributes) > _MAX_ATTRIBUTES:
        return False
    for key, value in attributes.items():
        kind = type(value)
        if not (type(key) is str and (kind is str or kind is int or kind is bool or kind is float)):
            return False
    return True


def _items(attributes: Any) -> list[tuple[Any, Any]]:
    return list(islice(attributes.items(), _MAX_ATTRIBUTES))


def _value(value: Any) -> Any:
    return value if type(value) is bytes else plain(value)


def _set_attributes(span: GuardedSpan, attributes: Any) -> None:
    clean = attributes_of(attributes)
    if clean:
        Span.set_attributes(span, clean)


def _add_event(span: GuardedSpan, name: str, attributes: Any, timestamp: int | None) -> None:
    Span.add_event(span, name, attributes_of(attributes), timestamp)


def _add_link(span: GuardedSpan, context: SpanContext, attributes: Any) -> None:
    Span.add_link(span, context, attributes_of(attributes))


def _record_exception(
    span: GuardedSpan, exception: object, attributes: Any, timestamp: int | None, escaped: object
) -> None:
    info = exc_info_of(exception) if issubclass(type(exception), BaseException) else None
    failure = failure_of(info) if info else Failure(type_name(exception), text_of(exception), "")
    found = {
        exception_attributes.EXCEPTION_TYPE: failure.type,
        exception_attributes.EXCEPTION_MESSAGE: failure.message,
        exception_attributes.EXCEPTION_STACKTRACE: failure.stacktrace,
        exception_attributes.EXCEPTION_ESCAPED: str(escaped is True),
        **(attributes_of(attributes) or {}),
    }
    Span.add_event(span, "exception", found, timestamp)
