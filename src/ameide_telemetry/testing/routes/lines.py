"""The bytes of every rendered line, with the place in the source that logged them.

The place is kept beside the line, never in it. Where no log side is in force, one of ours is for the length
of a test, without an output of its own.
"""

from __future__ import annotations

import doctest
import logging
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import get_current_span

from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs import installation
from ameide_telemetry.logs.installation import LogInstallation
from ameide_telemetry.logs.sink import Sink as LineSink
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.testing.sink import SWITCH, Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["StandIn", "attach", "current_installation", "is_ours"]

_MAX_FRAMES: Final = 200
# How the standard library names the code of an example.
_DOCTEST: Final = "<doctest "
_theirs: Final[dict[str, bool]] = {}


class _Null:
    """A stream that keeps nothing."""

    def write(self, text: str, /) -> object:
        """Forget the text."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


class _State:
    """Whether lines are tapped, and the log side that stands in for one that was never installed."""

    def __init__(self) -> None:
        self.attached = False
        self.stand_in: LogInstallation | None = None


_state: Final = _State()


class StandIn:
    """A log side for the length of a test, where the service has installed none."""

    @staticmethod
    def begin() -> None:
        """Install it, unless one is in force."""
        current = current_installation()
        if _state.stand_in is not None or (current is not None and current._installed):  # noqa: SLF001
            return
        settings = TelemetrySettings.resolve({"service": "test", "strict": False, "disabled": False}, {})
        _state.stand_in = LogInstallation(settings, Ledger(), _Null())
        _state.stand_in.install()

    @staticmethod
    def current() -> LogInstallation | None:
        """Return it; None where the service's own is in force, or no test has asked."""
        return _state.stand_in

    @staticmethod
    def root_level(level: int) -> int:
        """Return what the root's level is without it; `level` is what it is now."""
        wiring = _state.stand_in._stdlib if _state.stand_in is not None else None  # noqa: SLF001
        return wiring._root_level if wiring is not None and level == wiring._level else level  # noqa: SLF001

    @staticmethod
    def end() -> None:
        """Take it back; the service's own may have done so before."""
        stand_in, _state.stand_in = _state.stand_in, None
        if stand_in is not None:
            stand_in.undo()


def current_installation() -> LogInstallation | None:
    """Return the log side that the service has installed last."""
    return installation._current  # noqa: SLF001 who is asked cannot be told


def attach() -> None:
    """Tap every line of the process; harmless when done before."""
    if _state.attached:
        return
    _state.attached = True
    # A terminal would make the lines of a test other ones than those of its CI.
    for owner, name, ours in (
        (LineSink, "write", _tapped(LineSink.write)),
        (LogInstallation, "install", _yielding(LogInstallation.install)),
        (installation, "_format", lambda _settings, _sink: "json"),
    ):
        setattr(owner, name, ours)


def _tapped(original: Callable[[LineSink, bytes], None]) -> Callable[[LineSink, bytes], None]:
    def write(self: LineSink, data: bytes) -> None:
        sink = SWITCH.sink
        if sink is not None:
            span = get_current_span().get_span_context()
            path, number = _source(sys._getframe(1))  # noqa: SLF001 cheaper than `inspect`
            sink.line(Line(data.rstrip(b"\n"), path, number, span.trace_id, span.span_id))
        original(self, data)

    return write


def _yielding(original: Callable[[LogInstallation], None]) -> Callable[[LogInstallation], None]:
    def install(self: LogInstallation) -> None:
        if self is not _state.stand_in:
            StandIn.end()
        original(self)

    return install


def _source(frame: FrameType | None) -> tuple[str, int]:
    """Return the nearest frame of code that is no library's."""
    for _ in range(_MAX_FRAMES):
        if frame is None:
            break
        path = frame.f_code.co_filename
        if path.startswith(_DOCTEST):
            return _in_document(frame.f_back)
        if not (_theirs[path] if path in _theirs else _judged(path)):
            return path, frame.f_lineno
        frame = frame.f_back
    return "", 0


def _in_document(runner: FrameType | None) -> tuple[str, int]:
    """Return the file and line of the example that doctest runs: it compiles each under a name of its own."""
    test = runner.f_locals.get("test") if runner else None
    example = runner.f_locals.get("example") if runner else None
    if not isinstance(test, doctest.DocTest) or not isinstance(example, doctest.Example):
        return "", 0
    return test.filename or "", (test.lineno or 0) + example.lineno + 1


def _judged(path: str) -> bool:
    full = str(Path(path).resolve())
    library = path.startswith("<") or full.startswith(_libraries()) or "site-packages" in full
    return _theirs.setdefault(path, library)


@cache
def _libraries() -> tuple[str, ...]:
    """Return the folders whose code is no service's; looked up with the first record only."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(path) for name in names if (path := sysconfig.get_path(name))}
    return tuple(str(path.resolve()) + os.sep for path in (Path(__file__).resolve().parents[2], *found))


def is_ours(handler: Any) -> bool:
    """Return whether a logging handler belongs to a log side of this package."""
    return isinstance(handler, logging.Handler) and type(handler).__module__.startswith("ameide_telemetry.")
