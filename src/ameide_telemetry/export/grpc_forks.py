"""Whether gRPC can be used in this process, which may be the child of one that has used it.

A fork ends gRPC's own threads. The library prepares for that, unless `GRPC_ENABLE_FORK_SUPPORT` tells it not
to: then whoever makes a channel in the child crashes or waits for ever, inside gRPC (grpcio 1.85).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from ameide_telemetry import guard
from ameide_telemetry.settings.grpc_forks import survives_forks

__all__ = ["NOT_FORKABLE", "is_unusable", "note_use", "watch_grpc"]

NOT_FORKABLE: Final = "grpc_not_forkable"
_LIBRARY: Final = "grpc._cython.cygrpc"
_TASKS: Final = Path("/proc/self/task")
# Threads of gRPC's core: they run from the first channel until some time after the last one was released.
_THREADS: Final = frozenset({"event_engine", "grpc_global_tim"})
_CURE: Final = (
    "records of this process are dropped: its parent has used gRPC with GRPC_ENABLE_FORK_SUPPORT turned off,"
    " and gRPC would crash here; unset that variable, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
)


class _Family:
    """This process and those that it descends from.

    Attributes:
        user: id of the first of them that used gRPC without preparing for forks.
    """

    def __init__(self) -> None:
        self.user: int | None = None
        self._watched = False

    def watch(self) -> None:
        if not self._watched and hasattr(os, "register_at_fork"):
            self._watched = True
            os.register_at_fork(before=self._before)

    def note_use(self) -> None:
        if self.user is None and not survives_forks():
            self.user = os.getpid()

    def _before(self) -> None:
        # The service may use gRPC too, and our channel in its child would be what crashes.
        if self.user is None and _LIBRARY in sys.modules and not survives_forks() and _runs():
            self.note_use()


_family: Final = _Family()


def watch_grpc() -> None:
    """Look before every fork from now on whether anybody in this process uses gRPC."""
    _family.watch()


def note_use() -> None:
    """Note that this process makes a channel."""
    _family.note_use()


def is_unusable() -> bool:
    """Return whether a channel would crash this process; if so, the cure is said once."""
    if _family.user in (None, os.getpid()):
        return False
    guard.note("export.grpc_not_forkable", _CURE)
    return True


def _runs() -> bool:
    with suppress(OSError):
        for task in _TASKS.iterdir():
            # A thread may end before it is looked at.
            with suppress(OSError):
                if (task / "comm").read_text("utf-8", "replace").strip() in _THREADS:
                    return True
    return False
