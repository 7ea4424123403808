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

from ameide_telemetry.lint.known import GET_LOGGER, GETTERS, HANDED, LOADERS, SAME, STARS
from ameide_telemetry.lint.layout import Layout
from ameide_telemetry.lint.parts import defaulted, looped, picked, unquoted
from ameide_telemetry.lint.reaching import DEEPEST, Reaching
from ameide_telemetry.lint.scopes import Bind, Call, Scope, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.source import Parsed

__all__ = ["Meaning", "Names", "Use", "names_of"]

_LONGEST: Final = 160
_MOST: Final = 6
_LOCAL: Final = "::"
_GETS: Final = tuple(f"{each}(" for each in GETTERS)
_CALLS: Final = "operator.methodcaller("
# A type in quotes; what is longer is no name of a logger or an instrument.
_LONGEST_TYPE: Final = 80


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


class Names(Reaching):
    """The names of one file; made once for all its checks.

    Attributes:
        layout: scopes, calls, imports, classes.
        imports: every name of every import statement, in order of place.
        uses: calls of which it is known what they call, in order of place.
    """

    def __init__(self, tree: ast.Module) -> None:
        super().__init__(Layout(tree))
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

    def handed(self) -> Iterator[Use]:
        """Yield the functions that are handed to what calls them, as if they were called there."""
        for name, (keyword, position) in HANDED.items():
            for use in self._index.get(name, ()):
                node = use.node
                given = node.args[position] if len(node.args) > position else _keyword(node, keyword)
                for meaning in self.of(given, use.call):
                    yield Use(node, use.call, meaning)

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
            if meaning.name.startswith(_CALLS) and call.node.args:
                for made in self._gotten(meaning.name, call.node, call.scope, call.block, 0):
                    yield Use(call.node, call, Meaning(made.name.removesuffix("()"), call.node))

    def _of(self, node: ast.AST, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        kind = node.__class__
        if depth > DEEPEST:
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
            if name.startswith(_LOCAL) and attribute == "__class__":
                result.append(Meaning(name.removesuffix("()"), hidden))
            elif name.startswith(_LOCAL):
                result += self._of_class(name, attribute, depth)
            elif len(name) < _LONGEST:
                full = f"{name}.{attribute}"
                result.append(Meaning(SAME.get(full, full), hidden))
        return tuple(result)

    def _of_class(self, name: str, attribute: str, depth: int) -> tuple[Meaning, ...]:
        scope = self.layout.classes.get(name.removeprefix(_LOCAL).removesuffix("()"))
        if scope is None or depth > DEEPEST:
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
            if depth > DEEPEST:
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
        if bind.how == "item":
            return tuple(dict.fromkeys(self._of_round(bind, depth)))[:_MOST]
        if bind.how == "typed":
            return tuple(self._instance(node, bind.scope, bind.scope.block, depth))
        return self._of(node, bind.scope, max(bind.block, 0), depth)

    def _instance(self, node: ast.AST, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        if depth > DEEPEST:
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
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            quoted = unquoted(node) if len(node.value) <= _LONGEST_TYPE else None
            if quoted is not None:
                yield from self._instance(quoted, scope, block, depth + 1)

    def _of_call(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "get" and node.args:
            yield from self._of_parts(func.value, node.args[0], scope, block, depth)
        for name, hidden in self._of(func, scope, block, depth):
            reader = _CALLED.get(name)
            if reader is not None:
                yield from getattr(self, reader)(node, scope, block, depth)
            elif name in GET_LOGGER and self._is_root(node, scope, block, depth):
                yield Meaning("logging.root", hidden)
            elif name.startswith(_GETS):
                yield from self._gotten(name, node, scope, block, depth)
            elif len(name) < _LONGEST:
                yield Meaning(f"{name}()", hidden)

    def _loaded(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        first = node.args[0] if node.args else _keyword(node, "name")
        whole, text = self._text(first, scope, block, depth)
        if whole and text:
            yield Meaning(text.replace(":", "."), node)

    def _imported(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        for name, hidden in self._loaded(node, scope, block, depth):
            # `__import__("a.b")` gives back `a`.
            yield Meaning(name if _keyword(node, "fromlist", 3) else name.partition(".")[0], hidden)

    def _first(self, node: ast.Call, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        return self._of(node.args[0], scope, block, depth) if node.args else ()

    def _cast(self, node: ast.Call, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        return self._of(node.args[1], scope, block, depth) if len(node.args) > 1 else ()

    def _vars(self, node: ast.Call, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        return self._attribute(self._first(node, scope, block, depth), "__dict__", depth)

    def _type(self, node: ast.Call, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        return self._attribute(self._first(node, scope, block, depth), "__class__", depth)

    def _getter(self, node: ast.Call, scope: Scope, block: int, depth: int) -> Iterator[Meaning]:
        whole, text = self._text(node.args[0] if node.args else None, scope, block, depth)
        if whole and text.replace(".", "").isidentifier():
            for name in self._of(node.func, scope, block, depth):
                yield Meaning(f"{name.name}({text})", node)

    def _gotten(self, name: str, node: ast.Call, scope: Scope, block: int, depth: int) -> tuple[Meaning, ...]:
        """Return what a getter of `operator`, made for a dotted name, gives for an object."""
        found = self._first(node, scope, block, depth)
        getter, _, text = name.removesuffix(")").partition("(")
        for part in text.split("."):
            found = self._attribute(found, part, depth)
        end = "()" if getter.endswith("methodcaller") else ""
        return tuple(Meaning(f"{each.name}{end}", node) for each in found)

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
        name = defaulted(name, scope)
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
        yield from self._of_parts(node.value, node.slice, scope, block, depth)

    def _of_parts(
        self, node: ast.AST, key: ast.AST, scope: Scope, block: int, depth: int
    ) -> Iterator[Meaning]:
        """Yield what a table or list that is written out may give for a key."""
        container, there, around = self._given(node, scope, block)
        known, _, _ = self._given(key, scope, block)
        for each in picked(container, known)[:_MOST]:
            yield from self._of(each, there, around, depth)

    def _of_round(self, bind: Bind, depth: int) -> Iterator[Meaning]:
        """Yield what the target of a loop stands for, in its rounds."""
        rounds, method = bind.node, ""
        if isinstance(rounds, ast.Call) and isinstance(rounds.func, ast.Attribute) and not rounds.args:
            method = rounds.func.attr
            rounds = rounds.func.value
        if rounds is not None:
            container, scope, block = self._given(rounds, bind.scope, max(bind.block, 0))
            for each in looped(container, method, bind.name):
                yield from self._of(each, scope, block, depth)

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


_CALLED: Final[dict[str, str]] = {
    **dict.fromkeys(LOADERS, "_loaded"),
    **{name: "_imported" for name in LOADERS if name.endswith("__import__")},
    **dict.fromkeys(GETTERS, "_getter"),
    "builtins.getattr": "_got",
    "builtins.type": "_type",
    "builtins.vars": "_vars",
    **dict.fromkeys(("functools.partial", "builtins.staticmethod"), "_first"),
    "typing.cast": "_cast",
}
_READERS: Final[dict[type[ast.AST], str]] = {
    ast.Call: "_of_call",
    ast.Subscript: "_of_item",
    ast.IfExp: "_of_choice",
    ast.BoolOp: "_of_any",
    ast.NamedExpr: "_of_inner",
    ast.Await: "_of_inner",
}


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
