"""Modules of which nothing seemed to matter: they do once they are given what leads to the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.escapes import reaching
from ameide_telemetry.lint.walk.imports import run_after_all
from ameide_telemetry.lint.walk.values import Class, External

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["awake", "awake_bases"]


def awake(machine: Machine, called: Value, given: Arguments) -> Value | None:
    """Return what a name stands for whose module was passed over before; None where it stays outside.

    A registry of steps names no bootstrap, nor imports one, and still calls it: who registers it brings it.
    Such a module is run when it is first given that. It makes nothing happen by itself, so it may come late.
    """
    found: Value | None = None
    seen: set[str] = set()
    while isinstance(called, External) and called.name not in seen:
        seen.add(called.name)
        home, _, last = called.name.rpartition(".")
        module = machine.modules.get(home)
        if module is None:
            break
        if module.state == "skipped" and any(reaching(machine, each) for each in given.all()):
            run_after_all(machine, module)
        known = module.scope.names.get(last) if module.woken else None
        if known is None:
            break
        # It may have the name from a module that was passed over too.
        found = called = known
    return found


def awake_bases(machine: Machine, bases: tuple[Value, ...], given: Arguments) -> tuple[Value, ...]:
    """Return the bases of a class with this in its body: a base whose module was passed over may call it."""
    found = tuple(awake(machine, each, given) or each for each in bases)
    for before, now in zip(bases, found, strict=True):
        if now is not before and isinstance(now, Class):
            now.inherit(awake_bases(machine, now.bases, given))
    return found
