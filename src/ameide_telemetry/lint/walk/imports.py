"""Imports as Python makes them: packages before what is in them, every body once, cycles half done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.walk.risks import is_there_always
from ameide_telemetry.lint.walk.scopes import Module, Scope
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Constant,
    External,
    Function,
    Group,
    Opaque,
    Table,
)

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["attribute_of_module", "import_from", "import_name", "load", "run_after_all", "run_file"]

_OURS: Final = "ameide_telemetry"
_DEEPEST: Final = 200


def load(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Module | External:
    """Import a dotted, absolute name; return the module itself."""
    hidden = _hidden(machine, name)
    if hidden:
        machine.record("dynamic", node, scope, note=hidden)
        return External(f"{hidden}.{name}")
    if not name or (name.partition(".")[0] == _OURS and not _shadowed(machine)):
        _outside(machine, name)
        return External(name)
    parent: Module | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        module = _one(machine, ".".join(parts[:count]), node, scope)
        if module is None:
            _outside(machine, name)
            return External(name)
        if parent is not None:
            parent.scope.names.setdefault(parts[count - 1], module)
        parent = module
    return parent or External(name)


def _outside(machine: Machine, name: str) -> None:
    """Note an import of something from outside of the tree, which need not be installed."""
    if name in machine.there or is_there_always(name):
        return
    if not machine.guards and not machine.conditions:
        machine.there.add(name)
    machine.risk(ImportError)


def _hidden(machine: Machine, name: str) -> str:
    """Return what an import of a name finds instead; empty if it finds what it always finds."""
    for hidden, reason in machine.hidden.items():
        if hidden and (name == hidden or name.startswith(f"{hidden}.")):
            root = name.partition(".")[0]
            ours = any(each.partition(".")[0] == root for each in machine.bootstrap)
            return reason if ours or machine.find(name).kind != "missing" else ""
    homes = {each.rpartition(".")[0] for each in machine.bootstrap}
    return machine.hidden.get("", "") if name in homes else ""


def _shadowed(machine: Machine) -> bool:
    """Return whether a module of the tree has the name of ours, and is not ours."""
    found, inner = machine.find(_OURS), machine.find(f"{_OURS}.bootstrap")
    machine.looked_for.update(dict.fromkeys((*found.looked_for, *inner.looked_for)))
    if found.kind not in {"module", "package"} or inner.kind != "missing":
        return False
    machine.bootstrap = frozenset(each for each in machine.bootstrap if each.partition(".")[0] != _OURS)
    return True


def _one(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Module | None:
    module = machine.modules.get(name)
    if module is None:
        if name in machine.absent:
            return None
        found = machine.find(name)
        machine.looked_for.update(dict.fromkeys(found.looked_for))
        path = _beside(machine, name) if found.kind == "missing" else found.path
        if found.kind == "missing" and path is None:
            machine.absent.add(name)
            return None
        alone = found.kind == "module" or (found.kind == "missing" and path and path.stem != "__init__")
        package = name.rpartition(".")[0] if alone else name
        module = machine.modules[name] = Module(name, path, package)
        before, module.conditions = len(machine.happenings), tuple(machine.conditions)
        with machine.way(node, scope.module, f"imports {name}"):
            _run(machine, module)
        module.span = (before, len(machine.happenings))
    elif module.conditions:
        machine.again(module)
    return module


def _beside(machine: Machine, name: str) -> Path | None:
    """Return the file of a module in the folders that the program itself looks in."""
    inner = name.replace(".", "/")
    for folder in machine.folders:
        for path in (folder / inner / "__init__.py", folder / f"{inner}.py"):
            if path.is_file():
                return path
            machine.looked_for[path] = None
    return None


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
        machine.risk()
        return
    source = machine.sources.get(module.path)
    if not isinstance(source, Parsed) or len(machine.chain) > _DEEPEST:
        module.state = "unread"
        machine.risk()
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


def run_after_all(machine: Machine, module: Module) -> None:
    """Run the body of a module that was skipped, as it would have been when it was imported."""
    module.woken, module.state = True, "new"
    here, machine.conditions = machine.conditions, list(module.conditions)
    try:
        _run(machine, module, asked=True)
    finally:
        machine.conditions = here


def import_name(machine: Machine, node: ast.Import, scope: Scope) -> dict[str, Value]:
    """Execute `import a.b, c as d`; return what is bound."""
    bound: dict[str, Value] = {}
    for alias in node.names:
        last = load(machine, alias.name, node, scope)
        first = alias.name.partition(".")[0]
        if alias.asname:
            bound[alias.asname] = last
        else:
            instead = last if _hidden(machine, first) else External(first)
            bound[first] = instead if instead is last else machine.modules.get(first) or instead
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
        return machine.external(full)
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
        return machine.external(full)
    if name == "__dict__":
        return Table(module.scope.names, open=True, space=True)  # type: ignore[arg-type]  # what is written there is bound
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
