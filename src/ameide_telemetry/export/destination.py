"""Where a pipeline sends to, what sends, and what a sender answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["UNENCODABLE", "Answer", "Destination", "Sender"]

# The kind of failure after which a pipeline asks which records are to blame.
UNENCODABLE = "unencodable"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt to send.

    Attributes:
        error: None when the records were acknowledged, else the kind of the failure: `connection_refused`,
            `connection_reset`, `timeout`, `http_503`, `grpc_unavailable`, `unencodable`, or the name of an
            exception's class.
        retry: whether another attempt may succeed.
        retry_after: seconds that the peer asked to wait before it.
        rejected: how many of the acknowledged records the peer refused (OTLP's partial success).
        too_large: whether fewer records at once may succeed.
    """

    error: str | None = None
    retry: bool = False
    retry_after: float | None = None
    rejected: int = 0
    too_large: bool = False


class Sender(Protocol):
    """One connection to one receiver. Used by one thread, except for `close`."""

    def send(self, records: Any, deadline: float) -> Answer:
        """Make one attempt to send the records, without a retry and without a sleep.

        Args:
            records: a list of spans or log records, or one collection of metrics.
            deadline: `time.monotonic()` value by which to return, whatever the peer does.
        """
        ...

    def unsendable(self, records: Any) -> Collection[int]:
        """Return the positions of records that no attempt could send; asked after `unencodable`.

        Positions count spans, log records, or metrics (in the order in which they are nested).
        """
        ...

    def close(self) -> None:
        """Interrupt a send in progress and release what is held; from any thread, at any time."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a pipeline sends to.

    Attributes:
        exporter: `otlp http/protobuf`, `otlp grpc` or `console`.
        endpoint: URL without credentials; empty for `console`.
        connect: makes the sender; called on the worker thread, so that nobody else imports an exporter.
        timeout: seconds that one attempt may take.
        budget: seconds that one batch may take, with every attempt and the pauses between them.
    """

    exporter: str
    endpoint: str
    connect: Callable[[], Sender]
    timeout: float = 10.0
    budget: float = 30.0

    def __str__(self) -> str:
        return self.endpoint or self.exporter
