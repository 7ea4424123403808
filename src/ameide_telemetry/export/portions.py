"""Making a batch smaller: without the records that are to blame, or in halves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ameide_telemetry.ledger import Signal

__all__ = ["Portions", "portions_of"]


class Portions(Protocol):
    """How one kind of batch is counted and made smaller; nothing is changed in place."""

    def count(self, records: Any) -> int:
        """Return how many records that is in the ledger's terms."""
        ...

    def without(self, records: Any, positions: Collection[int]) -> Any:
        """Return the records without those at the positions."""
        ...

    def halves(self, records: Any) -> Sequence[Any]:
        """Return two halves in order; nothing when there is only one record."""
        ...


class _ListPortions:
    """A list of spans or log records."""

    def count(self, records: Sequence[Any]) -> int:
        return len(records)

    def without(self, records: Sequence[Any], positions: Collection[int]) -> Sequence[Any]:
        return [record for position, record in enumerate(records) if position not in positions]

    def halves(self, records: Sequence[Any]) -> Sequence[Any]:
        middle = len(records) // 2
        return (records[:middle], records[middle:]) if middle else ()


class _MetricPortions:
    """The SDK's `MetricsData`: positions are metrics, in the order in which they are nested."""

    def count(self, records: Any) -> int:
        return sum(len(metric.data.data_points) for metric in self._metrics(records))

    def without(self, records: Any, positions: Collection[int]) -> Any:
        position = -1
        resources = []
        for resource in records.resource_metrics:
            scopes = []
            for scope in resource.scope_metrics:
                kept = []
                for metric in scope.metrics:
                    position += 1
                    if position not in positions:
                        kept.append(metric)
                if kept:
                    scopes.append(replace(scope, metrics=kept))
            if scopes:
                resources.append(replace(resource, scope_metrics=scopes))
        return replace(records, resource_metrics=resources)

    def halves(self, records: Any) -> Sequence[Any]:
        count = len(self._metrics(records))
        middle = count // 2
        if not middle:
            return ()
        return self.without(records, range(middle, count)), self.without(records, range(middle))

    def _metrics(self, records: Any) -> list[Any]:
        return [
            metric
            for resource in records.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]


_PORTIONS: Final[Mapping[str, Portions]] = {
    "traces": _ListPortions(),
    "logs": _ListPortions(),
    "metrics": _MetricPortions(),
}


def portions_of(signal: Signal) -> Portions:
    """Return how the batches of a signal are made smaller."""
    return _PORTIONS[signal]
