"""Near misses of variables, arguments and options."""

from __future__ import annotations

import pytest

from ameide_telemetry.settings.spelling import misspelt, nearest, unknown
from ameide_telemetry.settings.table import variables


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_METRICS_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_INTERVAL"),
        ("OTEL_SERVICENAME", "OTEL_SERVICE_NAME"),
        ("OTEL_RESOURCE_ATTRIBUTE", "OTEL_RESOURCE_ATTRIBUTES"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATION", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"),
    ],
)
def test_near_miss_is_pointed_out(name: str, meant: str) -> None:
    """A misspelt variable is one warning with the name that was meant."""
    (finding,) = misspelt({name: "1"})
    assert (finding.location, finding.hint, finding.level) == (name, f"did you mean {meant}?", "warning")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("AMEIDE_TELEMTRY_TRUST", "did you mean AMEIDE_TELEMETRY_TRUST?"),
        ("AMEIDE_TELEMETRY_LOGFORMAT", "did you mean AMEIDE_TELEMETRY_LOG_FORMAT?"),
        ("AMEIDE_TELEMETRY_FORMAT", "did you mean AMEIDE_TELEMETRY_LOG_FORMAT?"),
        ("AMEIDE_TELEMETRY_STORE", "known, after AMEIDE_TELEMETRY_: BAGGAGE_HOSTS, CAPTURE_STREAMS, "),
    ],
)
def test_an_unknown_name_of_ours_is_a_problem(name: str, hint: str) -> None:
    """With our prefix no name is somebody else's: it is a problem, near to one of ours or not."""
    (finding,) = unknown({name: "1", "AMEIDE_TELEMETRY_TRUST": "edge"})
    assert (finding.code, finding.location, finding.level) == ("TEL011", name, "error")
    assert finding.hint.startswith(hint)


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_COLLECTOR_PORT_4317_TCP",
        "OTEL_COLLECTOR_SERVICE_HOST",
        "OTEL_DOTNET_AUTO_TRACES_ENABLED",
        "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT",
        "OTEL_GO_AUTO_TARGET_EXE",
        "OTEL_INSTRUMENTATION_HTTP_CLIENT_CAPTURE_REQUEST_HEADERS",
        "OTEL_JAVAAGENT_ENABLED",
        "OTEL_NODE_RESOURCE_DETECTORS",
        "OTEL_PYTHON_EXCLUDED_URLS",
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        "OTEL_SERVICE_VERSION",
        "OTEL_EXPORTER_OTLP_\nENDPOINT",
        "AMEIDE_REGION",
        "AMEIDE_TELEMETRY_PORT",
        "AMEIDE_TELEMETRY_PORT_4317_TCP_ADDR",
        "AMEIDE_TELEMETRY_STORE_SERVICE_HOST",
        "AMEIDE_TELEMETRY_SERVICE_PORT_HTTP",
        "AMEIDE_TELEMETRY_\nTRUST",
        "PATH",
    ],
)
def test_names_of_others_are_left_alone(name: str) -> None:
    """Documented names of other tools, and anything far from ours, are not mentioned."""
    assert misspelt({name: "1"}) == unknown({name: "1"}) == ()


def test_right_names_are_not_mentioned() -> None:
    """No variable that the table reads is taken for a misspelling of another."""
    assert misspelt(variables()) == unknown(variables()) == ()


def test_a_flood_of_names_is_bounded() -> None:
    """The search stops after a number of unknown names, so that a start stays quick."""
    assert len(misspelt(f"OTEL_SERVICE_NAM{index}" for index in range(100))) == 20
    assert len(unknown(f"AMEIDE_TELEMETRY_NAME{index}" for index in range(100))) == 20


def test_nearest() -> None:
    """The best of several candidates wins, and nothing when all are far."""
    assert nearest("samplr", ("sample_rate", "sampler")) == "sampler"
    assert nearest("sampler", ("endpoint",)) == ""
