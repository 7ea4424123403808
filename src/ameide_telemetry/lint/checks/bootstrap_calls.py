"""The calls of our bootstrap that the start of an entrypoint reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.names import names_of
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged
    from ameide_telemetry.lint.scopes import Call

__all__ = ["OURS", "bootstrap_calls"]

OURS: Final = frozenset({"ameide_telemetry.init_telemetry", "ameide_telemetry.bootstrap.init_telemetry"})
"""Names of the library's own bootstrap."""


def bootstrap_calls(judged: Judged, scene: Scene) -> Iterator[tuple[Parsed, Call]]:
    """Yield the calls of `init_telemetry` itself on the trail of an entrypoint, with their files."""
    for event in judged.trail.events:
        file = scene.sources.get(event.spot.path) if event.kind in {"init", "lifespan"} else None
        if not isinstance(file, Parsed):
            continue
        for use in names_of(file).called(OURS):
            first, last = use.node.lineno, use.node.end_lineno or use.node.lineno
            if first <= event.spot.line <= last:
                yield file, use.call
