"""Services that are declared by hand: the table says what is served, and nothing else counts for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.model import Entrypoint, Evidence, Problem, Spot, Target
from ameide_telemetry.lint.naming import key_of
from ameide_telemetry.lint.targets.aims import aimed, expression, file_aimed
from ameide_telemetry.lint.targets.call import Call
from ameide_telemetry.lint.targets.outline import origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.model import TargetKind
    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.services import Declared
    from ameide_telemetry.lint.targets.call import Aim, Sight

__all__ = ["Rows", "declared"]

_BY_MAKER: Final = {"Flask": "wsgi", "Celery": "celery", "get_wsgi_application": "wsgi", "Bottle": "wsgi"}


class Rows(NamedTuple):
    """What the rows of the table lead to."""

    entrypoints: list[Entrypoint]
    problems: list[Problem]


def declared(sight: Sight, services: Sequence[Declared]) -> Rows:
    """Return the entrypoints of the rows, with a problem for each that leads nowhere."""
    rows = Rows([], [])
    for row in services:
        spot = Spot(row.path, row.line)
        aim = _aim(sight, row)
        evidence = Evidence("declared", spot, f"{row.name} = {row.app}")
        rows.entrypoints.append(Entrypoint(row.name, row.folder, aim.target, aim.roots, (evidence,)))
        if aim.trouble:
            message = f"the table of services says {aim.trouble}"
            hint = aim.hint.replace("{service}", key_of(row.name))
            rows.problems.append(Problem("TEL002", message, spot, hint, text=row.app, service=row.name))
    return rows


def _aim(sight: Sight, row: Declared) -> Aim:
    call = Call("", (), sight, row.folder, row.folder)
    roots = call.roots(row.folder)
    if row.app.endswith(".py") or "/" in row.app.partition(":")[0]:
        return file_aimed(call, row.app, Target("file", "", None))
    module, _, name = row.app.partition(":")
    attribute, is_call, arguments = expression(name) or (name, False, "")
    bound = origin(sight.sources, roots, module, attribute) if attribute else None
    kind = _kind(row, attribute, bound.called if bound else "", bound.kind if bound else "")
    is_function = bound is not None and bound.kind == "function" and kind != "function"
    target = Target(kind, module, None, attribute, factory=is_call or is_function, arguments=arguments)
    return aimed(call, roots, _main(roots, target), row.app)


def _kind(row: Declared, attribute: str, made: str, bound: str) -> TargetKind:
    if row.kind:
        return row.kind  # type: ignore[return-value]
    if not attribute:
        return "module"
    if bound == "function":
        return "function"
    return _BY_MAKER.get(made.rpartition(".")[2], "asgi")  # type: ignore[return-value]


def _main(roots: Roots, target: Target) -> Target:
    """Return a package that is run as the module that runs then."""
    inner = f"{target.module}.__main__"
    if target.kind == "module" and not target.attribute and roots.find(inner).path:
        return Target("module", inner, None)
    return target
