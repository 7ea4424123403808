"""Every variable that the installed OpenTelemetry packages declare has a fate, and the fate is true."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.codes import WITHOUT_EFFECT
from ameide_telemetry.settings.hidden import PLUGINS
from ameide_telemetry.settings.honoured import IGNORED, LEFT_TO_OTHERS
from ameide_telemetry.settings.table import variables

if TYPE_CHECKING:
    from pathlib import Path

_ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
_BARE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
# The end of a name -> a value that is not the default, and what must be set beside it.
_BY_END: dict[str, tuple[str, dict[str, str]]] = {
    "_CERTIFICATE": ("FILE", _ENDPOINT),
    "_CLIENT_KEY": ("FILE", {**_ENDPOINT, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": __file__}),
    "_COMPRESSION": ("gzip", _ENDPOINT),
    "_COUNT_LIMIT": ("7", {}),
    "_ENDPOINT": ("http://elsewhere:4318", {}),
    "_HEADERS": ("api-key=1", _ENDPOINT),
    "_INSECURE": ("true", _BARE),
    "_LENGTH_LIMIT": ("7", {}),
    "_PROTOCOL": ("grpc", _ENDPOINT),
    "_TIMEOUT": ("7", _ENDPOINT),
    "_DELAY": ("70", {}),
    "_INTERVAL": ("70", {}),
    "_SIZE": ("7", {}),
}
_BY_NAME: dict[str, tuple[str, dict[str, str]]] = {
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": ("process", {}),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": ("base2_exponential_bucket_histogram", {}),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": ("delta", {}),
    "OTEL_LOGS_EXPORTER": ("otlp", _ENDPOINT),
    "OTEL_LOG_LEVEL": ("error", {}),
    "OTEL_METRICS_EXEMPLAR_FILTER": ("always_on", {}),
    "OTEL_METRICS_EXPORTER": ("none", {}),
    "OTEL_PROPAGATORS": ("baggage", {}),
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ("httpx", {}),
    "OTEL_RESOURCE_ATTRIBUTES": ("team=shop", {}),
    "OTEL_SDK_DISABLED": ("true", {}),
    "OTEL_SEMCONV_STABILITY_OPT_IN": ("http/dup", {}),
    "OTEL_SERVICE_NAME": ("orders", {}),
    "OTEL_TRACES_EXPORTER": ("none", {}),
    "OTEL_TRACES_SAMPLER": ("always_on", {}),
    "OTEL_TRACES_SAMPLER_ARG": ("0.5", {"OTEL_TRACES_SAMPLER": "traceidratio"}),
}
_HONOURED = sorted(name for name in variables() if name.startswith("OTEL_"))


def _declared() -> set[str]:
    found: set[str] = set()
    for point in entry_points(group="opentelemetry_environment_variables"):
        module = importlib.import_module(point.value)
        found |= {value for name, value in vars(module).items() if name.startswith("OTEL")}
    return found


def _example(name: str) -> tuple[str, dict[str, str]]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    end = max((end for end in _BY_END if name.endswith(end)), key=len)
    return _BY_END[end]


def test_every_declared_variable_has_exactly_one_fate() -> None:
    """The three tables together are the names that the installed packages declare, without overlap."""
    fates = [*_HONOURED, *LEFT_TO_OTHERS, *IGNORED]
    assert sorted(fates) == sorted(_declared())


@pytest.mark.parametrize("name", _HONOURED)
def test_honoured_variable_changes_the_settings(name: str, tmp_path: Path) -> None:
    """A value of each honoured variable is visible in the settings, with its origin and no complaint."""
    value, beside = _example(name)
    if value == "FILE":
        value = str(tmp_path / "file.pem")
        (tmp_path / "file.pem").touch()
    before = TelemetrySettings.resolve({}, beside)
    after = TelemetrySettings.resolve({}, {**beside, name: value})
    assert after != before
    assert any(origin.startswith(name) for origin in after.origins.values())
    assert after.warnings == ()


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_ignored_variable_is_said_with_its_reason(name: str) -> None:
    """A variable without effect is one warning, also in strict mode, and changes nothing."""
    settings = TelemetrySettings.resolve({"strict": True}, {name: "1"})
    assert [(each.code, each.location, each.level) for each in settings.warnings] == [
        (WITHOUT_EFFECT, name, "warning")
    ]
    assert settings.warnings[0].hint == IGNORED[name]
    assert settings == TelemetrySettings(strict=True)


@pytest.mark.parametrize("name", sorted(LEFT_TO_OTHERS.keys() - PLUGINS.keys()))
def test_variable_of_others_is_no_concern_of_ours(name: str) -> None:
    """What the API or the agent reads is neither honoured nor said."""
    settings = TelemetrySettings.resolve({}, {name: "1"})
    assert (settings, settings.warnings) == (TelemetrySettings(), ())
