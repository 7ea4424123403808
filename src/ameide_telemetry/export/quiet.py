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

__all__ = ["exports", "mute", "quiet", "untraced"]

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
# Whoever logs while a message is encoded and sent. `requests` has no log call, and gRPC none on this way.
_NOISY_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.proto.common._internal",
    "opentelemetry.exporter.otlp.proto.common._internal.metrics_encoder",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.response",
    "urllib3.util.retry",
)
_thread = threading.local()


@contextmanager
def quiet() -> Iterator[None]:
    """Run the block as exporting: no spans are made in it, and `exports` says so for its log records."""
    before = getattr(_thread, "quiet", False)
    with untraced():
        _thread.quiet = True
        try:
            yield
        finally:
            _thread.quiet = before


@contextmanager
def untraced() -> Iterator[None]:
    """Run the block without spans: for the service's code that runs between exports, whose lines count."""
    context = otel_context.get_current()
    for key in _KEYS:
        context = otel_context.set_value(key, value=True, context=context)
    token = otel_context.attach(context)
    try:
        yield
    finally:
        otel_context.detach(token)


def exports(logger: str = "") -> bool:
    """Return whether a log record of `logger`, made right now, is about exporting itself.

    True on a worker thread, whatever the logger, and for the loggers of the SDK and its exporters on any.
    """
    return getattr(_thread, "quiet", False) or logger.startswith(_EXPORTER_LOGGERS)


def mute() -> None:
    """Drop what is logged per message on worker threads, also for handlers that are not ours.

    A pipeline says an outage once, with counts. The filter stays for the rest of the process, because a
    worker may still be on its way out when the log side is already undone.
    """
    for name in _NOISY_LOGGERS:
        # Adding the same filter twice does nothing.
        logging.getLogger(name).addFilter(_not_on_a_worker)


def _not_on_a_worker(record: logging.LogRecord) -> bool:
    del record
    return not getattr(_thread, "quiet", False)
