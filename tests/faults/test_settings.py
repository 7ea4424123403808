"""Settings as wrong as can be: the process starts all the same, or one clear error says everything."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.table import variables
from support.servers import service_environment

_SECRET: Final = "s3cr3tT0ken"
_SECONDS: Final = 60
# Each with the reason why somebody wrote it.
_WRONG: Final[dict[str, dict[str, str]]] = {
    "timeout-with-unit": {"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
    "timeout-negative": {"OTEL_EXPORTER_OTLP_TIMEOUT": "-1"},
    "timeout-nan": {"OTEL_EXPORTER_OTLP_TIMEOUT": "nan"},
    "queue-text": {"OTEL_BSP_MAX_QUEUE_SIZE": "many"},
    "queue-zero": {"OTEL_BSP_MAX_QUEUE_SIZE": "0"},
    "delay-text": {"OTEL_BSP_SCHEDULE_DELAY": "5s"},
    "propagator": {"OTEL_PROPAGATORS": "tracecontext,bogus"},
    "propagator-empty-parts": {"OTEL_PROPAGATORS": ",,b3x,"},
    "exemplar-filter": {"OTEL_METRICS_EXEMPLAR_FILTER": "sometimes"},
    "attribute-limit": {"OTEL_ATTRIBUTE_COUNT_LIMIT": "-5"},
    "attribute-length": {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1e3"},
    "sampler": {"OTEL_TRACES_SAMPLER": "half"},
    "sampler-argument": {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "50%"},
    "exporter": {"OTEL_TRACES_EXPORTER": "jaeger"},
    "compression": {"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"},
    "headers": {"OTEL_EXPORTER_OTLP_HEADERS": f"Authorization: Bearer {_SECRET},{_SECRET}"},
    "headers-newline": {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={_SECRET}\r\nx: {_SECRET}"},
    "endpoint-scheme": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"ftp://user:{_SECRET}@127.0.0.1:9"},
    "endpoint-port": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{_SECRET}@127.0.0.1:99999"},
    "certificate": {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"},
    "temporality": {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "both"},
    "interval": {"OTEL_METRIC_EXPORT_INTERVAL": "0"},
    "resource": {"OTEL_RESOURCE_ATTRIBUTES": "service.name,=x,a=%zz,env"},
    "log-level": {"AMEIDE_TELEMETRY_LOG_LEVEL": "LOUD"},
    "own-misspelt": {"AMEIDE_TELEMETRY_EXIT_TIMOUT": "3"},
    "own-boolean": {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "maybe"},
    "detector": {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "bogus"},
}
# What each process has besides; a case's own variables win.
_AROUND: Final = {
    "OTEL_SERVICE_NAME": "orders",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "0.2",
}
_PROGRAM: Final = """
import logging
from ameide_telemetry import init_telemetry
from opentelemetry import metrics, propagate, trace
init_telemetry()
with trace.get_tracer("orders").start_as_current_span("work"):
    metrics.get_meter("orders").create_counter("orders.done").add(1)
    logging.getLogger("orders").warning("served")
"""
_TRANSPORTS: Final = ("http/protobuf", "grpc")
_ALL_AT_ONCE: Final = {name: value for case in _WRONG.values() for name, value in case.items()}


def _run(transport: str, case: dict[str, str], strict: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **_AROUND,
        "OTEL_EXPORTER_OTLP_PROTOCOL": transport,
        **case,
        "AMEIDE_TELEMETRY_STRICT": strict,
    }
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=service_environment(**environment),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def _check_lenient(done: subprocess.CompletedProcess[str]) -> None:
    """The program ended well, its line is there, everything is a line, and nobody's secret is."""
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert [line["level"] for line in lines if line["message"] == "served"] == ["warning"]
    assert not [line for line in lines if line["level"] in ("error", "critical")]
    assert [line for line in lines if line["logger"] == "ameide_telemetry"], "nothing says what is wrong"
    assert _SECRET not in done.stdout + done.stderr


def _check_strict(done: subprocess.CompletedProcess[str], problems: int) -> None:
    """The program ended with one error at its call, which lists everything, without secrets."""
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert "in init_telemetry" in done.stderr
    assert done.stderr.count("SettingsError: ") == 1
    assert done.stderr.count("\n  - ") >= problems
    assert _SECRET not in done.stdout + done.stderr
    assert "served" not in done.stdout


@pytest.mark.parametrize("name", _WRONG)
@pytest.mark.parametrize("transport", _TRANSPORTS)
def test_a_wrong_setting_is_replaced_or_is_the_one_error(name: str, transport: str) -> None:
    """Lenient, it is a warning and the rest holds; strict, it is one error that names the variable."""
    environ = {**_AROUND, "OTEL_EXPORTER_OTLP_PROTOCOL": transport, **_WRONG[name]}
    found = TelemetrySettings.resolve({"strict": False}, environ)
    assert found.service == "orders"
    assert found.warnings
    with pytest.raises(SettingsError) as raised:
        TelemetrySettings.resolve({"strict": True}, environ)
    assert any(variable in str(raised.value) for variable in _WRONG[name])
    for text in (str(raised.value), str(found.warnings), repr(found), str(found.as_status())):
        assert _SECRET not in text


def test_a_queue_shorter_than_a_batch_is_no_error() -> None:
    """The SDK ends the process for this one; here the batch follows the queue."""
    found = TelemetrySettings.resolve({"strict": True}, {**_AROUND, "OTEL_BSP_MAX_QUEUE_SIZE": "100"})
    assert (found.traces.max_queue_size, found.traces.max_export_batch_size) == (100, 100)


@pytest.mark.parametrize("transport", _TRANSPORTS)
def test_a_process_with_everything_wrong_starts_and_serves(transport: str) -> None:
    """All wrong settings at once: the line is written, the exit code is 0."""
    _check_lenient(_run(transport, _ALL_AT_ONCE, "false"))


def test_everything_wrong_is_one_error_in_strict_mode() -> None:
    """All wrong settings at once: one error lists all of them."""
    _check_strict(_run("grpc", _ALL_AT_ONCE, "true"), problems=len(_WRONG) - 6)


@pytest.mark.full
@pytest.mark.parametrize("name", _WRONG)
@pytest.mark.parametrize("transport", _TRANSPORTS)
def test_a_process_with_a_wrong_setting(name: str, transport: str) -> None:
    """One wrong setting, in a process of its own: it starts and serves, or ends with one error."""
    _check_lenient(_run(transport, _WRONG[name], "false"))
    _check_strict(_run(transport, _WRONG[name], "true"), problems=1)


_ODD: Final = ["", " ", "10s", "-1", "nan", "inf", "1e400", "9" * 400, ",", "=", "%zz", "true", "none"]
_TEXTS: Final = st.one_of(
    st.text(max_size=40),
    st.sampled_from(_ODD),
    st.sampled_from([value for value in _ALL_AT_ONCE.values() if _SECRET not in value]),
    st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
_HEADERS: Final = st.builds(
    "{}{}{}".format,
    st.sampled_from(["authorization=", "Authorization: Bearer ", "a=b,x=", "=", ""]),
    st.just(_SECRET),
    st.sampled_from(["", ",c=d", "\r\nx: y", "%zz", "=", ";"]),
)
_ENDPOINTS: Final = st.builds(
    "{}user:{}@{}".format,
    st.sampled_from(["http://", "https://", "ftp://", "http:/", ""]),
    st.just(_SECRET),
    st.sampled_from(["127.0.0.1:9", "127.0.0.1:99999/?q", "", "@", "[::1", "h/\r\n"]),
)


def _variables(end: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(name for name in variables() if name.endswith(end)))


_ENVIRONMENTS: Final = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    st.dictionaries(
        st.one_of(
            st.sampled_from(sorted(variables())),
            st.text(max_size=12).map("AMEIDE_TELEMETRY_".__add__),
            st.text(max_size=12).map("OTEL_".__add__),
        ),
        _TEXTS,
        max_size=12,
    ),
    st.dictionaries(_variables("_HEADERS"), _HEADERS, max_size=1),
    st.dictionaries(_variables("_ENDPOINT"), _ENDPOINTS, max_size=1),
)


def _start(environ: dict[str, str], *, strict: bool) -> None:
    said = _said(environ, strict=strict)
    assert _SECRET not in said, said


def _said(environ: dict[str, str], *, strict: bool) -> str:
    """Return all that a start would say."""
    try:
        found = TelemetrySettings.resolve({"strict": strict}, environ)
    except SettingsError as error:
        return str(error) if strict else pytest.fail(f"a lenient start raises {error}")
    return f"{found!r} {found.as_status()} {found.warnings}"


@pytest.mark.parametrize("strict", [False, True])
@given(environ=_ENVIRONMENTS)
@examples(max_examples=60)
def test_any_environment_is_a_clean_start_or_one_clear_error(
    environ: dict[str, str], *, strict: bool
) -> None:
    """Whatever the variables hold: settings, or in strict mode one error; never a secret in the text."""
    _start(environ, strict=strict)


@pytest.mark.full
@pytest.mark.parametrize("strict", [False, True])
@given(environ=_ENVIRONMENTS)
@examples(max_examples=5_000)
def test_many_environments_are_a_clean_start_or_one_clear_error(
    environ: dict[str, str], *, strict: bool
) -> None:
    """The same, with many more of them."""
    _start(environ, strict=strict)
