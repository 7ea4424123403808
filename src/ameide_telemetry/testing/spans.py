"""Captured spans."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CapturedSpan", "draw_spans", "spans_of"]


@dataclass(frozen=True)
class CapturedSpan:
    """One ended span.

    Attributes:
        span: the SDK's own, with everything that is not here.
    """

    span: Any

    @property
    def name(self) -> str:
        """The span's name."""
        return str(self.span.name)

    @property
    def trace_id(self) -> str:
        """32 lower-case hex digits."""
        return f"{self.span.context.trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 lower-case hex digits."""
        return f"{self.span.context.span_id:016x}"

    @property
    def parent_id(self) -> str | None:
        """The parent's `span_id`; None for a root."""
        parent = self.span.parent
        return None if parent is None else f"{parent.span_id:016x}"

    @property
    def remote_parent(self) -> bool:
        """Whether the parent is another process's."""
        return self.span.parent is not None and bool(self.span.parent.is_remote)

    @property
    def kind(self) -> str:
        """`internal`, `server`, `client`, `producer` or `consumer`."""
        return str(self.span.kind.name).lower()

    @property
    def status(self) -> str:
        """`unset`, `ok` or `error`."""
        return str(self.span.status.status_code.name).lower()

    @property
    def scope(self) -> str:
        """Name of the tracer that made it."""
        scope = self.span.instrumentation_scope
        return "" if scope is None else str(scope.name)

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """As they leave the process, redacted."""
        return dict(self.span.attributes or {})

    @property
    def events(self) -> tuple[Any, ...]:
        """The SDK's events."""
        return tuple(self.span.events)

    @property
    def start(self) -> int:
        """Nanoseconds since the epoch."""
        return int(self.span.start_time or 0)

    def facts(self) -> Mapping[str, object]:
        """Return name, kind, status, scope and ids, and every attribute."""
        return {
            "kind": self.kind,
            "status": self.status,
            "scope": self.scope,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "parent_id": self.parent_id,
            **self.attributes,
        }

    def __repr__(self) -> str:
        return f"<span {self.name!r} {self.kind} {self.status} {self.attributes}>"


def spans_of(ended: Sequence[Any]) -> list[CapturedSpan]:
    """Return ended spans in the order of their starts; a parent stands before its children."""
    # The sort is stable: where the clock did not move, who ended last has enclosed the others.
    return sorted([CapturedSpan(each) for each in reversed(ended)], key=lambda each: each.start)


def draw_spans(spans: Sequence[CapturedSpan]) -> str:
    """Return the names, each child indented below its parent."""
    known = {each.span_id for each in spans}
    below: dict[str | None, list[CapturedSpan]] = {}
    for each in spans:
        below.setdefault(each.parent_id if each.parent_id in known else None, []).append(each)
    lines: list[str] = []
    waiting = [(0, each) for each in reversed(below.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        lines.append("  " * depth + span.name)
        waiting += [(depth + 1, child) for child in reversed(below.get(span.span_id, []))]
    return "\n".join(lines)
