"""The gRPC twin of the fake collector: the same modes by the same names, on the same port in each.

A number is the status that the HTTP one would answer with; this one answers with its gRPC counterpart.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from support.collector import FakeCollector, Listener

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GrpcCollector"]

# Neither has type stubs.
grpc: Any = import_module("grpc")
_RPC: Final = "google.rpc"
_SERVICES: Final = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
}
_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("INVALID_ARGUMENT", "no"),
    413: ("RESOURCE_EXHAUSTED", "SERVER: Received message larger than max (5 vs. 4)"),
    429: ("RESOURCE_EXHAUSTED", "later"),
    503: ("UNAVAILABLE", "away"),
}
_OTHER: Final = ("UNKNOWN", "odd")


class GrpcCollector(FakeCollector):
    """Counts and keeps what exporters send over gRPC; 429 carries a RetryInfo."""

    protocol: ClassVar[Literal["http/protobuf", "grpc"]] = "grpc"
    # Empty SETTINGS frames: the first of them is what a client waits for before it sends anything.
    drip: ClassVar[bytes] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 30

    def endpoint(self, signal: str = "") -> str:
        """Return the URL; one for all signals."""
        del signal
        return super().endpoint()

    def serve(self) -> Listener:
        """Begin to serve the protocol on the port."""
        return _Server(self)


class _Server:
    def __init__(self, collector: GrpcCollector) -> None:
        self._collector = collector
        self._threads = ThreadPoolExecutor(16)
        handlers = [
            grpc.method_handlers_generic_handler(
                service, {"Export": grpc.unary_unary_rpc_method_handler(partial(self._export, signal))}
            )
            for signal, service in _SERVICES.items()
        ]
        self._server = grpc.server(self._threads, handlers=handlers, options=(("grpc.so_reuseport", 0),))
        assert self._server.add_insecure_port(f"127.0.0.1:{collector.port}") == collector.port
        self._server.start()

    def close(self) -> None:
        assert self._server.stop(0).wait(10)
        self._threads.shutdown()

    def _export(self, signal: str, body: bytes, context: Any) -> bytes:
        headers = {str(name): str(value) for name, value in context.invocation_metadata()}
        status = self._collector.receive(signal, headers, body)
        if status == 200:
            return self._collector.reply
        if status == 429:
            context.set_trailing_metadata((("grpc-status-details-bin", self._retry_info()),))
        code, details = _REFUSALS.get(status, _OTHER)
        context.abort(grpc.StatusCode[code], details)
        raise AssertionError("abort raises")

    def _retry_info(self) -> bytes:
        info = import_module(f"{_RPC}.error_details_pb2").RetryInfo()
        info.retry_delay.seconds = int(self._collector.retry_after)
        status = import_module(f"{_RPC}.status_pb2").Status()
        status.details.add().Pack(info)
        return bytes(status.SerializeToString())
