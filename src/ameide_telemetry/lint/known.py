"""Names of libraries that have more than one spelling, or give back other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GETTERS", "GET_LOGGER", "HANDED", "LOADERS", "SAME", "STARS"]

LOADERS: Final = frozenset(
    {
        "importlib.import_module",
        "importlib.__import__",
        "builtins.__import__",
        "pkgutil.resolve_name",
        "werkzeug.utils.import_string",
        "django.utils.module_loading.import_string",
    }
)
"""Functions that give back what a dotted name in a string stands for."""
GET_LOGGER: Final = frozenset({"logging.getLogger", "logging.Logger.manager.getLogger"})
"""Functions that give back a logger by its name."""
GETTERS: Final = frozenset({"operator.attrgetter", "operator.methodcaller"})
"""Functions that make others, which get an attribute by its name."""
_POOLS: Final = ("concurrent.futures.ThreadPoolExecutor()", "concurrent.futures.ProcessPoolExecutor()")
_LOOPS: Final = ("asyncio.get_running_loop()", "asyncio.get_event_loop()", "asyncio.new_event_loop()")
HANDED: Final[Mapping[str, tuple[str, int]]] = {
    "atexit.register": ("func", 0),
    "builtins.map": ("func", 0),
    "threading.Thread": ("target", 1),
    "threading.Timer": ("function", 1),
    "multiprocessing.Process": ("target", 1),
    "asyncio.to_thread": ("func", 0),
    "anyio.to_thread.run_sync": ("func", 0),
    "contextvars.copy_context().run": ("callable", 0),
    "signal.signal": ("handler", 1),
    **{f"{each}.submit": ("fn", 0) for each in _POOLS},
    **{f"{each}.map": ("fn", 0) for each in _POOLS},
    **{f"{each}.run_in_executor": ("func", 1) for each in _LOOPS},
    **{f"{each}.call_soon": ("callback", 0) for each in _LOOPS},
}
"""Functions that call one that they are given -> its keyword and its place among the arguments."""
STARS: Final[Mapping[str, frozenset[str]]] = {
    "logging": frozenset(
        {
            "basicConfig",
            "getLogger",
            "root",
            "info",
            "debug",
            "warning",
            "error",
            "exception",
            "critical",
            "log",
        }
        | {"Formatter", "StreamHandler", "FileHandler", "Logger"}
    ),
    "logging.config": frozenset({"basicConfig", "dictConfig", "fileConfig", "listen"}),
    "loguru": frozenset({"logger"}),
    "structlog": frozenset({"configure", "get_logger", "getLogger", "wrap_logger"}),
    "threading": frozenset({"Thread", "Timer"}),
    "concurrent.futures": frozenset({"ThreadPoolExecutor", "ProcessPoolExecutor"}),
    "opentelemetry.trace": frozenset({"set_tracer_provider", "get_tracer", "get_tracer_provider"}),
    "opentelemetry.metrics": frozenset({"set_meter_provider", "get_meter", "Observation"}),
    "opentelemetry.propagate": frozenset({"set_global_textmap", "inject", "extract"}),
    "ddtrace": frozenset({"patch", "patch_all", "tracer"}),
}
"""Modules that are imported by a star -> what that binds, as far as it matters here."""
SAME: Final[Mapping[str, str]] = {
    "logging.Logger.root": "logging.root",
    "logging.Logger.manager.root": "logging.root",
    "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.ProcessPoolExecutor",
    "loguru._logger": "loguru.logger",
}
"""Names under which the same object is reached -> the usual one."""
