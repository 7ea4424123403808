"""Who sends this telemetry."""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource, ResourceDetector
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry import guard
from ameide_telemetry.export.encoding import Encoding
from ameide_telemetry.resource import build_resource, quick_to_fork, replace_resource
from ameide_telemetry.settings import TelemetrySettings
from support.pipelines import run_program

if TYPE_CHECKING:
    import pytest
    from opentelemetry.util.types import AnyValue


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


def test_values_are_redacted_and_identity_is_not() -> None:
    """By the name and by how they look, nested ones too; what says who sends is left as it is."""
    guard.reset()
    identity = {"k8s.pod.name": "orders-1", "host.name": "node-7", "cloud.account.id": "4111111111111111"}
    given: dict[str, Any] = {
        "team.api_key": "abc",
        "owner": "anna@example.com",
        "mirrors": ("https://u:p@mirror.test/x", "plain"),
        "limits": 3,
        **identity,
    }
    settings = TelemetrySettings(service="orders", resource_attributes=tuple(sorted(given.items())))
    attributes = build_resource(settings).attributes
    assert {name: attributes[name] for name in identity} == identity
    assert attributes["service.name"] == "orders"
    assert attributes["team.api_key"] == "[redacted:key]"
    assert attributes["owner"] == "[redacted:email]"
    assert attributes["mirrors"] == ("https://[redacted:credentials]@mirror.test/x", "plain")
    assert attributes["limits"] == 3
    assert {name for name in guard.counts() if name.startswith("redaction.")} == {
        "redaction.key",
        "redaction.email",
        "redaction.credentials",
    }


def test_commands_are_left_out() -> None:
    """Whoever names them: the detector, a later merge as in a forked child, or the service itself."""
    given = tuple((f"process.{name}", "x --token=y") for name in ("command", "command_args", "command_line"))
    settings = TelemetrySettings(resource_detectors=("process",), resource_attributes=given)
    resource = build_resource(settings)
    merged = resource.merge(Resource({"process.command": "x", "process.pid": 7, "owner": "anna@example.com"}))
    assert not [name for each in (resource, merged) for name in each.attributes if "command" in name]
    assert merged.attributes["process.pid"] == 7
    assert merged.attributes["owner"] == "[redacted:email]"


class _Detector(ResourceDetector):
    """Finds what a process may be started with: bytes that are no text, huge numbers and texts."""

    def detect(self) -> Resource:
        """Return it."""
        found: dict[str, AnyValue] = {
            "process.arguments": ("run", "\udcff"),
            "limits": {"huge": [2**63, -(2**63), True], "\ud800": 1.5},
            "raw": b"\xff",
            "none": None,
            "huge": 10**5000,
            "environ\udcff": "x" * 100_000,
            "many": tuple(range(5000)),
        }
        return Resource(found, "https://schemas/\ud800")


def test_attributes_that_no_message_holds_are_repaired(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """U+FFFD for what is no text, text for too large numbers; each is counted, one is said, all arrive."""
    guard.reset()
    entry = SimpleNamespace(load=lambda: _Detector)
    monkeypatch.setattr("ameide_telemetry.resource.entry_points", lambda **_: [entry])
    settings = TelemetrySettings(
        resource_detectors=("odd",), resource_attributes=(("large", 2**63), ("fine", (1, 2)))
    )
    resource = build_resource(settings)
    attributes = dict(resource.attributes)
    assert attributes["process.arguments"] == ("run", "\ufffd")
    assert attributes["limits"] == {"huge": (str(2**63), -(2**63), True), "\ufffd": 1.5}
    assert attributes["raw"] == b"\xff"
    assert attributes["none"] is None
    assert attributes["huge"] == "<integer of 16610 bits>"
    assert len(str(attributes["environ\ufffd"])) < 20_000
    assert attributes["many"] == tuple(range(1024))
    assert (attributes["large"], attributes["fine"]) == (str(2**63), (1, 2))
    assert guard.counts() == {"resource.attribute_repaired": 6}
    assert [record.getMessage() for record in caplog.records if record.name == "ameide_telemetry"] == [
        "the resource attribute 'process.arguments' cannot be sent as it is and was changed"
    ]
    tracer = TracerProvider(resource=resource, shutdown_on_exit=False).get_tracer("test")
    span: Any = tracer.start_span("work")
    span.end()
    message = Encoding("traces").message([span._readable_span()])
    assert message is not None
    (sent,) = ExportTraceServiceRequest.FromString(message).resource_spans
    assert {each.key for each in sent.resource.attributes} == set(attributes)
    assert sent.schema_url == "https://schemas/\ufffd"


def test_a_provider_without_the_private_names_keeps_its_resource() -> None:
    """That is said, and nothing breaks."""
    guard.reset()
    replace_resource(SimpleNamespace(), Resource.get_empty())
    replace_resource(SimpleNamespace(_update_resource=print), Resource.get_empty(), config="_sdk_config")
    assert guard.counts() == {"resource.kept": 2}


_FORKS = """
    import json, os, signal
    from faults.kit.forks import fork_in_c
    from opentelemetry.sdk import resources
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider
    from ameide_telemetry.resource import build_resource, quick_to_fork
    from ameide_telemetry.settings import TelemetrySettings

    ran = []
    detect = resources.ServiceInstanceIdResourceDetector.detect
    resources.ServiceInstanceIdResourceDetector.detect = lambda self: ran.append(1) or detect(self)
    resource = build_resource(TelemetrySettings(resource_attributes=(("service.instance.id", "pod-abc"),)))
    tracers = quick_to_fork(TracerProvider)(resource=resource, shutdown_on_exit=False)
    meters = quick_to_fork(MeterProvider)(resource=resource, shutdown_on_exit=False)
    loggers = quick_to_fork(LoggerProvider)(resource=resource, shutdown_on_exit=False)
    del ran[:]

    def look():
        seen = [tracers.resource, meters._sdk_config.resource, loggers.resource]
        seen.append(tracers.get_tracer("t").start_span("s").resource)
        return [[each.attributes[key] for each in seen] for key in KEYS], len(ran)

    KEYS = ("service.instance.id", "ameide.service.instance.id")
    answers = [look()]
    for fork in (os.fork, fork_in_c):
        read, write = os.pipe()
        locks = [tracers._tracers_lock, meters._meter_lock, loggers._active_loggers_lock]
        for lock in locks:
            lock.acquire()
        child = fork()
        if child == 0:
            signal.alarm(20)
            if fork is fork_in_c:
                # Nothing of Python's was told: whoever held a lock has to be the same thread.
                for lock in locks:
                    lock.release()
            os.write(write, json.dumps(look()).encode())
            os._exit(0)
        for lock in locks:
            lock.release()
        os.waitpid(child, 0)
        answers.append(json.loads(os.read(read, 10_000)))
    answers.append(look())
    print(json.dumps(answers))
"""


def test_every_process_has_one_id_of_its_own_in_all_signals() -> None:
    """After a fork of either kind the id is new, once for all signals; no detector runs, no lock is held."""
    (first, of_fork, of_c, again) = json.loads(run_program(_FORKS))
    ids = [set(each[0][0]) for each in (first, of_fork, of_c)]
    assert [len(each) for each in ids] == [1, 1, 1]
    assert len(set.union(*ids)) == 3
    assert again == first
    assert {each for answer in (first, of_fork, of_c) for each in answer[0][1]} == {"pod-abc"}
    assert [answer[1] for answer in (first, of_fork, of_c)] == [0, 0, 0]


def test_resources_are_equal_by_what_they_say() -> None:
    """A merged one still knows its process, equal ones have one hash, and another provider is left alone."""
    resource = build_resource(TelemetrySettings(service="orders"))
    merged = resource.merge(Resource({"team": "cart"}))
    assert type(merged) is type(resource)
    assert merged.attributes["team"] == "cart"
    assert resource.merge(Resource.get_empty()) == resource
    assert hash(resource.merge(Resource.get_empty())) == hash(resource)
    assert quick_to_fork(dict) is dict


def test_what_detectors_found_is_found_again_in_a_child() -> None:
    """The id of the process is one of those things: then the SDK's own refresh stays."""
    program = """
        import os
        from opentelemetry.sdk.trace import TracerProvider
        from ameide_telemetry.resource import build_resource, quick_to_fork
        from ameide_telemetry.settings import TelemetrySettings

        settings = TelemetrySettings(resource_detectors=("process",))
        provider = quick_to_fork(TracerProvider)(resource=build_resource(settings), shutdown_on_exit=False)
        assert provider.resource.attributes["process.pid"] == os.getpid()
        child = os.fork()
        if child == 0:
            os._exit(provider.resource.attributes["process.pid"] != os.getpid())
        print(os.waitpid(child, 0)[1])
    """
    assert run_program(program, env={"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process"}).strip() == "0"
