"""Where names are kept while the walk goes on: modules, and the bodies of functions and classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from ameide_telemetry.lint.source import Parsed
    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["Frame", "Module", "Scope"]


@dataclass(slots=True, eq=False)
class Scope:
    """Names of one body.

    Attributes:
        kind: of the body.
        module: that it stands in.
        symbol: dotted name in the module; `<module>` for the module itself.
        parent: the scope around it.
        names: what they mean now.
        elsewhere: names declared `global` or `nonlocal` -> the scope that keeps them.
    """

    kind: Literal["module", "function", "class"]
    module: Module
    symbol: str
    parent: Scope | None = None
    names: dict[str, Value] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)

    def lookup(self, name: str) -> Value | None:
        """Return what a name means here; None if nothing binds it."""
        scope: Scope | None = self.elsewhere.get(name, self)
        first = True
        while scope is not None:
            if first or scope.kind != "class":
                found = scope.names.get(name)
                if found is not None:
                    return found
            first, scope = False, scope.parent
        return None

    def inner(self, name: str) -> str:
        """Return the dotted name of what is defined here."""
        return name if self.kind == "module" else f"{self.symbol}.{name}"


@dataclass(slots=True, eq=False)
class Module:
    """A module of the tree.

    Attributes:
        name: dotted; `__main__` for a file that is run.
        path: its file; None for a namespace.
        package: the package that relative imports start from.
        main: whether it is what the process was started with.
        state: how much of its body ran; `skipped` if nothing in it matters, `unread` if it cannot be parsed.
        source: its text and tree.
        stars: modules outside of the tree whose names were all imported.
        open: whether names that are not literal may have been written to it.
        doubtful: names that only some ways through its body bind.
        bound: name -> when and where it was bound first.
        conditions: what had to be true for it to be imported first.
        span: which of the things that happened its body brought.
        woken: whether it was skipped first, and run when it was given something that matters.
    """

    name: str
    path: Path | None
    package: str
    main: bool = False
    state: Literal["new", "running", "ran", "skipped", "unread"] = "new"
    source: Parsed | None = None
    stars: list[str] = field(default_factory=list)
    open: bool = False
    doubtful: set[str] = field(default_factory=set)
    bound: dict[str, tuple[int, ast.AST]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    span: tuple[int, int] = (0, 0)
    woken: bool = False
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope("module", self, "<module>")


@dataclass(slots=True, eq=False)
class Frame:
    """A call that is under way.

    Attributes:
        base: how many conditions were in force when it began.
        returned: values that it may return.
        ways: for each of them whether it is the one while the documented off-switch is not set.
        yielded: values that it yields.
        paused: how many things had happened at its first `yield`; None before.
    """

    base: int
    returned: list[Value] = field(default_factory=list)
    ways: list[bool | None] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    paused: int | None = None
