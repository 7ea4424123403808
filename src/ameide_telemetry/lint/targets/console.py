"""Console scripts of the projects: a name that calls a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed

if TYPE_CHECKING:
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["console", "function", "scripts"]


def console(call: Call) -> list[Aim]:
    """Return the function that a script of the service, or of what it depends on, calls."""
    written = scripts(call).get(call.program, "")
    if not written:
        return []
    return [function(call, written)]


def function(call: Call, written: str) -> Aim:
    """Return the aim at a function that is named as `module:attribute`."""
    module, _, attribute = written.replace(" ", "").partition(":")
    # A script has its own folder first, in which there is nothing to import.
    roots = call.roots()
    return aimed(
        call, roots, Target("function", module, None, attribute, server="script"), written, sure=False
    )


def scripts(call: Call) -> dict[str, str]:
    """Return all scripts that are installed with the service."""
    projects = call.sight.projects
    folders = dict.fromkeys(
        [call.folder, call.cwd, *projects.folders(call.folder), *projects.folders(call.cwd)]
    )
    found: dict[str, str] = {}
    for folder in folders:
        for name, target in projects.at(folder).scripts.items():
            found.setdefault(name, target)
    return found
