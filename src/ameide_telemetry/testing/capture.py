"""The fixture `telemetry`: what the running test emitted, and what must hold of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ameide_telemetry.testing import assertions
from ameide_telemetry.testing.logs import CapturedLine, draw_lines
from ameide_telemetry.testing.metrics import CapturedMetric, Measured, draw_metrics
from ameide_telemetry.testing.query import Query
from ameide_telemetry.testing.routes import points
from ameide_telemetry.testing.snapshot import snapshot_of
from ameide_telemetry.testing.spans import CapturedSpan, draw_spans, spans_of

if TYPE_CHECKING:
    from ameide_telemetry.testing.sink import Sink

__all__ = ["TelemetryCapture"]


class TelemetryCapture:
    """What one test emitted so far; every look at it takes in what came since.

    Args:
        sink: of the test.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._measured = Measured()

    @property
    def spans(self) -> Query[CapturedSpan]:
        """Ended spans, by their starts."""
        return Query("span", spans_of(self._sink.spans), draw_spans)

    @property
    def logs(self) -> Query[CapturedLine]:
        """Lines as they left the process, in their order."""
        spans = spans_of(self._sink.spans)
        lines = [CapturedLine(each) for each in self._sink.lines]
        return Query("line", lines, lambda items: draw_lines(items, spans))

    @property
    def metrics(self) -> Query[CapturedMetric]:
        """What was measured since the test began, per metric and set of attributes."""
        self._measured.take(points.collected())
        return Query("metric", self._measured.all(), draw_metrics)

    def snapshot(self) -> dict[str, Any]:
        """Return spans, lines and metrics as plain data that is equal in every run of the test.

        Ids are counted, times are left out, and paths, versions, ports and line numbers are blanked.
        """
        return snapshot_of(self.spans, self.logs, self.metrics)

    def assert_correlated(self) -> None:
        """Every line of a span carries its ids, and a span of this test has them, with the same tenant.

        Raises:
            TelemetryAssertionError: a line does not, or no line was logged inside of any span.
        """
        assertions.check_correlated(self.spans, self.logs, self._sink.open)

    def assert_no_orphans(self) -> None:
        """Every span has ended, and its parent is a span of this test or another process's.

        Raises:
            TelemetryAssertionError: some span has not, or there is no span at all.
        """
        assertions.check_no_orphans(self.spans, self._sink.open)

    def assert_no_pii(self) -> None:
        """No line, span or metric holds data of a person or a secret, by name or by value.

        Raises:
            TelemetryAssertionError: one does; the text names the place and the class, never the value.
        """
        assertions.check_no_pii(self.spans, self.logs, self.metrics)

    def assert_cardinality(self, metric: str, max: int) -> None:  # noqa: A002 it reads best at the call
        """A metric has at most `max` sets of attributes in this test.

        Raises:
            TelemetryAssertionError: it has more, or was not measured at all.
        """
        assertions.check_cardinality(self.metrics, metric, max)
