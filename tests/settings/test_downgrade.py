"""A file for TLS that is missing, in a process of its own: the process serves, and nothing is sent."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from support.servers import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS: Final = 60
_PROGRAM: Final = """
import logging
from ameide_telemetry import init_telemetry
from opentelemetry import trace
telemetry = init_telemetry(strict=False)
with trace.get_tracer("orders").start_as_current_span("work"):
    logging.getLogger("orders").warning("served")
telemetry.force_flush(1)
telemetry.shutdown(1)
"""


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port that nobody has to speak on, and who called it."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_SECONDS)
        thread = threading.Thread(target=_accept, args=(server, callers), daemon=True)
        thread.start()
        yield server.getsockname()[1], callers
        socket.create_connection(server.getsockname(), timeout=_SECONDS).close()
        thread.join(_SECONDS)


def _accept(server: socket.socket, callers: list[object]) -> None:
    for _ in range(1000):
        connection, address = server.accept()
        with connection:
            data = connection.recv(1)
        if not data:
            return
        callers.append(address)


def _run(port: int, transport: str, **files: str) -> list[str]:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": transport,
        **{f"OTEL_EXPORTER_OTLP_{name}": path for name, path in files.items()},
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=service_environment(**environment),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["message"] for line in (done.stdout + done.stderr).splitlines()]


@pytest.mark.parametrize("transport", ["http/protobuf", "grpc"])
def test_the_way_is_tried_without_a_file_of_ones_own(
    transport: str, listener: tuple[int, list[object]]
) -> None:
    """The test's own check: with the system's certificates the port is called."""
    port, callers = listener
    assert "served" in _run(port, transport)
    assert callers


@pytest.mark.parametrize("transport", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("name", ["CERTIFICATE", "CLIENT_CERTIFICATE"])
def test_a_missing_file_is_said_and_nothing_is_sent(
    name: str, transport: str, listener: tuple[int, list[object]]
) -> None:
    """Neither other roots nor no certificate of ours are used instead: nobody is called."""
    port, callers = listener
    said = _run(port, transport, **{name: "/nowhere/file.pem"})
    assert "served" in said
    assert any("there is no such file" in each for each in said)
    assert not callers
