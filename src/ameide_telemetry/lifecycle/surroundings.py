"""Ways to run a process in which telemetry cannot keep its promises, found at the start."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["unsupported"]

_LOOK: Final = guard.site("lifecycle.surroundings", foreign=True)
# Library: the module that knows what was patched, its question, and what it calls Python's threads.
_PATCHERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "gevent": ("gevent.monkey", "is_module_patched", "threading"),
    "eventlet": ("eventlet.patcher", "is_monkey_patched", "thread"),
}
_UWSGI: Final = "uwsgi"
# Either option brings Python's threads to life; these values of it do not.
_UWSGI_THREADS: Final[Mapping[str, tuple[str, ...]]] = {
    "enable-threads": ("none", "false", "0"),
    "threads": ("none", "true", "false", "0", "1"),
}


def unsupported() -> tuple[Finding, ...]:
    """Return one warning for each thing about this process that telemetry cannot work with.

    Looks only at what is imported already; imports nothing but uWSGI's own module inside uWSGI.
    """
    found: list[Finding] = []
    with _LOOK:
        found.extend(_patched(library) for library in _PATCHERS if _patches(library))
    with _LOOK:
        if _threads_are_off():
            found.append(_NO_THREADS)
    return tuple(found)


def _patches(library: str) -> bool:
    module, question, threads = _PATCHERS[library]
    patcher = sys.modules.get(module)
    return patcher is not None and bool(getattr(patcher, question)(threads))


def _patched(library: str) -> Finding:
    return Finding(
        "TEL061",
        f"{library} has replaced Python's threads: spans, metrics and log records over OTLP may be late or"
        " lost; lines on stdout are complete",
        library,
        "use threads or asyncio instead, such as gunicorn's gthread or uvicorn's worker",
        "warning",
    )


_NO_THREADS: Final = Finding(
    "TEL062",
    "uWSGI runs this process without threads: no spans, metrics or log records leave it over OTLP",
    _UWSGI,
    "set enable-threads = true, and lazy-apps = true",
    "warning",
)


def _threads_are_off() -> bool:
    if _UWSGI not in sys.modules and _UWSGI not in sys.builtin_module_names:
        return False
    options: Any = getattr(import_module(_UWSGI), "opt", None)
    if not isinstance(options, dict):
        return False
    return all(_value(options, name) in off for name, off in _UWSGI_THREADS.items())


def _value(options: dict[Any, Any], name: str) -> str:
    # uWSGI (2.0) has names and values as bytes, and True for an option without a value.
    value = options.get(name.encode(), options.get(name))
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)).lower()
