"""Fields that are given to a logger, and so to each of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.checks.loggers import library_of
from ameide_telemetry.lint.checks.making import argument
from ameide_telemetry.lint.checks.mappings import entries, keywords
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.mappings import Entry
    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["NEEDLES", "Bound", "bound_fields"]

_BINDS: Final = frozenset({"bind", "new", "contextualize"})
_CONTEXT: Final = frozenset(
    f"structlog.{each}"
    for each in (
        "contextvars.bind_contextvars",
        "contextvars.bound_contextvars",
        "threadlocal.bind_threadlocal",
    )
)
_ADAPTER: Final = "logging.LoggerAdapter"
NEEDLES: Final = (
    b".bind(",
    b".new(",
    b"contextualize",
    b"_contextvars",
    b"bind_threadlocal",
    b"LoggerAdapter",
)
"""Bytes of which at least one is in a file that gives fields to a logger."""


class Bound(NamedTuple):
    """Fields that one call gives to a logger.

    Attributes:
        call: the call, with where it stands.
        library: of the logger.
        fields: their keys and values.
    """

    call: Call
    library: str
    fields: list[Entry]


def bound_fields(file: Parsed) -> list[Bound]:
    """Return the fields that a file gives to loggers."""
    known = vars(file).get("_bound_fields")
    if known is None:
        names = names_of(file)
        known = vars(file)["_bound_fields"] = [each for use in names.uses for each in _found(use, names)]
    return known


def _found(use: Use, names: Names) -> Iterator[Bound]:
    base, _, method = use.name.rpartition(".")
    if method in _BINDS:
        library = library_of(base)
        if library in {"structlog", "loguru", "unknown"}:
            yield Bound(use.call, library, list(keywords(use.node, names, use.call)))
    elif use.name in _CONTEXT:
        yield Bound(use.call, "structlog", list(keywords(use.node, names, use.call)))
    elif use.name == _ADAPTER:
        given = argument(use.node, "extra", 1)
        yield Bound(use.call, "logging", list(entries(given, names, use.call)))
