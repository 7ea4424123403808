"""What an expression of the source may stand for, as far as the walk needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Union

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.scopes import Module, Scope

__all__ = [
    "NEVER",
    "NONE",
    "UNKNOWN",
    "Arguments",
    "Choice",
    "Class",
    "Constant",
    "Coroutine",
    "External",
    "Function",
    "Generator",
    "Group",
    "Instance",
    "Member",
    "Moment",
    "Opaque",
    "Parent",
    "Partial",
    "Setting",
    "Table",
    "Value",
    "applications",
    "join",
    "options",
    "texts",
]

_MOST_OPTIONS: Final = 8
_MOST_WRAPPERS: Final = 12


@dataclass(slots=True, eq=False)
class External:
    """Something outside of the tree, by its dotted name."""

    name: str


@dataclass(slots=True, eq=False)
class Constant:
    """A text, number, truth value or None that stands in the source."""

    value: object


@dataclass(slots=True, eq=False)
class Setting:
    """What depends on nothing but one variable of the environment.

    Attributes:
        name: of the variable.
        unset: what it is while the variable is not set; None if that is not known.
    """

    name: str
    unset: Value | None = None


@dataclass(slots=True, eq=False)
class Group:
    """A tuple, list or set that stands in the source; `fixed` if it is a tuple, which nothing changes."""

    items: tuple[Value, ...]
    fixed: bool = False


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary that stands in the source, as far as its keys are constants.

    Attributes:
        items: its items.
        open: whether there may be others.
        space: whether these are the names of a module.
    """

    items: dict[object, Value]
    open: bool = False
    space: bool = False


@dataclass(slots=True, eq=False)
class Choice:
    """One of several, depending on what nobody knows before the process runs."""

    options: tuple[Value, ...]


@dataclass(slots=True, eq=False)
class Opaque:
    """Something of which nothing is known; with a reason if it was loaded by a name that is not literal."""

    reason: str = ""


@dataclass(slots=True, eq=False)
class Function:
    """A function of the tree.

    Attributes:
        node: its definition.
        scope: where it is defined.
        module: the module of that.
        symbol: dotted name in the module.
        defaults: parameter -> value of its default.
        bound: what it is a method of; None for a plain function.
        owner: class that it is defined in.
        way: how it is reached from an instance.
        decorators: dotted names of decorators from outside of the tree.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    module: Module
    symbol: str
    defaults: dict[str, Value] = field(default_factory=dict)
    bound: Value | None = None
    owner: Class | None = None
    way: str = "method"
    decorators: tuple[str, ...] = ()

    def bind(self, to: Value) -> Function:
        """Return the function as a method of something."""
        return Function(
            self.node,
            self.scope,
            self.module,
            self.symbol,
            self.defaults,
            to,
            self.owner,
            self.way,
            self.decorators,
        )


@dataclass(slots=True, eq=False)
class Class:
    """A class of the tree; `maker` is its metaclass where that is in the tree too."""

    symbol: str
    module: Module
    bases: tuple[Value, ...]
    names: dict[str, Value]
    fixed: bool = True
    maker: Class | None = None
    _order: list[Class] = field(default_factory=list)

    def lookup(self, name: str) -> Value | None:
        """Return what a name means in the class or in its bases of the tree, asked in Python's order."""
        return next((each.names[name] for each in self.order() if name in each.names), None)

    def inherit(self, bases: tuple[Value, ...]) -> None:
        """Take other bases, of which more is known."""
        self.bases, self._order = bases, []

    def order(self, depth: int = 0) -> list[Class]:
        """Return the class and its bases of the tree, in the order in which a name is looked up."""
        if not self._order:
            self._order = self._linear(depth)
        return self._order

    def _linear(self, depth: int) -> list[Class]:
        bases = [base for base in self.bases if isinstance(base, Class) and base is not self]
        if depth > _MOST_WRAPPERS or not bases:
            return [self]
        waiting = [*(base.order(depth + 1) for base in bases), bases]
        found = [self]
        while waiting := [each for each in waiting if each]:
            heads = (each[0] for each in waiting)
            following = {id(each) for some in waiting for each in some[1:]}
            # Where there is no order, which Python refuses, any will do.
            head = next((each for each in heads if id(each) not in following), waiting[0][0])
            found.append(head)
            waiting = [[each for each in some if each is not head] for some in waiting]
        return found

    def outside(self, depth: int = 0) -> Iterator[str]:
        """Yield the dotted names of its bases outside of the tree."""
        for base in self.bases if depth < _MOST_WRAPPERS else ():
            if isinstance(base, Class):
                yield from base.outside(depth + 1)
            elif isinstance(base, External):
                yield base.name


@dataclass(slots=True, eq=False)
class Moment:
    """When and where something came into being."""

    order: int
    module: Module
    node: ast.AST
    symbol: str
    conditions: tuple[Condition, ...]
    chain: tuple[tuple[Module, ast.AST, str], ...]


@dataclass(slots=True, eq=False)
class Instance:
    """An object that a call made.

    Attributes:
        number: tells it apart.
        of: dotted name of what was called, outside of the tree; empty for a class of the tree.
        made: when.
        kind: the kind of application that it is; empty for none.
        cls: its class, if that is in the tree.
        names: attributes that were set on it.
        wraps: applications and the like that it was given.
        base: what the method that made it belongs to.
        arguments: that the call was given.
    """

    number: int
    of: str
    made: Moment
    kind: str = ""
    cls: Class | None = None
    names: dict[str, Value] = field(default_factory=dict)
    wraps: tuple[Value, ...] = ()
    base: Value | None = None
    arguments: Arguments | None = None


@dataclass(slots=True, eq=False)
class Member:
    """An attribute of something whose inside is unknown."""

    base: Value
    name: str


@dataclass(slots=True, eq=False)
class Partial:
    """A callable with some of its arguments."""

    function: Value
    arguments: Arguments


@dataclass(slots=True, eq=False)
class Coroutine:
    """What a call of an async function gives; its body runs once somebody awaits it."""

    function: Function
    arguments: Arguments
    done: bool = False


@dataclass(slots=True, eq=False)
class Generator:
    """What a call of a generator function gives; its body runs as far as somebody asks for its items."""

    function: Function
    arguments: Arguments
    done: bool = False


@dataclass(slots=True, eq=False)
class Parent:
    """What `super()` gives."""

    bound: Value
    owner: Class


Value = Union[
    External,
    Constant,
    Setting,
    Group,
    Table,
    Choice,
    Opaque,
    Function,
    Class,
    Instance,
    Member,
    Partial,
    Coroutine,
    Generator,
    Parent,
    "Module",
]


@dataclass(slots=True, eq=False)
class Arguments:
    """What a call is given.

    Attributes:
        places: by place.
        names: by name.
        whole: whether there is nothing else, as there is with `*rest`.
    """

    places: list[Value] = field(default_factory=list)
    names: dict[str, Value] = field(default_factory=dict)
    whole: bool = True

    def get(self, place: int, *names: str) -> Value | None:
        """Return the argument at a place or by one of its names."""
        for name in names:
            if name in self.names:
                return self.names[name]
        return self.places[place] if 0 <= place < len(self.places) else None

    def all(self) -> list[Value]:
        """Return the values of all arguments."""
        return [*self.places, *self.names.values()]


UNKNOWN: Final = Opaque()
NONE: Final = Constant(None)
NEVER: Final = Opaque("never returns")


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be, one by one."""
    return value.options if isinstance(value, Choice) else (value,)


def join(values: Iterable[Value]) -> Value:
    """Return what may be any of these; of very many, some and something unknown."""
    kept: list[Value] = []
    for option in (option for value in values for option in options(value)):
        if option is not NEVER and not any(_same(option, other) for other in kept):
            kept.append(option)
            if len(kept) > _MOST_OPTIONS:
                kept[-1] = UNKNOWN
                break
    if not kept:
        return UNKNOWN
    return kept[0] if len(kept) == 1 else Choice(tuple(kept))


def _same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if isinstance(one, Constant) and isinstance(other, Constant):
        return type(one.value) is type(other.value) and one.value == other.value
    if isinstance(one, Opaque) and isinstance(other, Opaque):
        return one.reason == other.reason
    return isinstance(one, External) and isinstance(other, External) and one.name == other.name


def texts(value: Value | None) -> list[str] | None:
    """Return the texts that a value may be; None if it may be something else."""
    if value is None:
        return None
    found = [option.value for option in options(value) if isinstance(option, Constant)]
    kept = [text for text in found if isinstance(text, str)]
    return kept if kept and len(kept) == len(options(value)) else None


def applications(value: Value | None, depth: int = 0) -> Iterator[Instance]:
    """Yield the applications that a value is or wraps, those of the innermost wrapper."""
    if value is None or depth > _MOST_WRAPPERS:
        return
    if isinstance(value, Instance) and value.kind:
        yield value
        return
    for inner in _inside(value):
        yield from applications(inner, depth + 1)


def _inside(value: Value) -> tuple[Value | None, ...]:
    """Return what a value is made of, as far as an application may be in it."""
    if isinstance(value, Instance):
        return value.wraps
    if isinstance(value, Choice):
        return value.options
    if isinstance(value, Member):
        return (value.base,)
    if isinstance(value, Function):
        return (value.bound,)
    if isinstance(value, Partial):
        return (value.function, *value.arguments.all())
    return ()
