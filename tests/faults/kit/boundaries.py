"""What no guard can be around, and what is not telemetry at all; the lists are short, and say why.

A function that somebody else calls (a server, a framework, `logging`, the service) begins before any guard:
nothing but the call of that function itself is a boundary. Whatever it does then is a failpoint like any
other, so it can hold little more than one guarded call. `BOUNDARIES` are the few functions of ours that such
a function calls without a guard, because the application runs inside them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BOUNDARIES", "HARMLESS", "PASSED_ON", "is_boundary", "is_passed_on"]

_OURS: Final = "ameide_telemetry."
_ASGI: Final = "ameide_telemetry.integrations.asgi"
_WSGI: Final = "ameide_telemetry.integrations.wsgi"
_LOGS: Final = "ameide_telemetry.logs"
_EGRESS: Final = "ameide_telemetry.integrations.egress_http"
_CONFIGURE: Final = f"{_LOGS}.stdlib.StdlibWiring._configuring.<locals>.configure_and_keep"
_CLOSE_FILE: Final = f"{_WSGI}._Response._file_body.<locals>.close_and_finish"

# Callee -> who calls it, and what it is for.
BOUNDARIES: Final[dict[str, str]] = {
    f"{_ASGI}.TelemetryMiddleware.__call__": "the application's class: awaits the application",
    f"{_ASGI}._Lifespan.run": "the middleware: awaits the application",
    f"{_ASGI}._Lifespan.send": "`_stand_in`: awaits the server",
    f"{_ASGI}._Lifespan._stand_in": "`run`: awaits the server",
    f"{_WSGI}.TelemetryMiddleware._serve": "the middleware: calls the application in the copied context",
    f"{_WSGI}._Body._step": "`__next__`: asks the application's body in the request's context",
    f"{_WSGI}._Body._close": "`close`: closes the application's body in the request's context",
    f"{_LOGS}.handler.LineHandler.emit": "its own `handle`",
    f"{_LOGS}.structured.BoundLogger._say": "its methods: runs the service's processors, inside one guard",
    "ameide_telemetry.traces.tracer._CurrentSpan.__init__": "the tracer: keeps its arguments",
    "ameide_telemetry.traces.span.GuardedSpan.end": "`_CurrentSpan`: as the service calls it",
    "ameide_telemetry.traces.tracer.GuardedTracer.start_span": "`_CurrentSpan`: as the service calls it",
}

# What cannot fail on the plain objects that it is called with, where a guard would cost more than it.
HARMLESS: Final = frozenset(
    {
        "_contextvars.copy_context",
        "builtins.dict.clear",
        "builtins.dict.get",
        "builtins.dict.items",
        "builtins.dict.keys",
        "builtins.dict.setdefault",
        "builtins.dict.values",
        "builtins.isinstance",
        "builtins.issubclass",
        "builtins.iter",
        "builtins.len",
        "builtins.mappingproxy.items",
        "builtins.str.isascii",
        "builtins.str.startswith",
        "functools.update_wrapper",
        "functools.wraps",
        "posix.getpid",
        "time.monotonic",
        "typing.cast",
    }
)

# To give a lock back does not fail; a failpoint there would only leave it locked.
_RELEASES: Final = ("_thread.lock.__exit__", "_thread.RLock.__exit__", "_thread.lock.release")

# (caller, beginning of the callee): here the application, the server or the original function is called.
PASSED_ON: Final = (
    (f"{_ASGI}.TelemetryMiddleware.__call__", ("fastapi.", "starlette.")),
    (f"{_WSGI}.TelemetryMiddleware.__call__", ("_contextvars.Context.run", "flask.")),
    (f"{_WSGI}.TelemetryMiddleware._serve", ("flask.",)),
    (f"{_WSGI}._Body.__next__", ("_contextvars.Context.run",)),
    (f"{_WSGI}._Body.close", ("_contextvars.Context.run",)),
    (f"{_WSGI}._Body._step", ("builtins.iter", "builtins.next", "werkzeug.")),
    (f"{_WSGI}._Body._close", ("builtins.getattr", "builtins.generator.close", "werkzeug.")),
    (f"{_WSGI}._SizedBody.__len__", ("builtins.len",)),
    (f"{_EGRESS}._around_aiohttp.<locals>.send", ("aiohttp.",)),
    (f"{_EGRESS}._around_httpcore.<locals>.handle_request", ("httpcore",)),
    (f"{_EGRESS}._around_urllib3.<locals>.make_request", ("urllib3.",)),
    (_CLOSE_FILE, ("faults.",)),
    (_CONFIGURE, ("logging.",)),
    (f"{_LOGS}.stdlib.StdlibWiring._emitting.<locals>.emit_line", ("logging.",)),
    (f"{_LOGS}.structured.get_logger", ("structlog.",)),
    ("ameide_telemetry.integrations.threads.carry_context.<locals>.carried", ("_contextvars.Context.",)),
)


def is_boundary(caller: str, callee: str) -> bool:
    """Return whether this call cannot be inside a guard, or need not be."""
    return not caller.startswith(_OURS) or callee in BOUNDARIES or callee in HARMLESS


def is_passed_on(caller: str, callee: str) -> bool:
    """Return whether this call is the application's, the server's or the original function's own."""
    return callee in _RELEASES or any(
        caller == own and callee.startswith(begins) for own, begins in PASSED_ON
    )
