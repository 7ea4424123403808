"""Bad values as a field of a log record: `values.py`; each between two good lines, in a child of its own.

`WIRING` is `ours`, `json` (python-json-logger) or `structlog`. A child, because some values hang or eat all
memory; it has a time limit and a memory limit, and whatever becomes of it is that value's result.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import signal
import sys
import tempfile
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import structlog
from pythonjsonlogger.json import JsonFormatter

from faults.baseline.strict import fault_of
from faults.baseline.wiring import say, wire
from faults.kit.corpus import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_SECONDS: Final = 6
_MEMORY_BYTES: Final = 3 * 2**30
_RAISED: Final = 1
_MESSAGES: Final = ("good before", "bad", "good after")


def main() -> None:
    """Say for each value what went wrong, if anything."""
    log = _FRONTS[os.environ["WIRING"]]()
    say({str(value.id): _tried(log, value) for value in CORPUS})
    # Nothing of what was provoked belongs into the end of this process.
    os._exit(0)


def _tried(log: Callable[[str, Any], None], value: Any) -> str:
    with tempfile.TemporaryFile() as stdout:
        child = os.fork()
        if not child:
            os.dup2(stdout.fileno(), 1)
            os._exit(_child(log, value))
        _, status = os.waitpid(child, 0)
        stdout.seek(0)
        return _verdict(os.waitstatus_to_exitcode(status), stdout.read())


def _child(log: Callable[[str, Any], None], value: Any) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    code = 0
    log(_MESSAGES[0], 1)
    try:
        log(_MESSAGES[1], value.make())
    except BaseException:  # noqa: BLE001 anything that reaches the service
        code = _RAISED
    with contextlib.suppress(BaseException):
        log(_MESSAGES[2], 2)
        sys.stdout.flush()
    return code


def _verdict(code: int, data: bytes) -> str:
    if code:
        return "raised" if code == _RAISED else f"ended by {code}"
    lines = data.splitlines()
    fault = next((fault for fault in map(fault_of, lines) if fault), "")
    if fault:
        return fault
    # A value may log for itself, and a library may have something to say; neither is a fault.
    said = Counter(_message(json.loads(line)) for line in lines)
    missing = [message for message in _MESSAGES if said[message] != 1]
    return f"not one line: {', '.join(missing)}" if missing else ""


def _message(record: dict[str, Any]) -> Any:
    return record.get("message", record.get("event"))


def _ours() -> Callable[[str, Any], None]:
    wire(exported_logs=False)
    log = logging.getLogger("orders")
    return lambda message, value: log.info(message, extra={"value": value})


def _json() -> Callable[[str, Any], None]:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    log = logging.getLogger("orders")
    return lambda message, value: log.info(message, extra={"value": value})


def _structlog() -> Callable[[str, Any], None]:
    renderer = structlog.processors.JSONRenderer()
    stamper = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(processors=[structlog.processors.add_log_level, stamper, renderer])
    log = structlog.get_logger()
    return lambda message, value: log.info(message, value=value)


_FRONTS: Final = {"ours": _ours, "json": _json, "structlog": _structlog}

if __name__ == "__main__":
    main()
