"""The table of settings: name, sources in order, form, default and meaning, each said once.

Parsing, the reference page, `status()` and the search for misspelt names all come from it. A row's
name is also its place: `traces.otlp.timeout` is `TelemetrySettings.traces.otlp.timeout`.
"""

from __future__ import annotations

from typing import Final

from ameide_telemetry.settings import addresses, forms, privacy
from ameide_telemetry.settings.hosts import HOSTS
from ameide_telemetry.settings.rows import LARGEST_SIZE, RESOURCE_VARIABLE, Setting, Source, own
from ameide_telemetry.settings.signals import LOGS, METRICS, TRACES

__all__ = ["BY_NAME", "SETTINGS", "variables"]


def _attributes(*names: str) -> tuple[Source, ...]:
    return tuple(Source(RESOURCE_VARIABLE, attribute=name) for name in names)


_SERVICE: Final = (
    Setting(
        "service",
        forms.TEXT,
        "unknown_service",
        "Name of the service, `service.name`.",
        (Source("OTEL_SERVICE_NAME"), *_attributes("service.name")),
    ),
    Setting(
        "version",
        forms.TEXT,
        "unknown",
        "Version of the service, `service.version`.",
        _attributes("service.version"),
    ),
    Setting(
        "environment",
        forms.TEXT,
        "unknown",
        "Where it is deployed, `deployment.environment.name`.",
        (*_attributes("deployment.environment.name", "deployment.environment"), *own("ENVIRONMENT")),
    ),
    Setting(
        "namespace",
        forms.TEXT,
        "",
        "Group of services it belongs to, `service.namespace`.",
        _attributes("service.namespace"),
    ),
)

_GENERAL: Final = (
    Setting(
        "trust",
        # A service that somebody meant to protect must not believe everybody for a misspelt word.
        forms.choice("internal", "edge", safest="edge"),
        "internal",
        "`internal` continues a caller's trace and takes its allow-listed baggage; `edge` only links to it.",
        own("TRUST"),
    ),
    Setting(
        "tenant_header",
        addresses.HEADER_NAME,
        None,
        "Request header that names the tenant. None is read unless this names one.",
        own("TENANT_HEADER"),
        optional=True,
    ),
    Setting(
        "excluded_paths",
        addresses.PATHS,
        (),
        "Request paths without span, metric and access line.",
        own("EXCLUDED_PATHS"),
    ),
    Setting(
        "instrument",
        addresses.INSTRUMENT,
        "auto",
        "Client libraries to instrument: all that are found, none, or these.",
        own("INSTRUMENT"),
    ),
    Setting(
        "disabled_instrumentations",
        addresses.INSTRUMENTATIONS,
        (),
        "Instrumentations that are left alone in either case.",
        (Source("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"),),
    ),
    Setting(
        "strict",
        forms.BOOLEAN,
        False,
        "Wrong settings raise one error instead of being replaced and said.",
        (
            *own("STRICT"),
            Source("CI", forms.CI),
            Source("PYTEST_VERSION", forms.PRESENT),
            Source("PYTEST_CURRENT_TEST", forms.PRESENT),
        ),
    ),
    Setting(
        "disabled",
        forms.BOOLEAN,
        False,
        "Nothing is exported; JSON lines and propagation stay.",
        (Source("OTEL_SDK_DISABLED"),),
    ),
    Setting(
        "exit_timeout",
        forms.SECONDS,
        4.0,
        "Seconds that all signals together may take at process exit; with the interpreter's end below 5.",
        own("EXIT_TIMEOUT"),
    ),
    Setting(
        "handle_sigterm",
        forms.BOOLEAN,
        False,
        "SIGTERM flushes before it ends the process: for scripts and `flask run`, which no server ends.",
        own("HANDLE_SIGTERM"),
    ),
    Setting(
        "max_queue_bytes",
        forms.whole(65_536, LARGEST_SIZE),
        33_554_432,
        "Estimated bytes that records of all signals may wait in; the rest is dropped and counted.",
        own("MAX_QUEUE_BYTES"),
    ),
    Setting(
        "propagators",
        addresses.plugins(
            "opentelemetry_propagator",
            ("tracecontext", "baggage"),
            "tracecontext, baggage, none, or names of installed propagators",
        ),
        ("tracecontext", "baggage"),
        "Formats in which context travels between services.",
        (Source("OTEL_PROPAGATORS"),),
    ),
    Setting(
        "trace_hosts",
        HOSTS,
        ("internal",),
        "Hosts that instrumented clients send the trace context to; `internal` is the built-in list.",
        own("TRACE_HOSTS"),
    ),
    Setting(
        "baggage_hosts",
        HOSTS,
        ("internal",),
        "Hosts that get baggage and `tracestate` as well, where `trace_hosts` has them too.",
        own("BAGGAGE_HOSTS"),
    ),
    Setting(
        "redact_names",
        privacy.REDACT_NAMES,
        (),
        "Names whose values are redacted, by their last words; with `none` one name in full never is.",
        own("REDACT_NAMES"),
    ),
    Setting(
        "redact_patterns",
        privacy.REDACT_PATTERNS,
        (),
        "Patterns of values that are redacted as of a class; each has to take linear time.",
        own("REDACT_PATTERNS"),
    ),
    Setting(
        "unredacted_classes",
        privacy.ALL_CLASSES,
        (),
        "Classes that are left alone, such as `ip`.",
        own("UNREDACTED_CLASSES"),
    ),
    Setting(
        "pseudonym_key",
        privacy.PSEUDONYM_KEY,
        None,
        "Key that pseudonyms are made with; never shown.",
        own("PSEUDONYM_KEY"),
        optional=True,
    ),
    Setting(
        "pseudonym_key_file",
        addresses.KEY_FILE,
        None,
        "File that holds the key instead, in the same form.",
        own("PSEUDONYM_KEY_FILE"),
        optional=True,
    ),
    Setting(
        "pseudonym_classes",
        privacy.PSEUDONYM_CLASSES,
        (),
        "Classes whose values get a pseudonym, the same for the same value, instead of a marker.",
        own("PSEUDONYM_CLASSES"),
    ),
    Setting(
        "semconv_stability_opt_in",
        addresses.SEMCONV,
        (),
        "Semantic conventions that contrib instrumentations are told to use.",
        (Source("OTEL_SEMCONV_STABILITY_OPT_IN"),),
    ),
    Setting(
        "resource_detectors",
        addresses.plugins(
            "opentelemetry_resource_detector",
            ("otel", "process", "os", "host", "service_instance", "*"),
            "otel, process, os, host, service_instance, *, none, or names of installed detectors",
        ),
        (),
        "Resource detectors of the SDK to run at start-up.",
        (Source("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"),),
    ),
)


SETTINGS: Final[tuple[Setting, ...]] = (*_SERVICE, *_GENERAL, *TRACES, *METRICS, *LOGS)
BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def variables() -> dict[str, tuple[str, ...]]:
    """Return every variable that the table reads, with the names of the settings it feeds."""
    found: dict[str, tuple[str, ...]] = {RESOURCE_VARIABLE: ("resource_attributes",)}
    for setting in SETTINGS:
        for source in setting.sources:
            found[source.variable] = (*found.get(source.variable, ()), setting.name)
    return found
