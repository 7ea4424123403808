"""The config file of gunicorn as far as its text and the variables of the deployment say what it sets."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.targets.outline import called, outline, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from pathlib import Path

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Call

__all__ = ["UNSAID", "settings"]


class _Unsaid:
    """What depends on more than the text and the known variables."""


UNSAID: Final = _Unsaid()
"""The value of a setting that is made, of which nobody can tell what it is."""
_DEEPEST: Final = 4
_GETTERS: Final = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv"})
_ENVIRONMENTS: Final = frozenset({"os.environ", "environ"})
_SPACES: Final = frozenset({"globals", "locals", "vars"})
_PREFIX: Final = "GUNICORN_"
_METHODS: Final = frozenset({"casefold", "lower", "strip", "title", "upper"})
_CASTS: Final[Mapping[str, Callable[..., object]]] = {"bool": bool, "float": float, "int": int, "str": str}
_OPERATORS: Final[Mapping[type[ast.cmpop], Callable[..., object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}


def settings(call: Call, path: Path | None) -> Mapping[str, object]:
    """Return what a config file sets: names with their values, `UNSAID` where nobody knows them."""
    found: dict[str, object] = {}
    _File(call, call.roots(call.cwd), found).read(path)
    return found


class _File:
    """What was set so far, by a file and by those that it imports."""

    def __init__(self, call: Call, roots: Roots, values: MutableMapping[str, object], depth: int = 0) -> None:
        self._call, self._roots, self._values, self._depth = call, roots, values, depth
        self._modules: dict[str, str] = {}

    def read(self, path: Path | None) -> None:
        parsed = self._call.sight.sources.get(path) if path else None
        if isinstance(parsed, Parsed):
            # What is bound in a way that is not looked at below is bound all the same.
            self._values.update(dict.fromkeys(outline(self._call.sight.sources, path).names, UNSAID))
            self._values.pop("*", None)
            self._run(parsed.tree.body)

    def _run(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._set(target, self._value(node.value))
            elif isinstance(node, ast.AnnAssign) and node.value:
                self._set(node.target, self._value(node.value))
            elif isinstance(node, ast.If):
                self._branch(node)
            elif isinstance(node, ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Import):
                self._modules |= {each.asname or each.name: each.name for each in node.names}
            elif isinstance(node, ast.Try):
                self._run([*node.body, *node.orelse, *node.finalbody])
                self._doubt([each for handler in node.handlers for each in handler.body])
            elif isinstance(node, ast.For | ast.While | ast.With | ast.AugAssign | ast.Match):
                self._doubt([node])

    def _set(self, target: ast.expr, value: object) -> None:
        if isinstance(target, ast.Name):
            self._values[target.id] = value
        elif isinstance(target, ast.Subscript) and called(target.value) in _SPACES:
            self._set_in_space(target)

    def _set_in_space(self, target: ast.Subscript) -> None:
        name = getattr(target.slice, "value", None)
        if isinstance(name, str):
            self._values[name] = UNSAID
            return
        # The usual loop takes every variable that begins so: only those that are there set anything.
        for variable in self._call.environment:
            if variable.startswith(_PREFIX):
                self._values[variable.removeprefix(_PREFIX).lower()] = UNSAID

    def _branch(self, node: ast.If) -> None:
        answer = self._value(node.test)
        if answer is UNSAID:
            self._doubt([*node.body, *node.orelse])
        else:
            self._run(node.body if answer else node.orelse)

    def _doubt(self, body: list[ast.stmt]) -> None:
        """Do what may be done or not: what it may set is unknown then, unless it was so before."""
        before = dict(self._values)
        for node in statements(body):
            inner = [] if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try) else [node]
            if isinstance(node, ast.AugAssign):
                self._set(node.target, UNSAID)
            self._run([] if isinstance(node, ast.AugAssign | ast.Match) else inner)
        for name, value in self._values.items():
            if name not in before or before[name] != value:
                self._values[name] = UNSAID

    def _import(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        inner = self._of_module(node.module)
        for alias in node.names:
            self._modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            if alias.name == "*":
                self._values.update({name: each for name, each in inner.items() if not name.startswith("_")})
            elif alias.name in inner:
                self._values[alias.asname or alias.name] = inner[alias.name]

    def _of_module(self, name: str) -> dict[str, object]:
        """Return what a module of the tree sets."""
        found: dict[str, object] = {}
        if self._depth < _DEEPEST:
            _File(self._call, self._roots, found, self._depth + 1).read(self._roots.find(name).path)
        return found

    # ------------------------------------------------------------------ expressions

    def _value(self, node: ast.expr) -> object:
        """Return a value that the text and the known variables tell."""
        way = _EXPRESSIONS.get(type(node))
        try:
            return way(self, node) if way else UNSAID
        except (ArithmeticError, TypeError, ValueError, RecursionError):
            return UNSAID

    def _constant(self, node: ast.Constant) -> object:
        return node.value

    def _name(self, node: ast.Name) -> object:
        return self._values.get(node.id, UNSAID)

    def _attribute(self, node: ast.Attribute) -> object:
        name = self._modules.get(called(node.value))
        return self._of_module(name).get(node.attr, UNSAID) if name else UNSAID

    def _items(self, node: ast.Tuple | ast.List | ast.Set) -> object:
        found = [self._value(each) for each in node.elts]
        return UNSAID if UNSAID in found else tuple(found)

    def _variable(self, node: ast.Subscript) -> object:
        if called(node.value) not in _ENVIRONMENTS:
            return UNSAID
        return self._call.environment.get(str(self._value(node.slice)), UNSAID)

    def _call_of(self, node: ast.Call) -> object:
        name, given = called(node), [self._value(each) for each in node.args]
        if node.keywords and name not in _GETTERS:
            return UNSAID
        if name in _GETTERS and given:
            default = [self._value(each.value) for each in node.keywords if each.arg == "default"]
            return self._call.environment.get(str(given[0]), [*given[1:], *default, None][0])
        if UNSAID in given:
            return UNSAID
        if name in _CASTS and len(given) == 1:
            return _CASTS[name](given[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and not given:
            text = self._value(node.func.value)
            return getattr(text, node.func.attr)() if isinstance(text, str) else UNSAID
        return UNSAID

    def _compare(self, node: ast.Compare) -> object:
        sides = [self._value(each) for each in (node.left, *node.comparators)]
        if UNSAID in sides:
            return UNSAID
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return all(_OPERATORS[type(each)](one, other) for each, one, other in pairs)

    def _bool(self, node: ast.BoolOp) -> object:
        value: object = UNSAID
        for each in node.values:
            value = self._value(each)
            if value is UNSAID or bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def _unary(self, node: ast.UnaryOp) -> object:
        value = self._value(node.operand)
        return not value if isinstance(node.op, ast.Not) and value is not UNSAID else UNSAID

    def _choice(self, node: ast.IfExp) -> object:
        answer = self._value(node.test)
        return UNSAID if answer is UNSAID else self._value(node.body if answer else node.orelse)


_EXPRESSIONS: Final[Mapping[type[ast.expr], Callable[..., object]]] = {
    ast.Constant: _File._constant,  # noqa: SLF001 its own table
    ast.Name: _File._name,  # noqa: SLF001
    ast.Attribute: _File._attribute,  # noqa: SLF001
    ast.Tuple: _File._items,  # noqa: SLF001
    ast.List: _File._items,  # noqa: SLF001
    ast.Set: _File._items,  # noqa: SLF001
    ast.Subscript: _File._variable,  # noqa: SLF001
    ast.Call: _File._call_of,  # noqa: SLF001
    ast.Compare: _File._compare,  # noqa: SLF001
    ast.BoolOp: _File._bool,  # noqa: SLF001
    ast.UnaryOp: _File._unary,  # noqa: SLF001
    ast.IfExp: _File._choice,  # noqa: SLF001
}
