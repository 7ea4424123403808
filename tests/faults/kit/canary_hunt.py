"""The processes that canaries are let loose in, and everything that comes out of them."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from faults.kit.canaries import canaries, described, one
from support.clients import ask
from support.collector import FakeCollector
from support.grpc_collector import GrpcCollector
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from faults.kit.canaries import Canary
    from support.servers import Server

__all__ = ["API", "SHOP", "Catch", "own_secrets", "run_script", "run_service"]

API: Final = ("uvicorn", "faults.kit.canary_api:app", "--port", "{port}")
SHOP: Final = (
    *("gunicorn", "--bind", "127.0.0.1:{port}", "--access-logfile", "-", "--no-control-socket"),
    *("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger", "faults.kit.canary_shop:app"),
)
_SIGNALS: Final = ("traces", "metrics", "logs")
_AT_ONCE: Final = 2
_SECONDS: Final = 120
# Room for everything, so that nothing is missed because it was dropped.
_ROOMY: Final = {
    "AMEIDE_TELEMETRY_LOG_SINK": "both",
    "AMEIDE_TELEMETRY_LOG_WHEN_STALLED": "block",
    "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "30",
    "AMEIDE_TELEMETRY_MAX_QUEUE_BYTES": "300000000",
    "OTEL_BLRP_MAX_QUEUE_SIZE": "200000",
    "OTEL_BSP_MAX_QUEUE_SIZE": "200000",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process,otel",
    # Whatever of contrib captures headers, does.
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST": ".*",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE": ".*",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": ".*",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": ".*",
}


@dataclass(frozen=True, slots=True)
class Catch:
    """What came out of one process.

    Attributes:
        planted: what was put in.
        outputs: what came out, by where: bodies that the collector was sent, both streams, `status()`.
        counts: emitted and delivered records by signal.
    """

    planted: tuple[Canary, ...]
    outputs: Mapping[str, bytes]
    counts: Mapping[str, Mapping[str, Any]]


def own_secrets(salt: str) -> dict[str, Canary]:
    """Return the secrets that telemetry itself is given."""
    names = ("otlp-token", "otlp-api-key", "otlp-user", "pseudonym_key", "argument")
    return {name: one(name, f"{salt} {name}") for name in names}


def run_script(directory: Path, salt: str, **variables: str) -> Catch:
    """Run the script, which goes through all sinks and ends by an exception."""
    report = directory / f"report-{salt}.json"
    own = own_secrets(salt)
    command = [sys.executable, "-m", "faults.kit.canary_script", f"--token={own['argument'].value}"]
    with FakeCollector() as collector, FakeCollector() as place:
        environment = _environment(collector, salt, CANARY_REPORT=str(report), **variables)
        environment["CANARY_PLACE"] = f"127.0.0.1:{place.port}"
        with run_server(command, environment=environment, ready=None) as process:
            ended = process.wait(_SECONDS)
        assert report.exists(), process
        outputs = _sent(collector) | {"propagated": _propagated(place)}
    last = one("password", f"{salt} end")
    return _caught(
        salt, outputs | {"stdout": ended.stdout, "stderr": ended.stderr}, report.read_bytes(), last
    )


def run_service(command: tuple[str, ...], salt: str, **variables: str) -> Catch:
    """Run a service and send it every canary, in every part of a request."""
    planted = canaries(salt)
    numbers = range(0, len(planted), int(variables.get("CANARY_EVERY", "1")))
    with GrpcCollector() if command is SHOP else FakeCollector() as collector:
        environment = _environment(collector, salt, **variables)
        with run_server([sys.executable, "-m", *command], environment=environment) as server:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                list(threads.map(lambda number: _send(server, number, planted[number]), numbers))
            said = ask(server.port, "/status").body
            ended = server.stop()
        outputs = _sent(collector)
    return _caught(salt, outputs | {"stdout": ended.stdout, "stderr": ended.stderr}, said)


def _caught(salt: str, outputs: Mapping[str, bytes], said: bytes, *more: Canary) -> Catch:
    """Put together what came out, and the attributes of the resource, which status and `repr` show."""
    report = json.loads(said)
    status = report["status"]
    attributes = json.dumps(status["settings"].pop("resource_attributes")).encode()
    return Catch(
        (*canaries(salt), *own_secrets(salt).values(), *described(salt), *more),
        {**outputs, "status": json.dumps(status).encode(), "repr": attributes + report["repr"].encode()},
        status["counts"],
    )


def _environment(collector: FakeCollector, salt: str, **variables: str) -> dict[str, str]:
    own = own_secrets(salt)
    secret = own["otlp-user"].value
    reached = collector.environment()
    headers = f"authorization=Bearer%20{own['otlp-token'].value},x-api-key={own['otlp-api-key'].value}"
    return service_environment(
        **_ROOMY,
        **reached | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint().replace("//", f"//user:{secret}@")},
        OTEL_SERVICE_NAME="orders",
        OTEL_EXPORTER_OTLP_HEADERS=headers,
        AMEIDE_TELEMETRY_PSEUDONYM_KEY=f"k1:{own['pseudonym_key'].value}",
        CANARY_SALT=salt,
        **variables,
    )


def _sent(collector: FakeCollector) -> dict[str, bytes]:
    """Return the bodies that the collector was sent, decompressed."""
    return {
        signal: b"\n".join(request.SerializeToString() for request in collector.requests[signal])
        for signal in _SIGNALS
    }


def _propagated(place: FakeCollector) -> bytes:
    """Return the headers that carry a context from one service to the next, of all calls."""
    names = ("traceparent", "tracestate", "baggage")
    calls = [headers for signal in _SIGNALS for headers in place.headers[signal]]
    return json.dumps([{name: each.get(name) for name in names} for each in calls]).encode()


def _send(server: Server, number: int, canary: Canary) -> None:
    """Send one canary as path, query, header, cookie and body, and as the cause of a failure."""
    encoded = quote(canary.value, safe="")
    body = json.dumps({"id": 17, canary.name: canary.value}).encode()
    headers = {"x-number": str(number), "content-type": "application/json"}
    item = "17"
    if canary.is_line:
        headers[canary.header] = canary.value
        headers["user-agent"] = canary.text
        headers["referer"] = f"https://shop.test/?{canary.name}={encoded}"
        headers["baggage"] = f"{canary.identifier}={encoded},session_id=s-17"
    if canary.is_word:
        headers["cookie"] = f"theme=dark; {canary.name}={encoded}"
        # What is given away by its name only is given away by nothing in a path.
        item = item if canary.telling or canary.kind == "card" else encoded
    query = urlencode({canary.name: canary.value, "page": "2"})
    taken = ask(server.port, f"/items/{item}?{query}", method="POST", headers=headers, body=body)
    assert taken.status == 200, (canary, taken)
    assert ask(server.port, f"/nowhere/{item}?{query}", headers=headers).status == 404
    assert ask(server.port, "/fail", method="POST", headers=headers, body=canary.text.encode()).status == 500
