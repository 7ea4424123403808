"""Settings that must agree with each other."""

from __future__ import annotations

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import OtlpSettings, TelemetrySettings, codes

_GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT"


def _otlp(settings: TelemetrySettings) -> tuple[OtlpSettings | None, ...]:
    return settings.traces.otlp, settings.metrics.otlp, settings.logs.otlp


@pytest.mark.parametrize("base", ["http://h:4318", "http://h:4318/", "http://h:4318/otlp?key=1"])
def test_the_general_endpoint_gets_the_path_of_each_signal(base: str) -> None:
    """Over HTTP `v1/<signal>` is added to the path of the general endpoint, before a query."""
    path, _, query = base.partition("?")
    for signal, otlp in zip(
        ("traces", "metrics", "logs"), _otlp(TelemetrySettings.resolve({}, {_GENERAL: base})), strict=True
    ):
        assert otlp is not None
        assert otlp.endpoint == f"{path.rstrip('/')}/v1/{signal}" + (f"?{query}" if query else "")


def test_the_endpoint_of_a_signal_is_used_as_it_stands() -> None:
    """A signal's own endpoint wins and gets no path."""
    environ = {_GENERAL: "http://h:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t:1/x"}
    settings = TelemetrySettings.resolve({}, environ)
    assert settings.traces.otlp is not None
    assert settings.traces.otlp.endpoint == "http://t:1/x"
    assert settings.origins["traces.otlp.endpoint"] == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    ("endpoint", "insecure", "expected"),
    [
        ("http://h:4317", "false", True),
        ("https://h:4317", "true", False),
        ("h:4317", "true", True),
        ("h:4317", "false", False),
    ],
)
def test_grpc_endpoint_has_no_path_and_its_scheme_decides(
    endpoint: str, insecure: str, *, expected: bool
) -> None:
    """With gRPC no path is added; a scheme wins over the variable about TLS."""
    environ = {
        _GENERAL: endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_INSECURE": insecure,
    }
    otlp = TelemetrySettings.resolve({}, environ).traces.otlp
    assert otlp == OtlpSettings(endpoint, "grpc", insecure=expected)


def test_http_needs_a_scheme() -> None:
    """`host:port` is an endpoint for gRPC only; three signals that share it complain once."""
    settings = TelemetrySettings.resolve({}, {_GENERAL: "collector:4318"})
    (finding,) = settings.warnings
    assert (finding.code, finding.location) == (codes.BAD_ENDPOINT, _GENERAL)
    assert _otlp(settings) == (None, None, None)


@pytest.mark.parametrize("option", ["certificate", "client_key", "client_certificate"])
def test_a_missing_file_for_tls_is_kept_or_nothing_is_sent(option: str) -> None:
    """Strict raises. Lenient, the exporter gets the path and fails at it, or there is nowhere to send to."""
    missing = TelemetrySettings.resolve(
        {"strict": False}, {_GENERAL: "https://h", f"OTEL_EXPORTER_OTLP_{option.upper()}": "/nowhere.pem"}
    )
    for otlp in _otlp(missing):
        assert getattr(otlp, option) == "/nowhere.pem"
    assert codes.UNREADABLE_FILE in [each.code for each in missing.warnings]
    assert "there is no such file; nothing is sent" in missing.warnings[0].message
    for wrong in (5, "a\0b", b"/ca.pem"):
        given = {"traces": {"endpoint": "https://h/", option: wrong}, "logs": {"endpoint": "https://h/"}}
        settings = TelemetrySettings.resolve(given, {})
        assert settings.traces.otlp is None
        assert settings.logs.otlp == OtlpSettings("https://h/")
        assert settings.warnings[-1].message == f"nothing is sent, because traces.otlp.{option} is wrong"
        with pytest.raises(SettingsError):
            TelemetrySettings.resolve({"strict": True, **given}, {})


def test_a_small_queue_takes_the_default_batch_with_it() -> None:
    """A queue below the default batch size is no mistake; the SDK's own processor raises there."""
    settings = TelemetrySettings.resolve({}, {"OTEL_BSP_MAX_QUEUE_SIZE": "100"})
    assert (settings.traces.max_queue_size, settings.traces.max_export_batch_size) == (100, 100)
    assert settings.warnings == ()


def test_a_batch_that_does_not_fit_is_a_contradiction() -> None:
    """A batch size above the queue is a problem, and is brought down to the queue."""
    settings = TelemetrySettings.resolve({}, {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "4096"})
    (finding,) = settings.warnings
    assert (finding.code, finding.location) == (codes.CONTRADICTION, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE")
    assert settings.logs.max_export_batch_size == settings.logs.max_queue_size == 2048


@pytest.mark.parametrize(
    ("sampler", "argument", "expected"),
    [
        ("traceidratio", "0.25", 0.25),
        ("parentbased_traceidratio", "", 1.0),
        ("always_on", "0.25", None),
    ],
)
def test_only_ratio_samplers_have_a_ratio(sampler: str, argument: str, expected: float | None) -> None:
    """The ratio is 1 when left out and absent where it has no meaning."""
    environ = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert TelemetrySettings.resolve({}, environ).traces.sampler_arg == expected


def test_general_limits_are_inherited() -> None:
    """The general attribute limit holds for spans, events and links that have none of their own."""
    given = {"limits": {"max_attributes": 9, "max_attribute_length": 8}}
    environ = {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "5"}
    limits = TelemetrySettings.resolve({"traces": given}, environ).traces.limits
    assert (limits.max_span_attributes, limits.max_event_attributes, limits.max_link_attributes) == (9, 5, 9)
    assert limits.max_span_attribute_length == 8


def test_the_argument_switches_an_exporter_on_that_a_variable_switched_off() -> None:
    """`traces=True` wins over `OTEL_TRACES_EXPORTER=none`, as arguments do."""
    environ = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", _GENERAL: "http://h"}
    settings = TelemetrySettings.resolve({"traces": True}, environ)
    assert (settings.traces.exporter, settings.metrics.exporter) == ("otlp", "none")
    assert settings.origins["traces.exporter"] == "argument traces"


@pytest.mark.parametrize(
    ("environ", "location"),
    [
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_LOGS_EXPORTER": "otlp"}, "OTEL_LOGS_EXPORTER"),
        ({"AMEIDE_TELEMETRY_LOG_SINK": "otlp"}, "AMEIDE_TELEMETRY_LOG_SINK"),
    ],
)
def test_otlp_without_an_endpoint_is_said(environ: dict[str, str], location: str) -> None:
    """OTLP by name without an endpoint is a warning in either mode, and lines stay on stdout."""
    settings = TelemetrySettings.resolve({"strict": True}, environ)
    (finding,) = settings.warnings
    assert (finding.code, finding.location) == (codes.NO_DESTINATION, location)
    assert settings.logs.sink == "stdout"


@pytest.mark.parametrize(
    ("environ", "sink"),
    [
        ({"OTEL_LOGS_EXPORTER": "otlp"}, "both"),
        ({"OTEL_LOGS_EXPORTER": "console"}, "stdout"),
        ({"OTEL_LOGS_EXPORTER": "otlp", "AMEIDE_TELEMETRY_LOG_SINK": "otlp"}, "otlp"),
        ({"AMEIDE_TELEMETRY_LOG_SINK": "both"}, "both"),
    ],
)
def test_where_lines_go(environ: dict[str, str], sink: str) -> None:
    """The standard variable adds OTLP to stdout; ours says it more exactly and wins."""
    assert TelemetrySettings.resolve({}, {**environ, _GENERAL: "http://h"}).logs.sink == sink


@pytest.mark.parametrize(
    ("protocol", "option", "said"),
    [
        ("http/protobuf", "CLIENT_KEY", "client_key is set without client_certificate"),
        ("grpc", "CLIENT_KEY", "client_key is set without client_certificate"),
        ("grpc", "CLIENT_CERTIFICATE", "client_certificate is set without client_key, which gRPC needs"),
    ],
)
def test_half_of_a_pair_for_mutual_tls_sends_nothing(protocol: str, option: str, said: str) -> None:
    """The key alone would be no proof of who sends; gRPC ends the whole process over a lone certificate."""
    environ = {
        _GENERAL: "https://h:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        f"OTEL_EXPORTER_OTLP_{option}": __file__,
    }
    settings = TelemetrySettings.resolve({"strict": False}, environ)
    assert _otlp(settings) == (None, None, None)
    assert f"{said}; nothing is sent" in [each.message for each in settings.warnings]
    with pytest.raises(SettingsError, match=said):
        TelemetrySettings.resolve({"strict": True}, environ)


def test_one_file_may_hold_both_over_http() -> None:
    """A certificate alone is accepted there: the key may stand in the same file."""
    environ = {_GENERAL: "https://h:4317", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": __file__}
    assert TelemetrySettings.resolve({"strict": True}, environ).warnings == ()
