"""TEL402: code and manifests give one service different names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.bootstrap_calls import bootstrap_calls
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.model import Problem
from ameide_telemetry.lint.names import names_of
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged

__all__ = ["CHECK"]


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    entrypoint = judged.entrypoint
    told = False
    for file, call in bootstrap_calls(judged, scene):
        given = argument(call.node, "service", 0)
        name = names_of(file).text(given, call)
        if given is None or name is None:
            continue
        others = [(other, spot) for other, spot in entrypoint.names if other != name and "$" not in other]
        if others:
            told = True
            other, spot = others[0]
            message = (
                f"the service is `{name}` in code and `{other}` in {spot.path.name}:{spot.line}; code wins"
            )
            hint = f'write `"{other}"` here, or `{name}` there; best is a call without a name'
            yield problem("TEL402", file, given, message, hint, scope=call.scope)
    if not told:
        yield from _among_manifests(judged, scene)


def _among_manifests(judged: Judged, scene: Scene) -> Iterator[Problem]:
    known = [(name, spot) for name, spot in judged.entrypoint.names if "$" not in name]
    for name, spot in known[1:]:
        first, where = known[0]
        if name != first:
            message = f"the service is `{name}` here and `{first}` in {where.path.name}:{where.line}"
            hint = f"write `{first}` in both places"
            read = scene.sources.get(spot.path) if spot.path.suffix == ".py" else None
            text = read.line(spot.line) if isinstance(read, Parsed) else name
            yield Problem("TEL402", message, spot, hint, text=text, service=judged.entrypoint.service)
            return


CHECK: Final = EntrypointCheck("TEL402", _look)
