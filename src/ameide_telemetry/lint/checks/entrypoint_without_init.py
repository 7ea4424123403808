"""TEL101: what is deployed never calls the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import started
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import bootstrap_lines, of_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem

__all__ = ["CHECK"]


def _hint(judged: Judged, scene: Scene) -> str:
    spot = judged.verdict.spot
    where = (
        f"above line {spot.line} of {spot.path.name}" if spot.path.suffix == ".py" else "in its first lines"
    )
    return f"put {bootstrap_lines(judged, scene)} {where}"


_missing: Final = of_verdict("TEL101", "missing", "{title} never calls the bootstrap", _hint, started)


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    # Who has no file was told by the discovery.
    if judged.entrypoint.target.path is not None:
        yield from _missing(judged, scene)


CHECK: Final = EntrypointCheck("TEL101", _look)
