"""A script without a server: `script.py end|crash|wait|quit` provokes everything, then ends that way."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from pathlib import Path

from ameide_telemetry import bound_context, init_telemetry
from services.apps import provocations
from services.apps.provocations import Marks

_LEFT_OUT = {"failing", "slow"}


async def _all(marks: Marks) -> None:
    for name in sorted(provocations.ASYNC):
        await provocations.provoke_async(name, marks)


def main(ending: str) -> None:
    """Provoke, then end."""
    marks = Marks("script")
    # Registered first, run last: everything is marked by then.
    atexit.register(lambda: Path(os.environ["MARKS"]).write_text(marks.text))
    init_telemetry()
    with bound_context(tenant_id="script"):
        for name in sorted(provocations.SYNC.keys() - _LEFT_OUT):
            provocations.provoke(name, marks)
        asyncio.run(_all(marks))
    atexit.register(print, marks("free.atexit"))
    print(marks("free.unfinished"), end="")
    _end(ending, marks)


def _end(ending: str, marks: Marks) -> None:
    if ending == "crash":
        raise LookupError(marks("free.crash"))
    if ending == "quit":
        sys.exit(marks("free.quit"))
    if ending == "wait":
        print()
        print(marks("free.waiting"))
        threading.Event().wait(60)


if __name__ == "__main__":
    main(sys.argv[1])
