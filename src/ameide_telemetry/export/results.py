"""What a flush or a shutdown says: per signal, and truthful."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["FlushResult", "SignalResult"]


@dataclass(frozen=True, slots=True)
class SignalResult:
    """What became of one signal during a flush or a shutdown, in records.

    Attributes:
        ok: whether everything that waited when the call began was acknowledged before its deadline.
        delivered: records that were acknowledged during the call.
        queued: records that still wait.
        dropped: records that were given up during the call.
        error: why `ok` is False: `timeout`, `shutdown`, or the kind of the last export failure.
    """

    ok: bool = True
    delivered: int = 0
    queued: int = 0
    dropped: int = 0
    error: str | None = None

    def __bool__(self) -> bool:
        return self.ok


@dataclass(frozen=True, slots=True)
class FlushResult:
    """The three signals together; true when all of them are. A signal without exporter is ok with zeros."""

    traces: SignalResult = field(default_factory=SignalResult)
    metrics: SignalResult = field(default_factory=SignalResult)
    logs: SignalResult = field(default_factory=SignalResult)

    def __bool__(self) -> bool:
        return self.traces.ok and self.metrics.ok and self.logs.ok
