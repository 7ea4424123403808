"""What telemetry itself has to say belongs to no request, whoever's call happens to bring it out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

from ameide_telemetry.context import restore

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OWN_LOGGER", "apart"]

OWN_LOGGER: Final = "ameide_telemetry"


@contextmanager
def apart() -> Iterator[None]:
    """Leave the ids of the request in force, its tenant's included, out of what is logged inside."""
    token = otel_context.attach(otel_context.Context())
    try:
        yield
    finally:
        restore(token)
