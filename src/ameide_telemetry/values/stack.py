"""The stack of an exception where the interpreter's own description would take too long.

A recursion ten thousand frames deep, a chain of five hundred causes or a group of ten thousand errors take
the interpreter up to seconds to describe. Here the first and the last of them are looked at, and no more.
"""

from __future__ import annotations

import traceback
from itertools import islice
from typing import TYPE_CHECKING, Final

from ameide_telemetry.values.text import shorten, text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

__all__ = ["is_small", "plain_stack"]

_FEW_EXCEPTIONS: Final = 120
_FEW_FRAMES: Final = 300
# Walking along a chain is quick, describing its members is not.
_MAX_CHAIN: Final = 100_000
_FIRST_FRAMES, _LAST_FRAMES = 10, 20
_OUTER_EXCEPTIONS, _INNER_EXCEPTIONS = 5, 5
_MEMBERS: Final = 10
_MAX_MESSAGE: Final = 1_000
_CAUSED: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_DURING: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def is_small(error: BaseException, trace: TracebackType | None) -> bool:
    """Tell whether the interpreter can describe an exception with all that hangs on it in short time."""
    frames = _FEW_FRAMES - _length(trace, _FEW_FRAMES)
    seen = {id(error)}
    waiting = [error]
    visits = 0
    while waiting and frames >= 0:
        each = waiting.pop()
        visits += 1
        if each is not error:
            frames -= _length(each.__traceback__, _FEW_FRAMES)
        # The interpreter describes a cause once, but a member of a group as often as a way leads to it.
        members = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        if visits + len(waiting) + len(members) > _FEW_EXCEPTIONS:
            return False
        waiting += members
        for link in (each.__cause__, each.__context__):
            if link is not None and id(link) not in seen:
                seen.add(id(link))
                waiting.append(link)
    return frames >= 0


def plain_stack(error: BaseException, trace: TracebackType | None) -> str:
    """Return the first and the last frames of the first and the last exceptions of a chain."""
    chain = list(_chain(error))
    parts = [_one(each, trace if each is error else each.__traceback__) + link for each, link in _kept(chain)]
    left_out = len(chain) - len(parts)
    if left_out > 0:
        parts.insert(_OUTER_EXCEPTIONS, f"\n<{left_out} exceptions left out>\n")
    return "".join(reversed(parts))


def _kept(chain: list[tuple[BaseException, str]]) -> list[tuple[BaseException, str]]:
    if len(chain) <= _OUTER_EXCEPTIONS + _INNER_EXCEPTIONS:
        return chain
    return chain[:_OUTER_EXCEPTIONS] + chain[-_INNER_EXCEPTIONS:]


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and what it came from, each with the words that lead from it to the one before."""
    seen: set[int] = set()
    current: BaseException | None = error
    link = ""
    while current is not None and id(current) not in seen and len(seen) < _MAX_CHAIN:
        seen.add(id(current))
        yield current, link
        cause = current.__cause__
        link = _DURING if cause is None else _CAUSED
        current = (None if current.__suppress_context__ else current.__context__) if cause is None else cause


def _one(error: BaseException, trace: TracebackType | None) -> str:
    frames = list(islice(traceback.walk_tb(trace), _MAX_CHAIN))
    text = "Traceback (most recent call last):\n" if frames else ""
    if len(frames) > _FIRST_FRAMES + _LAST_FRAMES:
        left_out = len(frames) - _FIRST_FRAMES - _LAST_FRAMES
        text += f"{_formatted(frames[:_FIRST_FRAMES])}  <{left_out} frames left out>\n"
        frames = frames[-_LAST_FRAMES:]
    return f"{text}{_formatted(frames)}{_title(error)}{_members(error)}"


def _formatted(frames: list[tuple[FrameType, int]]) -> str:
    return "".join(traceback.StackSummary.extract(iter(frames)).format())


def _title(error: BaseException) -> str:
    message = shorten(text_of(error), _MAX_MESSAGE)
    return f"{type_name(error)}: {message}\n" if message else f"{type_name(error)}\n"


def _members(error: BaseException) -> str:
    if not isinstance(error, BaseExceptionGroup):
        return ""
    lines = [f"  | {_title(member)}" for member in error.exceptions[:_MEMBERS]]
    if len(error.exceptions) > _MEMBERS:
        lines.append(f"  | <{len(error.exceptions) - _MEMBERS} exceptions left out>\n")
    return "".join(lines)


def _length(trace: TracebackType | None, most: int) -> int:
    """Return the number of frames, counted up to just above `most`."""
    count = 0
    while trace is not None and count <= most:
        count, trace = count + 1, trace.tb_next
    return count
