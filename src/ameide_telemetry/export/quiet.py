"""Exporting makes no telemetry of its own.

The request of an exporter would otherwise be traced by the instrumented HTTP client, and its log records
would be exported by the next request, without end (open-telemetry/opentelemetry-python#2701, #4261).
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["exports", "mute", "quiet"]

# The API has no public name for the key that contrib instrumentations and the SDK's own processors look
# at (`opentelemetry.context._SUPPRESS_INSTRUMENTATION_KEY`, 1.45). The plain string is the older spelling,
# which `opentelemetry.instrumentation.utils.is_instrumentation_enabled` still honours.
_KEYS: Final = tuple(
    key
    for key in (
        getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", None),
        getattr(otel_context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None),
        "suppress_instrumentation",
    )
    if key
)
_EXPORTER_LOGGERS: Final = ("opentelemetry.exporter.", "opentelemetry.sdk.", "opentelemetry.util.")
_NOISY_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "urllib3.connectionpool",
)
_thread = threading.local()


@contextmanager
def quiet() -> Iterator[None]:
    """Run the block as exporting: no spans are made in it, and `exports` says so for its log records."""
    context = otel_context.get_current()
    for key in _KEYS:
        context = otel_context.set_value(key, value=True, context=context)
    token = otel_context.attach(context)
    before = getattr(_thread, "quiet", False)
    _thread.quiet = True
    try:
        yield
    finally:
        _thread.quiet = before
        otel_context.detach(token)


def exports(logger: str = "") -> bool:
    """Return whether a log record of `logger`, made right now, is about exporting itself.

    True on a worker thread, whatever the logger, and for the loggers of the SDK and its exporters on any.
    """
    return getattr(_thread, "quiet", False) or logger.startswith(_EXPORTER_LOGGERS)


def mute() -> None:
    """Drop what exporters log per retry on worker threads, for the rest of the process.

    A pipeline says an outage once, with counts. The filter stays after a shutdown, because a worker may
    still be on its way out when the log side is already undone.
    """
    for name in _NOISY_LOGGERS:
        # Adding the same filter twice does nothing.
        logging.getLogger(name).addFilter(_not_on_a_worker)


def _not_on_a_worker(record: logging.LogRecord) -> bool:
    del record
    return not getattr(_thread, "quiet", False)
