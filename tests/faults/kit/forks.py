"""Children of every kind, for programs under test. Each has an alarm: one that hangs ends by SIGALRM.

    if __name__ == "__main__":
        statuses = run_children("os.fork", work, 4)

Kinds:
    os.fork                       with the hooks of Python; the child leaves in order
    libc                          fork(2) in C, as a server in C forks; the child leaves at once
    fork, spawn, forkserver       `multiprocessing.Process`
"""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FORKED", "KINDS", "fork_cost", "fork_in_c", "run_children"]

FORKED: Final = ("os.fork", "libc", "fork")
KINDS: Final = (*FORKED, "spawn", "forkserver")
_SECONDS: Final = 40


def run_children(
    kind: str, work: Callable[..., object], count: int, arguments: Sequence[Any] = (), seconds: int = _SECONDS
) -> list[int]:
    """Run `work(number, *arguments)` in so many children at the same time; return their exit statuses.

    Args:
        kind: see above.
        work: a function of a module; an exception in it is a status other than 0.
        count: how many children.
        arguments: for `work`, after the child's number.
        seconds: after which a child is ended by the alarm: its status is -14, its stacks are on stderr.
    """
    if kind in {"os.fork", "libc"}:
        started = [_start(kind, work, (number, *arguments), seconds) for number in range(count)]
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started]
    context: Any = multiprocessing.get_context(kind)
    children = [
        context.Process(target=_alarmed, args=(seconds, work, number, *arguments)) for number in range(count)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return [child.exitcode for child in children]


def fork_in_c() -> int:
    """Fork without any hook of Python; the interpreter's lock is held, so that the copy can go on."""
    return int(ctypes.PyDLL(None).fork())


def fork_cost() -> float:
    """Return the seconds of processor time that one fork with the end of its child takes, on both sides.

    Not the time on the wall, which on a busy machine says more about the machine.
    """
    before = _processor_time()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return _processor_time() - before


def _processor_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _start(kind: str, work: Callable[..., object], arguments: Sequence[Any], seconds: int) -> int:
    child = fork_in_c() if kind == "libc" else os.fork()
    if child:
        return child
    if kind == "os.fork":
        _alarmed(seconds, work, *arguments)
        sys.exit(0)
    status = 1
    try:
        _alarmed(seconds, work, *arguments)
        status = 0
    finally:
        os._exit(status)


def _alarmed(seconds: int, work: Callable[..., object], *arguments: Any) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # A child that hangs says where.
    faulthandler.register(signal.SIGALRM, file=2, chain=True)
    signal.alarm(seconds)
    work(*arguments)
