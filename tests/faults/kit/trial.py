"""One front end tried with one value: what comes out of it that should not."""

from __future__ import annotations

import gc
import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ameide_telemetry
from faults.kit.fronts import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["alone", "problem_of"]

_OURS: Final = str(Path(ameide_telemetry.__file__).parent)
# Fifty milliseconds on a quiet machine; tests run beside others. In CPU time, so that only work counts.
_SECONDS: Final = 1.0


def problem_of(front: str, call: Callable[..., object], *arguments: Any) -> str | None:
    """Call a front end; return what it did that it should not have, or None."""
    began = time.thread_time()
    try:
        call(*arguments)
    except BaseException as error:  # noqa: BLE001 nothing at all may come out
        if not (front in KNOWN and _is_foreign(error)):
            return f"raised {type(error).__name__}: {_text(error)}"
    took = time.thread_time() - began
    return f"took {took:.2f} s" if took > _SECONDS else None


@contextmanager
def alone() -> Iterator[None]:
    """Keep pytest out of what is tried.

    Its handlers on the root logger print, unbounded, whatever is logged. And whichever call makes Python's
    collector look through the objects of thousands of tests, takes a second that is not the call's own.
    """
    root = logging.getLogger()
    taken = [each for each in root.handlers if type(each).__module__.startswith("_pytest")]
    root.handlers[:] = [each for each in root.handlers if each not in taken]
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        root.handlers[:0] = taken


def _is_foreign(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(_OURS):
            return False
        trace = trace.tb_next
    return True


def _text(error: BaseException) -> str:
    """Return what an error says in ASCII: what a test worker cannot send to its parent ends the whole run."""
    try:
        return ascii(str(error))[:200]
    except BaseException:  # noqa: BLE001 an error of the corpus
        return "<unprintable>"
