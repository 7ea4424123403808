"""The command `settings`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import settings
from ameide_telemetry.settings.reference import reference

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that is lenient, names a service and holds one misspelt name."""
    monkeypatch.setenv("AMEIDE_TELEMETRY_STRICT", "false")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "orders")
    monkeypatch.setenv("OTEL_SERVICE_NAMES", "orders")
    return monkeypatch


def _run(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    settings.register(parser.add_subparsers())
    parsed = parser.parse_args(["settings", *arguments])
    return int(parsed.run(parsed))


@pytest.mark.usefixtures("environment")
def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """One setting per line with its origin; findings on stderr."""
    assert _run([]) == 0
    shown = capsys.readouterr()
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in shown.out.splitlines()}
    assert lines["service"] == "orders  (OTEL_SERVICE_NAME)"
    assert lines["namespace"] == '""  (default)'
    assert "did you mean OTEL_SERVICE_NAME?" in shown.err


@pytest.mark.usefixtures("environment")
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON, findings included."""
    assert _run(["--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["service"] == {"value": "orders", "origin": "OTEL_SERVICE_NAME"}
    assert len(shown["warnings"]) == 1


def test_wrong_settings(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In strict mode a wrong environment is listed on stderr and the exit code is 1."""
    environment.setenv("AMEIDE_TELEMETRY_STRICT", "true")
    environment.setenv("OTEL_TRACES_SAMPLER", "sometimes")
    assert _run([]) == 1
    shown = capsys.readouterr()
    assert (shown.out, "OTEL_TRACES_SAMPLER" in shown.err) == ("", True)


def test_reference(capsys: pytest.CaptureFixture[str]) -> None:
    """The reference page is printed as it is committed."""
    assert _run(["reference"]) == 0
    assert capsys.readouterr().out == reference()
