"""TEL107: telemetry is started twice, by two calls or by a command around the process and a call."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import unwrapped
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_event, at_spot, title
from ameide_telemetry.lint.verdict import of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem, Spot

__all__ = ["CHECK"]

_WORD: Final = re.compile(r"[\w.-]+")
_WRAPPERS: Final = frozenset(
    {"opentelemetry-instrument", "ddtrace-run", "newrelic-admin", "elasticapm-run", "logfire"}
)


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    calls = [*of_kind(judged.trail, "init"), *of_kind(judged.trail, "lifespan")]
    wrapper = next((each for each in judged.entrypoint.target.wrappers if each in _WRAPPERS), "")
    if wrapper and calls:
        first = calls[0].spot
        message = (
            f"{title(judged)} is started by `{wrapper}`, "
            f"and line {first.line} of {first.path.name} calls the bootstrap too"
        )
        spot = _holding(judged, wrapper)
        made = at_spot("TEL107", judged, spot, (message, f"take `{wrapper}` out of the command"), scene)
        yield replace(made, fix=unwrapped(spot, wrapper))
    sure = [each for each in calls if not each.condition]
    again = next((each for each in sure if each.spot != sure[0].spot), None)
    if again:
        first = sure[0].spot
        message = f"{title(judged)} calls the bootstrap here and in line {first.line} of {first.path.name}"
        yield at_event("TEL107", judged, again, (message, "take one of the two calls out"), scene)


def _holding(judged: Judged, wrapper: str) -> Spot:
    """Return where the command stands that has a wrapper in it: what leads to it may be in another file."""
    evidence = judged.entrypoint.evidence
    return next((each for each in evidence if wrapper in _WORD.findall(each.text)), evidence[0]).spot


CHECK: Final = EntrypointCheck("TEL107", _look)
