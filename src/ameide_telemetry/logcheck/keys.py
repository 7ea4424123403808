"""The names of fields: what Loki makes of them, and what the contract calls them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ameide_telemetry.contract.model import Contract

__all__ = ["KeyNames", "collisions"]

_NOT_LABEL: Final = re.compile(r"[^A-Za-z0-9_]")
_SEPARATORS: Final = str.maketrans("", "", "._-@ ")
# What other loggers call the fields of the contract.
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "timestamp": ("asctime", "ts", "@timestamp", "datetime", "time"),
    "level": ("levelname", "severity", "lvl", "loglevel", "log.level", "severity_text", "severitytext"),
    "message": ("msg", "event", "body"),
    "logger": ("logger_name", "log.logger"),
    "service": ("service.name", "service_name"),
    "version": ("service.version", "service_version"),
    "env": ("environment", "deployment.environment", "deployment.environment.name"),
    "trace_id": ("trace.id", "dd.trace_id", "otelTraceID", "otel.trace_id"),
    "span_id": ("span.id", "dd.span_id", "otelSpanID", "otel.span_id"),
    "trace_flags": ("otelTraceSampled",),
    "request_id": ("x-request-id", "correlation_id", "x-correlation-id", "http.request.id"),
    "tenant_id": ("tenant", "tenant_name", "x-tenant-id"),
    "ameide_session_id": ("session_id", "session"),
    "http_request_method": ("http.method",),
    "http_response_status_code": ("http.status_code",),
    "exception_stacktrace": ("exc_info", "exc_text", "traceback", "stack_trace", "error.stack_trace"),
    "exception_type": ("exc_type", "exception.type"),
    "exception_message": ("exc_message", "exception.message"),
}
_MIN_ANAGRAM: Final = 6


class KeyNames:
    """Knows the names of the contract, and what is nearly one.

    Args:
        contract: whose fields they are.
        own: the names that a service has declared; without any, only what is nearly a name is told.

    Attributes:
        fields: every key that the contract knows on a line -> the first key of its field.
        known: those, and what a service has declared.
    """

    __slots__ = ("_near", "_own", "fields", "known")

    def __init__(self, contract: Contract, own: frozenset[str] = frozenset()) -> None:
        self.fields = {key: field.log[0] for field in contract.fields for key in field.log}
        self.known = frozenset(self.fields) | own
        self._own = own
        self._near = {
            _folded(name): field.log[0]
            for field in contract.fields
            for name in (field.name, *field.span)
            if field.log
        }
        for right, aliases in _ALIASES.items():
            if right in self.fields:
                self._near.update((_folded(alias), right) for alias in aliases)
        self._near.update((_folded(key), key) for key in self.fields)

    def findings(self, record: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield the keys that nobody knows; a near miss of a name is worse than a name of one's own."""
        for key in record:
            if key not in self.known:
                right = self.nearest(key)
                if right in record:
                    yield Finding("TEL512", f"is nearly {right}, which is there too", key, _RENAME, "info")
                elif right:
                    hint = f"write `{right}`"
                    yield Finding(
                        "TEL512", f"is not a field; the contract calls it {right}", key, hint, "warning"
                    )
                elif self._own:
                    yield Finding("TEL512", "is not a known key", key, _DECLARE, "info")

    def nearest(self, key: str) -> str:
        """Return the key of the contract that another name is meant to be; empty when there is none."""
        folded = _folded(key)
        right = self._near.get(folded)
        if right is not None:
            return right
        if len(folded) < _MIN_ANAGRAM:
            return ""
        # Two letters that changed places.
        letters = sorted(folded)
        return next((name for each, name in self._near.items() if sorted(each) == letters), "")


def collisions(record: Mapping[str, Any]) -> list[Finding]:
    """Return the keys that Loki's `json` parser gives one name."""
    flat = not any(isinstance(value, dict | list) for value in record.values())
    return _flat_collisions(tuple(record)) if flat else _collisions(_paths(record, ""))


@lru_cache(maxsize=1_024)
def _flat_collisions(keys: tuple[str, ...]) -> list[Finding]:
    return _collisions(keys)


def _collisions(paths: Iterable[str]) -> list[Finding]:
    found = []
    seen: dict[str, str] = {}
    for path in paths:
        name = label(path)
        if name in seen:
            hint = f"rename one of them: Loki calls both `{name:.80}`"
            message = f"is the same as {seen[name]:.80} once Loki has flattened it"
            found.append(Finding("TEL509", message, path, hint))
        else:
            seen[name] = path
    return found


def label(path: str) -> str:
    """Return the name that Loki gives the value at a path."""
    name = _NOT_LABEL.sub("_", path)
    return f"_{name}" if name[:1].isdigit() else name


def _paths(record: Mapping[str, Any], before: str) -> Iterator[str]:
    for key, value in record.items():
        path = f"{before}.{key}" if before else key
        if isinstance(value, dict):
            yield from _paths(value, path)
        elif not isinstance(value, list):
            # Loki's parser passes over lists.
            yield path


def _folded(key: str) -> str:
    return key.lower().translate(_SEPARATORS)


_RENAME: Final = "give it another name, or declare it among the known keys"
_DECLARE: Final = "declare it among the known keys, or take it out"
