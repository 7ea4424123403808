"""TEL002: the source does not say what an entrypoint loads, so nothing is proved of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_spot, set_in_config, title
from ameide_telemetry.lint.model import ESCAPED
from ameide_telemetry.lint.naming import key_of
from ameide_telemetry.lint.source import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem

__all__ = ["CHECK"]


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    verdict = judged.verdict
    if verdict.word != "unresolved" or _is_told(judged, scene):
        return
    reason = verdict.reason[:1].lower() + verdict.reason[1:].rstrip(".")
    message = f"{title(judged)} may or may not call the bootstrap: {reason}"
    row = f'`{key_of(judged.entrypoint.service)} = "module:application"`'
    hint = f"say what is served, in pyproject.toml: {row} below [tool.ameide_telemetry.services]"
    if verdict.event and verdict.event.subject == ESCAPED:
        hint = "call the bootstrap itself, before the application is made, and not through somebody else"
    spot = verdict.spot
    if judged.trail.unsure:
        message = f"{title(judged)} may or may not have telemetry in its workers: {reason}"
        spot = set_in_config(judged, scene, judged.trail.unsure) or spot
        hint = f"write `{judged.trail.unsure} = True` or `False` in the config file, as it is deployed"
    made = at_spot("TEL002", judged, spot, (message, hint), scene)
    chain = verdict.event.chain if verdict.event else ()
    yield replace(made, symbol=verdict.symbol, chain=chain)


def _is_told(judged: Judged, scene: Scene) -> bool:
    """Return whether the discovery told why there is no file, or it is told of a file that cannot be read."""
    path = judged.entrypoint.target.path
    if path is None or (judged.verdict.event is None and judged.trail.unread):
        return True
    return path.suffix == ".py" and isinstance(scene.sources.get(path), Unreadable)


CHECK: Final = EntrypointCheck("TEL002", _look)
