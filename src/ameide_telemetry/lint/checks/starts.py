"""Problems of the start of a service, made in one way by the checks of entrypoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Problem, Spot
from ameide_telemetry.lint.naming import literal
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Event, Fix, Judged, VerdictWord

__all__ = [
    "at_event",
    "at_spot",
    "bootstrap_lines",
    "during_import",
    "of_verdict",
    "set_in_config",
    "title",
]


def title(judged: Judged) -> str:
    """Return how an entrypoint is called in a message."""
    entrypoint = judged.entrypoint
    return f"`{entrypoint.target.name}` of the service {entrypoint.service}"


def bootstrap_lines(judged: Judged, scene: Scene) -> str:
    """Return the two lines that call the bootstrap."""
    module, _, name = (scene.bootstrap or ("ameide_telemetry.init_telemetry",))[0].rpartition(".")
    argument = literal(judged.entrypoint.service) if module.startswith("ameide_telemetry") else ""
    call = f"`{name}({argument})`"
    return f"`from {module} import {name}` and {call}" if module else call


def at_spot(code: str, judged: Judged, spot: Spot, told: tuple[str, str], scene: Scene) -> Problem:
    """Return a problem of an entrypoint at a place; `told` are its message and hint."""
    source = scene.sources.get(spot.path) if spot.path.suffix == ".py" else None
    text = source.line(spot.line) if isinstance(source, Parsed) else _line(spot)
    return Problem(code, told[0], spot, told[1], text=text, service=judged.entrypoint.service)


def _line(spot: Spot) -> str:
    try:
        lines = contents(spot.path).decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return " ".join(lines[spot.line - 1].split()) if 0 < spot.line <= len(lines) else ""


def set_in_config(judged: Judged, scene: Scene, setting: str) -> Spot | None:
    """Return the line of the server's config file that has a setting, where there is one."""
    given = judged.entrypoint.target.imports
    roots = Roots(judged.entrypoint.roots)
    files = [each for each in judged.trail.imported if each.name in {Path(name).name for name in given}]
    for path in [*files, *filter(None, (roots.find(name).path for name in given if "/" not in name))]:
        source = scene.sources.get(path)
        for number, line in enumerate(source.lines if isinstance(source, Parsed) else (), start=1):
            if line.lstrip().startswith(setting):
                return Spot(path, number, 1)
    return None


def at_event(code: str, judged: Judged, event: Event, told: tuple[str, str], scene: Scene) -> Problem:
    """Return a problem of an entrypoint with something that happens at its start."""
    made = at_spot(code, judged, event.spot, told, scene)
    return replace(made, symbol=event.symbol, chain=event.chain)


def during_import(judged: Judged, event: Event) -> bool:
    """Return whether something happens while a module is imported, not in the body of a script."""
    imported = any(step.text.startswith("imports ") for step in event.chain)
    return imported or judged.entrypoint.target.kind not in {"file", "module", "function"}


def of_verdict(
    code: str,
    word: VerdictWord,
    message: str,
    hint: Callable[[Judged, Scene], str],
    cure: Callable[[Judged, Scene], Fix | None] = lambda _, __: None,
) -> Callable[[Judged, Scene], Iterator[Problem]]:
    """Return a look at one verdict: its problem stands where the verdict does.

    Args:
        code: of the check.
        word: the verdict.
        message: with `{title}`, `{condition}` and `{line}`, the line of the application.
        hint: gives the edit.
        cure: gives the fix, where there is one.
    """

    def look(judged: Judged, scene: Scene) -> Iterator[Problem]:
        verdict = judged.verdict
        if verdict.word != word:
            return
        condition = verdict.event.condition if verdict.event else ""
        text = message.format(title=title(judged), condition=condition)
        made = at_spot(code, judged, verdict.spot, (text, hint(judged, scene)), scene)
        chain = verdict.event.chain if verdict.event else ()
        yield replace(made, symbol=verdict.symbol, chain=chain, fix=cure(judged, scene))

    return look
