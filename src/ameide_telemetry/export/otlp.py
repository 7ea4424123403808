"""Settings -> where a pipeline sends to. Exporters are imported and built on the worker thread.

Protobuf and `requests` cost a few hundred milliseconds to import, and a socket opened before a fork would be
shared by the children (open-telemetry/opentelemetry-python#4994): so neither happens before the first record.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.export.destination import Destination
from ameide_telemetry.settings.secrets import concealed_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ameide_telemetry.export.destination import Sender
    from ameide_telemetry.ledger import Signal
    from ameide_telemetry.settings import OtlpSettings

__all__ = ["SdkSender", "destination"]

_HTTP: Final = "opentelemetry.exporter.otlp.proto.http"
_GRPC: Final = "opentelemetry.exporter.otlp.proto.grpc"
_COMMON: Final = "opentelemetry.exporter.otlp.proto.common"
# The logs modules keep their underscore: that signal is not declared stable in Python yet (SDK 1.45).
_EXPORTERS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("traces", "http/protobuf"): (f"{_HTTP}.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "http/protobuf"): (f"{_HTTP}.metric_exporter", "OTLPMetricExporter"),
    ("logs", "http/protobuf"): (f"{_HTTP}._log_exporter", "OTLPLogExporter"),
    ("traces", "grpc"): (f"{_GRPC}.trace_exporter", "OTLPSpanExporter"),
    ("metrics", "grpc"): (f"{_GRPC}.metric_exporter", "OTLPMetricExporter"),
    ("logs", "grpc"): (f"{_GRPC}._log_exporter", "OTLPLogExporter"),
    ("traces", "console"): ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
    ("metrics", "console"): ("opentelemetry.sdk.metrics.export", "ConsoleMetricExporter"),
    ("logs", "console"): ("opentelemetry.sdk._logs.export", "ConsoleLogRecordExporter"),
}
_ENCODERS: Final[Mapping[str, tuple[str, str]]] = {
    "traces": (f"{_COMMON}.trace_encoder", "encode_spans"),
    "logs": (f"{_COMMON}._log_encoder", "encode_logs"),
}
_ENCODE: Final = guard.site("export.encode", foreign=True)
_REDIRECT: Final = 300


class SdkSender:
    """An exporter of the SDK as a pipeline sees it.

    Args:
        exporter: has `export`, which returns an enum member called `SUCCESS` or another, and `shutdown`.
        encode: turns records into a message; tells a record that cannot be encoded from a collector that is
            away. None where that makes no difference.
        reply: what the last request was answered, kept up to date by the connection.
    """

    __slots__ = ("_closed", "_encode", "_exporter", "_reply")

    def __init__(
        self, exporter: Any, encode: Callable[[Sequence[Any]], Any] | None = None, reply: _Reply | None = None
    ) -> None:
        self._exporter = exporter
        self._encode = encode
        self._reply = reply if reply is not None else _Reply()
        self._closed = False

    def send(self, records: Any) -> str | None:
        """Send the records; return None when they were acknowledged, else the kind of the failure."""
        self._reply.clear()
        result = self._exporter.export(records)
        return self._reply.verdict(acknowledged=getattr(result, "name", "") == "SUCCESS")

    def close(self) -> None:
        """Interrupt a send in progress and release the connection. Once."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()

    def unsendable(self, records: Any) -> list[int]:
        """Return the positions of records that no attempt could send, such as one with a lone surrogate.

        The exporters answer both with the same failure, and one such record takes its whole batch with it.
        """
        if self._encode is None or self._reply.arrived or self._encodes(records):
            return []
        return [position for position, record in enumerate(records) if not self._encodes([record])]

    def _encodes(self, records: Sequence[Any]) -> bool:
        with _ENCODE:
            assert self._encode is not None
            self._encode(records).SerializePartialToString()
            return True
        return False


class _Reply:
    """The last answer of the collector: the exporters log it and keep it to themselves."""

    __slots__ = ("problem", "status")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.status: int | None = None
        self.problem: str | None = None

    @property
    def arrived(self) -> bool:
        """Whether a request was made at all."""
        return self.status is not None or self.problem is not None

    def verdict(self, *, acknowledged: bool) -> str | None:
        # The HTTP exporters take a redirect for success (`200 <= status < 400`, 1.45) and do not follow it.
        if self.status is not None and (self.status >= _REDIRECT or not acknowledged):
            return f"http_{self.status}"
        return None if acknowledged else self.problem or "export_failed"


def destination(
    signal: Signal, exporter: str, otlp: OtlpSettings | None, *, timeout: float, **options: Any
) -> Destination | None:
    """Return where a signal goes, or None when it goes nowhere.

    Args:
        signal: which one.
        exporter: `otlp`, `console` or `none`.
        otlp: the collector; None when no endpoint is set.
        timeout: limit of one export with its retries, in seconds; the collector's own may be shorter.
        **options: further arguments for the OTLP exporter's class.
    """
    if exporter == "console":
        return Destination("console", "", partial(_console, signal))
    if exporter != "otlp" or otlp is None:
        return None
    return Destination(
        f"otlp {otlp.protocol}",
        concealed_url(otlp.endpoint),
        partial(_CONNECT[otlp.protocol], signal, otlp, min(otlp.timeout, timeout), options),
    )


def _console(signal: Signal) -> Sender:
    # The stream is named here because the SDK's default is the one that was stdout at import.
    return SdkSender(_exporter_class(signal, "console")(out=sys.stdout))


def _http(signal: Signal, otlp: OtlpSettings, timeout: float, options: Mapping[str, Any]) -> Sender:
    reply = _Reply()
    exporter = _exporter_class(signal, otlp.protocol)(
        endpoint=otlp.endpoint,
        certificate_file=otlp.certificate,
        client_key_file=otlp.client_key,
        client_certificate_file=otlp.client_certificate,
        headers=dict(otlp.headers),
        timeout=timeout,
        compression=import_module(_HTTP).Compression(otlp.compression),
        session=_session(reply),
        **options,
    )
    return SdkSender(exporter, _encoder(signal), reply)


def _session(reply: _Reply) -> Any:
    """Return a `requests` session that remembers answers and takes no proxy or .netrc from outside."""
    requests = import_module("requests")

    class Session(requests.Session):  # type: ignore[misc, name-defined]
        def send(self, request: Any, **options: Any) -> Any:
            try:
                response = super().send(request, **options)
            except requests.RequestException as problem:
                reply.problem = type(problem).__name__
                raise
            reply.status = response.status_code
            return response

    session = Session()
    session.trust_env = False
    return session


def _grpc(signal: Signal, otlp: OtlpSettings, timeout: float, options: Mapping[str, Any]) -> Sender:
    grpc = import_module("grpc")
    exporter = _exporter_class(signal, otlp.protocol)(
        endpoint=otlp.endpoint,
        insecure=otlp.insecure,
        credentials=None if otlp.insecure else _credentials(grpc, otlp),
        headers=otlp.headers or None,
        timeout=timeout,
        compression=grpc.Compression.Gzip if otlp.compression == "gzip" else grpc.Compression.NoCompression,
        **options,
    )
    return SdkSender(exporter, _encoder(signal))


def _credentials(grpc: Any, otlp: OtlpSettings) -> Any:
    # A file that cannot be read fails the export: to go on with other roots would be a silent downgrade.
    files = {
        "root_certificates": otlp.certificate,
        "private_key": otlp.client_key,
        "certificate_chain": otlp.client_certificate,
    }
    return grpc.ssl_channel_credentials(
        **{name: Path(path).read_bytes() if path else None for name, path in files.items()}
    )


def _exporter_class(signal: Signal, kind: str) -> Any:
    module, name = _EXPORTERS[signal, kind]
    return getattr(import_module(module), name)


def _encoder(signal: Signal) -> Callable[[Sequence[Any]], Any] | None:
    if signal not in _ENCODERS:
        return None
    module, name = _ENCODERS[signal]
    encode: Callable[[Sequence[Any]], Any] = getattr(import_module(module), name)
    return encode


_CONNECT: Final[Mapping[str, Callable[[Signal, OtlpSettings, float, Mapping[str, Any]], Sender]]] = {
    "http/protobuf": _http,
    "grpc": _grpc,
}
