"""The names that a module binds, as far as its own text tells."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.source import Sources

__all__ = ["Bound", "Outline", "called", "origin", "outline", "statements"]

_HOPS: Final = 8
_OPENERS: Final = frozenset({"globals", "setattr", "exec", "vars"})


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name stands for.

    Attributes:
        kind: `call` is an assigned result of a call, `import` a name of another module.
        node: the statement that binds it.
        called: dotted name of what is called, for `call`.
        module: that it comes from, with its leading dots, for `import` and `module`.
        name: that it has there, for `import`.
    """

    kind: Literal["function", "coroutine", "class", "call", "module", "import", "value"]
    node: ast.stmt
    called: str = ""
    module: str = ""
    name: str = ""

    @property
    def is_factory(self) -> bool:
        """Return whether it is a function that can be called without arguments."""
        if not isinstance(self.node, ast.FunctionDef):
            return False
        args = self.node.args
        required = len(args.posonlyargs) + len(args.args) - len(args.defaults)
        return not required and all(default is not None for default in args.kw_defaults)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a module binds at its top level.

    Attributes:
        names: name -> what it stands for in the end.
        is_open: whether it may bind further names that its text does not show.
    """

    names: Mapping[str, Bound]
    is_open: bool = False


def outline(sources: Sources, path: Path | None) -> Outline:
    """Return what a file binds; nothing certain is known of one that cannot be read."""
    parsed = sources.get(path) if path else None
    if not isinstance(parsed, Parsed):
        return Outline({}, is_open=True)
    names: dict[str, Bound] = {}
    is_open = False
    for statement in statements(parsed.tree.body):
        for name, bound in _bindings(statement):
            is_open = is_open or name in {"*", "__getattr__"}
            names[name] = bound
        is_open = is_open or _opens(statement)
    return Outline(names, is_open)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run in the scope of a body, those inside of blocks too, in order."""
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("cases", "finalbody", "orelse", "handlers", "body"):
            for inner in reversed(getattr(statement, name, ())):
                waiting += [inner] if isinstance(inner, ast.stmt) else reversed(inner.body)


def called(node: ast.expr | None) -> str:
    """Return the dotted name of what an expression calls, or is; empty if it has none."""
    if isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.Call):
        node = node.func
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def origin(sources: Sources, roots: Roots, module: str, name: str) -> Bound | None:
    """Return what a name of a module stands for where it is made, following imports; None if unknown."""
    bound: Bound | None = None
    for _ in range(_HOPS):
        found = roots.find(module)
        bound = outline(sources, found.path).names.get(name)
        if bound is None or bound.kind != "import":
            return bound
        module, name = _absolute(module, bound.module, package=found.kind == "package"), bound.name
    return None


def _absolute(module: str, name: str, *, package: bool) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parts = module.split(".")
    kept = parts[: len(parts) - level + package]
    return ".".join([*kept, name[level:]] if name[level:] else kept)


def _bindings(node: ast.stmt) -> Iterator[tuple[str, Bound]]:
    if isinstance(node, ast.FunctionDef):
        yield node.name, Bound("function", node)
    elif isinstance(node, ast.AsyncFunctionDef):
        yield node.name, Bound("coroutine", node)
    elif isinstance(node, ast.ClassDef):
        yield node.name, Bound("class", node)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], Bound("module", node, module=alias.name)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            yield alias.asname or alias.name, Bound("import", node, module=module, name=alias.name)
    else:
        yield from _assigned(node)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, Bound]]:
    targets: list[ast.expr] = []
    value: ast.expr | None = None
    if isinstance(node, ast.Assign):
        targets, value = list(node.targets), node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    elif isinstance(node, ast.For | ast.AsyncFor):
        targets = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets = [item.optional_vars for item in node.items if item.optional_vars]
    makes = isinstance(value.value if isinstance(value, ast.Await) else value, ast.Call)
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Name):
            yield target.id, Bound("call" if makes else "value", node, called(value) if makes else "")
        elif isinstance(target, ast.Tuple | ast.List):
            targets += [each.value if isinstance(each, ast.Starred) else each for each in target.elts]


def _opens(node: ast.stmt) -> bool:
    """Return whether a statement may bind names that it does not name."""
    values = [getattr(node, "value", None), *getattr(node, "targets", ())]
    for value in values:
        base = value.value if isinstance(value, ast.Subscript) else value
        if called(base).partition(".")[0] in _OPENERS and isinstance(base, ast.Call):
            return True
        if called(base) == "sys.modules":
            return True
        if isinstance(base, ast.Call) and called(base.func).startswith("globals"):
            return True
    return False
