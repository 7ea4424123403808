"""One process's settings: every value, where it came from, and what was wrong on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.arguments import RECORDS, from_record
from ameide_telemetry.settings.foreign import plain
from ameide_telemetry.settings.forms import shown
from ameide_telemetry.settings.hidden import stumbling
from ameide_telemetry.settings.records import (
    LogLimits,
    LogSettings,
    MetricSettings,
    OtlpSettings,
    SpanLimits,
    TraceSettings,
)
from ameide_telemetry.settings.resolution import DEFAULT
from ameide_telemetry.settings.resolve import resolve
from ameide_telemetry.settings.secrets import (
    HIDDEN,
    PseudonymKey,
    concealed_headers,
    concealed_pairs,
    concealed_url,
)
from ameide_telemetry.settings.signals import SIGNALS
from ameide_telemetry.settings.table import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.settings.attributes import AttributeValue
    from ameide_telemetry.settings.resolution import Resolution

__all__ = ["TelemetrySettings", "Trust"]

Trust = Literal["internal", "edge"]


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Everything that telemetry is told about this process. Equal and hashable by value.

    Attributes:
        service: `service.name`, `unknown_service` when nobody said it.
        version: `service.version`.
        environment: `deployment.environment.name`.
        namespace: `service.namespace`; empty when there is none.
        resource_attributes: further resource attributes, sorted by name.
        trust: whether the callers' context is continued (`internal`) or only linked (`edge`).
        tenant_header: request header, in lower case, that names the tenant; None: none is read.
        excluded_paths: request paths without span, metric and line; exact, or a prefix that ends in `*`.
        instrument: `auto` for every client library found, or the names to instrument; empty for none.
        disabled_instrumentations: names that are left alone in either case.
        strict: whether wrong settings raise instead of being said.
        disabled: `OTEL_SDK_DISABLED`: lines and propagation stay, exporting stops.
        exit_timeout: budget at process exit, in seconds, for all signals together.
        handle_sigterm: whether SIGTERM flushes before it ends the process, for scripts and `flask run`.
        max_queue_bytes: estimated bytes of memory that records of all signals may wait in.
        propagators: names in order; empty for none.
        trace_hosts: hosts that get the trace context, in lower case: `internal` for the built-in list, `*`
            for every host, names, addresses, `.suffixes`, networks; empty for none.
        baggage_hosts: hosts that get baggage and `tracestate` as well, where `trace_hosts` has them too.
        redact_names: names and classes: what stands under a name that ends in these words is redacted. With
            `none` for a class the name counts in full, and what stands under it is never redacted.
        redact_patterns: classes and patterns of values that are redacted; each takes linear time.
        unredacted_classes: classes that are left alone.
        pseudonym_key: what pseudonyms are made with; `repr` and `status()` show its id only.
        pseudonym_key_file: file that it was read from.
        pseudonym_classes: classes of personal data that get a pseudonym instead of a marker.
        semconv_stability_opt_in: values of `OTEL_SEMCONV_STABILITY_OPT_IN`, for contrib instrumentations.
        resource_detectors: SDK resource detectors to run; they cost start-up time.
        traces: spans.
        metrics: metrics.
        logs: log lines.
        service_named: whether somebody said the service's name.
        origins: dotted name of each setting -> where its value came from; not compared.
        warnings: wrong values that were replaced, near-miss names, variables without effect; not compared.
        hidden_variables: sorted names of variables over whose value OpenTelemetry's own code would stumble
            and which a lenient start keeps from it; not compared.
    """

    service: str = "unknown_service"
    version: str = "unknown"
    environment: str = "unknown"
    namespace: str = ""
    resource_attributes: tuple[tuple[str, AttributeValue], ...] = field(default=(), repr=False)
    trust: Trust = "internal"
    tenant_header: str | None = None
    excluded_paths: tuple[str, ...] = ()
    instrument: Literal["auto"] | tuple[str, ...] = "auto"
    disabled_instrumentations: tuple[str, ...] = ()
    strict: bool = False
    disabled: bool = False
    exit_timeout: float = 4.0
    handle_sigterm: bool = False
    max_queue_bytes: int = 33_554_432
    propagators: tuple[str, ...] = ("tracecontext", "baggage")
    trace_hosts: tuple[str, ...] = ("internal",)
    baggage_hosts: tuple[str, ...] = ("internal",)
    redact_names: tuple[tuple[str, str], ...] = ()
    redact_patterns: tuple[tuple[str, str], ...] = ()
    unredacted_classes: tuple[str, ...] = ()
    pseudonym_key: PseudonymKey | None = None
    pseudonym_key_file: str | None = None
    pseudonym_classes: tuple[str, ...] = ()
    semconv_stability_opt_in: tuple[str, ...] = ()
    resource_detectors: tuple[str, ...] = ()
    traces: TraceSettings = field(default_factory=TraceSettings)
    metrics: MetricSettings = field(default_factory=MetricSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    service_named: bool = field(default=False, compare=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    warnings: tuple[Finding, ...] = field(default=(), compare=False, repr=False)
    hidden_variables: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def resolve(
        cls, arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
    ) -> TelemetrySettings:
        """Return the settings of this process.

        An argument wins over `OTEL_*`, that over `AMEIDE_TELEMETRY_*`, that over the default.

        Args:
            arguments: those of `init_telemetry`, and any other top-level field of this class; None
                means that the environment decides. A signal is a boolean, a mapping of options or its
                record. `settings` holds prebuilt settings, which take the place of the environment.
            environ: the environment, by default that of the process.

        Raises:
            SettingsError: in strict mode, listing everything that is wrong. Otherwise what is wrong is
                replaced by its default and said in `warnings`.
        """
        given = {name: plain(value, _KNOWN) for name, value in dict(arguments or {}).items()}
        earlier = given.pop("settings", None)
        variables = os.environ if environ is None else environ
        hidden = stumbling(variables)
        if isinstance(earlier, TelemetrySettings):
            return _assembled(resolve(given, {}, _said(earlier)), hidden, earlier.warnings)
        found = resolve(given, variables)
        if earlier is not None:
            hint = "accepted: TelemetrySettings"
            message = f"{shown(earlier)} is not accepted"
            found.problems.append(Finding(codes.BAD_VALUE, message, "argument settings", hint))
        return _assembled(found, hidden)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, **arguments: object
    ) -> TelemetrySettings:
        """Return `resolve(arguments, environ)`, with the arguments as keywords."""
        return cls.resolve(arguments, environ)

    def as_status(self) -> dict[str, dict[str, object]]:
        """Return value and origin of every setting by its dotted name: plain data, without secrets."""
        return {
            name: {"value": _plain(name, value), "origin": self.origins.get(name, DEFAULT)}
            for name, value in _flat(self).items()
        }

    def differences(self, other: TelemetrySettings) -> tuple[str, ...]:
        """Return the dotted names of the settings in which `other` differs, in the table's order.

        Where only one of both has an endpoint, that is the difference, and its options are not listed.
        """
        mine, theirs = _flat(self), _flat(other)
        return tuple(name for name in mine if name in theirs and mine[name] != theirs[name])


def _assembled(
    found: Resolution, hidden: tuple[str, ...], earlier: tuple[Finding, ...] = ()
) -> TelemetrySettings:
    findings = found.findings()
    values = dict(found.values)
    named = found.said("service") and values["service"] != BY_NAME["service"].default
    for signal in SIGNALS:
        otlp = _taken(values, f"{signal}.otlp.")
        values[f"{signal}.otlp"] = OtlpSettings(**otlp) if otlp["endpoint"] is not None else None
    values["traces.limits"] = SpanLimits(**_taken(values, "traces.limits."))
    values["logs.limits"] = LogLimits(**_taken(values, "logs.limits."))
    return TelemetrySettings(
        traces=TraceSettings(**_taken(values, "traces.")),
        metrics=MetricSettings(**_taken(values, "metrics.")),
        logs=LogSettings(**_taken(values, "logs.")),
        service_named=named,
        origins=MappingProxyType(found.origins),
        warnings=(*earlier, *findings),
        hidden_variables=hidden,
        **values,  # type: ignore[arg-type]  # each form returns its field's type, as a test proves
    )


def _taken(values: dict[str, object], prefix: str) -> dict[str, Any]:
    """Remove the values below `prefix` and return them by the rest of their names."""
    return {name.removeprefix(prefix): values.pop(name) for name in tuple(values) if name.startswith(prefix)}


def _said(settings: TelemetrySettings) -> dict[str, tuple[object, str]]:
    return from_record(settings, _NAMES, settings.origins)


def _flat(settings: TelemetrySettings) -> dict[str, object]:
    """Return dotted name -> value; of a signal without endpoint only that it has none."""
    flat = {name: value for name, (value, _) in _said(settings).items()}
    return {name: flat[name] for name in (*BY_NAME, "resource_attributes") if name in flat}


def _plain(name: str, value: object) -> object:
    if name.endswith(".headers") and isinstance(value, tuple):
        return dict(concealed_headers(value))
    if name.endswith(".endpoint") and isinstance(value, str):
        return concealed_url(value)
    if isinstance(value, PseudonymKey):
        return f"{value.key_id}:{HIDDEN}"
    if name == "resource_attributes" and isinstance(value, tuple):
        return {key: list(part) if isinstance(part, tuple) else part for key, part in concealed_pairs(value)}
    if isinstance(value, tuple):
        return [list(part) if isinstance(part, tuple) else part for part in value]
    return value


_KNOWN: Final = (*RECORDS, PseudonymKey, TelemetrySettings)
_NAMES: Final = tuple(
    name
    for name in TelemetrySettings.__slots__
    if name not in {"service_named", "origins", "warnings", "hidden_variables"}
)
