"""What may raise, and who ends what is raised: after that, the rest of a block happens only perhaps."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.values import UNKNOWN, Constant, External, Group, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["ANYTHING", "Guard", "Handler", "holding", "is_there_always", "kinds", "meet", "raised"]

ANYTHING: Final = (BaseException,)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENDS_THE_PROCESS: Final = frozenset({"CancelledError", "KeyboardInterrupt", "GeneratorExit"})

_ALWAYS_THERE: Final = _words(
    "__future__ abc argparse ast asyncio atexit base64 builtins collections concurrent configparser "
    "contextlib contextvars copy csv dataclasses datetime decimal email enum faulthandler functools gc "
    "glob hashlib html http importlib inspect io ipaddress itertools json logging math multiprocessing "
    "numbers operator os pathlib pickle pkgutil platform queue random re runpy secrets select shlex "
    "shutil signal socket stat string struct subprocess sys tempfile textwrap threading time traceback "
    "types typing unittest urllib uuid warnings weakref xml zipfile"
)


@dataclass(slots=True, frozen=True, eq=False)
class Handler:
    """Somebody who is told of an exception.

    Attributes:
        kinds: classes of Python's own that he is told of.
        others: whether he is told of further ones, which nobody knows here.
        passes: whether he hands on every exception, this one or another.
        always: whether he does what he does whenever he is told.
    """

    kinds: tuple[type[BaseException], ...]
    others: bool = False
    passes: bool = False
    always: bool = True

    def may_hear(self, raised: type[BaseException], *, named: bool = False) -> bool:
        """Return whether he may be told of something that is raised; `named` if only by its own name."""
        if named:
            return raised in self.kinds
        return self.others or any(issubclass(raised, each) or issubclass(each, raised) for each in self.kinds)

    def hears(self, raised: type[BaseException]) -> bool:
        """Return whether he is told of it in any case."""
        return self.always and issubclass(raised, self.kinds)


@dataclass(slots=True, eq=False)
class Guard:
    """A block, and who is told of what is raised in it.

    Attributes:
        fine: the condition that nothing was raised that is ended here.
        depth: how many conditions were in force where it began, without those of other guards.
        handlers: in order.
        risky: whether something may have been raised by now that is ended here.
        owner: the stack of exits that may be given further handlers.
    """

    fine: Condition
    depth: int
    handlers: tuple[Handler, ...] = ()
    risky: bool = False
    owner: Value | None = None

    def passes(self, raised: type[BaseException], *, named: bool) -> Iterable[type[BaseException]]:
        """Tell the handlers of something; yield what goes on to those outside."""
        for each in self.handlers:
            if not each.may_hear(raised, named=named):
                continue
            if each.passes:
                yield Exception
            else:
                self.risky = True
            if each.hears(raised):
                return
        yield raised


def meet(guards: Sequence[Guard], kind: type[BaseException], *, named: bool) -> None:
    """Tell the guards, from the innermost on, that something of a kind may be raised now."""
    raised = {kind}
    for each in reversed(guards):
        if not raised:
            return
        raised = {passed for one in raised for passed in each.passes(one, named=named and one is kind)}


def holding(conditions: Sequence[Condition], guards: Sequence[Guard]) -> tuple[Condition, ...]:
    """Return conditions with those of the guards, each where its block began."""
    fine = {id(each.fine) for each in guards}
    found = [each for each in conditions if id(each) not in fine]
    for each in reversed(guards):
        if each.risky:
            found.insert(each.depth, each.fine)
    return tuple(found)


def kinds(value: Value | None) -> Handler:
    """Return a handler of the classes that a value names; of all without one."""
    if value is None:
        return Handler(ANYTHING)
    named: list[Value] = []
    for option in options(value):
        named += option.items if isinstance(option, Group) else [option]
    found = [_kind(each) for each in named]
    known = tuple(each for each in found if isinstance(each, type))
    return Handler(known, others=any(each is None for each in found))


def raised(node: ast.Raise, scope: Scope) -> type[BaseException]:
    """Return the class that a `raise` raises; that of any exception if nobody knows it here."""
    made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    found = scope.lookup(made.id) if isinstance(made, ast.Name) else UNKNOWN
    name = made.id if isinstance(made, ast.Name) and found is None else ""
    known = _kind(External(f"builtins.{name}"))
    return known if isinstance(known, type) else Exception


def _kind(value: Value) -> type[BaseException] | bool | None:
    """Return the class of Python's own that a value is; False if it catches nothing that matters here."""
    if isinstance(value, Constant):
        return False
    if not isinstance(value, External):
        return None
    home, _, last = value.name.rpartition(".")
    if last in _ENDS_THE_PROCESS:
        return False
    found = getattr(builtins, last, None) if home == "builtins" else None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def is_there_always(module: str) -> bool:
    """Return whether an import of a module of Python itself never fails."""
    return module.partition(".")[0] in _ALWAYS_THERE
