"""TEL105: workers fork after the bootstrap was called, and nothing of ours is called in each of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import hooked
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_event, at_spot, set_in_config, title
from ameide_telemetry.lint.verdict import of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem, Spot

__all__ = ["CHECK"]

_HOOKS: Final = "from ameide_telemetry.integrations.gunicorn import logger_class, post_fork, worker_exit"
_SERVERS: Final = frozenset({"gunicorn", "uwsgi"})


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    if judged.verdict.word != "per-fork-missing":
        return
    message = f"{title(judged)} forks its workers after the import, without our hook in each of them"
    if not of_kind(judged.trail, "preload"):
        message = f"{title(judged)} forks its workers after the bootstrap, without our hook in each of them"
    config = _place(judged, scene)
    if config:
        made = at_spot("TEL105", judged, config, (message, f"add `{_HOOKS}` to {config.path.name}"), scene)
        yield replace(made, fix=hooked(config, _HOOKS, scene))
        return
    spot = judged.entrypoint.evidence[0].spot
    begun = of_kind(judged.trail, "serve")
    if begun and judged.entrypoint.target.server not in _SERVERS:
        hint = (
            "call the bootstrap in the module that each worker imports, or give gunicorn's application "
            "`post_fork` and `worker_exit` of `ameide_telemetry.integrations.gunicorn` as options"
        )
        yield at_event("TEL105", judged, begun[0], (message, hint), scene)
        return
    if judged.entrypoint.target.server == "uwsgi":
        message = f"{title(judged)} is imported before uWSGI forks its workers"
        hint = "let each worker import it: `lazy-apps = true` in the configuration, or `--lazy-apps`"
        yield at_spot("TEL105", judged, spot, (message, hint), scene)
        return
    files = [Path(name).name for name in judged.entrypoint.target.imports if name.endswith(".py")]
    hint = "add `-c python:ameide_telemetry.integrations.gunicorn` to the command, or leave `--preload` out"
    hint = f"add `{_HOOKS}` to {files[0]}" if files else hint
    yield at_spot("TEL105", judged, spot, (message, hint), scene)


def _place(judged: Judged, scene: Scene) -> Spot | None:
    """Return the line of the server's config file that is at fault: the setting, or what the file calls."""
    event = judged.verdict.event
    steps = [*(each.spot for each in event.chain), event.spot] if event else []
    names = {Path(name).name for name in judged.entrypoint.target.imports}
    called = next((each for each in steps if each.path.name in names), None)
    return set_in_config(judged, scene, "preload_app") or called


CHECK: Final = EntrypointCheck("TEL105", _look)
