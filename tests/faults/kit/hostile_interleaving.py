"""A world of interleaved requests, each step of which says what the lines and spans in it must bear.

Every request is an actor, and so is each task that it starts; a step runs one of them to its next pause.
Steps come in random order by a seed, so that any request may begin, go on, or end inside any moment of any
other. No server and no event loop is needed for that: a coroutine is stepped by hand, in its own context.
"""

from __future__ import annotations

import logging
import random
from contextvars import Context, copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.context import bind_context, bound_context
from ameide_telemetry.integrations.threads import ContextThreadPoolExecutor, carry_context
from faults.kit.hostile_model import Request, Unit
from support.rig import http_scope, wsgi_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from opentelemetry.trace import Tracer

    from faults.kit.hostile_model import Judge

__all__ = ["World"]

_log: Final = logging.getLogger("shop.world")
_server: Final = logging.getLogger("uvicorn.error")
_SLOTS: Final = 24
_FIRST_SPAN: Final = "b7ad6b7169203331"


class WorldError(Exception):
    """What applications raise."""


class World:
    """Requests to one application per protocol, step by step, in one thread.

    Args:
        judge: of this and other worlds.
        tracer: makes the application's spans.
        pools: a plain pool of threads, and one that carries the context.
        seed: the same seed, the same steps.
    """

    def __init__(
        self,
        judge: Judge,
        tracer: Tracer,
        pools: tuple[ThreadPoolExecutor, ContextThreadPoolExecutor],
        seed: int,
    ) -> None:
        self._judge = judge
        self._here = judge.here
        self._tracer = tracer
        self._plain, self._carrying = pools
        self._random = random.Random(seed)
        self._name = f"w{seed}"
        self._made = 0
        self._actors: list[_Actor] = []

    def run(
        self, count: int, servers: list[Callable[[Any], Any]], *, named: list[bool], edge: list[bool]
    ) -> None:
        """Serve so many requests.

        Args:
            count: of requests.
            servers: put telemetry around an application, each by settings of its own.
            named: of which of them the header `x-tenant` counts.
            edge: which of them believe nobody.
        """
        asgi = [server(self.asgi) for server in servers]
        wsgi = [server(self.wsgi) for server in servers]
        begun = 0
        while begun < count or self._actors:
            if begun < count and len(self._actors) < _SLOTS:
                which = self._random.randrange(len(servers))
                request, headers = self._request(named=named[which], edge=edge[which])
                if self._random.random() < 0.6:
                    self._begin_asgi(asgi[which], request, headers)
                else:
                    self._begin_wsgi(wsgi[which], request, headers)
                begun += 1
                continue
            at = self._random.randrange(len(self._actors))
            actor = self._actors[at]
            if not actor.step():
                self._actors[at] = self._actors[-1]
                self._actors.pop()

    def _request(self, *, named: bool, edge: bool) -> tuple[Request, list[tuple[str, str]]]:
        """Make a request and its headers, and say what must come of them."""
        chance = self._random.random
        headers: list[tuple[str, str]] = []
        tenant = request_id = parent = None
        if chance() < 0.4:
            tenant = self._new()
            headers.append(("baggage", f"tenant_id={tenant},other=CaNaRy"))
            tenant = None if edge else tenant
        if chance() < 0.5:
            headers.append(("x-tenant", self._new()))
            tenant = headers[-1][1] if named else tenant
        if chance() < 0.7:
            request_id = self._new()
            headers.append(("x-request-id", request_id))
        if chance() < 0.3:
            parent = f"{self._random.getrandbits(127) + 1:032x}"
            headers.append(("traceparent", f"00-{parent}-{_FIRST_SPAN}-01"))
            parent = None if edge else parent
        return Request(Unit(tenant, request_id), parent), headers

    def _new(self) -> str:
        self._made += 1
        return f"{self._name}-{self._made}"

    def _surrounding(self) -> Context:
        """A context of its own, or, as servers do with requests of one packet, one that another left."""
        if self._actors and self._random.random() < 0.4:
            return self._random.choice(self._actors).context.copy()
        return Context()

    def _begin_asgi(self, app: Any, request: Request, headers: list[tuple[str, str]]) -> None:
        actor = _Task(self, request, request.unit, self._surrounding())
        scope = http_scope("/world", "GET", headers) | {"actor": actor}
        if self._random.random() < 0.15:
            scope |= {"type": "websocket", "scheme": "ws", "subprotocols": []}
            del scope["method"]
        client = _Client(self, request, is_websocket=scope["type"] == "websocket")
        actor.coroutine = self._served(app(scope, client.receive, client.send))
        self._actors.append(actor)

    async def _served(self, serving: Any) -> None:
        """Do what a server does: log what escapes, where the request's context is gone."""
        try:
            await serving
        except (WorldError, OSError) as error:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Log what escaped, where the server had called the application."""
        _server.error("failed", exc_info=error)

    def _begin_wsgi(self, app: Any, request: Request, headers: list[tuple[str, str]]) -> None:
        actor = _Body(self, request, request.unit, self._surrounding())
        environ = wsgi_environ("/world", "GET", headers, b"") | {"world.actor": actor}
        actor.open(app, environ)
        self._actors.append(actor)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        actor = scope["actor"]
        if scope["type"] == "websocket":
            await receive()
            await self._work(actor, 3)
            await send({"type": "websocket.accept"})
            await self._work(actor, 3)
            await send({"type": "websocket.close", "code": 1000})
            return
        await receive()
        await self._work(actor, 4)
        self._maybe_fail()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while self._random.random() < 0.3:
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
            await self._work(actor, 2)
        self._maybe_fail()
        await send({"type": "http.response.body", "body": b"end"})
        # Background work.
        await self._work(actor, 2)

    def wsgi(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        """Serve one request; the body is made piece by piece, between those of others."""
        actor = environ["world.actor"]
        self._act(actor, 3)
        self._maybe_fail()
        start_response("200 OK", [])
        return self._pieces(actor)

    def _pieces(self, actor: _Actor) -> Iterator[bytes]:
        with self._tracer.start_as_current_span("pieces"):
            while self._random.random() < 0.6:
                self._act(actor, 2)
                yield b"piece"
            self._maybe_fail()

    async def _work(self, actor: _Actor, most: int) -> None:
        """Take a few steps of an application, some of them over a pause."""
        for _ in range(self._random.randint(0, most)):
            kind = self._random.random()
            if kind < 0.2:
                await pause()
            elif kind < 0.4:
                with self._tracer.start_as_current_span("work"):
                    await pause()
                    self._act(actor, 2)
            elif kind < 0.5:
                await self._block(actor)
            else:
                self._act(actor, 1)

    async def _block(self, actor: _Actor) -> None:
        """What is bound in a block is not seen outside of it, and what is bound outside not in it."""
        outer, tenant = actor.unit, self._new()
        with bound_context(tenant_id=tenant):
            actor.enter(Unit(tenant, outer.request_id))
            self._act(actor, 2)
            await pause()
            self._act(actor, 2)
        actor.enter(outer)

    def _act(self, actor: _Actor, most: int) -> None:
        """Take a few steps without a pause."""
        for _ in range(self._random.randint(0, most)):
            kind = self._random.random()
            if kind < 0.5:
                _log.info("here")
            elif kind < 0.7:
                self._bind(actor)
            elif kind < 0.9:
                task = _Task(self, actor.request, actor.unit, copy_context())
                task.coroutine = self._work(task, 3)
                self._actors.append(task)
            else:
                self._in_thread(actor)

    def _bind(self, actor: _Actor) -> None:
        actor.unit.tenant = self._new()
        bind_context(tenant_id=actor.unit.tenant)
        if self._random.random() < 0.2:
            actor.unit.request_id = self._new()
            bind_context(request_id=actor.unit.request_id)

    def _in_thread(self, actor: _Actor) -> None:
        """Work in a thread that is somebody else's next time, by both helpers."""
        if self._random.random() < 0.5:
            future = self._carrying.submit(self._threaded, actor)
        else:
            future = self._plain.submit(carry_context(self._threaded), actor)
        future.result(60)

    def _threaded(self, actor: _Actor) -> None:
        actor.enter(actor.unit)
        _log.info("in a thread")
        self._bind(actor)
        with self._tracer.start_as_current_span("threaded"):
            _log.info("in a thread")

    def _maybe_fail(self) -> None:
        if self._random.random() < 0.05:
            raise WorldError

    def chance(self, share: float) -> bool:
        """Decide."""
        return self._random.random() < share

    @property
    def judge(self) -> Judge:
        """What all is compared by."""
        return self._judge


class _Actor:
    """Code of one request that can be stepped."""

    def __init__(self, world: World, request: Request, unit: Unit, context: Context) -> None:
        self.world = world
        self.request = request
        self.unit = unit
        self.context = context

    def enter(self, unit: Unit) -> None:
        """Be in a unit of work from now on."""
        self.unit = unit
        here = self.world.judge.here
        here.request, here.unit = self.request, unit

    def step(self) -> bool:
        """Run to the next pause; return whether there is one."""
        raise NotImplementedError


class _Task(_Actor):
    """A coroutine."""

    coroutine: Any
    _began = False

    def step(self) -> bool:
        self.enter(self.unit)
        try:
            if self._began and self.world.chance(0.004):
                # The loop is gone, and whoever collects it closes what is left: in another context.
                self.coroutine.close()
                return False
            self._began = True
            self.context.run(self.coroutine.send, None)
        except (StopIteration, WorldError):
            return False
        return True


class _Body(_Actor):
    """A WSGI response."""

    _iterator: Any = None

    def open(self, app: Any, environ: Any) -> None:
        """Call the application."""
        self.enter(self.unit)
        self.context.run(self._opened, app, environ)

    def _opened(self, app: Any, environ: Any) -> None:
        try:
            self._iterator = app(environ, self._start_response)
        except WorldError as error:
            self.world.failed(error)

    def _start_response(self, _: str, headers: list[tuple[str, str]]) -> None:
        found = [value for name, value in headers if name == "x-request-id"]
        self.world.judge.compare(found, [self.request.unit.request_id], headers)

    def step(self) -> bool:
        self.enter(self.unit)
        return self._iterator is not None and self.context.run(self._stepped)

    def _stepped(self) -> bool:
        try:
            # Else the client has left.
            if not self.world.chance(0.05):
                next(self._iterator)
                return True
        except StopIteration:
            pass
        except WorldError as error:
            self.world.failed(error)
        self._iterator.close()
        return False


class _Client:
    """The other end of an ASGI connection, which may leave."""

    def __init__(self, world: World, request: Request, *, is_websocket: bool) -> None:
        self._world = world
        self._request = request
        self._kind = "websocket.connect" if is_websocket else "http.request"

    async def receive(self) -> dict[str, Any]:
        if self._world.chance(0.5):
            await pause()
        return {"type": self._kind}

    async def send(self, message: Any) -> None:
        headers = message.get("headers")
        if headers is not None:
            found = [value.decode() for name, value in headers if name == b"x-request-id"]
            self._world.judge.compare(found, [self._request.unit.request_id], message)
        if self._world.chance(0.3):
            await pause()
        if self._world.chance(0.01):
            raise OSError("the client is gone")


@coroutine
def pause() -> Generator[None]:
    """Let others go on."""
    yield
