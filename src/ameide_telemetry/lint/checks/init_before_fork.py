"""TEL105: workers fork after the application was imported, and nothing of ours is called in each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import hooked
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_spot, set_in_config, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem

__all__ = ["CHECK"]

_HOOKS: Final = "from ameide_telemetry.integrations.gunicorn import logger_class, post_fork, worker_exit"


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    if judged.verdict.word != "per-fork-missing":
        return
    message = f"{title(judged)} forks its workers after the import, without our hook in each of them"
    config = set_in_config(judged, scene, "preload_app")
    if config:
        made = at_spot("TEL105", judged, config, (message, f"add `{_HOOKS}` to {config.path.name}"), scene)
        yield replace(made, fix=hooked(config, _HOOKS, scene))
        return
    spot = judged.entrypoint.evidence[0].spot
    hint = "add `-c python:ameide_telemetry.integrations.gunicorn` to the command, or leave `--preload` out"
    yield at_spot("TEL105", judged, spot, (message, hint), scene)


CHECK: Final = EntrypointCheck("TEL105", _look)
