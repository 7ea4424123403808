"""One pass over a file: which names are bound where, and which calls, imports and classes there are.

Nothing is looked up here; `names` does that, for what a check asks about. Every check of a file shares the
pass, so it visits each node once and keeps only what binds, calls or imports.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.parts import defaults
from ameide_telemetry.lint.scopes import Bind, Call, Import, Scope, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Layout"]


def _end(node: ast.AST) -> int:
    return place(getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0)


# What has no parts worth a visit.
_LEAVES: Final = {str, int, type(None)} | frozenset(
    kind
    for kind in vars(ast).values()
    if isinstance(kind, type)
    and issubclass(kind, ast.AST)
    and (
        issubclass(kind, ast.expr_context | ast.operator | ast.unaryop | ast.cmpop | ast.boolop)
        or kind
        in {ast.Name, ast.Constant, ast.Pass, ast.Break, ast.Continue, ast.alias, ast.arg, ast.arguments}
    )
)
_SKIPPED: Final = frozenset(
    {"ctx", "op", "ops", "id", "attr", "name", "names", "kind", "lineno", "type_comment"}
)
_FIELDS: Final = {
    kind: tuple(each for each in kind._fields if each not in _SKIPPED)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Try
}
_FIELDS[ast.Try] = ("body", "handlers", "orelse", "finalbody")
_FIELDS[ast.Attribute] = ("value",)
_FIELDS[ast.Global] = _FIELDS[ast.Nonlocal] = _FIELDS[ast.Import] = _FIELDS[ast.ImportFrom] = ()
_DONE: Final = ()
# What may be written out: the rounds of any other loop are not known.
_LOOPED: Final = (ast.Name, ast.Tuple, ast.List, ast.Set, ast.Call)
_BODIES: Final = ("body", "orelse", "handlers", "finalbody", "cases")


class Layout:
    """What one pass over a file found.

    Attributes:
        module: the outermost scope.
        blocks: number of a block of statements -> number of the one around it; -1 for none in its scope.
        typing: blocks that type checkers read only.
        calls: in no particular order.
        imports: in no particular order.
        classes: every class with its scope.
        stars: modules of which all names are imported.
        guarded: whether the module has a part that only runs when it is started by itself.
        guards: blocks of that part.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.blocks: list[int] = [-1]
        self.module = Scope("module", "<module>", 0, None, tree)
        self.typing: set[int] = set()
        self.guards: set[int] = set()
        self.calls: list[Call] = []
        self.imports: list[Import] = []
        self.classes: dict[str, Scope] = {}
        self.stars: list[str] = []
        self._functions: list[Scope] = []
        self._todo: list[tuple[ast.AST, Scope, int]] = []
        self._special = {kind: getattr(self, name) for kind, name in _HANDLERS.items()}
        self._push(tree.body, self.module, 0)
        self._run()

    @property
    def guarded(self) -> bool:
        """Whether the module has a part that only runs when it is started by itself."""
        return bool(self.guards)

    def scopes(self) -> Iterable[Scope]:
        """Return the scopes of all classes and functions."""
        return (*self.classes.values(), *self._functions)

    def within(self, block: int, blocks: set[int]) -> bool:
        """Return whether a block is one of `blocks`, or inside of one in the same scope."""
        while block >= 0:
            if block in blocks:
                return True
            block = self.blocks[block]
        return False

    def _run(self) -> None:
        todo, special, fields, leaves = self._todo, self._special, _FIELDS, _LEAVES
        pop, push = todo.pop, todo.append
        while todo:
            node, scope, block = pop()
            kind = node.__class__
            handler: Callable[[ast.AST, Scope, int], tuple[str, ...] | None] | None = special.get(kind)
            left = handler(node, scope, block) if handler is not None else None
            for name in fields[kind] if left is None else left:
                value = getattr(node, name)
                if value.__class__ is list:
                    for each in value:
                        if each.__class__ not in leaves and each is not None:
                            push((each, scope, block))
                elif value.__class__ not in leaves and isinstance(value, ast.AST):
                    push((value, scope, block))

    def _push(self, nodes: Iterable[ast.AST | None], scope: Scope, block: int) -> None:
        self._todo += [(each, scope, block) for each in nodes if each.__class__ not in _LEAVES and each]

    def _block(self, around: int) -> int:
        self.blocks.append(around)
        return len(self.blocks) - 1

    def _bind(self, name: str, bind: Bind) -> None:
        scope = bind.scope
        if scope.outer and name in scope.outer:
            # Whoever calls the function, it is not known when: the name may have any of its meanings.
            outside = Bind(bind.how, bind.at, -2, scope, bind.node, bind.name)
            scope.outer[name].bound.setdefault(name, []).append(outside)
            return
        scope.bound.setdefault(name, []).append(bind)

    def _call(self, node: ast.Call, scope: Scope, block: int) -> None:
        self.calls.append(Call(node, scope, block))

    def _import(self, node: ast.Import, scope: Scope, block: int) -> tuple[str, ...]:
        typing = bool(self.typing) and self.within(block, self.typing)
        for alias in node.names:
            self.imports.append(Import(node, alias, alias.name, scope, typing))
            first = alias.name if alias.asname else alias.name.partition(".")[0]
            local = alias.asname or first
            self._bind(local, Bind("import", _end(node), block, scope, None, first))
        return _DONE

    def _import_from(self, node: ast.ImportFrom, scope: Scope, block: int) -> tuple[str, ...]:
        typing = bool(self.typing) and self.within(block, self.typing)
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module)
                self.imports.append(Import(node, alias, module, scope, typing))
                continue
            name = f"{module}{'' if module.endswith('.') else '.'}{alias.name}"
            self.imports.append(Import(node, alias, name, scope, typing))
            self._bind(alias.asname or alias.name, Bind("import", _end(node), block, scope, None, name))
        return _DONE

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope, block: int
    ) -> tuple[str, ...]:
        called = getattr(node, "name", "<lambda>")
        name = called if scope.kind == "module" else f"{scope.name}.{called}"
        inner = Scope("function", name, self._block(-1), scope, node)
        self._functions.append(inner)
        arguments = node.args
        self._push((*arguments.defaults, *arguments.kw_defaults), scope, block)
        if isinstance(node, ast.Lambda):
            self._push([node.body], inner, inner.block)
        else:
            self._bind(node.name, Bind("other", place(node.lineno, 0), block, scope, node))
            self._push(node.decorator_list, scope, block)
            self._outer(node, inner)
            self._push(node.body, inner, inner.block)
        self._parameters(node, inner)
        return _DONE

    def _outer(self, node: ast.FunctionDef | ast.AsyncFunctionDef, inner: Scope) -> None:
        # They have to be known before the first assignment, and nearly always stand in front.
        for statement in node.body:
            if isinstance(statement, ast.Global):
                inner.outer.update(dict.fromkeys(statement.names, self.module))
            elif isinstance(statement, ast.Nonlocal) and inner.parent is not None:
                inner.outer.update(dict.fromkeys(statement.names, inner.parent))

    def _parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, inner: Scope) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        method = inner.parent is not None and inner.parent.kind == "class" and not _is_static(node)
        for number, each in enumerate(every):
            if method and number == 0 and arguments.args:
                inner.bound[each.arg] = [Bind("self", 0, inner.block, inner, node)]
            elif each.annotation is not None and each not in (arguments.vararg, arguments.kwarg):
                inner.bound[each.arg] = [
                    Bind("typed", 0, inner.block, inner.parent or inner, each.annotation)
                ]
            else:
                inner.bound[each.arg] = [Bind("other", 0, inner.block, inner)]
        for name, default in defaults(arguments):
            if inner.bound[name][0].how == "other":
                inner.bound[name] = [Bind("default", 0, inner.block, inner.parent or inner, default)]

    def _class(self, node: ast.ClassDef, scope: Scope, block: int) -> tuple[str, ...]:
        name = node.name if scope.kind == "module" else f"{scope.name}.{node.name}"
        inner = Scope("class", name, self._block(-1), scope, node)
        self.classes[name] = inner
        self._bind(node.name, Bind("class", place(node.lineno, 0), block, scope, node, name))
        self._push((*node.decorator_list, *node.bases, *node.keywords), scope, block)
        self._push(node.body, inner, inner.block)
        return _DONE

    def _assign(self, node: ast.Assign, scope: Scope, block: int) -> None:
        at = _end(node)
        for target in node.targets:
            self._target(target, node.value, at, scope, block)

    def _annotated(self, node: ast.AnnAssign, scope: Scope, block: int) -> tuple[str, ...]:
        if node.value is not None:
            self._target(node.target, node.value, _end(node), scope, block)
            self._push([node.value], scope, block)
        elif isinstance(node.target, ast.Name):
            bind = Bind("typed", _end(node), block, scope, node.annotation)
            scope.bound.setdefault(node.target.id, []).append(bind)
        return _DONE

    def _named(self, node: ast.NamedExpr, scope: Scope, block: int) -> None:
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self._target(node.target, node.value, _end(node), scope, block)

    def _augmented(self, node: ast.AugAssign, scope: Scope, block: int) -> None:
        self._target(node.target, None, _end(node), scope, block)

    def _target(self, target: ast.expr, value: ast.expr | None, at: int, scope: Scope, block: int) -> None:
        todo = [(target, value)]
        while todo:
            each, found = todo.pop()
            if isinstance(each, ast.Name):
                self._bind(each.id, Bind("value" if found is not None else "other", at, block, scope, found))
            elif isinstance(each, ast.Attribute):
                self._attribute(
                    each, Bind("value" if found is not None else "other", at, block, scope, found)
                )
            elif isinstance(each, ast.Tuple | ast.List):
                todo += _pairs(each.elts, found)
            elif isinstance(each, ast.Starred):
                todo.append((each.value, None))

    def _attribute(self, target: ast.Attribute, bind: Bind) -> None:
        scope: Scope | None = bind.scope
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        if scope is not None and isinstance(target.value, ast.Name) and target.value.id in {"self", "cls"}:
            scope.attributes.setdefault(target.attr, []).append(bind)

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope, block: int) -> tuple[str, ...]:
        inner = self._block(block)
        self._rounds(node.target, node.iter, _end(node.target), scope, inner)
        self._push(node.body, scope, inner)
        self._push(node.orelse, scope, self._block(block))
        return ("target", "iter")

    def _rounds(self, target: ast.expr, rounds: ast.expr, at: int, scope: Scope, block: int) -> None:
        if isinstance(rounds, _LOOPED):
            if isinstance(target, ast.Name):
                self._bind(target.id, Bind("item", at, block, scope, rounds))
                return
            if isinstance(target, ast.Tuple) and all(isinstance(each, ast.Name) for each in target.elts):
                for number, each in enumerate(target.elts):
                    if isinstance(each, ast.Name):
                        self._bind(each.id, Bind("item", at, block, scope, rounds, str(number)))
                return
        self._target(target, None, at, scope, block)

    def _branches(self, node: ast.AST, scope: Scope, block: int) -> tuple[str, ...]:
        for name in _BODIES:
            if part := getattr(node, name, None):
                self._push(part, scope, self._block(block))
        return (
            ("test",)
            if isinstance(node, ast.While)
            else ("subject",)
            if isinstance(node, ast.Match)
            else _DONE
        )

    def _if(self, node: ast.If, scope: Scope, block: int) -> tuple[str, ...]:
        inner = self._block(block)
        if _is_for_types(node.test):
            self.typing.add(inner)
        elif _is_main(node.test):
            self.guards.add(inner)
        self._push(node.body, scope, inner)
        if node.orelse:
            self._push(node.orelse, scope, self._block(block))
        return ("test",)

    def _with(self, node: ast.withitem, scope: Scope, block: int) -> tuple[str, ...]:
        if node.optional_vars is not None:
            # What the kinds of objects that matter here give to `as` is themselves.
            self._target(node.optional_vars, node.context_expr, _end(node.optional_vars), scope, block)
        return ("context_expr",)

    def _handler(self, node: ast.ExceptHandler, scope: Scope, block: int) -> tuple[str, ...]:
        inner = self._block(block)
        if node.name:
            self._bind(node.name, Bind("other", place(node.lineno, 0), inner, scope))
        self._push(node.body, scope, inner)
        return ("type",)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope, block: int
    ) -> tuple[str, ...]:
        inner = Scope("comprehension", scope.name, block, scope, node)
        for each in node.generators:
            self._rounds(each.target, each.iter, 0, inner, block)
            self._push((each.iter, *each.ifs), inner, block)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        self._push(parts, inner, block)
        return _DONE

    def _delete(self, node: ast.Delete, scope: Scope, block: int) -> None:
        for target in node.targets:
            self._target(target, None, _end(node), scope, block)

    def _capture(self, node: ast.MatchAs | ast.MatchStar, scope: Scope, block: int) -> None:
        if node.name:
            self._bind(node.name, Bind("other", _end(node), block, scope))


def _pairs(targets: list[ast.expr], value: ast.expr | None) -> Iterable[tuple[ast.expr, ast.expr | None]]:
    fits = (
        isinstance(value, ast.Tuple | ast.List)
        and len(value.elts) == len(targets)
        and not any(isinstance(each, ast.Starred) for each in (*value.elts, *targets))
    )
    if fits and isinstance(value, ast.Tuple | ast.List):
        return zip(targets, value.elts, strict=True)
    return [(each, None) for each in targets]


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return isinstance(node, ast.Lambda) or any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in decorators
    )


def _is_for_types(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _is_main(test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(each, ast.Name) and each.id == "__name__" for each in sides) and any(
        isinstance(each, ast.Constant) and each.value == "__main__" for each in sides
    )


_HANDLERS: Final[dict[type[ast.AST], str]] = {
    ast.Call: "_call",
    ast.Import: "_import",
    ast.ImportFrom: "_import_from",
    ast.FunctionDef: "_function",
    ast.AsyncFunctionDef: "_function",
    ast.Lambda: "_function",
    ast.ClassDef: "_class",
    ast.Assign: "_assign",
    ast.AnnAssign: "_annotated",
    ast.NamedExpr: "_named",
    ast.AugAssign: "_augmented",
    ast.For: "_for",
    ast.AsyncFor: "_for",
    ast.While: "_branches",
    ast.Try: "_branches",
    ast.TryStar: "_branches",
    ast.Match: "_branches",
    ast.If: "_if",
    ast.withitem: "_with",
    ast.ExceptHandler: "_handler",
    ast.ListComp: "_comprehension",
    ast.SetComp: "_comprehension",
    ast.GeneratorExp: "_comprehension",
    ast.DictComp: "_comprehension",
    ast.Delete: "_delete",
    ast.MatchAs: "_capture",
    ast.MatchStar: "_capture",
}
