"""Resource attributes from three sources."""

from __future__ import annotations

import pytest

from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.attributes import collect

_POD = {"POD_NAME": "orders-1", "K8S_NAMESPACE": "shop"}


def test_the_argument_wins_over_the_variable_over_the_downward_api() -> None:
    """The three sources are laid over each other, and the origin names all of them."""
    environ = {**_POD, "OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=named,team=a%20b,cell=1"}
    settings = TelemetrySettings.resolve({"resource": {"cell": 2, "zones": ["a", "b"]}}, environ)
    assert dict(settings.resource_attributes) == {
        "k8s.namespace.name": "shop",
        "k8s.pod.name": "named",
        "team": "a b",
        "cell": 2,
        "zones": ("a", "b"),
    }
    origin = settings.origins["resource_attributes"]
    assert set(origin.split(", ")) == {
        "POD_NAME",
        "K8S_NAMESPACE",
        "OTEL_RESOURCE_ATTRIBUTES",
        "argument resource",
    }


def test_the_first_downward_variable_wins() -> None:
    """Of several variables for one attribute the first that the contract names is read."""
    attributes = collect(None, None, {"K8S_POD_NAME": "first", "POD_NAME": "second"})
    assert attributes.merged == {"k8s.pod.name": "first"}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("service.name=orders", "service", "orders"),
        ("service.version=1.2", "version", "1.2"),
        ("service.namespace=shop", "namespace", "shop"),
        ("deployment.environment=old", "environment", "old"),
        ("deployment.environment=old,deployment.environment.name=new", "environment", "new"),
    ],
)
def test_what_is_a_setting_of_its_own_is_not_repeated(text: str, field: str, value: str) -> None:
    """Service and environment attributes feed their settings, from the variable and the argument alike."""
    from_variable = TelemetrySettings.resolve({}, {"OTEL_RESOURCE_ATTRIBUTES": text})
    argument = dict(entry.split("=") for entry in text.split(","))
    from_argument = TelemetrySettings.resolve({"resource": argument}, {"OTEL_SERVICE_NAME": "other"})
    for settings in (from_variable, from_argument):
        assert getattr(settings, field) == value
        assert settings.resource_attributes == ()
    assert from_argument.origins[field].startswith("argument resource ")


@pytest.mark.parametrize("text", ["team=a,=b", "team=a,b", "team=a,b b=c", "team=a,b=\udc80"])
def test_a_broken_entry_leaves_the_others(text: str) -> None:
    """In lenient mode the usable entries stay; the broken one is named by its number."""
    settings = TelemetrySettings.resolve({}, {"OTEL_RESOURCE_ATTRIBUTES": text})
    assert settings.resource_attributes == (("team", "a"),)
    (finding,) = settings.warnings
    assert finding.message.startswith("entry 2 ")


@pytest.mark.parametrize("value", [object(), {"a": 1}, [1, "a"], ["\udc80"], "\udc80"])
def test_a_value_that_no_attribute_can_hold(value: object) -> None:
    """The attribute is left out and named, its value is not shown."""
    settings = TelemetrySettings.resolve({"resource": {"team": "a", "odd": value, "left": None}}, {})
    assert settings.resource_attributes == (("team", "a"),)
    (finding,) = settings.warnings
    assert finding.message == "attribute 'odd' is not accepted; ignored"


@pytest.mark.parametrize("given", [5, "team=a", ("a",), ["a"]])
def test_a_resource_that_is_no_mapping(given: object) -> None:
    """The argument must be a mapping."""
    settings = TelemetrySettings.resolve({"resource": given}, {})
    (finding,) = settings.warnings
    assert finding.location == "argument resource"


def test_undecodable_downward_value_is_left_out() -> None:
    """Bytes that are no UTF-8 cannot be sent, so they do not get in."""
    assert collect(None, None, {"POD_NAME": "\udc80"}).merged == {}
