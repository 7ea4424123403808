"""All signals under one deadline: every worker is asked first, then waited for. No thread is started."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ameide_telemetry.export.results import FlushResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.export.worker import Pipeline

__all__ = ["flush_all", "shutdown_all"]


def flush_all(pipelines: Iterable[Pipeline | None], timeout: float) -> FlushResult:
    """Send what waits in all pipelines; return within `timeout` seconds for all of them together.

    Args:
        pipelines: one per signal at most; None for a signal without exporter.
        timeout: seconds.
    """
    deadline = time.monotonic() + max(0.0, timeout)
    asked = [(each, each.begin_flush()) for each in pipelines if each is not None]
    return FlushResult(**{each.signal: each.end_flush(flush, deadline) for each, flush in asked})


def shutdown_all(pipelines: Iterable[Pipeline | None], timeout: float) -> FlushResult:
    """Send what waits, stop all pipelines and drop the rest; return within `timeout` seconds.

    Args:
        pipelines: one per signal at most; None for a signal without exporter.
        timeout: seconds for all of them together.
    """
    deadline = time.monotonic() + max(0.0, timeout)
    asked = [(each, each.begin_shutdown(deadline)) for each in pipelines if each is not None]
    return FlushResult(**{each.signal: each.end_shutdown(before, deadline) for each, before in asked})
