"""Variables that OpenTelemetry's own code stumbles over: found, said, and nothing else is."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from subprocess import run
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import TelemetrySettings, codes
from ameide_telemetry.settings.hidden import PLUGINS, stumbling
from ameide_telemetry.settings.table import variables

if TYPE_CHECKING:
    from pathlib import Path

_LIMITS = tuple(name for name in variables() if name.startswith("OTEL_") and name.endswith("_LIMIT"))
_CRASHING = [
    *((name, "bogus") for name in PLUGINS),
    ("OTEL_PYTHON_TRACER_PROVIDER", ""),
    ("OTEL_PYTHON_METER_PROVIDER", " sdk_meter_provider"),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "bogus"),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "ALWAYS_ON"),
    ("OTEL_METRICS_EXEMPLAR_FILTER", ""),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", ""),
    ("OTEL_TRACES_SAMPLER", "sometimes"),
    ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ("OTEL_PROPAGATORS", "tracecontext,bogus"),
    ("OTEL_PROPAGATORS", "tracecontext,"),
]


@pytest.mark.parametrize(("name", "text"), _CRASHING)
def test_a_wrong_value_hides_its_variable(name: str, text: str) -> None:
    """The name is listed by resolving, also when an argument or prebuilt settings say the value."""
    given = {"strict": False, "propagators": "baggage", "traces": {"sampler": "always_on"}}
    assert TelemetrySettings.resolve({}, {name: text}).hidden_variables == (name,)
    assert TelemetrySettings.resolve(given, {name: text}).hidden_variables == (name,)
    prebuilt = {"settings": TelemetrySettings()}
    assert TelemetrySettings.resolve(prebuilt, {name: text}).hidden_variables == (name,)


def test_right_values_hide_nothing() -> None:
    """What OpenTelemetry reads without trouble stays in its sight, in the spellings that it accepts."""
    limits = dict.fromkeys(_LIMITS, " 7 ")
    assert stumbling({**limits, "OTEL_TRACES_SAMPLER": "Always_Off", "OTEL_TRACES_SAMPLER_ARG": "0.5"}) == ()
    assert stumbling({"OTEL_METRICS_EXEMPLAR_FILTER": "always_on", "OTEL_PROPAGATORS": "baggage, None"}) == ()
    assert stumbling({name: known for name, (_, names) in PLUGINS.items() for known in names}) == ()
    assert stumbling({}) == ()


def test_every_limit_is_looked_at() -> None:
    """No limit that the SDK reads is forgotten, and the names come sorted."""
    assert stumbling(dict.fromkeys(_LIMITS, "many")) == tuple(sorted(_LIMITS))
    assert len(_LIMITS) == 10


def test_what_is_wrong_otherwise_is_not_hidden() -> None:
    """Variables that only this library reads are none of OpenTelemetry's business."""
    assert stumbling({"OTEL_BSP_MAX_QUEUE_SIZE": "many", "AMEIDE_TELEMETRY_TRUST": "nobody"}) == ()


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plug_in_that_is_not_installed_is_a_problem(name: str) -> None:
    """Lenient: one warning. Strict: one error. Both name the variable and what it accepts."""
    (warning,) = TelemetrySettings.resolve({}, {name: "bogus"}).warnings
    assert (warning.code, warning.location, warning.level) == (codes.NOT_INSTALLED, name, "warning")
    assert warning.hint.startswith(f"accepted: {PLUGINS[name][1][0]}, ")
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True}, {name: "bogus"})
    assert [(each.location, each.level) for each in caught.value.findings] == [(name, "error")]


@pytest.mark.parametrize("name", PLUGINS)
def test_an_installed_plug_in_is_accepted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-in of another package is found by its entry point."""
    package = tmp_path / "acme-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[{PLUGINS[name][0]}]\nacme = acme:Acme\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings = TelemetrySettings.resolve({}, {name: "acme"})
    assert (settings.warnings, settings.hidden_variables) == ((), ())


def test_names_that_are_always_there_cost_no_search() -> None:
    """The metadata of the installed packages, slow to read, is read for foreign names only."""
    code = (
        "import sys; from ameide_telemetry.settings import TelemetrySettings\n"
        f"TelemetrySettings.resolve({{}}, { ({name: known[0] for name, (_, known) in PLUGINS.items()})!r})\n"
        "print('importlib.metadata' in sys.modules)"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(("group", "known"), PLUGINS.values())
def test_the_known_plug_ins_are_installed(group: str, known: tuple[str, ...]) -> None:
    """The names that are taken for granted are those of the installed OpenTelemetry packages."""
    assert set(known) <= {point.name for point in entry_points(group=group)}


@pytest.mark.parametrize("name", ["OTEL_PYTHON_TRACER_PROVIDER", "OTEL_PROPAGATORS"])
def test_the_api_does_stumble(name: str) -> None:
    """The reason to hide: with the wrong value the API raises by itself, whatever the settings say."""
    code = "from opentelemetry import trace, propagate; trace.get_tracer_provider()"
    environ = {**os.environ, name: "bogus"}
    done = run([sys.executable, "-c", code], env=environ, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
