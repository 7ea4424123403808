"""Where a pipeline sends to, and what sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["Destination", "Sender"]


class Sender(Protocol):
    """What sends one batch: an exporter of the SDK behind the two questions that a pipeline asks it."""

    def send(self, records: Any) -> str | None:
        """Send the records; return None when they were acknowledged, else the kind of the failure."""
        ...

    def unsendable(self, records: Any) -> Collection[int]:
        """Return the positions of records that no attempt could send; asked after a failed `send`."""
        ...

    def close(self) -> None:
        """Interrupt a send in progress and release what is held; may be called from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a pipeline sends to.

    Attributes:
        exporter: `otlp http/protobuf`, `otlp grpc` or `console`.
        endpoint: URL without credentials; empty for `console`.
        connect: makes the sender; called on the worker thread, so that nobody else imports an exporter.
    """

    exporter: str
    endpoint: str
    connect: Callable[[], Sender]

    def __str__(self) -> str:
        return self.endpoint or self.exporter
