"""Settings -> OpenTelemetry resource: who sends this telemetry."""

from __future__ import annotations

# Imported for its fork hooks, which must be registered before those of any provider: in a forked child the
# providers of the SDK (1.45) run a thread pool, and hooks run in the order of registration. With the pool's
# own hook behind them they wait for ever for a lock that only that hook frees.
import concurrent.futures.thread  # noqa: F401 see above
import uuid
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk import version as sdk_version
from opentelemetry.sdk.resources import Resource, get_aggregated_resources

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk.resources import ResourceDetector
    from opentelemetry.util.types import AnyValue

    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["INSTANCE_ID", "USER_INSTANCE_ID", "build_resource", "replace_resource"]

INSTANCE_ID: Final = "service.instance.id"
USER_INSTANCE_ID: Final = "ameide.service.instance.id"
_LOAD: Final = guard.site("resource.detector", foreign=True)
_SDK: Final = {
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": sdk_version.__version__,
}


def build_resource(settings: TelemetrySettings) -> Resource:
    """Return the resource of this process.

    The SDK's detectors are not run unless the settings name some: `Resource.create` starts a thread pool
    for them. `service.instance.id` is a fresh UUID per process, as OpenTelemetry asks; a user's own id
    stays visible as `ameide.service.instance.id`. In a forked child the SDK gives each provider's resource
    a new one by itself (SDK 1.45, `ServiceInstanceIdResourceDetector`).
    """
    attributes: dict[str, AnyValue] = {**_SDK, **dict(settings.resource_attributes)}
    attributes["service.name"] = settings.service
    attributes["service.version"] = settings.version
    attributes["deployment.environment.name"] = settings.environment
    if settings.namespace:
        attributes["service.namespace"] = settings.namespace
    if INSTANCE_ID in attributes:
        attributes[USER_INSTANCE_ID] = attributes[INSTANCE_ID]
    attributes[INSTANCE_ID] = str(uuid.uuid4())
    return _detected(settings.resource_detectors).merge(Resource(attributes))


def replace_resource(holder: Any, resource: Resource, *, config: str = "") -> None:
    """Give a provider that exists already another resource.

    Providers can be set once per process and live for ever, so a second `init_telemetry` has to change the
    first one's. `_update_resource` is what the SDK itself calls after a fork (1.43 and later); it merges, so
    what was there is emptied first. Without these names the provider keeps the resource it was made with.

    Args:
        holder: a tracer, meter or logger provider of the SDK.
        resource: the new one.
        config: name of the attribute that holds the resource instead of the provider itself.
    """
    owner = getattr(holder, config, None) if config else holder
    update = getattr(holder, "_update_resource", None)
    attribute = "resource" if config else "_resource"
    if update is None or not hasattr(owner, attribute):
        guard.note("resource.kept", "the resource cannot be changed any more in this process")
        return
    setattr(owner, attribute, Resource.get_empty())
    update(resource)


def _detected(names: Iterable[str]) -> Resource:
    detectors = [each for name in names if (each := _detector(name)) is not None]
    return get_aggregated_resources(detectors, Resource.get_empty()) if detectors else Resource.get_empty()


def _detector(name: str) -> ResourceDetector | None:
    detector: ResourceDetector | None = None
    with _LOAD:
        for entry in entry_points(group="opentelemetry_resource_detector", name=name):
            detector = entry.load()()
    if detector is None:
        guard.note(
            f"resource.detector_{name}", f"resource detector {name!r} is not installed or cannot be loaded"
        )
    return detector
