"""Imports as Python makes them: packages before what is in them, every body once, cycles half done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.walk.scopes import Module, Scope
from ameide_telemetry.lint.walk.values import UNKNOWN, Arguments, Constant, External, Function, Group, Opaque

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["attribute_of_module", "import_from", "import_name", "load", "run_file"]

_OURS: Final = "ameide_telemetry"
_DEEPEST: Final = 200


def load(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Module | External:
    """Import a dotted, absolute name; return the module itself."""
    if name.partition(".")[0] == _OURS or not name:
        return External(name)
    parent: Module | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        module = _one(machine, ".".join(parts[:count]), node, scope)
        if module is None:
            return External(name)
        if parent is not None:
            parent.scope.names.setdefault(parts[count - 1], module)
        parent = module
    return parent or External(name)


def _one(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Module | None:
    module = machine.modules.get(name)
    if module is None:
        found = machine.find(name)
        machine.looked_for.update(dict.fromkeys(found.looked_for))
        if found.kind == "missing":
            return None
        package = name if found.kind != "module" else name.rpartition(".")[0]
        module = machine.modules[name] = Module(name, found.path, package)
        before, module.conditions = len(machine.happenings), tuple(machine.conditions)
        with machine.way(node, scope.module, f"imports {name}"):
            _run(machine, module)
        module.span = (before, len(machine.happenings))
    elif module.conditions:
        machine.again(module)
    return module


def run_file(machine: Machine, path: Path, name: str, *, main: bool, package: str = "") -> Module:
    """Run a file that was asked for by its path, under a name of its own, as `python file.py` does."""
    module = Module(name, path, package, main=main)
    machine.modules.setdefault(name, module)
    _run(machine, module, asked=True)
    return module


def _run(machine: Machine, module: Module, *, asked: bool = False) -> None:
    if module.path is None:
        module.state = "ran"
        return
    if not asked and not machine.relevant(module.path):
        module.state = "skipped"
        return
    source = machine.sources.get(module.path)
    if not isinstance(source, Parsed) or len(machine.chain) > _DEEPEST:
        module.state = "unread"
        return
    module.source, module.state = source, "running"
    name = "__main__" if module.main else module.name
    module.scope.names |= {
        "__name__": Constant(name),
        "__file__": UNKNOWN,
        "__package__": Constant(module.package),
    }
    mark, guarded, machine.guarded = len(machine.conditions), machine.guarded, 0
    machine.execute(machine, source.tree.body, module.scope)
    del machine.conditions[mark:]
    module.state, machine.guarded = "ran", guarded


def import_name(machine: Machine, node: ast.Import, scope: Scope) -> dict[str, Value]:
    """Execute `import a.b, c as d`; return what is bound."""
    bound: dict[str, Value] = {}
    for alias in node.names:
        last = load(machine, alias.name, node, scope)
        first = alias.name.partition(".")[0]
        if alias.asname:
            bound[alias.asname] = last
        else:
            bound[first] = machine.modules.get(first) or External(first)
    return bound


def import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> dict[str, Value]:
    """Execute `from a import b`; return what is bound."""
    name = _absolute(node, scope.module)
    module = load(machine, name, node, scope)
    bound: dict[str, Value] = {}
    for alias in node.names:
        if alias.name == "*":
            bound |= _all(machine, module, node, scope)
        else:
            bound[alias.asname or alias.name] = _member(machine, module, alias.name, node, scope)
    return bound


def _absolute(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = module.package.split(".") if module.package else []
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _member(machine: Machine, module: Module | External, last: str, node: ast.AST, scope: Scope) -> Value:
    full = f"{module.name}.{last}"
    if not isinstance(module, Module) or full in machine.bootstrap:
        return External(full)
    known = module.scope.names.get(last)
    if known is not None:
        return known
    inner = load(machine, full, node, scope)
    if isinstance(inner, Module):
        return inner
    return attribute_of_module(machine, module, last, node, scope)


def attribute_of_module(machine: Machine, module: Module, name: str, node: ast.AST, scope: Scope) -> Value:
    """Return what a name of a module stands for; its own `__getattr__` is asked."""
    full = f"{module.name}.{name}"
    if full in machine.bootstrap:
        return External(full)
    known = module.scope.names.get(name)
    if known is not None:
        return known
    if module.state in {"skipped", "unread"}:
        return External(full)
    getter = module.scope.names.get("__getattr__")
    if isinstance(getter, Function):
        return machine.call(machine, getter, Arguments([Constant(name)]), node, scope)
    return External(f"{module.stars[-1]}.{name}") if module.stars else Opaque()


def _all(machine: Machine, module: Module | External, node: ast.AST, scope: Scope) -> dict[str, Value]:
    if not isinstance(module, Module):
        if isinstance(module, External):
            scope.module.stars.append(module.name)
        return {}
    scope.module.stars += module.stars
    if module.state == "skipped":
        scope.module.stars.append(module.name)
    listed = module.scope.names.get("__all__")
    if isinstance(listed, Group):
        names = [item.value for item in listed.items if isinstance(item, Constant)]
        return {name: _member(machine, module, name, node, scope) for name in names if isinstance(name, str)}
    return {name: value for name, value in module.scope.names.items() if not name.startswith("_")}
