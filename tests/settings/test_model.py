"""The settings as a value: equality, status, representation; and their agreement with the table."""

from __future__ import annotations

import json
import sys
import typing
from dataclasses import fields
from subprocess import run

import pytest

from ameide_telemetry.settings import (
    LogLimits,
    LogSettings,
    MetricSettings,
    OtlpSettings,
    SpanLimits,
    TelemetrySettings,
    TraceSettings,
)
from ameide_telemetry.settings.table import BY_NAME

_FULL = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:sesame@h:4318?key=sesame",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=sesame",
    "OTEL_RESOURCE_ATTRIBUTES": "team=a",
}


def test_nothing_said_gives_the_defaults_of_the_records() -> None:
    """The table and the records state the same defaults."""
    assert TelemetrySettings.resolve({}, {}) == TelemetrySettings()
    otlp = TelemetrySettings.resolve({"traces": {"endpoint": "https://h/"}}, {}).traces.otlp
    assert otlp == OtlpSettings("https://h/")


def test_every_field_has_its_row_and_every_row_its_field() -> None:
    """A field that no row feeds, or a row that no field holds, cannot stay."""
    parts = {"traces": TraceSettings, "metrics": MetricSettings, "logs": LogSettings}
    groups: dict[str, type] = {
        **parts,
        **{f"{signal}.otlp": OtlpSettings for signal in parts},
        "traces.limits": SpanLimits,
        "logs.limits": LogLimits,
    }
    places = {f"{group}.{field.name}" for group, record in groups.items() for field in fields(record)}
    places |= {field.name for field in fields(TelemetrySettings)}
    beside = {*groups, "service_named", "origins", "warnings", "hidden_variables", "resource_attributes"}
    assert places - beside == set(BY_NAME)


@pytest.mark.parametrize("record", [TraceSettings, MetricSettings, LogSettings, OtlpSettings])
def test_words_of_a_choice_are_those_of_its_type(record: type) -> None:
    """The words that a form accepts are exactly those of the field's type."""
    signal = {
        TraceSettings: "traces",
        MetricSettings: "metrics",
        LogSettings: "logs",
        OtlpSettings: "logs.otlp",
    }
    for name, kind in typing.get_type_hints(record).items():
        if typing.get_origin(kind) is typing.Literal:
            accepted = BY_NAME[f"{signal[record]}.{name}"].form.accepted
            assert accepted.partition(";")[0].split(", ") == list(typing.get_args(kind))


def test_equal_by_value_and_usable_as_a_key() -> None:
    """Origins and warnings do not count; values do."""
    by_argument = TelemetrySettings.resolve({"service": "a"}, {"OTEL_SERVICE_NAM": "x"})
    by_variable = TelemetrySettings.resolve({}, {"OTEL_SERVICE_NAME": "a"})
    assert {by_argument: 1} == {by_variable: 1}
    assert by_argument.differences(by_variable) == ()
    other = TelemetrySettings.resolve({"service": "b", "traces": {"endpoint": "http://h/"}}, {})
    for one, two in ((by_argument, other), (other, by_argument)):
        assert one.differences(two) == ("service", "traces.otlp.endpoint")


def test_settings_cannot_be_changed() -> None:
    """Neither a value nor an origin can be replaced."""
    settings = TelemetrySettings.resolve({}, {})
    with pytest.raises(AttributeError):
        settings.service = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.origins["service"] = "b"  # type: ignore[index]


def test_status_is_plain_and_shows_origins() -> None:
    """Every value comes with its origin, survives JSON, and secrets are replaced."""
    status = TelemetrySettings.resolve({"service": "a"}, _FULL).as_status()
    assert json.loads(json.dumps(status)) == status
    assert status["service"] == {"value": "a", "origin": "argument service"}
    assert status["resource_attributes"]["value"] == {"team": "a"}
    assert status["logs.otlp.headers"]["value"] == {"authorization": "***"}
    assert status["metrics.otlp.endpoint"]["value"] == "https://***@h:4318/v1/metrics?***"
    assert status["propagators"] == {"value": ["tracecontext", "baggage"], "origin": "default"}
    assert "sesame" not in json.dumps(status)


def test_status_of_a_signal_without_endpoint_is_short() -> None:
    """Where nothing is sent, the only OTLP entry is that there is no endpoint."""
    status = TelemetrySettings.resolve({}, {}).as_status()
    assert [name for name in status if ".otlp." in name] == [
        "traces.otlp.endpoint",
        "metrics.otlp.endpoint",
        "logs.otlp.endpoint",
    ]


def test_repr_shows_no_secret() -> None:
    """Header values and credentials do not leak through `repr`."""
    text = repr(TelemetrySettings.resolve({}, _FULL))
    assert "sesame" not in text
    assert "headers=(('authorization', '***'),)" in text


def test_credentials_in_a_resource_attribute_are_not_shown() -> None:
    """A URL with a password is an attribute like any other, and is shown without it."""
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "vcs.repository.url.full=https://u:sesame@h/r,team=a"}
    settings = TelemetrySettings.resolve({}, environ)
    expected = {"vcs.repository.url.full": "https://***@h/r", "team": "a"}
    assert settings.as_status()["resource_attributes"]["value"] == expected
    assert "sesame" not in repr(settings)


def test_import_is_standard_library_only() -> None:
    """Importing the settings loads neither OpenTelemetry nor structlog."""
    code = "import sys, ameide_telemetry.settings; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert not {"opentelemetry", "structlog", "importlib_metadata"} & set(loaded.split())
