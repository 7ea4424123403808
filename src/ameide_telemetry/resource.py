"""Settings -> OpenTelemetry resource: who sends this telemetry."""

from __future__ import annotations

# Imported for its fork hooks, which must be registered before those of any provider: in a forked child the
# providers of the SDK (1.45) run a thread pool, and hooks run in the order of registration. With the pool's
# own hook behind them they wait for ever for a lock that only that hook frees.
import concurrent.futures.thread  # noqa: F401 see above
import operator
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import version as sdk_version
from opentelemetry.sdk.resources import Resource, get_aggregated_resources

from ameide_telemetry import guard
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.values.text import exact, valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.sdk.resources import ResourceDetector
    from opentelemetry.util.types import AnyValue

    from ameide_telemetry.redaction import Found, Redactor
    from ameide_telemetry.settings import TelemetrySettings

__all__ = [
    "INSTANCE_ID",
    "USER_INSTANCE_ID",
    "ProcessResource",
    "build_resource",
    "quick_to_fork",
    "replace_resource",
]

_Provider = TypeVar("_Provider")

INSTANCE_ID: Final = "service.instance.id"
USER_INSTANCE_ID: Final = "ameide.service.instance.id"
_LOAD: Final = guard.site("resource.detector", foreign=True)
_SDK: Final = {
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": sdk_version.__version__,
}
# Arguments hold passwords and tokens, and every user of the machine can give a process such a name.
_NEVER: Final = frozenset({"process.command", "process.command_args", "process.command_line"})
_INT64: Final = 2**63
# The resource is a part of every message: one that is too large would have all of them refused.
_LONGEST_TEXT: Final = 16_384
_MOST_ITEMS: Final = 1024
# str() of an int refuses more than 4,300 digits, CPython's guard against quadratic time.
_MOST_BITS: Final = 10_000
_LOCKS: Final = {type(make()): make for make in (threading.Lock, threading.RLock)}
# The id of each process that this one descends from and of itself: all signals of a process have the same.
_ids: Final[dict[int, str]] = {}


class ProcessResource(Resource):
    """A resource whose `service.instance.id` is that of the process that looks at it.

    After a fork in C, as in uWSGI, no hook of Python runs, so the process is compared whenever the attributes
    are looked at.

    Args:
        attributes: of this process.
        schema_url: of the attributes.
        detected: whether detectors had a part in them, which have to be run again in a forked child.
        redactor: takes out what must not leave the process, also of what is found in a child.
    """

    def __init__(
        self,
        attributes: Mapping[str, AnyValue],
        schema_url: str | None = None,
        *,
        detected: bool = False,
        redactor: Redactor | None = None,
    ) -> None:
        self._pid = os.getpid()
        self._kept: BoundedAttributes
        self._redactor = redactor
        self.detected = detected
        super().__init__(_shown(attributes, redactor), schema_url)

    @property
    def _attributes(self) -> BoundedAttributes:
        pid = os.getpid()
        if self._pid != pid:
            own = _ids.setdefault(pid, str(uuid.uuid4()))
            self._kept = BoundedAttributes(attributes={**self._kept, INSTANCE_ID: own}, immutable=True)
            # Last, because another thread that finds it done reads what it was done to.
            self._pid = pid
        return self._kept

    @_attributes.setter
    def _attributes(self, attributes: BoundedAttributes) -> None:
        self._kept = attributes

    def merge(self, other: Resource) -> Resource:
        """Return both in one, `other` first; as long-lived as this one."""
        merged = super().merge(other)
        if merged is self:
            return self
        return ProcessResource(
            dict(merged.attributes), merged.schema_url, detected=self.detected, redactor=self._redactor
        )


def build_resource(settings: TelemetrySettings) -> Resource:
    """Return the resource of this process.

    The SDK's detectors are not run unless the settings name some: `Resource.create` starts a thread pool
    for them. `service.instance.id` is a fresh UUID per process, as OpenTelemetry asks; a user's own id
    stays visible as `ameide.service.instance.id`, in forked children too. Values are redacted here, once; the
    command of the process and its arguments are left out whoever names them.
    """
    attributes: dict[str, AnyValue] = {**_SDK, **dict(settings.resource_attributes)}
    attributes["service.name"] = settings.service
    attributes["service.version"] = settings.version
    attributes["deployment.environment.name"] = settings.environment
    if settings.namespace:
        attributes["service.namespace"] = settings.namespace
    if INSTANCE_ID in attributes:
        attributes[USER_INSTANCE_ID] = attributes[INSTANCE_ID]
    attributes[INSTANCE_ID] = _ids[os.getpid()] = str(uuid.uuid4())
    merged = _detected(settings.resource_detectors).merge(Resource(attributes))
    redactor = redactor_of(settings)
    # Redacted before it is cut: half a secret looks like none.
    shown = _shown(merged.attributes, redactor)
    return ProcessResource(
        {valid(name): _sendable(name, value) for name, value in shown.items()},
        valid(merged.schema_url),
        detected=bool(settings.resource_detectors),
        redactor=redactor,
    )


def quick_to_fork(kind: type[_Provider]) -> type[_Provider]:
    """Return a class of providers that does not run detectors in every forked child.

    The SDK's providers do (1.45, `_handle_fork`), each in a thread pool of its own, to give the child an id:
    together about 3 ms per fork. A `ProcessResource` has the id already. What is left to do is what else that
    method does: to replace the locks, which other threads of the parent may have held.

    Args:
        kind: a provider class of the SDK; returned as it is where it has no such method.
    """
    inherited: Any = getattr(kind, "_handle_fork", None)
    if inherited is None:
        return kind

    def _handle_fork(self: Any) -> None:
        resource = getattr(getattr(self, "_sdk_config", self), "resource", None)
        if isinstance(resource, ProcessResource) and not resource.detected:
            _replace_locks(self)
        else:
            inherited(self)

    return type(kind.__name__, (kind,), {"_handle_fork": _handle_fork, "__doc__": kind.__doc__})


def _shown(attributes: Mapping[str, AnyValue], redactor: Redactor | None) -> dict[str, AnyValue]:
    """Return attributes without commands, and without what must not leave the process."""
    kept = {name: value for name, value in attributes.items() if name not in _NEVER}
    if redactor is None:
        return kept
    shown: dict[str, AnyValue] = {}
    for name, value in kept.items():
        found: Found = {}
        redacted = redactor.field(name, value, found)
        shown[redactor.name(name, found)] = redacted if found else value
    return shown


def _sendable(name: str, value: AnyValue) -> AnyValue:
    """Return an attribute's value as one that every OTLP message can hold, and say if it was none."""
    found: AnyValue = _repaired(value)
    if found is not value or valid(name) is not name:
        guard.note(
            "resource.attribute_repaired",
            f"the resource attribute {name!r} cannot be sent as it is and was changed",
        )
    return found


def _repaired(value: Any) -> Any:
    """Return the same object where there is nothing to repair."""
    for kind, repair in _REPAIRS:
        if isinstance(value, kind):
            return repair(value)
    return value


def _text(value: str) -> str:
    text = valid(exact(value))
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT]


def _octets(value: bytes) -> bytes:
    return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT]


def _integer(value: int) -> int | str:
    if -_INT64 <= value < _INT64:
        return value
    bits = value.bit_length()
    return str(value) if bits < _MOST_BITS else f"<integer of {bits} bits>"


def _mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    found = {valid(name): _repaired(each) for name, each in islice(value.items(), _MOST_ITEMS)}
    same = len(found) == len(value) and all(found.get(name) is each for name, each in value.items())
    return value if same else found


def _sequence(value: Sequence[Any]) -> Sequence[Any]:
    found = [_repaired(each) for each in islice(value, _MOST_ITEMS)]
    same = len(found) == len(value) and all(map(operator.is_, found, value))
    return value if same else found


_REPAIRS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (str, _text),
    (bytes, _octets),
    (int, _integer),
    (Mapping, _mapping),
    (Sequence, _sequence),
)


def _replace_locks(owner: object) -> None:
    for each in (owner, *type(owner).__mro__[:-1]):
        for name, value in tuple(vars(each).items()):
            if type(value) in _LOCKS:
                setattr(each, name, _LOCKS[type(value)]())


def replace_resource(holder: Any, resource: Resource, *, config: str = "") -> None:
    """Give a provider that exists already another resource.

    Providers can be set once per process and live for ever, so a second `init_telemetry` has to change the
    first one's. `_update_resource` is what the SDK itself calls after a fork (1.43 and later); it
    merges, so nothing is merged into the new one. Without these names the provider keeps the resource it was
    made with.

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
    setattr(owner, attribute, resource)
    update(Resource.get_empty())


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
