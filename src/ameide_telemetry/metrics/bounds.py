"""Which attribute sets an instrument keeps: no denied attributes, nothing private, a bounded number of sets.

A View cannot do it. An attribute that a View drops comes back as a filtered attribute of the exemplar, and
the cardinality limit of SDK 1.45.2 (1.45.1 has none) puts the attributes beyond it there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.metrics.values import is_simple, plain, text_size
from ameide_telemetry.redaction import RedactionPolicy, Redactor

if TYPE_CHECKING:
    from ameide_telemetry.redaction import Found

__all__ = ["OVERFLOW", "Bounds", "key_of", "redacted"]

# OpenTelemetry specification, metrics SDK, "Overflow attribute".
OVERFLOW: Final[Mapping[str, bool]] = {"otel.metric.overflow": True}
_SEPARATORS: Final = str.maketrans("", "", "._-")
# Characters in all attribute sets of one instrument: with long values it is met before the number of sets.
_MOST_TEXT: Final = 2**21
# Characters of a value that are searched: twice what is kept, so that none is cut in the midst of a secret.
_MOST_SEARCHED: Final = 2048


class Bounds:
    """The bounds of all instruments of a provider, for one thread at a time.

    Args:
        limit: attribute sets per instrument at most, the overflow set included; at least 1.
        redactor: takes out what must not leave the process; by default one that knows no settings.
    """

    def __init__(self, limit: int, redactor: Redactor | None = None) -> None:
        self._limit = max(1, limit)
        self._redactor = redactor or Redactor(RedactionPolicy())
        self._seen: dict[Any, set[Any]] = {}
        self._text: dict[Any, int] = {}

    def apply(self, measurement: Any) -> Any:
        """Return the measurement with attributes that it may have: its own or, beyond the bounds, overflow.

        Attributes that are no plain data are made so, and what was judged once is only looked up.
        """
        attributes = measurement.attributes
        key = key_of(attributes) if attributes else _EMPTY_KEY
        seen = self._seen.get(measurement.instrument)
        if seen is not None and key in seen:
            return measurement
        return self._judged(measurement, key)

    def _judged(self, measurement: Any, key: Any) -> Any:
        attributes = redacted(_permitted(measurement.attributes or {}), self._redactor)
        own = key_of(attributes)
        if not self._admits(measurement.instrument, own, text_size(attributes)):
            attributes, own = dict(OVERFLOW), _OVERFLOW_KEY
        return measurement if own == key else replace(measurement, attributes=attributes)

    def _admits(self, instrument: Any, key: Any, size: int) -> bool:
        seen = self._seen.setdefault(instrument, set())
        if key in seen:
            return True
        held = self._text.get(instrument, 0) + size
        if key != _OVERFLOW_KEY and (len(seen) + 1 >= self._limit or held > _MOST_TEXT):
            return False
        self._text[instrument] = held
        seen.add(key)
        return True


def redacted(attributes: Any, redactor: Redactor) -> dict[str, Any]:
    """Return attributes as plain data without what must not be shown; never raises.

    Texts are redacted before they are cut, for half a secret looks like none; all else once it is plain.
    """
    found: Found = {}
    field = redactor.field
    given = attributes if is_simple(attributes) else plain(attributes)
    texts = {
        name: field(name, each[:_MOST_SEARCHED], found) if type(each) is str else each
        for name, each in given.items()
    }
    made = plain(texts)
    shown = {
        redactor.name(name, found): each if type(each) is str else field(name, each, found)
        for name, each in made.items()
    }
    return shown if found else made


def _folded(name: str) -> str:
    """Return what is left of a name without case and separators: `Tenant.ID` and `tenantId` are one."""
    return name.casefold().translate(_SEPARATORS)


_DENIED: Final = frozenset(map(_folded, names.METRIC_DENIED_ATTRIBUTES))
# Names that passed: measuring again costs one look-up per name. Full, it only costs the time to fold.
_ALLOWED: Final[set[Any]] = set()
_MOST_ALLOWED: Final = 4096


def _permitted(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes without the denied ones: the same object when there are none."""
    if attributes.keys() <= _ALLOWED:
        return attributes
    kept = {name: each for name, each in attributes.items() if name in _ALLOWED or _is_allowed(name)}
    if len(kept) == len(attributes):
        return attributes
    guard.note("metrics.attribute_denied")
    return kept


def _is_allowed(name: Any) -> bool:
    allowed = not (isinstance(name, str) and _folded(name) in _DENIED)
    if allowed and len(_ALLOWED) < _MOST_ALLOWED:
        _ALLOWED.add(name)
    return allowed


def key_of(attributes: Mapping[str, Any] | None) -> Any:
    """Return a hashable stand-in: equal exactly when the SDK puts both in one point."""
    if not attributes:
        return _EMPTY_KEY
    try:
        # A tuple says nothing of the classes inside it: `(1,)` and `(True,)` are equal, and two points.
        return frozenset(
            [
                (key, each.__class__, each if each.__class__ is not tuple else _deep_key(each))
                for key, each in attributes.items()
            ]
        )
    except TypeError:
        return _deep_key(attributes)


def _deep_key(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((key, _deep_key(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(_deep_key(each) for each in value)
    return value.__class__, repr(value)


_EMPTY_KEY: Final[frozenset[Any]] = frozenset()
_OVERFLOW_KEY: Final = key_of(OVERFLOW)
