"""Instrumentation scopes without what must not leave the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from ameide_telemetry.values.plain import plain

if TYPE_CHECKING:
    from ameide_telemetry.redaction import Found, Redactor

__all__ = ["Scopes"]

# They live as long as their tracers, which is as long as the process mostly.
_MOST: Final = 256


class Scopes:
    """Redacts the attributes of scopes, each once.

    They are sent with every batch, and whoever makes a tracer or a logger may put anything there. Name,
    version and schema are the code's own, and stay.

    Args:
        redactor: of the process.
    """

    __slots__ = ("_known", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: dict[int, tuple[Any, Any]] = {}

    def shown(self, scope: InstrumentationScope | None) -> InstrumentationScope | None:
        """Return the scope as it may be sent: the same one, when nothing has to change."""
        known = self._known.get(id(scope))
        if known is not None and known[0] is scope:
            return known[1]  # type: ignore[no-any-return]  # what was put there below
        shown = scope if scope is None or not scope.attributes else self._redacted(scope)
        if len(self._known) < _MOST:
            # Both are held, so that nothing else gets the number of either.
            self._known[id(scope)] = scope, shown
        return shown

    def _redacted(self, scope: InstrumentationScope) -> InstrumentationScope:
        found: Found = {}
        redactor = self._redactor
        shown = {
            redactor.name(name, found): redactor.field(
                name, value if type(value) is str else plain(value), found
            )
            for name, value in dict(scope.attributes or {}).items()
        }
        if not found:
            return scope
        return InstrumentationScope(scope.name, scope.version, scope.schema_url, shown)
