"""What a flush, a shutdown or a look at the status says: per signal, and truthful."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ameide_telemetry.ledger import Counts

__all__ = ["FlushResult", "PipelineStatus", "SignalResult"]


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


class PipelineStatus(TypedDict):
    """What `status()` shows of one pipeline.

    Attributes:
        state: `idle` before the first record, `ok`, `failing` while the destination does not take records or
            the worker is dead, `stopped` after a shutdown.
        exporter: `otlp http/protobuf`, `otlp grpc` or `console`.
        endpoint: URL without credentials.
        thread_alive: whether there is a worker.
        restarts: how many workers have died and were replaced.
        last_error: kind of the last failure, also after it is over.
        counts: the balance.
    """

    state: str
    exporter: str
    endpoint: str
    thread_alive: bool
    restarts: int
    last_error: str | None
    counts: Counts
