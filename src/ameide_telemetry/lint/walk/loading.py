"""Loading by name: literal names are followed, others are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.attributes import attribute
from ameide_telemetry.lint.walk.imports import load
from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Group,
    Opaque,
    Value,
    join,
    texts,
)

if TYPE_CHECKING:
    import ast

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["dynamic", "load_by_name", "load_django", "load_module", "load_path"]


def dynamic(machine: Machine, node: ast.AST, scope: Scope, reason: str) -> Value:
    """Note that something is loaded of which the source does not say what it is."""
    machine.record("dynamic", node, scope, note=reason)
    return Opaque(reason)


def load_module(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Value:
    """Import a module by a name that stands in the source."""
    if name.startswith("."):
        name = f"{scope.module.package}{name}"
    return load(machine, name, node, scope)


def load_path(machine: Machine, text: str, node: ast.AST, scope: Scope) -> Value:
    """Return what `package.module:attribute` or `package.module.attribute` names."""
    name, _, last = text.partition(":")
    value = load_module(machine, name, node, scope)
    if not last and isinstance(value, External):
        name, _, last = name.rpartition(".")
        value = load_module(machine, name, node, scope) if name else value
    for part in last.split(".") if last else ():
        value = attribute(machine, value, part, node, scope)
    return value


def load_by_name(machine: Machine, loader: str, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Call `import_module`, `import_string` and their like."""
    first = given.get(0, "name", "dotted_path", "import_name")
    names = texts(first)
    if names is None:
        return dynamic(machine, node, scope, loader)
    if loader.endswith(("import_string", "resolve_name", "locate")):
        return join(load_path(machine, name, node, scope) for name in names)
    if loader.endswith("find_spec"):
        return UNKNOWN
    package = texts(given.get(1, "package"))
    found = []
    for name in names:
        full = f"{package[0]}{name}" if package and name.startswith(".") else name
        found.append(load_module(machine, full, node, scope))
    return join(found)


def load_django(machine: Machine, node: ast.AST, scope: Scope) -> None:
    """Do what `django.setup()` does: import the settings, then each application that they name."""
    if not machine.settings_module:
        dynamic(machine, node, scope, "DJANGO_SETTINGS_MODULE")
        return
    name = machine.settings_module.pop(0)
    machine.settings_module.clear()
    settings = load(machine, name, node, scope)
    listed = settings.scope.names.get("INSTALLED_APPS") if isinstance(settings, Module) else None
    for item in listed.items if isinstance(listed, Group) else ():
        if isinstance(item, Constant) and isinstance(item.value, str):
            _django_application(machine, item.value, node, scope)
    if isinstance(settings, External):
        dynamic(machine, node, scope, f"the settings {name}")


def _django_application(machine: Machine, name: str, node: ast.AST, scope: Scope) -> None:
    value = load_path(machine, name, node, scope)
    configs = [value]
    if isinstance(value, Module):
        inner = load(machine, f"{name}.apps", node, scope)
        configs = list(inner.scope.names.values()) if isinstance(inner, Module) else []
    for config in configs:
        ready = config.lookup("ready") if isinstance(config, Class) else None
        if isinstance(ready, Function):
            bound = ready.bind(machine.made("", node, scope))
            machine.call(machine, bound, Arguments(), node, scope)
