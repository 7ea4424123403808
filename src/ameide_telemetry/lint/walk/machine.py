"""The state of one walk: what was seen, under which conditions, by which way, and what may still be done."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ameide_telemetry.lint.walk.generators import first
from ameide_telemetry.lint.walk.risks import Guard, holding, meet
from ameide_telemetry.lint.walk.values import External, Instance, Moment

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import EventKind
    from ameide_telemetry.lint.source import Sources
    from ameide_telemetry.lint.walk.commands import Begun
    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.risks import Handler
    from ameide_telemetry.lint.walk.scopes import Frame, Module, Scope
    from ameide_telemetry.lint.walk.values import Arguments, Function, Value

__all__ = ["STEPS", "Finder", "Found", "Happening", "Later", "Machine", "Mentions", "Spent"]

STEPS: Final = 200_000
"""How many statements and calls a walk executes before it gives up."""
_DEEPEST: Final = 16


class Found(Protocol):
    """What a dotted name leads to; `roots.Found` is one."""

    @property
    def kind(self) -> str:
        """`module`, `package`, `namespace` or `missing`."""
        ...

    @property
    def path(self) -> Path | None:
        """The file of the module itself."""
        ...

    @property
    def looked_for(self) -> tuple[Path, ...]:
        """Paths that were not there."""
        ...


class Finder(Protocol):
    """Looks a module up in the import roots of an entrypoint."""

    def __call__(self, name: str, /) -> Found:
        """Return what importing a dotted name would run."""
        ...


class Spent(Exception):  # noqa: N818 - it ends a walk, which is no error
    """The walk has done all the steps that it may do."""


@dataclass(slots=True)
class Happening:
    """An event with all that is known of it; `dropped` if nobody goes on to where it would happen."""

    kind: EventKind
    moment: Moment
    subject: int = 0
    note: str = ""
    dropped: bool = False


@dataclass(slots=True)
class Later:
    """A callable that is run when the application starts up, or in each child."""

    kind: EventKind
    value: Value
    arguments: Arguments
    subject: int


class Mentions(NamedTuple):
    """What the body of a function asks for.

    Attributes:
        names: that are not its parameters.
        imported: names that it imports for itself -> dotted names.
    """

    names: list[ast.Name | ast.Attribute]
    imported: Mapping[str, str]


@dataclass(slots=True)
class Machine:
    """One walk.

    Attributes:
        sources: the files.
        find: looks modules up.
        bootstrap: dotted names whose call is the event `init`.
        relevant: whether a file can bring an event, by itself or by what it imports.
        evaluate: what an expression stands for; what it calls is called.
        execute: runs statements.
        call: calls a value.
        finish: awaits what a call of an async function gave.
        enter: runs the body of a function.
        modules: by dotted name.
        looked_for: paths that were not there when a module was looked up.
        absent: dotted names that lead to nothing in the tree.
        folders: where the program itself says that modules are, besides the roots.
        happenings: what was seen.
        conditions: what has to be true for the walk to be here, outermost first.
        chain: imports and calls that lead here.
        frames: calls that are under way.
        active: functions that are under way.
        mentions: what the body of a function asks for.
        leading: functions, and how many calls away from them no bootstrap is.
        deaf: signals that the process never hears.
        later: callables for the start-up, and what they belong to.
        commands: callables that were registered with a dispatcher, by its identity.
        mode: kind that a call of the bootstrap is of, now.
        guarded: how many `try` statements around the walk go on after an exception.
        guards: blocks around the walk whose exceptions somebody is told of, outermost first.
        risky: functions in which something may be raised.
        dead: fork -> arms of it after which the process ends.
        there: modules from outside of the tree that were imported before anything was in doubt.
        cut: functions that were not entered because they are too deep.
        entered: functions that were entered at least once.
        decided: how many conditions were decided by what a name stands for.
        writes: how many times something was changed that outlives the call that is under way.
        depth: how many expressions the walk is in.
        loops: how many loops the walk is in.
        paused: how many things had happened when the last function that returned yielded first.
        defaults: callables that a parser of arguments gives out, by the name of the attribute.
        stacks: callables that a stack of exits calls at its end, by its number.
        replaced: dotted names outside of the tree that something else has taken the place of.
        hidden: modules that an import does not find by the usual way any more, and why; `` for any.
        unsure: the setting on which it depends whether workers fork late, if nobody knows it.
        environment: variables that the deployment sets.
        begun: other programs that are started.
        threads: that were started, by their number: the condition that one is quick, what it does.
        boots: callables that only a worker calls, each with the program that does.
        switch: what the source itself has set the documented off-switch to.
    """

    sources: Sources
    find: Finder
    bootstrap: frozenset[str]
    relevant: Callable[[Path], bool]
    evaluate: Callable[[Machine, ast.expr, Scope], Value]
    execute: Callable[[Machine, Sequence[ast.stmt], Scope], int]
    call: Callable[[Machine, Value, Arguments, ast.AST, Scope], Value]
    finish: Callable[[Machine, Value, ast.AST, Scope], Value]
    enter: Callable[[Machine, Function, Arguments, ast.AST, Scope], Value]
    modules: dict[str, Module] = field(default_factory=dict)
    looked_for: dict[Path, None] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    chain: list[tuple[Module, ast.AST, str]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    active: list[ast.AST] = field(default_factory=list)
    leading: dict[ast.AST, int] = field(default_factory=dict)
    mentions: dict[ast.AST, Mentions] = field(default_factory=dict)
    deaf: frozenset[str] = frozenset()
    later: list[Later] = field(default_factory=list)
    commands: dict[int, list[tuple[str, Value]]] = field(default_factory=dict)
    quiet: dict[object, tuple[int, Value | None]] = field(default_factory=dict)
    cached: dict[tuple[object, ...], Value] = field(default_factory=dict)
    settings_module: list[str] = field(default_factory=list)
    mode: EventKind = "init"
    guarded: int = 0
    guards: list[Guard] = field(default_factory=list)
    risky: set[ast.AST] = field(default_factory=set)
    dead: dict[int, set[int]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    cut: dict[ast.AST, str] = field(default_factory=dict)
    logged: set[ast.AST] = field(default_factory=set)
    entered: set[ast.AST] = field(default_factory=set)
    decided: int = 0
    writes: int = 0
    depth: int = 0
    loops: int = 0
    paused: int | None = None
    served: list[Value] = field(default_factory=list)
    defaults: dict[str, list[Value]] = field(default_factory=dict)
    stacks: dict[int, list[tuple[Value, Arguments]]] = field(default_factory=dict)
    replaced: dict[str, Value] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    switch: Value | None = None
    unsure: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    begun: list[Begun] = field(default_factory=list)
    threads: dict[int, tuple[Condition, list[Happening]]] = field(default_factory=dict)
    boots: list[tuple[str, Value]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _left: int = STEPS

    def external(self, name: str) -> Value:
        """Return what a dotted name from outside of the tree stands for now."""
        return self.replaced.get(name) or External(name)

    def number(self) -> int:
        """Return the next number; what has a greater one came later."""
        return next(self._numbers)

    def step(self) -> None:
        """Count one step.

        Raises:
            Spent: there are none left.
        """
        self._left -= 1
        if self._left < 0:
            raise Spent

    def moment(self, node: ast.AST, scope: Scope) -> Moment:
        """Return where and when the walk is now."""
        return Moment(self.number(), scope.module, node, scope.symbol, self.holding(), tuple(self.chain))

    def record(
        self, kind: EventKind, node: ast.AST, scope: Scope, *, subject: int = 0, note: str = ""
    ) -> Happening:
        """Note that something happens here and now."""
        happening = Happening(kind, self.moment(node, scope), subject, note)
        self.happenings.append(happening)
        return happening

    def made(self, of: str, node: ast.AST, scope: Scope, *, kind: str = "") -> Instance:
        """Return a new object."""
        moment = self.moment(node, scope)
        return Instance(moment.order, of, moment, kind)

    def application(self, instance: Instance) -> None:
        """Note that an object is an application that was made when it was made."""
        self.happenings.append(Happening("app", instance.made, instance.number))

    def announced(self, instance: Instance) -> bool:
        """Return whether an object is known as an application already."""
        return any(each.kind == "app" and each.subject == instance.number for each in self.happenings)

    def log(self, node: ast.AST, scope: Scope, note: str = "") -> None:
        """Note that a line is logged, once for each place that does it."""
        if node not in self.logged:
            self.logged.add(node)
            self.record("log", node, scope, note=note)

    def again(self, module: Module) -> None:
        """Note that a module is imported again, where its first import may not have happened.

        Its body runs here then: what it brought happens now, unless it has happened already.
        """
        here = {(each.fork, each.arm) for each in self.conditions}
        if all((each.fork, each.arm) in here for each in module.conditions):
            return
        known = len(module.conditions)
        for each in self.happenings[slice(*module.span)]:
            if each.kind in {"init", "app"} and not each.dropped:
                conditions = (*self.holding(), *each.moment.conditions[known:])
                moment = replace(each.moment, order=self.number(), conditions=conditions)
                self.happenings.append(Happening(each.kind, moment, each.subject, each.note))
        module.conditions = tuple(self.conditions)

    def holding(self) -> tuple[Condition, ...]:
        """Return what has to be true for the walk to be here, that nothing was raised before included."""
        return holding(self.conditions, self.guards) if self.guards else tuple(self.conditions)

    def settle(self) -> None:
        """Put what follows under the conditions that nothing was raised."""
        for each in self.guards:
            if each.risky and each.fine not in self.conditions:
                self.conditions.append(each.fine)

    def risk_of(self, kind: type[BaseException] | None) -> None:
        """Note what a call may raise, if that is anything."""
        if kind:
            self.risk(kind)

    def risk(self, kind: type[BaseException] = Exception, *, named: bool = False) -> None:
        """Note that something of a kind may be raised here; `named` if that is no matter in practice."""
        if not named:
            self.risky.update(self.active)
        if self.guards:
            meet(self.guards, kind, named=named)

    @contextmanager
    def guard(
        self, fine: Condition, handlers: tuple[Handler, ...], owner: Value | None = None
    ) -> Iterator[Guard]:
        """Do something of which somebody is told what is raised in it."""
        known = {id(each.fine) for each in self.guards}
        depth = sum(id(each) not in known for each in self.conditions)
        guard = Guard(fine, depth, handlers, owner=owner)
        self.guards.append(guard)
        try:
            yield guard
        finally:
            self.guards.remove(guard)

    @contextmanager
    def under(self, *conditions: Condition) -> Iterator[None]:
        """Do something that happens only if conditions are true; what was added meanwhile ends with it."""
        before = len(self.conditions)
        self.conditions.extend(conditions)
        try:
            yield
        finally:
            del self.conditions[before:]

    @contextmanager
    def way(self, node: ast.AST, module: Module, text: str) -> Iterator[None]:
        """Do something that an import or a call leads to."""
        self.chain.append((module, node, text))
        try:
            yield
        finally:
            self.chain.pop()

    @contextmanager
    def inside(self, kind: EventKind) -> Iterator[None]:
        """Do something in which a call of the bootstrap is of another kind."""
        before, self.mode = self.mode, kind
        try:
            yield
        finally:
            self.mode = before

    def run(self, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
        """Call something, and await what it gives, or take the first item of it."""
        value = self.call(self, called, given, node, scope)
        return first(self, self.finish(self, value, node, scope), node, scope)

    def too_deep(self, function: Function) -> bool:
        """Return whether a function is not entered: it is under way already, or too many are."""
        if function.node in self.active:
            return True
        if len(self.active) >= _DEEPEST:
            self.cut[function.node] = function.symbol
            return True
        return False
