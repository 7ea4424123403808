"""Who sends this telemetry."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

from opentelemetry.sdk.resources import Resource

from ameide_telemetry import guard
from ameide_telemetry.resource import build_resource, replace_resource
from ameide_telemetry.settings import TelemetrySettings


def test_the_settings_are_in_it() -> None:
    """Service, version, environment and namespace under their semantic names, the SDK's own beside them."""
    settings = TelemetrySettings(
        service="orders",
        version="1.2.3",
        environment="prod",
        namespace="shop",
        resource_attributes=(("k8s.pod.name", "orders-1"), ("team", "cart")),
    )
    attributes = dict(build_resource(settings).attributes)
    instance = attributes.pop("service.instance.id")
    assert uuid.UUID(str(instance)).version == 4
    assert attributes.pop("telemetry.sdk.version")
    assert attributes == {
        "service.name": "orders",
        "service.version": "1.2.3",
        "deployment.environment.name": "prod",
        "service.namespace": "shop",
        "k8s.pod.name": "orders-1",
        "team": "cart",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
    }


def test_the_instance_is_fresh_and_a_users_own_id_stays_visible() -> None:
    """Two processes with the same configured id are told apart, and both lead back to it."""
    settings = TelemetrySettings(resource_attributes=(("service.instance.id", "pod-abc"),))
    first, second = build_resource(settings).attributes, build_resource(settings).attributes
    assert first["service.instance.id"] != second["service.instance.id"] != "pod-abc"
    assert first["ameide.service.instance.id"] == "pod-abc"
    assert "service.namespace" not in first


def test_detectors_run_on_request_only() -> None:
    """A named one adds its attributes, below the settings; an unknown one is said."""
    guard.reset()
    settings = TelemetrySettings(service="orders", resource_detectors=("process", "no_such_thing"))
    attributes = build_resource(settings).attributes
    assert "process.pid" in attributes
    assert attributes["service.name"] == "orders"
    assert "process.pid" not in build_resource(TelemetrySettings()).attributes
    assert guard.counts() == {"resource.detector_no_such_thing": 1}


def test_a_provider_without_the_private_names_keeps_its_resource() -> None:
    """That is said, and nothing breaks."""
    guard.reset()
    replace_resource(SimpleNamespace(), Resource.get_empty())
    replace_resource(SimpleNamespace(_update_resource=print), Resource.get_empty(), config="_sdk_config")
    assert guard.counts() == {"resource.kept": 2}
