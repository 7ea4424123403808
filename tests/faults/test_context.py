"""Ids stay with their request: in dependencies, threads, tasks, streams, and when clients leave."""

from __future__ import annotations

import json
import random
import re
import secrets
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from services.setups import SETUPS
from services.traffic import Step, exchange
from support.clients import ask, ask_websocket, send_pipelined
from support.raw_lines import judge
from support.servers import run_server, service_environment

_APP: Final = (sys.executable, "-m", "uvicorn", "faults.kit.contexts:app", "--port", "{port}", "--http")
_KINDS: Final = ("h11", "httptools")
_OURS: Final = {
    "OTEL_SERVICE_NAME": "shop",
    "AMEIDE_TELEMETRY_EXCLUDED_PATHS": "/ready,/held",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_BSP_SCHEDULE_DELAY": "60000",
}
_TOKEN: Final = re.compile(r"\[([0-9a-f]{16}):(\w+)\]")
# Where `kit.contexts` may bind the tenant, in the order in which a request comes along.
_PLACES: Final = (
    "sync_dependency",
    "async_dependency",
    "endpoint",
    "executor",
    "thread",
    "task",
    "background",
)
_DISCONNECTS: Final = 100
_MODULE: Final = "integrations.shared_failure"
_FAILING: Final = {
    "uvicorn": ("uvicorn", f"{_MODULE}:api", "--port", "{port}"),
    "gunicorn": (
        *("gunicorn", "--bind", "127.0.0.1:{port}", "--no-control-socket", "--worker-class", "gthread"),
        *("--threads", "1", "--logger-class", "ameide_telemetry.integrations.gunicorn.Logger"),
        f"{_MODULE}:shop",
    ),
}
_CLIENTS: Final = 8


class Sent:
    """Requests that were made: token -> (path, tenant)."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str]] = {}

    def headers(self, path: str, tenant: str) -> dict[str, str]:
        """Return the headers of a new request."""
        token = secrets.token_hex(8)
        self.known[token] = (path, tenant)
        return {"x-token": token, "x-request-id": token, "x-tenant": tenant}


class Served(NamedTuple):
    """What one server was sent, part by part, and all that it wrote."""

    places: Sent
    crowd: Sent
    left: Sent
    held: dict[str, int]
    lines: list[dict[str, Any]]


@cache
def _served(kind: str) -> Served:
    """Send everything to one server, and stop it."""
    parts = Sent(), Sent(), Sent()
    with run_server((*_APP, kind), environment=service_environment(**_OURS)) as server:
        _send_places(server.port, parts[0])
        _send_crowd(server.port, parts[1])
        held = _send_and_leave(server.port, parts[2])
        ended = server.stop()
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    return Served(*parts, held, judged.records)


def _send_places(port: int, sent: Sent) -> None:
    for place in _PLACES:
        path = f"/bind/{place}"
        assert ask(port, path, headers=sent.headers(path, f"tenant-{place}")).status == 200


def _send_crowd(port: int, sent: Sent) -> None:
    choice = random.Random(20_261_122)
    paths = [choice.choice([*(f"/bind/{place}" for place in _PLACES), "/sync_stream"]) for _ in range(60)]
    orders = [(path, sent.headers(path, f"tenant-{choice.randrange(20)}")) for path in paths]
    with ThreadPoolExecutor(_CLIENTS) as clients:
        answers = list(clients.map(lambda order: ask(port, order[0], headers=order[1]), orders))
    sockets = [sent.headers("/ws", f"tenant-{number}") for number in range(4)]
    answers += [ask_websocket(port, "/ws", headers=headers) for headers in sockets]
    bound = [path for path in paths if path.startswith("/bind/")][:20]
    packet = [(path, sent.headers(path, f"pipelined-{number}")) for number, path in enumerate(bound)]
    answers += send_pipelined(port, packet)
    assert {answer.status for answer in answers} == {200, 101}


def _send_and_leave(port: int, sent: Sent) -> dict[str, int]:
    for number in range(_DISCONNECTS):
        _leave(port, sent.headers("/stream", f"tenant-{number}"))
    limit = time.monotonic() + 20
    while True:
        held: dict[str, int] = json.loads(ask(port, "/held").body)
        if not held["open"] or time.monotonic() > limit:
            return held
        time.sleep(0.05)


def _check(sent: Sent, lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Every line that bears a request's token or id bears nobody else's; return the lines by token."""
    found: dict[str, list[dict[str, Any]]] = {token: [] for token in sent.known}
    for line in lines:
        match = _TOKEN.search(line["message"])
        token = match[1] if match else line.get("request_id")
        if token in found:
            found[token].append(line)
    for token, own in found.items():
        assert own, token
        assert {line["request_id"] for line in own} == {token}
        assert {line.get("tenant_id") for line in own} <= {sent.known[token][1], None}
        assert len({line["trace_id"] for line in own}) == 1
    traces = [own[0]["trace_id"] for own in found.values()]
    assert len(set(traces)) == len(traces)
    return found


@pytest.mark.parametrize("kind", _KINDS)
def test_the_tenant_is_known_wherever_it_was_bound(kind: str) -> None:
    """Bound in any place: every later line of the request has it, the access line too."""
    served = _served(kind)
    for token, own in _check(served.places, served.lines).items():
        place = served.places.known[token][0].rpartition("/")[2]
        places = [match[2] for line in own if (match := _TOKEN.search(line["message"]))]
        assert sorted(places) == sorted(_PLACES)
        for line in own:
            match = _TOKEN.search(line["message"])
            # Background tasks run after the response, and so after the access line.
            known = _PLACES.index(place) <= (_PLACES.index(match[2]) if match else len(_PLACES) - 2)
            assert ("tenant_id" in line) == known, (place, line["message"])


@pytest.mark.parametrize("kind", _KINDS)
def test_requests_side_by_side_and_in_one_packet_share_nothing(kind: str) -> None:
    """Places, streams and websockets of 20 tenants, by 8 clients at once and pipelined on one connection."""
    served = _served(kind)
    for own in _check(served.crowd, served.lines).values():
        assert "tenant_id" in own[-1]


@pytest.mark.parametrize("kind", ["h11", pytest.param("httptools", marks=pytest.mark.full)])
def test_clients_that_leave_a_stream_leave_nothing_behind(kind: str) -> None:
    """100 clients leave after the first piece: each span that was held across `yield` ends, and no error."""
    served = _served(kind)
    assert served.held == {"open": 0, "ended": _DISCONNECTS}
    for own in _check(served.left, served.lines).values():
        (access,) = [line for line in own if line["logger"] == "ameide_telemetry.access"]
        assert access["client_disconnected"] is True
    assert not [line for line in served.lines if line["level"] in ("error", "critical")][:3]


@pytest.mark.parametrize("name", _FAILING)
def test_an_exception_that_requests_share_has_the_ids_of_each(name: str) -> None:
    """The server's own line about it belongs to the request that failed, and to no other before."""
    command = (sys.executable, "-m", *_FAILING[name])
    environment = service_environment(OTEL_SERVICE_NAME="shop", OTEL_TRACES_EXPORTER="none")
    tenants = [f"tenant-{number}" for number in range(20)]
    with run_server(command, environment=environment) as server:
        for tenant in tenants:
            # gunicorn takes an OSError for its client's, and closes the connection.
            with suppress(ConnectionError):
                ask(server.port, f"/shared/{tenant}", headers={"x-request-id": f"id-{tenant}"})
        ended = server.stop()
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    logger = {"uvicorn": "uvicorn.error", "gunicorn": "gunicorn.error"}[name]
    lines = [line for line in judged.records if line["logger"] == logger and "exception_type" in line]
    assert [line["tenant_id"] for line in lines] == tenants
    assert [line["request_id"] for line in lines] == [f"id-{tenant}" for tenant in tenants]
    assert len({line["trace_id"] for line in lines}) == len(tenants)


def _leave(port: int, headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET /stream HTTP/1.1\r\nhost: h\r\n{lines}\r\n".encode())
        received = b""
        while b"piece" not in received:
            received += connection.recv(65536)


@pytest.mark.full
@pytest.mark.parametrize("name", ["gunicorn-gthread", "uvicorn"])
def test_a_thousand_requests_of_fifty_tenants(name: str) -> None:
    """By 8 clients, in random order: every line that a request wrote has its tenant, and no other's."""
    choice = random.Random(20_261_123)
    setup = SETUPS[name]
    orders = [
        (choice.choice(("plain", "contextual", "threads")), f"tenant-{choice.randrange(50)}")
        for _ in range(1000)
    ]
    environment = service_environment(OTEL_SERVICE_NAME="orders")
    with run_server(setup.argv, environment=environment) as server, ThreadPoolExecutor(_CLIENTS) as clients:
        done = list(
            clients.map(lambda each: exchange(server.port, Step(f"/sync/{each[0]}"), each[1]), orders)
        )
        ended = server.stop()
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    by_request: dict[str, set[str | None]] = {}
    for line in judged.records:
        if "request_id" in line:
            by_request.setdefault(line["request_id"], set()).add(line.get("tenant_id"))
    assert {each.request_id: by_request[each.request_id] - {None} for each in done} == {
        each.request_id: {each.tenant} for each in done
    }
