"""Log records that others than this library emit: what must not leave the process is taken out of them.

Ours are redacted when they are made of a line's parts. Whoever uses OpenTelemetry's loggers by themselves
hands over a record as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.attributes import BoundedAttributes

from ameide_telemetry.contract import names
from ameide_telemetry.export.scopes import Scopes
from ameide_telemetry.values.plain import plain

if TYPE_CHECKING:
    from ameide_telemetry.redaction import Found, Redactor

__all__ = ["RecordRedaction"]

# Nothing has to be done to them before they are looked at, and a text is searched before it is cut.
_SIMPLE: Final = frozenset({str, bool, int, float, type(None)})
_WHOLE: Final = _SIMPLE | {bytes}


class RecordRedaction:
    """Takes what must not leave the process out of records and their scopes.

    Args:
        redactor: of the process.
    """

    __slots__ = ("_redactor", "_scopes")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._scopes = Scopes(redactor)

    def scope(self, scope: Any) -> Any:
        """Return the scope as it may be sent."""
        return self._scopes.shown(scope)

    def apply(self, record: Any) -> None:
        """Redact the body and the attributes of a record in place; a class's name stays what it is."""
        found: Found = {}
        redactor = self._redactor
        record.body = self._value("body", record.body, found)
        attributes = dict(record.attributes or {})
        shown = {
            redactor.name(name, found): self._value(name, value, found) for name, value in attributes.items()
        }
        if found:
            shown[names.SPAN_REDACTED] = tuple(f"{kind}={count}" for kind, count in sorted(found.items()))
        elif all(type(value) in _WHOLE for value in attributes.values()):
            return
        dropped = getattr(record.attributes, "dropped", 0)
        record.attributes = BoundedAttributes(attributes=shown, extended_attributes=True)
        record.attributes.dropped += dropped

    def _value(self, name: str, value: Any, found: Found) -> Any:
        if type(value) in _SIMPLE:
            return self._redactor.field(name, value, found)
        if type(value) is not bytes:
            # With the limits of a line: what is beyond them was not searched, and is left out.
            return self._redactor.field(name, plain(value), found)
        text = value.decode("latin-1")
        shown = self._redactor.field(name, text, found)
        return value if shown is text else shown
