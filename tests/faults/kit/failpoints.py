"""Failpoints: every place where the runtime touches telemetry, found by running it, and made to fail there.

A profile function sees each call: of one of our functions, whoever calls it, and of anything that one of
our functions calls, the C functions included. Each is a place where an exception could come from. Raised
in a profile function, an exception appears in the call that it was told of, before its first line.

`Recorder` finds the places of one scenario, `Injector` fails one of them. A place is *exposed* when no
guard's block is around it: what fails there reaches the application. Where that cannot be otherwise it is a
boundary; every other exposed place is an error in the package.
"""

from __future__ import annotations

import dis
import gc
import inspect
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from faults.kit.boundaries import is_boundary, is_passed_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Failpoint", "Injector", "Recorder", "TelemetryBrokenError", "Watcher", "profiled"]

_OURS: Final = "ameide_telemetry."
_GUARD: Final = "ameide_telemetry.guard"
# The applications and the drivers of the scenarios, and what starts and ends the profile.
_KIT: Final = ("faults.", "contextlib")
_WORKERS: Final = "ameide-telemetry-"
_RESUME: Final = dis.opmap["RESUME"]
_GENERATORS: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class TelemetryBrokenError(RuntimeError):
    """What a failpoint raises."""


@dataclass(frozen=True, slots=True, order=True)
class Failpoint:
    """One place in one scenario.

    Attributes:
        scenario: its name.
        caller: who calls, `module.qualified_name`.
        callee: who is called.
        times: how often it is passed.
        exposed: whether no guard's block is around it.
        foreign: whether what is called is not ours.
    """

    scenario: str
    caller: str
    callee: str
    times: int = 1
    exposed: bool = False
    foreign: bool = False

    @property
    def edge(self) -> tuple[str, str]:
        """Who calls whom."""
        return self.caller, self.callee

    @property
    def boundary(self) -> bool:
        """Whether no guard can be around it, or need be."""
        return is_boundary(*self.edge)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.scenario}:{_short(self.caller)}>{_short(self.callee)}"


class Watcher:
    """A profile function that tells of each call that is a possible failpoint."""

    def __init__(self) -> None:
        self._depth: Counter[int] = Counter()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._called(frame, _module(frame))
        elif event == "c_call":
            if _is_ours(_module(frame)):
                self._found(_name(frame), _c_name(argument), foreign=True)
        elif event == "return" and _module(frame) == _GUARD and frame.f_code.co_qualname == "Site.call":
            self._depth[threading.get_ident()] -= 1

    def _called(self, frame: FrameType, module: str) -> None:
        if module == _GUARD:
            self._guarded(frame)
            return
        caller = frame.f_back
        while caller is not None and _module(caller) == _GUARD:
            caller = caller.f_back
        ours = _is_ours(module)
        if not ours and (not _is_ours(_module(caller)) or module.startswith(_KIT)):
            return
        if not _goes_on(frame):
            self._found("" if caller is None else _name(caller), _name(frame), foreign=not ours)

    def _guarded(self, frame: FrameType) -> None:
        step = {"Site.__enter__": 1, "Site.call": 1, "Site.__exit__": -1}.get(frame.f_code.co_qualname, 0)
        self._depth[threading.get_ident()] += step

    def _found(self, caller: str, callee: str, *, foreign: bool) -> None:
        if not is_passed_on(caller, callee) and not threading.current_thread().name.startswith(_WORKERS):
            self.found(caller, callee, exposed=self._depth[threading.get_ident()] == 0, foreign=foreign)

    def found(self, caller: str, callee: str, *, exposed: bool, foreign: bool) -> None:
        """Take one call."""
        raise NotImplementedError


class Recorder(Watcher):
    """Collects the failpoints of one scenario."""

    def __init__(self, scenario: str) -> None:
        super().__init__()
        self._scenario = scenario
        self._times: Counter[tuple[str, str]] = Counter()
        self._exposed: set[tuple[str, str]] = set()
        self._foreign: set[tuple[str, str]] = set()

    def found(self, caller: str, callee: str, *, exposed: bool, foreign: bool) -> None:
        """Count it."""
        edge = (caller, callee)
        self._times[edge] += 1
        if exposed:
            self._exposed.add(edge)
        if foreign:
            self._foreign.add(edge)

    def failpoints(self) -> list[Failpoint]:
        """Return what was found, sorted."""
        return [
            Failpoint(
                self._scenario, *edge, times, exposed=edge in self._exposed, foreign=edge in self._foreign
            )
            for edge, times in sorted(self._times.items())
        ]

    def keep(self, other: Recorder) -> None:
        """Keep what another run passed too: what depends on the moment cannot be made to fail at will."""
        for edge in self._times:
            self._times[edge] = min(self._times[edge], other._times[edge])
        self._times = Counter({edge: times for edge, times in self._times.items() if times})


class Injector(Watcher):
    """Raises at the n-th pass of one failpoint, once.

    Attributes:
        fired: whether that came.
    """

    def __init__(self, failpoint: Failpoint, at: int = 1) -> None:
        super().__init__()
        self._failpoint = failpoint
        self._left = at
        self.fired = False

    def found(self, caller: str, callee: str, *, exposed: bool, foreign: bool) -> None:
        """Raise when it is the one, and its turn."""
        if self.fired or (caller, callee) != self._failpoint.edge:
            return
        # That an exposed one is a boundary is a test of its own.
        if exposed and self._failpoint.boundary:
            return
        self._left -= 1
        if self._left == 0:
            self.fired = True
            raise TelemetryBrokenError(f"failpoint {self._failpoint}")


@contextmanager
def profiled(watcher: Watcher) -> Iterator[None]:
    """Have a watcher see every call of this thread and of the threads that it starts."""
    gc.disable()
    threading.setprofile(watcher)
    sys.setprofile(watcher)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        gc.enable()


def _goes_on(frame: FrameType) -> bool:
    """Return whether this is a generator or coroutine that goes on, or is closed: `RESUME 0` begins one."""
    code = frame.f_code
    if not code.co_flags & _GENERATORS:
        return False
    operation, argument = code.co_code[frame.f_lasti : frame.f_lasti + 2]
    return operation != _RESUME or bool(argument & 3)


def _is_ours(module: str) -> bool:
    return module.startswith(_OURS) and module != _GUARD


def _module(frame: FrameType | None) -> str:
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def _name(frame: FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}"


def _c_name(function: Any) -> str:
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
    return f"{module}.{function.__qualname__}"


def _short(name: str) -> str:
    return name.removeprefix(_OURS).replace(".<locals>", "")
