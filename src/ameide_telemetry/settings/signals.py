"""The rows of the three signals. Their OTLP and batching rows are alike and are made, not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.settings import addresses, forms
from ameide_telemetry.settings.rows import LARGEST, Setting, Source, own

if TYPE_CHECKING:
    from ameide_telemetry.settings.forms import Form

__all__ = ["LOGS", "METRICS", "SIGNALS", "TRACES"]

SIGNALS: Final = ("traces", "metrics", "logs")


def _enabled(signal: str) -> Setting:
    return Setting(
        f"{signal}.enabled", forms.BOOLEAN, True, f"False leaves {signal} alone; also as `{signal}=False`."
    )


# Name, form as an argument, default, meaning. A variable is read like the argument, except the timeout.
_OTLP: Final[tuple[tuple[str, Form, object, str], ...]] = (
    ("protocol", addresses.PROTOCOL, "http/protobuf", "Transport; `grpc` needs the extra `grpc`."),
    (
        "endpoint",
        addresses.ENDPOINT,
        None,
        "Where to send. Over HTTP `/v1/<signal>` is added to the general variable only.",
    ),
    ("headers", addresses.HEADERS, (), "Headers of each request; values are never shown."),
    ("timeout", forms.SECONDS, 10.0, "Limit of one request, in seconds."),
    ("compression", forms.choice("none", "gzip", "deflate"), "none", "Compression of the request body."),
    ("certificate", addresses.FILE, None, "Certificates that the server's is checked against."),
    ("client_key", addresses.FILE, None, "Private key for mutual TLS."),
    ("client_certificate", addresses.FILE, None, "Client certificate for mutual TLS."),
    ("insecure", forms.BOOLEAN, False, "No TLS; only for an endpoint without a scheme."),
)
_READ_OTHERWISE: Final = {"timeout": forms.TIMEOUT}


def _otlp(signal: str) -> tuple[Setting, ...]:
    """Return the OTLP rows of a signal."""
    return tuple(
        Setting(f"{signal}.otlp.{name}", form, default, doc, _otlp_sources(signal, name), default is None)
        for name, form, default, doc in _OTLP
    )


def _otlp_sources(signal: str, name: str) -> tuple[Source, ...]:
    """Return the signal's own variable and the general one, in this order."""
    form = _READ_OTHERWISE.get(name)
    return (
        Source(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name.upper()}", form),
        Source(f"OTEL_EXPORTER_OTLP_{name.upper()}", form),
    )


def _batches(signal: str, prefix: str, delay: float) -> tuple[Setting, ...]:
    return (
        Setting(
            f"{signal}.max_queue_size",
            forms.whole(1, LARGEST),
            2048,
            "Records that wait at most; the rest is dropped and counted.",
            (Source(f"{prefix}_MAX_QUEUE_SIZE"),),
        ),
        Setting(
            f"{signal}.max_export_batch_size",
            forms.whole(1, LARGEST),
            512,
            "Records in one request; at most `max_queue_size`.",
            (Source(f"{prefix}_MAX_EXPORT_BATCH_SIZE"),),
        ),
        Setting(
            f"{signal}.schedule_delay",
            forms.SECONDS,
            delay,
            "Longest wait before a batch is sent, in seconds.",
            (Source(f"{prefix}_SCHEDULE_DELAY", forms.MILLISECONDS),),
        ),
        Setting(
            f"{signal}.export_timeout",
            forms.SECONDS,
            30.0,
            "Limit of one export with its retries, in seconds.",
            (Source(f"{prefix}_EXPORT_TIMEOUT", forms.MILLISECONDS),),
        ),
    )


def _limit(name: str, default: int | None, doc: str, variables: str, inherits: str = "") -> Setting:
    return Setting(
        name,
        forms.whole(0, LARGEST),
        default,
        doc,
        tuple(Source(variable) for variable in variables.split()),
        optional=True,
        inherits=inherits,
    )


_COUNT: Final = "traces.limits.max_attributes"
_LENGTH: Final = "traces.limits.max_attribute_length"
_SPAN_LIMITS: Final = (
    _limit(_COUNT, 128, "Attributes per span, event and link.", "OTEL_ATTRIBUTE_COUNT_LIMIT"),
    _limit(_LENGTH, None, "Characters per attribute value.", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
    _limit(
        "traces.limits.max_span_attributes",
        128,
        "Attributes per span.",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
    ),
    _limit(
        "traces.limits.max_event_attributes",
        128,
        "Attributes per span event.",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
    ),
    _limit(
        "traces.limits.max_link_attributes",
        128,
        "Attributes per span link.",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        _COUNT,
    ),
    _limit("traces.limits.max_events", 128, "Events per span.", "OTEL_SPAN_EVENT_COUNT_LIMIT"),
    _limit("traces.limits.max_links", 128, "Links per span.", "OTEL_SPAN_LINK_COUNT_LIMIT"),
    _limit(
        "traces.limits.max_span_attribute_length",
        None,
        "Characters per span attribute value.",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        _LENGTH,
    ),
)

TRACES: Final = (
    _enabled("traces"),
    Setting(
        "traces.exporter",
        forms.exporter(),
        "otlp",
        "Where spans go; `otlp` needs an endpoint, `none` still makes spans and ids.",
        (Source("OTEL_TRACES_EXPORTER"),),
    ),
    *_otlp("traces"),
    Setting(
        "traces.sampler",
        forms.choice(
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ),
        "parentbased_always_on",
        "Which traces are recorded.",
        (Source("OTEL_TRACES_SAMPLER"),),
    ),
    Setting(
        "traces.sampler_arg",
        forms.RATIO,
        None,
        "Ratio of the `traceidratio` samplers, 1 when left out; the others take none.",
        (Source("OTEL_TRACES_SAMPLER_ARG"),),
        optional=True,
    ),
    *_SPAN_LIMITS,
    *_batches("traces", "OTEL_BSP", 5.0),
)

METRICS: Final = (
    _enabled("metrics"),
    Setting(
        "metrics.exporter",
        forms.exporter(),
        "otlp",
        "Where metrics go; `otlp` needs an endpoint.",
        (Source("OTEL_METRICS_EXPORTER"),),
    ),
    *_otlp("metrics"),
    Setting(
        "metrics.interval",
        forms.SECONDS,
        60.0,
        "Time between two collections, in seconds.",
        (Source("OTEL_METRIC_EXPORT_INTERVAL", forms.MILLISECONDS),),
    ),
    Setting(
        "metrics.timeout",
        forms.SECONDS,
        30.0,
        "Limit of one collection and export, in seconds.",
        (Source("OTEL_METRIC_EXPORT_TIMEOUT", forms.MILLISECONDS),),
    ),
    Setting(
        "metrics.exemplar_filter",
        forms.choice("trace_based", "always_on", "always_off"),
        "trace_based",
        "Which measurements may become exemplars.",
        (Source("OTEL_METRICS_EXEMPLAR_FILTER"),),
    ),
    Setting(
        "metrics.temporality",
        forms.choice("cumulative", "delta", "lowmemory"),
        "cumulative",
        "Temporality that the OTLP exporter prefers.",
        (Source("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"),),
    ),
    Setting(
        "metrics.histogram_aggregation",
        forms.choice("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
        "explicit_bucket_histogram",
        "Aggregation of histograms without a view of their own.",
        (Source("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"),),
    ),
    Setting(
        "metrics.cardinality_limit",
        forms.whole(1, LARGEST),
        2000,
        "Attribute sets per instrument; the rest shares the overflow point.",
        own("METRIC_CARDINALITY_LIMIT"),
    ),
    Setting(
        "metrics.runtime",
        forms.BOOLEAN,
        False,
        "Process and interpreter metrics are collected.",
        own("RUNTIME_METRICS"),
    ),
)

LOGS: Final = (
    _enabled("logs"),
    Setting(
        "logs.format",
        forms.choice("auto", "json", "pretty"),
        "auto",
        "Look of a line; `auto` and `pretty` are for people only when stdout is a terminal, else JSON.",
        own("LOG_FORMAT"),
    ),
    Setting(
        "logs.level",
        forms.LEVEL,
        20,
        "Lowest level that becomes a line. `OTEL_LOG_LEVEL` is meant for the SDK's own logger, so ours wins.",
        (*own("LOG_LEVEL"), Source("OTEL_LOG_LEVEL")),
    ),
    Setting(
        "logs.sink",
        forms.choice("stdout", "otlp", "both"),
        "stdout",
        "Where lines go. Ours says it more exactly than `OTEL_LOGS_EXPORTER`, so it wins.",
        (
            *own("LOG_SINK"),
            Source(
                "OTEL_LOGS_EXPORTER",
                forms.mapped(
                    {"otlp": "both", "console": "stdout", "none": "stdout"},
                    "otlp (means both), console, none (both mean stdout)",
                ),
            ),
        ),
    ),
    Setting(
        "logs.capture_streams",
        forms.BOOLEAN,
        True,
        "Text from `print` and raw writes to stdout and stderr becomes lines.",
        own("CAPTURE_STREAMS"),
    ),
    Setting(
        "logs.when_stalled",
        forms.choice("drop", "block"),
        "drop",
        "What a log call does while nobody reads stdout: count the line as dropped, or wait.",
        own("LOG_WHEN_STALLED"),
    ),
    Setting(
        "logs.storm_limit",
        forms.whole(0, LARGEST),
        0,
        "Lines per second of one logger, level and message template; 0 for no limit.",
        own("LOG_STORM_LIMIT"),
    ),
    Setting(
        "logs.colors",
        forms.BOOLEAN,
        True,
        "Colours on a terminal; https://no-color.org.",
        (Source("NO_COLOR", forms.ABSENT),),
    ),
    *_otlp("logs"),
    _limit(
        "logs.limits.max_attributes",
        128,
        "Attributes per record sent over OTLP.",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT OTEL_ATTRIBUTE_COUNT_LIMIT",
    ),
    _limit(
        "logs.limits.max_attribute_length",
        None,
        "Characters per attribute value sent over OTLP.",
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
    *_batches("logs", "OTEL_BLRP", 1.0),
)
