"""Which targets get trace context and baggage from gRPC: real channels, a real server on loopback.

gRPC resolves names by itself, so the stranger is the address of the server, under a policy that names
`localhost` only.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry import guard
from ameide_telemetry.integrations.egress_grpc import hosts_of
from integrations.shared_egress import (
    OURS,
    SAMPLED,
    UNSAMPLED,
    inside_a_trace,
    instrumented,
    ours,
    record_spans,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from opentelemetry import trace

grpc: Any = import_module("grpc")
Channel: Any = import_module("grpc._channel").Channel
LOCAL = ("localhost",)
OWN = (("x-own", "kept"), ("x-own-bin", b"\x00\xff"))
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Server:
    """Answers all four kinds of calls and keeps the metadata of each."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        handlers = {
            "unary_unary": grpc.unary_unary_rpc_method_handler(self._one),
            "unary_stream": grpc.unary_stream_rpc_method_handler(self._many),
            "stream_unary": grpc.stream_unary_rpc_method_handler(self._one),
            "stream_stream": grpc.stream_stream_rpc_method_handler(self._many),
        }
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("shop.Orders", handlers),)
        )
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _one(self, _request: Any, context: Any) -> bytes:
        self.seen.append(dict(context.invocation_metadata()))
        return b"answer"

    def _many(self, request: Any, context: Any) -> Iterator[bytes]:
        yield self._one(request, context)

    def target(self, host: str) -> str:
        """Return the target under a host."""
        return f"{host}:{self.port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.stop(1).wait(5)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback."""
    server = Server()
    yield server
    server.close()


def call(target: str, kind: str, metadata: Any = OWN) -> Any:
    """Make one call by the blocking client."""
    with grpc.insecure_channel(target) as channel:
        method = getattr(channel, kind)(f"/shop.Orders/{kind}")
        request = iter([b"q"]) if kind.startswith("stream") else b"q"
        answer = method(request, timeout=5, metadata=metadata)
        return b"".join(answer) if kind.endswith("stream") else answer


async def _requests() -> AsyncIterator[bytes]:
    yield b"q"


def call_aio(target: str, kind: str, metadata: Any = OWN) -> Any:
    """Make one call by the asynchronous client."""

    async def run() -> Any:
        async with grpc.aio.insecure_channel(target) as channel:
            method = getattr(channel, kind)(f"/shop.Orders/{kind}")
            request = _requests() if kind.startswith("stream") else b"q"
            answer = method(request, timeout=5, metadata=metadata)
            return b"".join([part async for part in answer]) if kind.endswith("stream") else await answer

    return asyncio.run(asyncio.wait_for(run(), 10))


CALLS: dict[str, Callable[..., Any]] = {"grpc_client": call, "grpc_aio_client": call_aio}
kinds = pytest.mark.parametrize("kind", KINDS)
names = pytest.mark.parametrize("name", CALLS)


@names
@kinds
@pytest.mark.parametrize("flags", [SAMPLED, UNSAMPLED])
def test_a_target_inside_gets_all_and_a_stranger_nothing(
    name: str, kind: str, flags: trace.TraceFlags, server: Server
) -> None:
    """Sampled or not; the application's metadata arrive at both, binary ones too."""
    with instrumented(name, trace_hosts=LOCAL, baggage_hosts=LOCAL), inside_a_trace(flags):
        for host in ("localhost", "127.0.0.1"):
            assert CALLS[name](server.target(host), kind) == b"answer"
    assert [ours(seen) for seen in server.seen] == [OURS, set()]
    assert server.seen[0]["baggage"] == "tenant_id=acme"
    assert all((seen["x-own"], seen["x-own-bin"]) == ("kept", b"\x00\xff") for seen in server.seen)


@names
@kinds
def test_a_stranger_that_may_get_the_trace_gets_no_more(name: str, kind: str, server: Server) -> None:
    """Trace context everywhere: baggage and trace state are not part of it."""
    with instrumented(name, trace_hosts=("*",), baggage_hosts=LOCAL), inside_a_trace():
        CALLS[name](server.target("127.0.0.1"), kind, None)
    assert [ours(seen) for seen in server.seen] == [{"traceparent"}]


@names
@kinds
def test_the_span_of_a_call_to_a_stranger_is_recorded(
    name: str, kind: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not sent is not lost for the service itself."""
    exporter = record_spans(monkeypatch)
    with instrumented(name, trace_hosts=LOCAL), inside_a_trace():
        CALLS[name](server.target("127.0.0.1"), kind)
    assert [(span.name, ours(server.seen[0])) for span in exporter.get_finished_spans()] == [
        (f"/shop.Orders/{kind}", set())
    ]


@pytest.mark.parametrize("way", ["with_call", "future"])
def test_every_way_to_call_is_stripped(way: str, server: Server) -> None:
    """`with_call` and `future` go past `__call__`; positional metadata count too."""
    own = (("traceparent", "x"), ("x-own", "kept"))
    with (
        instrumented("grpc_client", trace_hosts=LOCAL),
        grpc.insecure_channel(server.target("127.0.0.1")) as bare,
    ):
        method = bare.unary_unary("/shop.Orders/unary_unary")
        assert isinstance(method._base_callable, grpc.UnaryUnaryMultiCallable)
        answer = getattr(method, way)(b"q", 5, own)
        assert (answer.result() if way == "future" else answer[0]) == b"answer"
    assert ours(server.seen[0]) == set()
    assert server.seen[0]["x-own"] == "kept"


@names
def test_a_channel_that_outlives_the_first_start_stays_stripped(name: str, server: Server) -> None:
    """The instrumentor's part in an open channel goes on, so does ours."""

    async def run() -> None:
        with instrumented(name, trace_hosts=LOCAL):
            channel: Any = (
                grpc.aio.insecure_channel if name == "grpc_aio_client" else grpc.insecure_channel
            )(server.target("127.0.0.1"))
        with instrumented(name, trace_hosts=LOCAL), inside_a_trace():
            answer = channel.unary_unary("/shop.Orders/unary_unary")(b"q", timeout=5)
            if name == "grpc_aio_client":
                await answer
        closed = channel.close()
        if closed is not None:
            await closed

    asyncio.run(asyncio.wait_for(run(), 10))
    assert [ours(seen) for seen in server.seen] == [set()]


def test_nothing_is_put_around_what_may_go_out(server: Server) -> None:
    """A channel to a host inside is gRPC's own, and after the end every channel is."""
    kind = type(Channel("localhost:1", (), None, None).unary_unary("/a/b"))
    with instrumented("grpc_client"):
        assert type(Channel("localhost:1", (), None, None).unary_unary("/a/b")) is kind
        assert type(Channel("third.example:1", (), None, None).unary_unary("/a/b")) is not kind
    assert type(Channel("third.example:1", (), None, None).unary_unary("/a/b")) is kind


def test_metadata_that_cannot_be_read_do_not_leave(server: Server) -> None:
    """Of two faults the smaller one: the call goes out without them, and it is counted."""
    guard.reset()
    with instrumented("grpc_client", trace_hosts=LOCAL):
        channel = Channel(server.target("127.0.0.1"), (), None, None)
        assert channel.unary_unary("/shop.Orders/unary_unary")(b"q", timeout=5, metadata=[7]) == b"answer"
        channel.close()
    assert guard.counts() == {"egress.strip": 1}
    guard.reset()


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        ("orders:50051", ("orders",)),
        ("orders", ("orders",)),
        ("10.0.0.1:50051", ("10.0.0.1",)),
        ("[::1]:50051", ("[::1]",)),
        ("[::1]", ("[::1]",)),
        ("::1", ("::1",)),
        ("dns:///orders.shop.svc:50051", ("orders.shop.svc",)),
        ("dns:orders:50051", ("orders",)),
        ("dns:/orders:50051", ("orders",)),
        ("dns://8.8.8.8/evil.example:443", ("evil.example",)),
        ("dns://localhost", ("",)),
        ("ipv4:10.0.0.1:50051,8.8.8.8:50051", ("10.0.0.1", "8.8.8.8")),
        ("ipv6:[::1]:50051", ("[::1]",)),
        ("unix:/run/orders.sock", ("localhost",)),
        ("unix-abstract:orders", ("localhost",)),
        ("xds:///orders", ("orders",)),
        ("DNS:///evil.example", ("",)),
        ("localhost:50051/evil.example", ("",)),
        ("localhost:https", ("",)),
        ("", ("",)),
        ("google-c2p:///evil.example", ("",)),
    ],
)
def test_the_hosts_of_a_target(target: str, hosts: tuple[str, ...]) -> None:
    """Every form that gRPC takes; what is none of them belongs to a stranger."""
    assert hosts_of(target) == hosts
