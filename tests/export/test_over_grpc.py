"""OTLP over gRPC: what is particular to it, against a real server."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.over_grpc import GrpcWire
from ameide_telemetry.settings import OtlpSettings
from support.certificates import certificate as certificate  # noqa: PLC0414 a fixture is used by its name
from support.grpc_collector import GrpcCollector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

grpc: Any = import_module("grpc")
_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_UNAVAILABLE: Final = Answer("grpc_unavailable", retry=True)


def post(otlp: OtlpSettings) -> bytes | Answer:
    """Make one attempt over a channel of its own."""
    wire = GrpcWire(otlp, "test/1", _METHOD)
    try:
        return wire.post(b"", time.monotonic() + 10)
    finally:
        wire.close()


def to(collector: GrpcCollector, **changes: Any) -> OtlpSettings:
    return replace(OtlpSettings(collector.endpoint(), protocol="grpc", insecure=True), **changes)


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "http://u:p@127.0.0.1:{}/", "127.0.0.1:{}"])
def test_targets(form: str) -> None:
    """A URL or what gRPC itself calls a target; credentials in it are no part of the name."""
    with GrpcCollector() as collector:
        assert post(to(collector, endpoint=form.format(collector.port))) == b""
        assert collector.headers["traces"][0]["user-agent"].startswith("test/1 ")


def test_a_header_that_is_none() -> None:
    """It fails for good, by a name that holds no text of it."""
    with GrpcCollector() as collector:
        assert post(to(collector, headers=(("x-key", "secret\nsecret"),))) == Answer("grpc_internal")
        assert collector.attempts == 0


def test_a_collector_without_the_service() -> None:
    """Another server answers at this port: trying again does not help."""
    with _serving(None) as port:
        otlp = OtlpSettings(f"http://127.0.0.1:{port}", protocol="grpc", insecure=True)
        assert post(otlp) == Answer("grpc_unimplemented")


@pytest.mark.parametrize(
    "trailers",
    [(), (("grpc-status-details-bin", b"\xff\xff"),), (("grpc-status-details-bin", b""),), (("other", "1"),)],
)
def test_exhausted_without_a_time(trailers: Sequence[tuple[str, Any]]) -> None:
    """Only who says when to come back is asked again; trailers that cannot be read say nothing."""

    def refuse(_: bytes, context: Any) -> bytes:
        context.set_trailing_metadata(trailers)
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
        raise AssertionError("abort raises")

    with _serving(refuse) as port:
        otlp = OtlpSettings(f"http://127.0.0.1:{port}", protocol="grpc", insecure=True)
        assert post(otlp) == Answer("grpc_resource_exhausted")


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(certificate: tuple[Path, Path], mutual: bool) -> None:
    """The collector is known by the certificate of the settings, and knows us by ours; nobody else is."""
    trusted, key = (path.read_bytes() for path in certificate)
    credentials = grpc.ssl_server_credentials(
        [(key, trusted)], root_certificates=trusted if mutual else None, require_client_auth=mutual
    )
    with _serving(lambda *_: b"ok", credentials) as port:
        stranger = OtlpSettings(f"https://127.0.0.1:{port}", protocol="grpc")
        otlp = replace(stranger, certificate=str(certificate[0]))
        known = replace(otlp, client_certificate=str(certificate[0]), client_key=str(certificate[1]))
        assert post(known if mutual else otlp) == b"ok"
        assert post(otlp if mutual else stranger) == _UNAVAILABLE


@contextmanager
def _serving(answer: Any, credentials: Any = None) -> Iterator[int]:
    """Serve one method, or none, and yield the port."""
    server = grpc.server(import_module("concurrent.futures").ThreadPoolExecutor(2))
    if answer is not None:
        method = grpc.unary_unary_rpc_method_handler(answer)
        service = _METHOD.strip("/").partition("/")[0]
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": method}),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        assert server.stop(0).wait(10)
