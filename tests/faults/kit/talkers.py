"""Processes that log to a stdout which the test treats badly; each says at the end what it counted.

    python talkers.py NAME ARGUMENTS...

What it has to say goes as one JSON object to the descriptor that `RESULT` names.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import importlib
import json
import logging
import os
import random
import resource
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs import install
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.logs import LogInstallation

_LOG: Final = logging.getLogger("talker")
_BEAT: Final = 0.005
_NAP: Final = 0.004
_LIMIT: Final = 120


def _start(**logs: object) -> tuple[LogInstallation, Ledger]:
    ledger = Ledger()
    settings = TelemetrySettings.resolve({"service": "talker", "logs": logs, "strict": True}, {})
    return install(settings, ledger), ledger


def _tell(**found: object) -> None:
    os.write(int(os.environ["RESULT"]), json.dumps(found).encode() + b"\n")


def _settled(installation: LogInstallation, ledger: Ledger) -> dict[str, Any]:
    """Wait until no line waits any more, and everything is said."""
    installation.finish(time.monotonic() + _LIMIT)
    return dict(ledger.lines.counts())


async def _beats(seconds: float, work: Callable[[], object]) -> float:
    """Beat every few milliseconds beside the work, and return the longest time between two beats."""
    gaps, last, until = [0.0], time.perf_counter(), time.perf_counter() + seconds

    async def busy() -> None:
        while time.perf_counter() < until:
            work()
            await asyncio.sleep(0.001)

    task = asyncio.create_task(busy())
    while time.perf_counter() < until:
        await asyncio.sleep(_BEAT)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
    await task
    return max(gaps)


class _Timed:
    """Calls something ten times and remembers the longest call during which the machine did nothing else."""

    def __init__(self, call: Callable[[int], object]) -> None:
        self.longest = 0.0
        self._call = call
        self._number = 0

    def __call__(self) -> None:
        for _ in range(10):
            taken_away, begun = _times_taken_away(), time.perf_counter()
            self._call(self._number)
            took = time.perf_counter() - begun
            if _times_taken_away() == taken_away:
                self.longest = max(self.longest, took)
            self._number += 1


def _times_taken_away() -> int:
    """How often this thread had to give its processor to another that was waiting for one."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def heartbeat(seconds: str) -> None:
    """Log from an event loop; after the line `stall` nobody reads."""
    installation, ledger = _start()
    naps = _Timed(lambda number: time.sleep(_NAP) if number % 100 == 0 else None)
    lines = _Timed(lambda number: _LOG.info("line %d %s", number, "x" * 400))
    reference = asyncio.run(_beats(float(seconds), naps))
    _LOG.info("stall")
    stalled = asyncio.run(_beats(float(seconds), lines))
    _tell(
        reference_gap=reference,
        stalled_gap=stalled,
        late_from_nap=naps.longest - _NAP,
        stalled_call=lines.longest,
        then=dict(ledger.lines.counts()),
    )
    _tell(**_settled(installation, ledger))


def flood(name: str, count: str, longest: str, policy: str = "drop") -> None:
    """Log lines of all lengths as fast as possible."""
    installation, ledger = _start(when_stalled=policy)
    dice = random.Random(int.from_bytes(name.encode()))
    for number in range(int(count)):
        _LOG.info("%s %d %s", name, number, name[0] * dice.randrange(int(longest)))
    waiting = ledger.lines.counts()["queued"]
    _tell(**_settled(installation, ledger), waiting=waiting, blocking=os.get_blocking(1))


def storm(count: str, limit: str) -> None:
    """Log one template many times."""
    installation, ledger = _start(storm_limit=int(limit))
    for number in range(int(count)):
        _LOG.info("line %d", number)
    _LOG.error("an error")
    _tell(**_settled(installation, ledger))


def suppressed(seconds: str) -> None:
    """Come to the end with counts to say, and nobody who reads them."""
    installation, _ = _start(storm_limit=1, when_stalled="block")
    for number in range(10):
        _LOG.info("line %d", number)
    own = os.open("/proc/self/fd/1", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while os.write(own, b"x" * 4_096):
            pass
    begun = time.monotonic()
    installation.finish(begun + float(seconds))
    _tell(took=time.monotonic() - begun)


def killed(size: str) -> None:
    """Log one line and be gone."""
    _start()
    _LOG.info("x" * int(size))
    os.kill(os.getpid(), signal.SIGKILL)


def forks(children: str) -> None:
    """Fork while threads log; each child logs five lines."""
    installation, ledger = _start(when_stalled="block")
    over = threading.Event()

    def chat() -> None:
        while not over.is_set():
            _LOG.info("parent %s", "p" * 3_000)

    threads = [threading.Thread(target=chat) for _ in range(2)]
    for thread in threads:
        thread.start()
    failed = sum(_failed_child(os.fork, ledger) for _ in range(int(children)))
    over.set()
    for thread in threads:
        thread.join()
    _tell(failed=failed, **_settled(installation, ledger))


def silent_forks(children: str) -> None:
    """Fork in a way that Python is not told of, while another thread is inside the sink.

    That thread does nothing else: the interpreter's own locks would be copied as well, and nobody but the
    interpreter could free them.
    """
    installation, ledger = _start()
    _LOG.info("parent")
    inside, over = threading.Event(), threading.Event()

    def hold() -> None:
        with installation.sink.channel._lock:
            inside.set()
            over.wait(_LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(_LIMIT)
    failed = sum(_failed_child(ctypes.PyDLL(None).fork, ledger) for _ in range(int(children)))
    over.set()
    thread.join()
    _LOG.info("parent")
    _tell(failed=failed, **_settled(installation, ledger))


def _failed_child(fork: Callable[[], int], ledger: Ledger) -> bool:
    pid = fork()
    if pid:
        return os.waitpid(pid, 0)[1] != 0
    signal.alarm(20)
    for line in range(5):
        _LOG.info("child %d %s", line, "c" * 3_000)
    counts = ledger.lines.counts()
    os._exit(0 if (counts["emitted"], counts["delivered"]) == (5, 5) else 3)


def interrupted(seconds: str) -> None:
    """Log while a signal handler logs too, wherever it happens to come in."""
    installation, ledger = _start()
    signals = 0

    def handle(_signal: int, _frame: object) -> None:
        nonlocal signals
        signals += 1
        _LOG.info("handler %d %s", signals, "h hh " * 1_200)

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
    until, number = time.monotonic() + float(seconds), 0
    while time.monotonic() < until:
        number += 1
        _LOG.info("main %d %s", number, "m mm " * 1_200)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _tell(calls=number + signals, **_settled(installation, ledger))


def leave(count: str) -> None:
    """Log and come to the end, with a reader that may never read."""
    # Registered before telemetry's hook, and so run after it.
    atexit.register(lambda: _tell(**ledger.lines.counts()))
    _, ledger = _start()
    for number in range(int(count)):
        _LOG.info("line %d %s", number, "x" * 400)
    sys.exit(7)


def without_rights(count: str, policy: str = "drop") -> None:
    """Log as a user who may not open the pipe once more."""
    # The start of telemetry imports it, and that user may not read the files of root's Python either.
    importlib.import_module("wrapt")
    os.setgid(65_534)
    os.setuid(65_534)
    flood("nobody", count, "9000", policy)


if __name__ == "__main__":
    signal.alarm(_LIMIT)
    globals()[sys.argv[1]](*sys.argv[2:])
