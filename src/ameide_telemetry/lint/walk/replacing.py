"""What takes the place of something else while a program runs: attributes, modules, the ways to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted, set_attribute
from ameide_telemetry.lint.walk.forking import POSTFORK_HOOK
from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Opaque,
    Partial,
    Table,
    Value,
    join,
    options,
    texts,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["FINDERS", "PATCHERS", "put", "put_item", "put_items"]

_Act = "Callable[[Machine, Arguments, ast.AST, Scope], Value | None]"
_DICT: Final = ".__dict__"
_FINDERS: Final = frozenset({"sys.meta_path", "sys.path_hooks", "sys.path_importer_cache", "sys.modules"})
_UPWARDS: Final = 4
_DEEPEST: Final = 6


def put(  # noqa: PLR0917 a binding has five parts
    machine: Machine, base: Value, name: str, value: Value, node: ast.AST, scope: Scope
) -> None:
    """Bind an attribute, which may be the bootstrap itself or a way to find modules."""
    if isinstance(base, (External, Module)):
        full = f"{base.name}.{name}"
        if full in machine.bootstrap:
            _replace(machine, full, value, node, scope)
        elif full == "sys.path":
            _paths(machine, value, node, scope)
        elif full in _FINDERS:
            machine.hidden[""] = full
        elif full == POSTFORK_HOOK:
            machine.replaced[full] = value
    set_attribute(machine, base, name, value)


def put_item(  # noqa: PLR0917 a binding has five parts
    machine: Machine, base: External, index: Value | None, value: Value, node: ast.AST, scope: Scope
) -> None:
    """Bind an item of `sys.modules`, of `sys.path`, of the dictionary of a module."""
    names = texts(index)
    if base.name == "sys.modules":
        _modules(machine, names, value, scope)
    elif base.name == "sys.path":
        _paths(machine, value, node, scope)
    elif base.name in _FINDERS:
        machine.hidden[""] = base.name
    elif base.name.endswith(_DICT):
        for name in names or _names(machine, base.name.removesuffix(_DICT)):
            put(
                machine,
                External(base.name.removesuffix(_DICT)),
                name,
                value if names else UNKNOWN,
                node,
                scope,
            )


def put_items(machine: Machine, base: External, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Execute `base.update(...)` of a dictionary that `put_item` knows."""
    first = given.get(0)
    if first is not None and not isinstance(first, Table):
        put_item(machine, base, UNKNOWN, UNKNOWN, node, scope)
    items: dict[object, Value] = dict(first.items) if isinstance(first, Table) else {}
    items |= dict(given.names.items())
    for name, value in items.items():
        put_item(machine, base, Constant(name), value, node, scope)


def _names(machine: Machine, home: str) -> list[str]:
    """Return the names of the bootstrap in a module: any of them may be meant."""
    return [each.rpartition(".")[2] for each in machine.bootstrap if each.rpartition(".")[0] == home]


def _replace(machine: Machine, name: str, value: Value, node: ast.AST, scope: Scope) -> None:
    """Something else is called from now on by those who ask for the bootstrap by its name."""
    if not all(_followed(machine, each) for each in options(value)):
        reason = f"what takes the place of {name}"
        machine.record("dynamic", node, scope, note=reason)
        value = Opaque(reason)
    sure = len(machine.conditions) <= (machine.frames[-1].base if machine.frames else 0)
    machine.replaced[name] = value if sure else join([machine.external(name), value])


def _followed(machine: Machine, value: Value) -> bool:
    """Return whether the walk knows what a call of a value does."""
    known = isinstance(value, External) and value.name in machine.bootstrap
    return known or isinstance(value, (Function, Class, Partial))


def _modules(machine: Machine, names: list[str] | None, value: Value, scope: Scope) -> None:
    for name in names or [""]:
        if isinstance(value, Module) and name:
            machine.modules[name] = value
            machine.hidden.pop(name, None)
        elif name != scope.module.name:  # a module that makes something of itself stays what it is
            machine.hidden[name] = f"sys.modules[{name!r}]" if name else "sys.modules"


def _paths(machine: Machine, value: Value | None, node: ast.AST, scope: Scope) -> None:
    """Look for another module of the bootstrap's name in the folders that an import looks in from now on."""
    parents = scope.module.path.parents[:_UPWARDS] if scope.module.path else ()
    texts_ = ["", *_texts(value)]
    _beside(machine, parents, texts_)
    for root in {each.partition(".")[0] for each in machine.bootstrap}:
        if machine.find(root).kind != "missing":
            continue
        for folder in (parent / text for parent in parents for text in texts_ if "\0" not in text):
            for path in (folder / f"{root}.py", folder / root / "__init__.py"):
                if path.is_file():
                    machine.hidden[root] = f"the {root} that sys.path leads to"
                    machine.record("dynamic", node, scope, note=machine.hidden[root])
                else:
                    machine.looked_for[path] = None


def _beside(machine: Machine, parents: Sequence[Path], names: Sequence[str]) -> None:
    """Look for modules in these folders too, which are no roots of the entrypoint."""
    for name in names:
        parts = [part for part in name.split("/") if part]
        # Where the files lie in an image is not where they lie here.
        tails = [parts, parts[1:]] if name.startswith("/") else [parts]
        for folder in (parent.joinpath(*tail) for parent in parents for tail in tails if tail):
            if folder not in machine.folders and "\0" not in name:
                machine.folders.append(folder)
                machine.absent.clear()


def _texts(value: Value | None, depth: int = 0) -> Iterator[str]:
    """Yield the texts that a path may be put together from."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        yield value.value
    inner: list[Value] = []
    if isinstance(value, Member):
        inner = [value.base]
    elif isinstance(value, Group):
        inner = list(value.items)
    elif isinstance(value, Instance) and value.arguments:
        inner = value.arguments.all()
    for each in inner if depth < _DEEPEST else ():
        yield from _texts(each, depth + 1)


def _patched(machine: Machine, base: Value, name: str, node: ast.AST, scope: Scope) -> None:
    """Somebody takes the place of an attribute for some time: nobody knows what it is from now on."""
    for each in options(base):
        if not isinstance(each, (External, Module)):
            continue
        full = f"{each.name}.{name}"
        if full in machine.bootstrap:
            _replace(machine, full, UNKNOWN, node, scope)
        elif isinstance(each, Module) and name in each.scope.names:
            reason = f"what takes the place of {full}"
            machine.record("dynamic", node, scope, note=reason)
            set_attribute(machine, each, name, Opaque(reason))


def _patched_name(machine: Machine, names: list[str] | None, node: ast.AST, scope: Scope) -> None:
    """Take the place of what a dotted name stands for; of each bootstrap, if the name is not literal."""
    for full in names or sorted(machine.bootstrap):
        home, _, last = full.rpartition(".")
        _patched(machine, machine.modules.get(home) or External(home), last, node, scope)


def _patch(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    _patched_name(machine, texts(given.get(0, "target")), node, scope)


def _patch_object(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """`patch.object(a, "b")`, `setattr(a, "b", c)`, `wrap_function_wrapper("a", "b", c)`."""
    base = given.get(0, "target", "module")
    homes, names = texts(base), texts(given.get(1, "attribute", "name"))
    if homes and names is None:
        _patched_name(machine, homes, node, scope)
    for home in homes or ():
        _patched_name(machine, [f"{home}.{name}" for name in names or ()] or None, node, scope)
    if homes is None and base is not None:
        for name in names or ():
            _patched(machine, base, name, node, scope)


def _patch_multiple(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    base = given.get(0, "target")
    homes = texts(base) or [
        each.name for each in options(base or UNKNOWN) if isinstance(each, (External, Module))
    ]
    for home in homes:
        _patched_name(machine, [f"{home}.{name}" for name in given.names], node, scope)


def _patch_dict(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    base = given.get(0, "in_dict")
    homes = texts(base) or [dotted(base or UNKNOWN)]
    rest = Arguments(
        given.places[1:], {name: value for name, value in given.names.items() if name != "in_dict"}
    )
    for home in homes:
        put_items(machine, External(home), rest, node, scope)


def _set_item(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    base = given.get(0)
    if isinstance(base, External):
        put_item(machine, base, given.get(1), given.get(2) or UNKNOWN, node, scope)


def _module_item(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    put_item(machine, External("sys.modules"), given.get(0), given.get(1) or UNKNOWN, node, scope)


def _module_items(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    put_items(machine, External("sys.modules"), given, node, scope)


def _find_otherwise(machine: Machine, _: Arguments, node: ast.AST, scope: Scope) -> None:
    put_item(machine, External("sys.meta_path"), None, UNKNOWN, node, scope)


def _path_after(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    _paths(machine, given.get(0, "sitedir"), node, scope)


def _path_before(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> None:
    _paths(machine, given.get(1), node, scope)


FINDERS: Final[Mapping[str, Callable[[Machine, Arguments, ast.AST, Scope], None]]] = {
    **dict.fromkeys(
        (
            f"sys.{name}.{method}"
            for name in ("meta_path", "path_hooks")
            for method in ("insert", "append", "extend", "pop", "remove", "clear")
        ),
        _find_otherwise,
    ),
    "sys.path.insert": _path_before,
    "sys.path.append": _path_after,
    "sys.path.extend": _path_after,
    "site.addsitedir": _path_after,
    "sys.modules.setdefault": _module_item,
    "sys.modules.__setitem__": _module_item,
    "sys.modules.update": _module_items,
    **{
        f"{home}patch{last}": act
        for home in ("unittest.mock.", "mock.", "mock.mock.")
        for last, act in {
            "": _patch,
            ".object": _patch_object,
            ".multiple": _patch_multiple,
            ".dict": _patch_dict,
        }.items()
    },
    **dict.fromkeys(
        ("wrapt.wrap_function_wrapper", "wrapt.patches.wrap_function_wrapper", "wrapt.wrap_object"),
        _patch_object,
    ),
}
"""Dotted name -> what a call of it replaces."""

PATCHERS: Final[Mapping[str, Callable[[Machine, Arguments, ast.AST, Scope], None]]] = {
    "setattr": _patch_object,
    "delattr": _patch_object,
    "setitem": _set_item,
}
"""Methods of a `monkeypatch`, whatever that is called."""
