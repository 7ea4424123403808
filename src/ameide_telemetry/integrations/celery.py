"""Telemetry around Celery workers: what is queued is sent before a worker process ends.

A prefork child leaves through `os._exit`, so no exit hook of the interpreter runs in it. The spans of
tasks come from `opentelemetry-instrumentation-celery`, see `clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery import signals  # type: ignore[import-untyped]

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["flush_at_worker_exit"]

_FLUSH: Final = guard.site("celery.flush")
_UID: Final = "ameide_telemetry.flush"
# A pool process (prefork), and the worker itself (the solo and thread pools have no processes).
_ENDINGS: Final = (signals.worker_process_shutdown, signals.worker_shutdown)


def flush_at_worker_exit(flush: Callable[[], object]) -> Callable[[], None]:
    """Call `flush` when a worker or one of its pool processes ends; return what undoes it.

    Args:
        flush: sends what is queued, within a bounded time.
    """

    def ended(**_: Any) -> None:
        with _FLUSH:
            flush()

    for signal in _ENDINGS:
        signal.connect(ended, weak=False, dispatch_uid=_UID)

    def undo() -> None:
        for signal in _ENDINGS:
            signal.disconnect(ended, dispatch_uid=_UID)

    return undo
