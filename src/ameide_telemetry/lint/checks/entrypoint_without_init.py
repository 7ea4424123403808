"""TEL101: what is deployed never calls the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import started
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import bootstrap_lines, of_verdict

if TYPE_CHECKING:
    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged

__all__ = ["CHECK"]


def _hint(judged: Judged, scene: Scene) -> str:
    spot = judged.verdict.spot
    where = (
        f"above line {spot.line} of {spot.path.name}" if spot.path.suffix == ".py" else "in its first lines"
    )
    return f"put {bootstrap_lines(judged, scene)} {where}"


CHECK: Final = EntrypointCheck(
    "TEL101", of_verdict("TEL101", "missing", "{title} never calls the bootstrap", _hint, started)
)
