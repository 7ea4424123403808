"""First source that speaks wins; wrong values raise all at once or are replaced one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ameide_telemetry.exceptions import SettingsError, TelemetryError
from ameide_telemetry.settings import TelemetrySettings, codes
from ameide_telemetry.settings.table import SETTINGS, variables

_OF_ARGUMENTS = {
    codes.BAD_VALUE,
    codes.CONTRADICTION,
    codes.NOT_INSTALLED,
    codes.UNREADABLE_FILE,
    codes.WITHOUT_EFFECT,
}
# One wrong value per variable that has crashed or misled a start with other set-ups, and more.
_WRONG = {
    "OTEL_EXPORTER_OTLP_TIMEOUT": "10s",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "-1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "collector",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "ftp://h",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "brotli",
    "OTEL_EXPORTER_OTLP_HEADERS": "sesame",
    "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem",
    "OTEL_EXPORTER_OTLP_INSECURE": "maybe",
    "OTEL_TRACES_EXPORTER": "zipkin",
    "OTEL_METRICS_EXPORTER": "otlp,console",
    "OTEL_LOGS_EXPORTER": "file",
    "OTEL_TRACES_SAMPLER": "sometimes",
    "OTEL_TRACES_SAMPLER_ARG": "2",
    "OTEL_PROPAGATORS": "bogus",
    "OTEL_METRICS_EXEMPLAR_FILTER": "bogus",
    "OTEL_METRIC_EXPORT_INTERVAL": "often",
    "OTEL_BSP_MAX_QUEUE_SIZE": "0",
    "OTEL_BLRP_SCHEDULE_DELAY": "1s",
    "OTEL_ATTRIBUTE_COUNT_LIMIT": "-5",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "long",
    "OTEL_SDK_DISABLED": "perhaps",
    "OTEL_RESOURCE_ATTRIBUTES": "sesame",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "bogus",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "a b",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "a b",
    "OTEL_LOG_LEVEL": "loud",
    "AMEIDE_TELEMETRY_LOG_FORMAT": "xml",
    "AMEIDE_TELEMETRY_LOG_SINK": "disk",
    "AMEIDE_TELEMETRY_TRUST": "everybody",
    "AMEIDE_TELEMETRY_TENANT_HEADER": "x tenant",
    "AMEIDE_TELEMETRY_EXCLUDED_PATHS": "health",
    "AMEIDE_TELEMETRY_INSTRUMENT": "a b",
    "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "never",
    "AMEIDE_TELEMETRY_RUNTIME_METRICS": "2",
    "AMEIDE_TELEMETRY_METRIC_CARDINALITY_LIMIT": "0",
    "AMEIDE_TELEMETRY_CAPTURE_STREAMS": "nope",
    "AMEIDE_TELEMETRY_ENVIRONMENT": "a\nb",
    "AMEIDE_TELEMETRY_TRACE_HOSTS": "http://h/",
    "AMEIDE_TELEMETRY_BAGGAGE_HOSTS": "h:80",
    "AMEIDE_TELEMETRY_REDACT_NAMES": "ref=nonsense",
    "AMEIDE_TELEMETRY_REDACT_PATTERNS": "custom=(a+)+$",
    "AMEIDE_TELEMETRY_UNREDACTED_CLASSES": "everything",
    "AMEIDE_TELEMETRY_PSEUDONYM_KEY": "sesame",
    "AMEIDE_TELEMETRY_PSEUDONYM_KEY_FILE": "/nowhere/key",
    "AMEIDE_TELEMETRY_PSEUDONYM_CLASSES": "password",
}


@pytest.mark.parametrize(("name", "value"), _WRONG.items())
def test_a_wrong_value_is_one_warning_or_one_error(name: str, value: str) -> None:
    """Lenient: the defaults and one warning. Strict: one error. Both name origin and accepted form."""
    lenient = TelemetrySettings.resolve({}, {name: value})
    (warning,) = lenient.warnings
    # The one value that is not the default: who is believed by mistake cannot be told from others.
    default = TelemetrySettings(trust="edge") if name.endswith("_TRUST") else TelemetrySettings()
    assert lenient == default
    assert (warning.location, warning.level) == (name, "warning")
    assert warning.hint.startswith("accepted: ")
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True}, {name: value})
    (problem,) = caught.value.findings
    assert (problem.location, problem.level, problem.code) == (name, "error", warning.code)


def test_strict_mode_lists_everything_at_once() -> None:
    """One error names every wrong argument and variable, each once."""
    arguments = {"strict": True, "trust": "nobody", "colour": "red", "logs": {"format": 5}}
    with pytest.raises(TelemetryError) as caught:
        TelemetrySettings.resolve(arguments, _WRONG)
    # Ours wins over OTEL_LOGS_EXPORTER and is wrong itself; trust and format are said by the arguments.
    unread = {"OTEL_LOGS_EXPORTER", "AMEIDE_TELEMETRY_TRUST", "AMEIDE_TELEMETRY_LOG_FORMAT"}
    expected = {*(_WRONG.keys() - unread), "arguments", "argument trust", "argument logs.format"}
    assert {finding.location for finding in caught.value.findings} == expected
    assert all(finding.level == "error" for finding in caught.value.findings)
    assert str(caught.value).startswith(f"{len(caught.value.findings)} wrong settings\n")
    assert "sesame" not in str(caught.value)


def test_the_error_lists_the_warnings_too() -> None:
    """Who mends what raises sees in the same text what is only a warning; alone it raises nothing."""
    warned = {"OTEL_SERVICE_NAM": "orders", "OTEL_PYTHON_ID_GENERATOR": "random"}
    assert len(TelemetrySettings.resolve({"strict": True}, warned).warnings) == 2
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True}, {**warned, "AMEIDE_TELEMETRY_LOGLEVEL": "info"})
    assert [(each.location, each.level) for each in caught.value.findings] == [
        ("AMEIDE_TELEMETRY_LOGLEVEL", "error"),
        ("OTEL_PYTHON_ID_GENERATOR", "warning"),
        ("OTEL_SERVICE_NAM", "warning"),
    ]
    assert str(caught.value).startswith("1 wrong setting\n")
    assert "OTEL_SERVICE_NAM: no such variable; a warning (did you mean OTEL_SERVICE_NAME?)" in str(
        caught.value
    )


def test_an_unknown_name_of_ours_is_said_in_a_lenient_start() -> None:
    """It is one warning that says what was meant."""
    (warning,) = TelemetrySettings.resolve({}, {"AMEIDE_TELEMETRY_LOGLEVEL": "info"}).warnings
    assert (warning.message, warning.level) == ("no such variable; ignored", "warning")
    assert warning.hint == "did you mean AMEIDE_TELEMETRY_LOG_LEVEL?"


@pytest.mark.parametrize(
    ("arguments", "environ", "strict", "origin"),
    [
        ({}, {}, False, "default"),
        ({}, {"CI": "true"}, True, "CI"),
        ({}, {"CI": "1"}, True, "CI"),
        ({}, {"CI": "false"}, False, "default"),
        ({}, {"CI": "woodpecker"}, False, "default"),
        ({}, {"PYTEST_VERSION": "9"}, True, "PYTEST_VERSION"),
        ({}, {"CI": "no", "PYTEST_CURRENT_TEST": "a"}, True, "PYTEST_CURRENT_TEST"),
        ({}, {"CI": "true", "AMEIDE_TELEMETRY_STRICT": "false"}, False, "AMEIDE_TELEMETRY_STRICT"),
        ({"strict": False}, {"CI": "true", "AMEIDE_TELEMETRY_STRICT": "true"}, False, "argument strict"),
    ],
)
def test_when_strict(
    arguments: dict[str, object], environ: dict[str, str], origin: str, *, strict: bool
) -> None:
    """Strict in CI and under pytest, unless somebody says otherwise."""
    settings = TelemetrySettings.resolve(arguments, environ)
    assert (settings.strict, settings.origins["strict"]) == (strict, origin)


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_empty_is_unset(text: str) -> None:
    """An empty variable counts as unset, for every variable, as the specification says."""
    settings = TelemetrySettings.resolve({}, dict.fromkeys((*variables(), "POD_NAME"), text))
    assert (settings, settings.warnings) == (TelemetrySettings(), ())


def test_precedence() -> None:
    """Argument before `OTEL_*` before `AMEIDE_TELEMETRY_*` before default."""
    own = {"AMEIDE_TELEMETRY_ENVIRONMENT": "own"}
    standard = {**own, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=standard"}
    found = [
        TelemetrySettings.from_environment({}),
        TelemetrySettings.from_environment(own),
        TelemetrySettings.from_environment(standard),
        TelemetrySettings.from_environment(standard, environment="argument"),
    ]
    assert [each.environment for each in found] == ["unknown", "own", "standard", "argument"]
    assert [each.origins["environment"] for each in found] == [
        "default",
        "AMEIDE_TELEMETRY_ENVIRONMENT",
        "OTEL_RESOURCE_ATTRIBUTES deployment.environment.name",
        "argument environment",
    ]


def test_service_is_named_or_not() -> None:
    """A service whose name nobody said can be told from one that has it."""
    assert not TelemetrySettings.resolve({}, {}).service_named
    assert TelemetrySettings.resolve({}, {"OTEL_SERVICE_NAME": "orders"}).service_named


@pytest.mark.parametrize(
    ("name", "text", "place", "kept"),
    [
        ("OTEL_PROPAGATORS", "baggage,bogus", "propagators", ["baggage"]),
        ("AMEIDE_TELEMETRY_EXCLUDED_PATHS", "/health,metrics", "excluded_paths", ["/health"]),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,sesame", "logs.otlp.headers", {"a": "***"}),
    ],
)
def test_the_usable_part_of_a_list_is_kept(name: str, text: str, place: str, kept: object) -> None:
    """Of a list the good parts are used and keep their origin; the rest is one warning."""
    settings = TelemetrySettings.resolve({"logs": {"endpoint": "http://h"}}, {name: text})
    assert settings.as_status()[place] == {"value": kept, "origin": name}
    assert len(settings.warnings) == 1


def test_none_leaves_every_argument_to_the_environment() -> None:
    """An argument that is None is as if it were left out."""
    names = ("service", "version", "environment", "namespace", "resource", "traces", "metrics", "logs")
    arguments = dict.fromkeys((*names, "trust", "instrument", "strict", "settings"))
    settings = TelemetrySettings.resolve(arguments, {"OTEL_SERVICE_NAME": "orders"})
    assert (settings, settings.warnings) == (TelemetrySettings(service="orders"), ())


def test_a_wrong_general_value_is_said_once() -> None:
    """Three signals read the general variable; its flaw is one finding."""
    settings = TelemetrySettings.resolve({}, {"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"})
    assert len(settings.warnings) == 1


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the process's own environment is read."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-process")
    assert TelemetrySettings.resolve().service == "from-process"


@examples(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(variables())), st.text(max_size=30), max_size=12))
def test_no_text_breaks_a_lenient_start(environ: dict[str, str]) -> None:
    """Whatever the variables hold: lenient mode returns settings, strict lists the same problems."""
    lenient = TelemetrySettings.resolve({"strict": False}, environ)
    problems = [each for each in lenient.warnings if each.code not in codes.NEVER_RAISED]
    if problems:
        with pytest.raises(SettingsError) as caught:
            TelemetrySettings.resolve({"strict": True}, environ)
        raised = [each.code for each in caught.value.findings if each.level == "error"]
        assert raised == [each.code for each in problems]
    else:
        strict = TelemetrySettings.resolve({"strict": True}, environ)
        assert lenient.differences(strict) == ("strict",)


@examples(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [setting.name for setting in SETTINGS if "." not in setting.name and setting.name != "strict"]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.text() | st.integers()),
    )
)
def test_no_argument_breaks_a_lenient_start(arguments: dict[str, object]) -> None:
    """Whatever an argument holds: it is used, or said with its code."""
    settings = TelemetrySettings.resolve(arguments, {})
    assert {each.code for each in settings.warnings} <= _OF_ARGUMENTS
    assert isinstance(hash(settings), int)
