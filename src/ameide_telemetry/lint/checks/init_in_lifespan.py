"""TEL103: the bootstrap is called when the application starts up, which is too late for half of its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import of_verdict
from ameide_telemetry.lint.verdict import application

if TYPE_CHECKING:
    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged

__all__ = ["CHECK"]


def _hint(judged: Judged, _: Scene) -> str:
    made = application(judged.trail)
    where = f"line {made.spot.line} of {made.spot.path.name}" if made else "where the application is made"
    return f"move the call to the top level of the module, above {where}"


CHECK: Final = EntrypointCheck(
    "TEL103",
    of_verdict(
        "TEL103", "lifespan", "{title} calls the bootstrap only when the application starts up", _hint
    ),
)
