"""Applications on real ports of this machine, served by threads of the test's process.

ASGI applications are served by uvicorn, WSGI applications by the standard library's server with a thread for
each request. Each ASGI application keeps one event loop for as long as it lives: a client that it holds in a
module is bound to the loop that used it first, and has to work in the next test too.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import threading
import time
import weakref
from importlib import import_module
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from ameide_telemetry.testing.calls import LOOPBACK
from ameide_telemetry.testing.query import TelemetryAssertionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["Server", "is_asynchronous", "serve"]

_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.002
_BACKLOG: Final = 128
_ASGI_PARAMETERS: Final = 3
_WSGI_PARAMETERS: Final = 2


class Server(Protocol):
    """Something that listens.

    Attributes:
        port: on 127.0.0.1.
    """

    port: int

    def close(self) -> None:
        """End it, and wait for that."""
        ...


def serve(app: Any, served: Any, name: str) -> Server:
    """Serve an application.

    Args:
        app: the application that it is.
        served: what is called instead of it.
        name: for messages.

    Raises:
        TelemetryAssertionError: it does not start, or what serves it is not installed.
    """
    return _Asynchronous(app, served, name) if is_asynchronous(app, name) else _Threaded(served, name)


def is_asynchronous(app: Any, name: str) -> bool:
    """Return whether an application is ASGI's; else it is WSGI's.

    Raises:
        TypeError: it is neither.
    """
    if callable(app):
        call = app if inspect.isroutine(app) else type(app).__call__
        if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
            return True
        expected = len(inspect.signature(app).parameters)
        if expected in {_WSGI_PARAMETERS, _ASGI_PARAMETERS}:
            return expected == _ASGI_PARAMETERS
    raise TypeError(f"{name}={app!r} is no application: neither ASGI's (scope, receive, send) nor WSGI's")


class _Threaded:
    """A WSGI application behind the standard library's server."""

    def __init__(self, served: Any, name: str) -> None:
        self._server = make_server(LOOPBACK, 0, served, _WsgiServer, _Handler)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name=f"topology-{name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(_END_SECONDS)
        self._server.server_close()


class _WsgiServer(ThreadingMixIn, WSGIServer):
    """One thread for each request."""

    daemon_threads = True
    # Who asked has its answer, or does not want it any more.
    block_on_close = False
    request_queue_size = _BACKLOG

    def server_bind(self) -> None:
        """Bind without asking a resolver for the name of this machine."""
        socket_address = self.server_address
        self.socket.bind(socket_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    """Tells the port of the caller, and nothing to standard error."""

    def get_environ(self) -> dict[str, Any]:
        """Return the environ, with the port that gunicorn and others have in it."""
        return {**super().get_environ(), "REMOTE_PORT": str(self.client_address[1])}

    def address_string(self) -> str:
        """Return the address of the caller."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the parent's name
        """Stay quiet."""


class _Asynchronous:
    """An ASGI application behind uvicorn."""

    def __init__(self, app: Any, served: Any, name: str) -> None:
        uvicorn = _uvicorn(name)
        config = uvicorn.Config(served, log_config=None, lifespan="auto", timeout_graceful_shutdown=2)
        self._loop = _loop_of(app, name)
        self._server: Any = uvicorn.Server(config)
        self._listener = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._quiet = _Quiet()
        logging.getLogger("uvicorn.error").addFilter(self._quiet)
        self._done: Future[None] = asyncio.run_coroutine_threadsafe(self._serve(), self._loop)
        limit = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if self._done.done() or time.monotonic() > limit:
                self.close()
                raise TelemetryAssertionError(f"{name}={app!r} does not start: its lifespan has failed")
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        self._server.should_exit = True
        try:
            self._done.result(_END_SECONDS)
        except TimeoutError:
            self._done.cancel()
        finally:
            logging.getLogger("uvicorn.error").removeFilter(self._quiet)
            self._listener.close()

    async def _serve(self) -> None:
        try:
            await self._server.serve(sockets=[self._listener])
        except SystemExit:
            # So uvicorn says that the application does not start; here it would end the loop's thread.
            return


class _Quiet(logging.Filter):
    """Leaves out what uvicorn says of its own start and end; what it says of requests stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO


def _uvicorn(name: str) -> Any:
    try:
        return import_module("uvicorn")
    except ImportError:
        raise TelemetryAssertionError(
            f"{name} is an ASGI application and uvicorn, which serves it, is not installed: "
            "pip install uvicorn, or start the service by telemetry_process"
        ) from None


_loops: Final[weakref.WeakKeyDictionary[Any, asyncio.AbstractEventLoop]] = weakref.WeakKeyDictionary()


def _loop_of(app: Any, name: str) -> asyncio.AbstractEventLoop:
    try:
        found = _loops.get(app)
    except TypeError:
        # Neither hashable nor, perhaps, weakly referable: a loop of its own that stays.
        return _started(name)[0]
    if found is None:
        found, end = _started(name)
        _loops[app] = found
        weakref.finalize(app, end)
    return found


def _started(name: str) -> tuple[asyncio.AbstractEventLoop, Callable[[], None]]:
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=run, name=f"topology-{name}", daemon=True)
    thread.start()

    def end() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(loop.stop)
            if threading.current_thread() is not thread:
                thread.join(_END_SECONDS)

    return loop, end
