"""What becomes of every `OTEL_*` variable that the OpenTelemetry packages declare.

The table of settings lists those that this library honours. The rest stands here with a reason; a test
compares both with the names that the installed packages declare in the entry-point group
`opentelemetry_environment_variables`.
"""

from __future__ import annotations

from typing import Final

__all__ = ["IGNORED", "LEFT_TO_OTHERS"]

_AGENT: Final = "read by the command `opentelemetry-instrument` before this library runs"
_SETUP: Final = "read by the SDK's own set-up only, which `init_telemetry` replaces; experimental"
_ABSENT: Final = "belongs to an exporter that this library does not offer; send OTLP to a Collector instead"

LEFT_TO_OTHERS: Final[dict[str, str]] = {
    "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH": _AGENT,
    "OTEL_PYTHON_CONFIGURATOR": _AGENT,
    "OTEL_PYTHON_CONTEXT": "read by the OpenTelemetry API when it is imported; has to be installed",
    "OTEL_PYTHON_DISTRO": _AGENT,
    "OTEL_PYTHON_METER_PROVIDER": "loaded by the OpenTelemetry API; has to be installed, is adopted",
    "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": "read by the SDK's providers and OTLP exporters",
    "OTEL_PYTHON_TRACER_PROVIDER": "loaded by the OpenTelemetry API; has to be installed, is adopted",
}

IGNORED: Final[dict[str, str]] = {
    "OTEL_CONFIG_FILE": "it needs the package opentelemetry-configuration, which is experimental; "
    "set the single OTEL_* variables instead",
    "OTEL_EXPORTER_PROMETHEUS_HOST": _ABSENT,
    "OTEL_EXPORTER_PROMETHEUS_PORT": _ABSENT,
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT": _ABSENT,
    "OTEL_EXPORTER_ZIPKIN_TIMEOUT": _ABSENT,
    "OTEL_PYTHON_ID_GENERATOR": _SETUP,
    "OTEL_PYTHON_LOGGER_CONFIGURATOR": _SETUP,
    "OTEL_PYTHON_METER_CONFIGURATOR": _SETUP,
    "OTEL_PYTHON_TRACER_CONFIGURATOR": _SETUP,
}
