"""TEL002: the source does not say what an entrypoint loads, so nothing is proved of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_spot, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem

__all__ = ["CHECK"]


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    verdict = judged.verdict
    # Who has no file was told by the discovery; what cannot be read is told of its file.
    unread = verdict.event is None and judged.trail.unread
    if verdict.word != "unresolved" or judged.entrypoint.target.path is None or unread:
        return
    reason = verdict.reason[:1].lower() + verdict.reason[1:].rstrip(".")
    message = f"{title(judged)} may or may not call the bootstrap: {reason}"
    row = f'`{judged.entrypoint.service} = "module:application"`'
    hint = f"say what is served, in pyproject.toml: {row} below [tool.ameide_telemetry.services]"
    made = at_spot("TEL002", judged, verdict.spot, (message, hint), scene)
    chain = verdict.event.chain if verdict.event else ()
    yield replace(made, symbol=verdict.symbol, chain=chain)


CHECK: Final = EntrypointCheck("TEL002", _look)
