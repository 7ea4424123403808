"""Arguments of all shapes: booleans, mappings, records, prebuilt settings."""

from __future__ import annotations

import pytest

from ameide_telemetry.settings import (
    LogSettings,
    MetricSettings,
    OtlpSettings,
    SpanLimits,
    TelemetrySettings,
    TraceSettings,
    codes,
)

_URL = "http://collector:4318/v1/traces"


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_a_boolean_switches_a_signal(signal: str) -> None:
    """False is off, True is on, None is up to the environment."""
    for given, enabled in ((False, False), (True, True), (None, True)):
        settings = TelemetrySettings.resolve({signal: given}, {})
        assert getattr(settings, signal).enabled is enabled


def test_a_mapping_sets_options() -> None:
    """Options are fields by name; those of OTLP may stand directly in the mapping."""
    direct = {"sampler": "always_off", "endpoint": _URL, "limits": {"max_events": 3}, "sampler_arg": None}
    nested = {"sampler": "always_off", "otlp": {"endpoint": _URL}, "limits": SpanLimits(max_events=3)}
    expected = TraceSettings(
        sampler="always_off", otlp=OtlpSettings(_URL, insecure=True), limits=SpanLimits(max_events=3)
    )
    for given in (direct, nested):
        settings = TelemetrySettings.resolve({"traces": given}, {})
        assert settings.traces == expected
        assert settings.origins["traces.otlp.endpoint"] == "argument traces.otlp.endpoint"


def test_the_timeout_of_metrics_is_their_own() -> None:
    """Where a signal has a field of the name, the name means the field and not OTLP's."""
    given = {"timeout": 3, "otlp": {"timeout": 4, "endpoint": "http://h/"}}
    metrics = TelemetrySettings.resolve({"metrics": given}, {}).metrics
    assert metrics.otlp is not None
    assert (metrics.timeout, metrics.otlp.timeout) == (3.0, 4.0)


def test_a_record_says_everything_about_its_signal() -> None:
    """A record leaves nothing to the environment, not even that there is no endpoint."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_TRACES_SAMPLER": "always_off"}
    settings = TelemetrySettings.resolve({"traces": TraceSettings(max_queue_size=600)}, environ)
    assert settings.traces == TraceSettings(max_queue_size=600)
    assert settings.logs.otlp is not None


@pytest.mark.parametrize(
    ("arguments", "location", "near"),
    [
        ({"servce": "a"}, "arguments", "service"),
        ({"traces": {"samplr": "a"}}, "argument traces", "sampler"),
        ({"traces": {"otlp": {"endpont": "a"}}}, "argument traces.otlp", "endpoint"),
        ({"logs": {"levle": "a"}}, "argument logs", "level"),
    ],
)
def test_an_unknown_option_is_said_with_the_near_one(
    arguments: dict[str, object], location: str, near: str
) -> None:
    """An argument or option that does not exist is a problem that names what does."""
    (finding,) = TelemetrySettings.resolve(arguments, {}).warnings
    assert (finding.code, finding.location) == (codes.UNKNOWN_OPTION, location)
    assert finding.hint == f"did you mean {near}?"


def test_an_option_far_from_all_lists_them() -> None:
    """Without a near name the known ones are listed; an option that is no text is no trouble."""
    findings = TelemetrySettings.resolve({"logs": {"zzzzzz": 1, 5: 1}}, {}).warnings
    assert all(finding.hint.startswith("known: capture_streams, ") for finding in findings)
    assert len(findings) == 2


@pytest.mark.parametrize(
    ("arguments", "location"),
    [
        ({"traces": 5}, "argument traces"),
        ({"traces": MetricSettings()}, "argument traces"),
        ({"logs": {"otlp": True}}, "argument logs.otlp"),
        ({"service": 5}, "argument service"),
        ({"strict": "yes"}, "argument strict"),
        ({"traces": {"sampler": None, "max_queue_size": 0}}, "argument traces.max_queue_size"),
        ({"traces": {"timeout": "10s"}}, "argument traces.otlp.timeout"),
        ({"logs": LogSettings(level=0)}, "argument logs.level"),
        ({"settings": {"service": "a"}}, "argument settings"),
    ],
)
def test_a_wrong_type_or_range_is_said(arguments: dict[str, object], location: str) -> None:
    """A wrong argument is one finding with origin and accepted form, and its default is used."""
    settings = TelemetrySettings.resolve(arguments, {})
    (finding,) = settings.warnings
    assert (finding.location, finding.level) == (location, "warning")
    assert finding.hint.startswith("accepted: ")
    assert settings == TelemetrySettings()


def test_prebuilt_settings_replace_the_environment() -> None:
    """Prebuilt settings come back as they were, origins and warnings included; arguments override them."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318",
        "OTEL_RESOURCE_ATTRIBUTES": "team=a",
        "OTEL_SERVICE_NAM": "x",
    }
    built = TelemetrySettings.resolve({"service": "a"}, environ)
    again = TelemetrySettings.resolve({"settings": built}, {"OTEL_SDK_DISABLED": "true"})
    assert again == built
    assert (dict(again.origins)["service"], again.warnings) == ("argument service", built.warnings)
    changed = TelemetrySettings.resolve({"settings": built, "service": "b", "resource": {"cell": 1}}, {})
    assert built.differences(changed) == ("service", "resource_attributes")
    assert changed.resource_attributes == (("cell", 1), ("team", "a"))


def test_settings_made_by_hand_are_checked() -> None:
    """A record that was constructed directly is checked like any argument."""
    assert TelemetrySettings.resolve({"settings": TelemetrySettings()}, {}) == TelemetrySettings()
    made = TelemetrySettings(service="a", exit_timeout=-1.0)
    (finding,) = TelemetrySettings.resolve({"settings": made}, {}).warnings
    assert finding.location == "argument settings"
