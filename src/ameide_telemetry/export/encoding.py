"""Records <-> OTLP messages, one signal at a time, with the SDK's own encoders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ameide_telemetry.ledger import Signal

__all__ = ["Encoding"]

_ENCODERS: Final = "opentelemetry.exporter.otlp.proto.common"
_SERVICES: Final = "opentelemetry.proto.collector"
_ENCODE: Final = guard.site("export.encode", foreign=True, thread=True)
_DECODE: Final = guard.site("export.decode", foreign=True)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a signal's parts are called; logs are not declared stable yet, hence `_log_encoder` (1.45)."""

    encoder: tuple[str, str]
    service: str
    response: str
    rejected: str


_SIGNALS: Final[Mapping[Signal, _Names]] = {
    "traces": _Names(
        ("trace_encoder", "encode_spans"), "trace", "ExportTraceServiceResponse", "rejected_spans"
    ),
    "metrics": _Names(
        ("metrics_encoder", "encode_metrics"),
        "metrics",
        "ExportMetricsServiceResponse",
        "rejected_data_points",
    ),
    "logs": _Names(
        ("_log_encoder", "encode_logs"), "logs", "ExportLogsServiceResponse", "rejected_log_records"
    ),
}


class Encoding:
    """How one signal is written and how its answers are read. Imports protobuf when it is made.

    Args:
        signal: which one.

    Attributes:
        method: path of the gRPC method that takes it.
    """

    __slots__ = ("_encoder", "_rejected", "_response", "_signal", "method")

    def __init__(self, signal: Signal) -> None:
        names = _SIGNALS[signal]
        service = f"{_SERVICES}.{names.service}.v1.{names.service}_service_pb2"
        module, function = names.encoder
        self._signal = signal
        self._encoder: Callable[[Any], Any] = getattr(import_module(f"{_ENCODERS}.{module}"), function)
        self._response: Any = getattr(import_module(service), names.response)
        self._rejected = names.rejected
        self.method = f"/{_SERVICES}.{names.service}.v1.{names.service.capitalize()}Service/Export"

    def message(self, records: Any) -> bytes | None:
        """Return the bytes of an OTLP message, or None when one of the records cannot be encoded."""
        with _ENCODE:
            body: bytes = self._encoder(records).SerializePartialToString()
            return body
        return None

    def unsendable(self, records: Any) -> list[int]:
        """Return the positions of the spans, log records or metrics that cannot be encoded."""
        if self.message(records) is not None:
            return []
        return [position for position, one in enumerate(self._each(records)) if self.message(one) is None]

    def rejected(self, body: bytes) -> int:
        """Return how many records an answer says were not taken; none when it cannot be read."""
        with _DECODE:
            partial = self._response.FromString(body).partial_success
            return max(0, int(getattr(partial, self._rejected)))
        return 0

    def _each(self, records: Any) -> Iterator[Any]:
        if self._signal != "metrics":
            return ([record] for record in records)
        return _single_metrics(records)


def _single_metrics(data: Any) -> Iterator[Any]:
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                part = replace(resource, scope_metrics=[replace(scope, metrics=[metric])])
                yield replace(data, resource_metrics=[part])
