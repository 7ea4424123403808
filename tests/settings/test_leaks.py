"""Secrets in settings, right or wrong, in a process of their own: nowhere in what it writes."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.table import variables
from support.servers import service_environment

_SECRET: Final = "s3cr3tT0ken"
_SECONDS: Final = 120
_HEADERS: Final = [
    _SECRET,
    f"={_SECRET}",
    f"authorization={_SECRET}%",
    f"authorization={_SECRET}%zz",
    f"authorization={_SECRET}%ff",
    f"authorization={_SECRET}%0d%0ax: {_SECRET}",
    f"authorization={_SECRET}\r\nx: {_SECRET}",
    f"Authorization: Bearer {_SECRET}",
    f"Authorization: Bearer {_SECRET},{_SECRET}",
    f"authorization=Bearer {_SECRET},{_SECRET}",
    f"author ization={_SECRET}",
    f"{_SECRET} x={_SECRET}",
    f"{_SECRET}\u00e9={_SECRET}",
    f"x={_SECRET}\x00",
    f"x={_SECRET}\udc80",
    f'{{"authorization": "{_SECRET}"}}',
    f"['authorization={_SECRET}']",
    f"authorization;{_SECRET}",
    f"%{_SECRET}=1",
    f"a=1&b:{_SECRET}",
]
_ENDPOINTS: Final = [
    f"https://user:{_SECRET}@127.0.0.1:9/?key={_SECRET}#{_SECRET}",
    f"ftp://user:{_SECRET}@h",
    f"https://user:{_SECRET}@h:99999",
    f"user:{_SECRET}@h:4317",
    f"https://{_SECRET}@[::1",
]
_PROGRAM: Final = """
import json, logging, sys
from ameide_telemetry import init_telemetry
from opentelemetry import trace
for strict in (True, False):
    try:
        telemetry = init_telemetry(strict=strict)
    except Exception as error:
        print(repr(error), error)
with trace.get_tracer("orders").start_as_current_span("work"):
    logging.getLogger("orders").warning("served")
telemetry.force_flush(0.2)
print(repr(telemetry), telemetry.settings, json.dumps(telemetry.status(), default=repr))
telemetry.shutdown(0.2)
print("\\ndone")
"""


def _all_that_is_said(environ: dict[str, str]) -> str:
    said = ""
    for strict in (False, True):
        try:
            settings = TelemetrySettings.resolve({"strict": strict}, environ)
            said += f"{settings!r} {settings} {settings.as_status()} {settings.warnings}"
        except SettingsError as error:
            said += f"{error!r} {error} {error.findings}"
    return said


@pytest.mark.parametrize("text", _HEADERS)
def test_headers_are_never_shown(text: str) -> None:
    """Twenty malformed lists of headers: neither warnings nor errors nor values show anything of them."""
    around = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        assert _SECRET not in _all_that_is_said({**around, name: text})


@pytest.mark.parametrize("text", [*_ENDPOINTS, f"Bearer {_SECRET}", f"authorization={_SECRET}"])
def test_a_secret_in_any_variable_is_not_shown(text: str) -> None:
    """A URL with a password, or a credential, in a variable that it was not meant for is not echoed."""
    # Their value is text of any kind, which is what they are asked for.
    free = {"OTEL_RESOURCE_ATTRIBUTES", "AMEIDE_TELEMETRY_ENVIRONMENT", "OTEL_SERVICE_NAME"}
    free.add("AMEIDE_TELEMETRY_REDACT_PATTERNS")
    for name in variables():
        if name not in free or "@" in text:
            assert _SECRET not in _all_that_is_said({name: text}), name


@pytest.mark.parametrize("cases", [_HEADERS[:5], _HEADERS[5:10], _HEADERS[10:15], _HEADERS[15:], []])
@pytest.mark.full
def test_a_process_writes_no_secret_of_its_settings(cases: list[str]) -> None:
    """Neither stdout nor stderr of a real process, its status included, holds a header or a password."""
    environments = [
        {"OTEL_EXPORTER_OTLP_HEADERS": text, "OTEL_EXPORTER_OTLP_ENDPOINT": _ENDPOINTS[0]}
        for text in cases
        if "\0" not in text
    ] or [{"OTEL_EXPORTER_OTLP_ENDPOINT": text, "OTEL_SERVICE_NAME": text} for text in _ENDPOINTS]
    for environment in environments:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=service_environment(**environment, AMEIDE_TELEMETRY_PSEUDONYM_KEY=f"v1:{_SECRET}{_SECRET}"),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert b"done" in done.stdout
        assert _SECRET.encode() not in done.stdout + done.stderr
