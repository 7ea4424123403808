"""Scopes of a file, and what binds names in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ast

__all__ = ["Bind", "Call", "Import", "Scope", "place"]

_How = Literal["import", "value", "typed", "default", "item", "self", "class", "other"]
_Kind = Literal["module", "class", "function", "comprehension"]


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function or comprehension.

    Attributes:
        kind: which of them.
        name: dotted, of the function or class; `<module>` for the module.
        block: number of its outermost block of statements.
        parent: the scope around it.
        node: where it comes from.
        bound: name -> what binds it here, in order of place once it was asked for.
        attributes: of a class: attribute -> what its methods bind it to.
        outer: names that a `global` or `nonlocal` statement gives to a scope further out -> that scope.
    """

    kind: _Kind
    name: str
    block: int
    parent: Scope | None
    node: ast.AST
    bound: dict[str, list[Bind]] = field(default_factory=dict)
    attributes: dict[str, list[Bind]] = field(default_factory=dict)
    outer: dict[str, Scope] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Bind:
    """One place where a name gets a meaning.

    Attributes:
        how: by an import, a value, a type that is declared, the default of a parameter, and so on.
        at: place from which on it holds.
        block: block of statements that it stands in.
        scope: scope in which its value is looked up.
        node: the value, the declared type, the class, or what is looped over.
        name: dotted name of an import; number of the part that a target of a loop takes.
    """

    how: _How
    at: int
    block: int
    scope: Scope
    node: ast.AST | None = None
    name: str = ""


@dataclass(slots=True, eq=False)
class Call:
    """A call, with where it stands."""

    node: ast.Call
    scope: Scope
    block: int


@dataclass(slots=True, eq=False)
class Import:
    """One name of an import statement.

    Attributes:
        node: the statement.
        alias: the name in it.
        name: dotted, of what is imported; `.` in front stands for the package of the file.
        scope: where it is bound.
        typing: whether it is read by type checkers only.
    """

    node: ast.Import | ast.ImportFrom
    alias: ast.alias
    name: str
    scope: Scope
    typing: bool

    @property
    def local(self) -> str:
        """The name that it binds."""
        return self.alias.asname or self.alias.name.partition(".")[0]


def place(line: int, column: int) -> int:
    """Return a number that is larger the further down something stands."""
    return line << 20 | min(column, 0xFFFFF)
