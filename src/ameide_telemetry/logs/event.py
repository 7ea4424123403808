"""What a front end knows of one log call, and the context that it belongs to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import context as otel_context

from ameide_telemetry.context import current_bindings, remembered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context

    from ameide_telemetry.values.failure import ExcInfo

__all__ = ["Event", "context_of", "level_name"]

# Loggers of servers, which run applications and are none.
_SERVERS: Final = frozenset({"daphne.server", "gunicorn.error", "hypercorn.error", "uvicorn.error"})
_THRESHOLDS: Final = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


class Event(NamedTuple):
    """What a front end knows of one log call; times are seconds since the epoch."""

    created: float
    level: int
    logger: str
    message: str
    fields: Mapping[Any, object] | None = None
    exc_info: ExcInfo | None = None
    stack: str | None = None
    # The message before its arguments were put in; None where it is the message itself.
    template: str | None = None


def level_name(level: int) -> str:
    """Return the contract's level for a stdlib level number; numbers in between round down."""
    return next((name for threshold, name in _THRESHOLDS if level >= threshold), "debug")


def context_of(event: Event) -> Context:
    """Return the context that an event belongs to: the current one, or that which its exception left.

    A server says outside of every request that an application failed; uvicorn does so inside the context of
    the request before it on the same connection.
    """
    context = otel_context.get_current()
    if event.exc_info and (event.logger in _SERVERS or current_bindings(context) is None):
        return remembered(event.exc_info[1]) or context
    return context
