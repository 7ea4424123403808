"""What an expression stands for in one file, as a dotted name: `b` for `logging.basicConfig` after an import.

No guess is made: a name that a parameter, a loop or unknown code binds stands for nothing. Where the source
leaves several meanings, as after `try: import ujson as json`, all of them are told.

    logging.getLogger()      what the call gives back; the root logger is `logging.root`
    .telemetry.setup         relative to the package of the file
    builtins.print           bound nowhere in the file
    ::Shop.pool              attribute of a class of the file
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.known import GET_LOGGER, LOADERS, SAME, STARS
from ameide_telemetry.lint.layout import Layout
from ameide_telemetry.lint.scopes import Bind, Call, Scope, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.source import Parsed

__all__ = ["Meaning", "Names", "Use", "names_of"]

_DEEPEST: Final = 24
_LONGEST: Final = 160
_MOST: Final = 6
_LOCAL: Final = "::"


class Meaning(NamedTuple):
    """One thing that an expression may stand for.

    Attributes:
        name: dotted.
        hidden: the expression that reaches it by a string; None where it is spelt out.
    """

    name: str
    hidden: ast.expr | None = None


class Use(NamedTuple):
    """A call of something that is known by name."""

    node: ast.Call
    call: Call
    meaning: Meaning

    @property
    def name(self) -> str:
        """The dotted name of what is called."""
        return self.meaning.name


class Names:
    """The names of one file; made once for all its checks.

    Attributes:
        layout: scopes, calls, imports, classes.
        imports: every name of every import statement, in order of place.
        uses: calls of which it is known what they call, in order of place.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.layout = Layout(tree)
        self.imports = sorted(self.layout.imports, key=lambda each: each.node.lineno)
        self._values: dict[ast.AST, tuple[Meaning, ...]] = {}
        self._known: dict[Bind, tuple[Meaning, ...]] = {}
        self.uses = [use for call in self.layout.calls for use in self._uses(call)]
        self.uses.sort(key=lambda use: place(use.node.lineno, use.node.col_offset))
        self._index: dict[str, list[Use]] = {}
        for use in self.uses:
            self._index.setdefault(use.meaning.name, []).append(use)

    def called(self, names: Iterable[str]) -> Iterator[Use]:
        """Yield the calls of these dotted names."""
        for name in names:
            yield from self._index.get(name, ())

    def of(self, node: ast.AST | None, call: Call | None = None) -> tuple[Meaning, ...]:
        """Return what an expression stands for where a call stands; nothing where it is not known."""
        scope, block = (call.scope, call.block) if call is not None else (self.layout.module, 0)
        return self._of(node, scope, block, 0) if node is not None else ()

    def named(self, node: ast.AST | None, call: Call | None = None) -> tuple[str, ...]:
        """Return the dotted names that an expression may stand for."""
        return tuple(each.name for each in self.of(node, call))

    def named_in(self, node: ast.AST, scope: Scope) -> tuple[str, ...]:
        """Return the dotted names that an expression may stand for in a scope, wherever it stands there."""
        return tuple(each.name for each in self._of(node, scope, scope.block, 0))

    def text(self, node: ast.AST | None, call: Call | None = None) -> str | None:
        """Return the string that an expression is; None where it is no literal one."""
        scope, block = (call.scope, call.block) if call is not None else (self.layout.module, 0)
        whole, text = self._text(node, scope, block, 0)
        return text if whole else None

    def beginning(self, node: ast.AST | None, call: Call) -> str:
        """Return the literal text that a string begins with; empty if there is none."""
        return self._text(node, call.scope, call.block, 0)[1]

    def value(self, node: ast.AST | None, call: Call) -> ast.AST | None:
        """Return the expression that a name was given, if there is just one; any other as it is."""
        if not isinstance(node, ast.Name):
            return node
        binds = self._reaching(node.id, call.scope, call.block, place(node.lineno, node.col_offset))
        if binds is not None and len(binds) == 1 and binds[0].how == "value":
            return binds[0].node
        return node

    def bound(self, name: str, call: Call) -> list[Bind]:
        """Return what a name may be bound to where a call stands."""
        return (
            self._reaching(name, call.scope, call.block, place(call.node.lineno, call.node.col_offset)) or []
        )

    def _uses(self, call: Call) -> Iterator[Use]:
        layout = self.layout
        if layout.typing and layout.within(call.block, layout.typing):
            return
        for meaning in self._of(call.node.func, call.scope, call.block, 0):
            yield Use(call.node, call, meaning)

    def _of(self, node: ast.AST, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        kind = node.__class__
        if depth > _DEEPEST:
            return ()
        if kind is ast.Name:
            return self._of_name(node, scope, block, depth)  # type: ignore[arg-type]
        if kind is ast.Attribute:
            found = self._of(node.value, scope, block, depth + 1)  # type: ignore[attr-defined]
            return self._attribute(found, node.attr, depth) if found else ()  # type: ignore[attr-defined]
        reader = _READERS.get(kind)
        if reader is None:
            return ()
        known = self._values.get(node)
        if known is None:
            self._values[node] = ()
            known = self._values[node] = tuple(getattr(self, reader)(node, scope, block, depth + 1))[:_MOST]
        return known

    def _attribute(self, found: tuple[Meaning, ...], attribute: str, depth: int) -> tuple[Meaning, ...]:
        result: list[Meaning] = []
        for name, hidden in found:
            if name.startswith(_LOCAL):
                result += self._of_class(name, attribute, depth)
            elif len(name) < _LONGEST:
                full = f"{name}.{attribute}"
                result.append(Meaning(SAME.get(full, full), hidden))
        return tuple(result)

    def _of_class(self, name: str, attribute: str, depth: int) -> tuple[Meaning, ...]:
        scope = self.layout.classes.get(name.removeprefix(_LOCAL).removesuffix("()"))
        if scope is None or depth > _DEEPEST:
            return ()
        binds = [*scope.bound.get(attribute, ()), *scope.attributes.get(attribute, ())]
        if binds:
            return tuple(each for bind in binds[:_MOST] for each in self._meaning(bind, depth + 1))
        found: list[Meaning] = []
        for base in getattr(scope.node, "bases", ())[:_MOST]:
            around = scope.parent or scope
            known = self._of(base, around, around.block, depth + 1)
            made = tuple(Meaning(f"{each.name}()", each.hidden) for each in known if each.name != name)
            found += self._attribute(made, attribute, depth + 1)
        return tuple(found)

    def _of_name(self, node: ast.Name, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        binds = self._reaching(node.id, scope, block, node.lineno << 20 | node.col_offset)
        if binds is None:
            stars = tuple(Meaning(f"{each}.{node.id}") for each in self._starred(node.id))
            return stars or (Meaning(f"builtins.{node.id}"),)
        if len(binds) == 1:
            return self._meaning(binds[0], depth)
        found = dict.fromkeys(each for bind in binds[:_MOST] for each in self._meaning(bind, depth))
        return tuple(found)

    def _starred(self, name: str) -> Iterator[str]:
        return (each for each in self.layout.stars if name in STARS.get(each, ()))

    def _meaning(self, bind: Bind, depth: int) -> tuple[Meaning, ...]:
        how = bind.how
        if how == "import":
            return (Meaning(SAME.get(bind.name, bind.name)),)
        if how == "other" or bind.node is None:
            return ()
        known = self._known.get(bind)
        if known is None:
            if depth > _DEEPEST:
                return ()
            # A name that is bound to itself has no meaning.
            self._known[bind] = ()
            known = self._known[bind] = self._bound_to(bind, depth + 1)
        return known

    def _bound_to(self, bind: Bind, depth: int) -> tuple[Meaning, ...]:
        node = bind.node
        if bind.how == "class":
            return (Meaning(f"{_LOCAL}{bind.name}"),)
        if bind.how == "self":
            owner = bind.scope.parent
            return (Meaning(f"{_LOCAL}{owner.name}()"),) if owner is not None else ()
        if node is None:
            return ()
        if bind.how == "typed":
            return tuple(self._instance(node, bind.scope, bind.scope.block, depth))
        return self._of(node, bind.scope, max(bind.block, 0), depth)

    def _instance(self, node: ast.AST, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        if depth > _DEEPEST:
            return
        if isinstance(node, ast.BinOp):
            yield from self._instance(node.left, scope, block, depth + 1)
            yield from self._instance(node.right, scope, block, depth + 1)
        elif isinstance(node, ast.Subscript):
            inner = (
                node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
            )
            for each in self._of(node.value, scope, block, depth + 1):
                if each.name.rpartition(".")[2] in {"Annotated", "Optional"}:
                    yield from self._instance(inner, scope, block, depth + 1)
        elif isinstance(node, ast.Name | ast.Attribute):
            for each in self._of(node, scope, block, depth + 1):
                yield Meaning(f"{each.name}()", each.hidden)

    def _of_call(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        for name, hidden in self._of(node.func, scope, block, depth):
            first = node.args[0] if node.args else None
            if name == "builtins.getattr":
                yield from self._got(node, scope, block, depth)
            elif name in LOADERS:
                whole, text = self._text(first or _keyword(node, "name"), scope, block, depth)
                if whole and text:
                    # `__import__("a.b")` gives back `a`.
                    cut = name.endswith("__import__") and "." in text and not _keyword(node, "fromlist", 3)
                    yield Meaning(text.partition(".")[0] if cut else text.replace(":", "."), node)
            elif name == "functools.partial" and first is not None:
                yield from self._of(first, scope, block, depth)
            elif name == "typing.cast" and len(node.args) > 1:
                yield from self._of(node.args[1], scope, block, depth)
            elif name == "builtins.vars" and first is not None:
                yield from self._attribute(self._of(first, scope, block, depth), "__dict__", depth)
            elif name in GET_LOGGER and self._is_root(node, scope, block, depth):
                yield Meaning("logging.root", hidden)
            elif len(name) < _LONGEST:
                yield Meaning(f"{name}()", hidden)

    def _got(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        if len(node.args) > 1:
            whole, text = self._text(node.args[1], scope, block, depth)
            if whole and text.isidentifier():
                for each in self._attribute(self._of(node.args[0], scope, block, depth), text, depth):
                    yield Meaning(each.name, node)

    def _is_root(self, node: ast.Call, scope: Scope, block: int, depth: int) -> bool:
        name = node.args[0] if node.args else _keyword(node, "name")
        if name is None:
            return not node.keywords
        if isinstance(name, ast.Constant) and name.value is None:
            return True
        whole, text = self._text(name, scope, block, depth)
        return whole and text in {"", "root"}

    def _of_item(self, node: ast.Subscript, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        for name, _ in self._of(node.value, scope, block, depth):
            if name.endswith(".__dict__") or name == "sys.modules":
                whole, text = self._text(node.slice, scope, block, depth)
                if whole and text:
                    yield Meaning(text if name == "sys.modules" else f"{name[:-9]}.{text}", node)

    def _of_choice(self, node: ast.IfExp, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        yield from self._of(node.body, scope, block, depth)
        yield from self._of(node.orelse, scope, block, depth)

    def _of_any(self, node: ast.BoolOp, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        for each in node.values[:_MOST]:
            yield from self._of(each, scope, block, depth)

    def _of_inner(
        self, node: ast.NamedExpr | ast.Await, scope: Scope, block: int, depth: int
    ) -> Iterator[Meaning]:
        yield from self._of(node.value, scope, block, depth)

    def _text(self, node: ast.AST | None, scope: Scope, block: int, depth: int) -> tuple[bool, str]:
        """Return whether the whole string is known, and what is known of its beginning."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str), node.value if isinstance(node.value, str) else ""
        if depth > _DEEPEST:
            return False, ""
        if isinstance(node, ast.Name):
            binds = self._reaching(node.id, scope, block, place(node.lineno, node.col_offset))
            if binds is None or len(binds) != 1 or binds[0].how != "value":
                return False, ""
            return self._text(binds[0].node, binds[0].scope, max(binds[0].block, 0), depth + 1)
        parts: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        elif isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
        text = ""
        for part in parts:
            whole, more = self._text(part, scope, block, depth + 1)
            text += more
            if not whole:
                return False, text
        return bool(parts), text

    def _reaching(self, name: str, scope: Scope | None, block: int, at: int) -> list[Bind] | None:
        """Return the bindings that a name may have at a place; None if the file binds it nowhere."""
        own = True
        while scope is not None:
            if scope.kind != "class" or own:
                outer = scope.outer.get(name) if scope.outer else None
                if outer is not None:
                    scope, own = outer, False
                binds = scope.bound.get(name)
                if binds:
                    found = self._before(binds, block, at) if own else self._surviving(binds, scope)
                    if found or scope.kind == "function":
                        return found or binds
            own = own and scope.kind == "comprehension"
            scope = scope.parent
        return None

    def _before(self, binds: list[Bind], block: int, at: int) -> list[Bind]:
        found: list[Bind] = []
        for bind in _last_first(binds):
            # What a function gives to a global name holds at no known moment.
            if bind.at <= at or bind.block < 0:
                found.append(bind)
                if self._around(bind.block, block):
                    break
        return found

    def _surviving(self, binds: list[Bind], scope: Scope) -> list[Bind]:
        found: list[Bind] = []
        for bind in _last_first(binds):
            found.append(bind)
            if bind.block == scope.block:
                break
        return found

    def _around(self, outer: int, block: int) -> bool:
        blocks = self.layout.blocks
        while block >= 0:
            if block == outer:
                return True
            block = blocks[block]
        return False


_READERS: Final[dict[type[ast.AST], str]] = {
    ast.Call: "_of_call",
    ast.Subscript: "_of_item",
    ast.IfExp: "_of_choice",
    ast.BoolOp: "_of_any",
    ast.NamedExpr: "_of_inner",
    ast.Await: "_of_inner",
}


def _last_first(binds: list[Bind]) -> list[Bind]:
    return binds if len(binds) == 1 else sorted(binds, key=lambda bind: bind.at, reverse=True)


def _keyword(node: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    if position is not None and len(node.args) > position:
        return node.args[position]
    return next((each.value for each in node.keywords if each.arg == name), None)


def names_of(file: Parsed) -> Names:
    """Return the names of a file; the first check that asks has them made."""
    # Beside the file, as a cached property of it would be: both are thrown away together.
    known = vars(file).get("_names")
    if known is None:
        known = vars(file)["_names"] = Names(file.tree)
    return known
