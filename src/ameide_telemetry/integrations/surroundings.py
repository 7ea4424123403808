"""What the server, or another request, left around the request that starts."""

from __future__ import annotations

import sys

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from ameide_telemetry.context import current_bindings

__all__ = ["Surroundings", "left_surroundings"]


class Surroundings:
    """What another request left where this one starts; put back at the end.

    uvicorn starts a pipelined request inside the context of the one before, and an application may call
    another one in its own task.
    """

    __slots__ = ("_structlog", "_token", "_variables")

    def __init__(self) -> None:
        # What the service bound by structlog's own means would go on into this request.
        self._structlog = sys.modules.get("structlog.contextvars")
        if self._structlog is not None:
            self._variables = self._structlog.get_contextvars()
            self._structlog.clear_contextvars()
        # Whatever fails from here on, the application does not run in the other request's context.
        self._token = otel_context.attach(Context())

    def restore(self) -> None:
        """Put back what was."""
        otel_context.detach(self._token)
        if self._structlog is not None:
            self._structlog.clear_contextvars()
            self._structlog.bind_contextvars(**self._variables)


def left_surroundings() -> Surroundings | None:
    """Leave another request's context, if this is one."""
    return None if current_bindings() is None else Surroundings()
