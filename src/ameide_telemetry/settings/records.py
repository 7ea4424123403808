"""What one signal is told: frozen records, comparable by value, whose `repr` shows no secret.

All durations are seconds, all sizes are counts. The defaults are those of the OpenTelemetry
specification unless a line says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ameide_telemetry.settings.secrets import concealed_headers, concealed_url

__all__ = [
    "Aggregation",
    "Compression",
    "ExemplarFilter",
    "Exporter",
    "LogFormat",
    "LogLimits",
    "LogPolicy",
    "LogSettings",
    "LogSink",
    "MetricSettings",
    "OtlpSettings",
    "Protocol",
    "Sampler",
    "SpanLimits",
    "Temporality",
    "TraceSettings",
]

Aggregation = Literal["explicit_bucket_histogram", "base2_exponential_bucket_histogram"]
Compression = Literal["none", "gzip", "deflate"]
ExemplarFilter = Literal["trace_based", "always_on", "always_off"]
Exporter = Literal["otlp", "console", "none"]
LogFormat = Literal["auto", "json", "pretty"]
LogPolicy = Literal["drop", "block"]
LogSink = Literal["stdout", "otlp", "both"]
Protocol = Literal["http/protobuf", "grpc"]
Sampler = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]
Temporality = Literal["cumulative", "delta", "lowmemory"]


@dataclass(frozen=True, slots=True, repr=False)
class OtlpSettings:
    """Where one signal is sent over OTLP, and how.

    Attributes:
        endpoint: the whole URL of the signal, path included; for `grpc` the target, `host:port` or URL.
        protocol: `http/protobuf`, or `grpc` when that exporter is installed.
        headers: names in lower case and values, decoded; `repr` shows the names only.
        timeout: limit of one request, in seconds.
        compression: of the request body.
        certificate: path of the certificates that the server's is checked against; None: the system's.
        client_key: path of the private key for mutual TLS.
        client_certificate: path of the client's certificate for mutual TLS.
        insecure: whether the connection is without TLS: follows the URL's scheme where there is one.
    """

    endpoint: str
    protocol: Protocol = "http/protobuf"
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 10.0
    compression: Compression = "none"
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None
    insecure: bool = False

    def __repr__(self) -> str:
        shown = {
            **{name: getattr(self, name) for name in self.__slots__},
            "endpoint": concealed_url(self.endpoint),
            "headers": concealed_headers(self.headers),
        }
        return f"OtlpSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


@dataclass(frozen=True, slots=True)
class SpanLimits:
    """Bounds of one span, with the names of the SDK's own class; None means no limit."""

    max_attributes: int | None = 128
    max_span_attributes: int | None = 128
    max_event_attributes: int | None = 128
    max_link_attributes: int | None = 128
    max_events: int | None = 128
    max_links: int | None = 128
    max_attribute_length: int | None = None
    max_span_attribute_length: int | None = None


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Bounds of one log record sent over OTLP; None means no limit."""

    max_attributes: int | None = 128
    max_attribute_length: int | None = None


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """How spans are made and sent.

    Attributes:
        enabled: False installs nothing for traces.
        exporter: `otlp` needs an endpoint; `none` makes spans, so that ids and context exist, and sends none.
        otlp: None when no endpoint is set: nothing is exported.
        sampler: one of the six of the specification.
        sampler_arg: the ratio from 0 to 1 of the two `traceidratio` samplers, else None.
        limits: bounds of one span.
        max_queue_size: spans that wait at most; what comes on top is dropped and counted.
        max_export_batch_size: spans in one request at most; never above `max_queue_size`.
        schedule_delay: longest wait before a batch is sent, in seconds.
        export_timeout: limit of one export, retries included, in seconds.
    """

    enabled: bool = True
    exporter: Exporter = "otlp"
    otlp: OtlpSettings | None = None
    sampler: Sampler = "parentbased_always_on"
    sampler_arg: float | None = None
    limits: SpanLimits = field(default_factory=SpanLimits)
    max_queue_size: int = 2048
    max_export_batch_size: int = 512
    schedule_delay: float = 5.0
    export_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """How metrics are collected and sent.

    Attributes:
        enabled: False installs nothing for metrics.
        exporter: `otlp` needs an endpoint; `none` collects and sends nothing.
        otlp: None when no endpoint is set: nothing is exported.
        interval: time between two collections, in seconds.
        timeout: limit of one collection and export, in seconds.
        exemplar_filter: which measurements may become exemplars.
        temporality: preference of the OTLP exporter.
        histogram_aggregation: of histograms without a view of their own.
        cardinality_limit: attribute sets per instrument at most; the rest shares the overflow point.
        runtime: whether process and interpreter metrics are collected; our own default is no.
    """

    enabled: bool = True
    exporter: Exporter = "otlp"
    otlp: OtlpSettings | None = None
    interval: float = 60.0
    timeout: float = 30.0
    exemplar_filter: ExemplarFilter = "trace_based"
    temporality: Temporality = "cumulative"
    histogram_aggregation: Aggregation = "explicit_bucket_histogram"
    cardinality_limit: int = 2000
    runtime: bool = False


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How log lines look and where they go.

    Attributes:
        enabled: False leaves logging as it is.
        format: `auto` and `pretty` are for people only when stdout is a terminal, else JSON.
        level: lowest level that becomes a line, as a number of `logging`.
        sink: `stdout` (the product), `otlp`, or `both`; the last two need an endpoint.
        capture_streams: whether text from `print` and raw writes to stdout and stderr becomes lines.
        when_stalled: what a log call does while nobody reads stdout: `drop` lets a bounded number of bytes
            wait and counts the lines that find no room, `block` waits for the reader.
        storm_limit: lines per second of one logger, level and message template; 0 for no limit. What is
            suppressed is counted and said.
        colors: whether `pretty` uses terminal colours; `NO_COLOR` turns them off.
        otlp: None when no endpoint is set: nothing is exported.
        limits: bounds of one record sent over OTLP.
        max_queue_size: records that wait for OTLP at most; what comes on top is dropped and counted.
        max_export_batch_size: records in one request at most; never above `max_queue_size`.
        schedule_delay: longest wait before a batch is sent, in seconds.
        export_timeout: limit of one export, retries included, in seconds.
    """

    enabled: bool = True
    format: LogFormat = "auto"
    level: int = 20
    sink: LogSink = "stdout"
    capture_streams: bool = True
    when_stalled: LogPolicy = "drop"
    storm_limit: int = 0
    colors: bool = True
    otlp: OtlpSettings | None = None
    limits: LogLimits = field(default_factory=LogLimits)
    max_queue_size: int = 2048
    max_export_batch_size: int = 512
    schedule_delay: float = 1.0
    export_timeout: float = 30.0
