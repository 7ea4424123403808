"""TEL104: the bootstrap is called only under a condition that is not the documented switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import of_verdict

if TYPE_CHECKING:
    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged

__all__ = ["CHECK"]


def _hint(_: Judged, __: Scene) -> str:
    return "call it always; where telemetry shall be off, set OTEL_SDK_DISABLED=true in the environment"


CHECK: Final = EntrypointCheck(
    "TEL104",
    of_verdict("TEL104", "ok-conditional", "{title} calls the bootstrap only if {condition}", _hint),
)
