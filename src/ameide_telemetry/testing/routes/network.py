"""Exporters do not connect in tests: what was to be sent is kept here, and the run says so once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ameide_telemetry.testing.sink import SWITCH

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXPORTERS", "permits", "refuse_foreign", "refuse_ours"]

EXPORTERS: Final[dict[str, tuple[str, ...]]] = {
    f"opentelemetry.exporter.otlp.proto.{protocol}.{module}": (name,)
    for protocol in ("http", "grpc")
    for module, name in (
        ("trace_exporter", "OTLPSpanExporter"),
        ("metric_exporter", "OTLPMetricExporter"),
        ("_log_exporter", "OTLPLogExporter"),
    )
}
"""Modules of the SDK's own exporters and the classes in them."""
_USERS: Final = (
    "ameide_telemetry.traces.provider",
    "ameide_telemetry.metrics.provider",
    "ameide_telemetry.export.log_records",
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def permits(endpoint: str) -> bool:
    """Return whether the running test lets an exporter connect there."""
    sink = SWITCH.sink
    if sink is None or sink.network != "loopback":
        return False
    host = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname or ""
    return host in _LOOPBACK or host.startswith("127.")


def refuse_ours() -> None:
    """Have `init_telemetry` start without exporters that would connect."""
    for name in _USERS:
        module: Any = sys.modules.get(name)
        if module is not None and not hasattr(module.destination, "refusing"):
            module.destination = _refusing(module.destination)


def refuse_foreign(module: str) -> None:
    """Have the exporters of one module of the SDK take records and send nothing."""
    for name in EXPORTERS[module]:
        exporter: Any = getattr(sys.modules[module], name, None)
        if exporter is not None:
            exporter.export = _silent(exporter.export)


def _refusing(original: Callable[..., Any]) -> Callable[..., Any]:
    def destination(*args: Any, **named: Any) -> Any:
        found = original(*args, **named)
        if found is None or not found.endpoint or permits(found.endpoint):
            return found
        SWITCH.refuse(found.endpoint)
        return None

    destination.refusing = True  # type: ignore[attr-defined]
    return destination


def _silent(original: Callable[..., Any]) -> Callable[..., Any]:
    def export(self: Any, records: Any, *args: Any, **named: Any) -> Any:
        endpoint = str(getattr(self, "_endpoint", ""))
        if permits(endpoint):
            return original(self, records, *args, **named)
        SWITCH.refuse(endpoint)
        # Every signal has a result of its own, and each of them calls its success so.
        return _result(original).SUCCESS

    return export


def _result(export: Callable[..., Any]) -> Any:
    """Return the enumeration that an exporter answers with."""
    from opentelemetry.sdk._logs import export as logs  # noqa: PLC0415 loaded with the exporter
    from opentelemetry.sdk.metrics.export import MetricExportResult  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    module = export.__module__
    if "trace" in module:
        return SpanExportResult
    return MetricExportResult if "metric" in module else logs.LogRecordExportResult
