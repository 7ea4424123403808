"""Settings -> where a pipeline sends to. Senders are imported and built on the worker thread.

Protobuf and `requests` cost a few hundred milliseconds to import, and a socket opened before a fork would be
shared by the children (open-telemetry/opentelemetry-python#4994): so neither happens before the first record.

The exporters of the SDK are not used: they retry and sleep on their own, answer every failure with the same
word, and a peer that sends one byte per second holds them for minutes (1.45). Its encoders are.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Final, Protocol

from ameide_telemetry.export.destination import UNENCODABLE, Answer, Destination
from ameide_telemetry.export.forks import before_forks
from ameide_telemetry.export.grpc_forks import watch_grpc
from ameide_telemetry.settings.secrets import concealed_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.export.destination import Sender
    from ameide_telemetry.export.encoding import Encoding
    from ameide_telemetry.ledger import Signal
    from ameide_telemetry.settings import OtlpSettings

__all__ = ["ConsoleSender", "OtlpSender", "Wire", "destination"]

_ROOM: Final = "ameide_telemetry.export"
_CONSOLE: Final[Mapping[Signal, tuple[str, str]]] = {
    "traces": ("opentelemetry.sdk.trace.export", "ConsoleSpanExporter"),
    "metrics": ("opentelemetry.sdk.metrics.export", "ConsoleMetricExporter"),
    "logs": ("opentelemetry.sdk._logs.export", "ConsoleLogRecordExporter"),
}


class Wire(Protocol):
    """A connection that takes one message at a time."""

    def post(self, body: bytes, deadline: float) -> bytes | Answer:
        """Make one attempt, over by `deadline`; return the acknowledgement's body, or what went wrong."""
        ...

    def close(self) -> None:
        """End an attempt that is under way and release the connection; from any thread."""
        ...


class OtlpSender:
    """Sends one signal's records over a wire, one attempt at a time.

    Args:
        encoding: of the signal.
        wire: to the collector.
    """

    __slots__ = ("_encoding", "_wire")

    def __init__(self, encoding: Encoding, wire: Wire) -> None:
        self._encoding = encoding
        self._wire = wire

    def send(self, records: Any, deadline: float) -> Answer:
        """Make one attempt and say what came of it; returns by `deadline`, whatever the peer does.

        Looking up a host name is the one thing that no deadline can end.
        """
        message = self._encoding.message(records)
        if message is None:
            return Answer(error=UNENCODABLE)
        reply = self._wire.post(message, deadline)
        return reply if isinstance(reply, Answer) else Answer(rejected=self._encoding.rejected(reply))

    def unsendable(self, records: Any) -> list[int]:
        """Return the positions of records that no attempt could send, such as one with a lone surrogate."""
        return self._encoding.unsendable(records)

    def close(self) -> None:
        """End a send in progress and release the connection; from any thread."""
        self._wire.close()


class ConsoleSender:
    """Prints records by an exporter of the SDK.

    Args:
        exporter: has `export`, which returns an enum member called `SUCCESS` or another, and `shutdown`.
    """

    __slots__ = ("_exporter",)

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def send(self, records: Any, deadline: float) -> Answer:  # noqa: ARG002 printing takes no time limit
        """Print the records."""
        result = self._exporter.export(records)
        return Answer(error=None if getattr(result, "name", "") == "SUCCESS" else "export_failed")

    def unsendable(self, records: Any) -> list[int]:  # noqa: ARG002 the protocol's signature
        """Return nothing: whatever can be made can be printed."""
        return []

    def close(self) -> None:
        """Do nothing: stdout is not ours to close."""


def destination(
    signal: Signal, exporter: str, otlp: OtlpSettings | None, *, timeout: float
) -> Destination | None:
    """Return where a signal goes, or None when it goes nowhere.

    Args:
        signal: which one.
        exporter: `otlp`, `console` or `none`.
        otlp: the collector; None when no endpoint is set.
        timeout: limit of one batch with all its attempts, in seconds; the collector's own is that of one.
    """
    if exporter == "console":
        return Destination("console", "", partial(_console, signal), timeout, timeout)
    if exporter != "otlp" or otlp is None:
        return None
    _FORKS[otlp.protocol]()
    return Destination(
        f"otlp {otlp.protocol}",
        concealed_url(otlp.endpoint),
        partial(_connected, signal, otlp),
        min(otlp.timeout, timeout),
        timeout,
    )


def _console(signal: Signal) -> Sender:
    module, name = _CONSOLE[signal]
    # The stream is named here because the SDK's default is the one that was stdout at import.
    return ConsoleSender(getattr(import_module(module), name)(out=sys.stdout))


def _connected(signal: Signal, otlp: OtlpSettings) -> Sender:
    encoding: Encoding = import_module(f"{_ROOM}.encoding").Encoding(signal)
    return OtlpSender(encoding, _WIRES[otlp.protocol](otlp, encoding))


def _http(otlp: OtlpSettings, encoding: Encoding) -> Wire:  # noqa: ARG001 the table's signature
    wire: Wire = import_module(f"{_ROOM}.over_http").HttpWire(otlp, _user_agent())
    return wire


def _grpc(otlp: OtlpSettings, encoding: Encoding) -> Wire:
    wire: Wire = import_module(f"{_ROOM}.over_grpc").GrpcWire(otlp, _user_agent(), encoding.method)
    return wire


def _user_agent() -> str:
    """Return our name and the one that the OTLP specification asks of exporters, each with its version."""
    products = {
        "ameide-telemetry": "ameide-telemetry",
        "OTel-OTLP-Exporter-Python": "opentelemetry-exporter-otlp-proto-common",
    }
    return " ".join(f"{name}/{_version(distribution)}" for name, distribution in products.items())


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        # A copy of the sources on the path, without the metadata of an installation.
        return "unknown"


def _load_http() -> None:
    for name in ("encoding", "over_http"):
        import_module(f"{_ROOM}.{name}")


# gRPC is not loaded before it is used: a process that has threads of it cannot fork as it likes.
_FORKS: Final[Mapping[str, Callable[[], None]]] = {
    "http/protobuf": partial(before_forks, _load_http),
    "grpc": watch_grpc,
}
_WIRES: Final[Mapping[str, Callable[[OtlpSettings, Encoding], Wire]]] = {
    "http/protobuf": _http,
    "grpc": _grpc,
}
