"""A process under test with all three signals, and the check of its books."""

from __future__ import annotations

import logging
import os
from typing import Any, Final, Literal

from ameide_telemetry import metrics, traces
from ameide_telemetry.export import log_records
from ameide_telemetry.export.budget import ByteBudget
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource
from support.pipelines import collector_settings

__all__ = ["Elsewhere", "Said", "Service"]

_SIGNALS: Final = ("traces", "metrics", "logs")


class Said(logging.Handler):
    """Keeps the diagnostic lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        logger = logging.getLogger("ameide_telemetry")
        logger.addHandler(self)
        logger.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(record.getMessage())


class Elsewhere:
    """A collector in another process; the environment has its port.

    Args:
        variable: name of the environment variable.
    """

    protocol: Literal["http/protobuf"] = "http/protobuf"

    def __init__(self, variable: str) -> None:
        self._base = f"http://127.0.0.1:{os.environ[variable]}"

    def endpoint(self, signal: str = "") -> str:
        """Return the URL of a signal."""
        return f"{self._base}/v1/{signal}"


class Service:
    """The three signals of one process, with one collector.

    Args:
        collector: a fake one, here or elsewhere.
        **changes: fields of the settings by signal.
    """

    def __init__(self, collector: Any, **changes: Any) -> None:
        settings = collector_settings(collector, **changes)
        self.ledger, self.budget, resource = Ledger(), ByteBudget(), build_resource(settings)
        self.spans = traces.install(settings, resource, self.ledger, self.budget)
        self.points = metrics.install(settings, resource, self.ledger)
        self.lines = log_records.install(settings, resource, self.ledger, self.budget)
        self.pipelines: tuple[Any, ...] = (self.spans.pipeline, self.points.pipeline, self.lines.pipeline)
        self.tracer = self.spans.tracer("test")
        self.logger: Any = self.lines.logger("test")
        self.counter = self.points.meter("test").create_counter("work.done")

    def work(self, times: int) -> None:
        """Make so many spans, log records and measurements."""
        for _ in range(times):
            self.tracer.start_span("work").end()
            self.logger.emit(body="done")
            self.counter.add(1)

    def check(self, **expected: int) -> None:
        """Assert that the books are right.

        Args:
            **expected: how many records of a signal were emitted.
        """
        for name in _SIGNALS:
            counts = getattr(self.ledger, name).counts()
            assert counts["emitted"] == counts["delivered"] + counts["dropped"] + counts["queued"], counts
            assert counts["dropped"] == sum(counts["dropped_by_reason"].values()), counts
            assert counts["queued"] >= 0, counts
            assert counts["emitted"] == expected.get(name, counts["emitted"]), (name, counts)
