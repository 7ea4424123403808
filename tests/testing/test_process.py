"""Real servers as processes: what they write is clean with the library, and found where it is not."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.testing.process import Processes
from ameide_telemetry.testing.query import TelemetryAssertionError
from ameide_telemetry.testing.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROOM: Final = "ameide_telemetry.integrations.gunicorn.Logger"
_API: Final = """\
import logging
from fastapi import FastAPI
from ameide_telemetry import init_telemetry

app = FastAPI()
init_telemetry("orders", app=app)

@app.get("/healthz")
def healthz():
    return "ok"

@app.get("/crash")
def crash():
    print("about to")
    raise RuntimeError("broken")
"""
_SHOP: Final = """\
from flask import Flask
from ameide_telemetry import init_telemetry

app = Flask(__name__)
init_telemetry("orders", app=app)

@app.get("/healthz")
def healthz():
    return "ok"

@app.get("/crash")
def crash():
    print("about to")
    raise RuntimeError("broken")
"""
_HAND_WIRED: Final = """\
import logging
from fastapi import FastAPI

logging.basicConfig(level=logging.INFO, format='{"time": "%(asctime)s", "message": "%(message)s"}')
app = FastAPI()

@app.get("/healthz")
def healthz():
    return "ok"

@app.get("/crash")
def crash():
    raise RuntimeError("broken")
"""
_SCRIPT: Final = """\
import logging, sys
from ameide_telemetry import init_telemetry

with init_telemetry("report"):
    logging.getLogger("report").warning("summed up")
    print("printed")
sys.exit(3)
"""
_STUBBORN: Final = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
_GUNICORN: Final = ("gunicorn", "shop:app", "--bind", "127.0.0.1:{port}", "--no-control-socket")
_SERVERS: Final = {
    "uvicorn": ((sys.executable, "-m", "uvicorn", "api:app", "--port", "{port}"), -signal.SIGTERM),
    "gunicorn": ((*_GUNICORN, "--logger-class", _ROOM), 0),
    "hypercorn": (("hypercorn", "api:app", "--bind", "127.0.0.1:{port}"), 0),
    "flask run": (("flask", "--app", "shop", "run", "--port", "{port}"), -signal.SIGTERM),
}


@pytest.fixture
def processes() -> Iterator[Processes]:
    """What the fixture of the plugin gives."""
    found = Processes(Sink(), Rules())
    yield found
    found.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with services."""
    sources = {"api": _API, "shop": _SHOP, "plain": _HAND_WIRED, "script": _SCRIPT, "stubborn": _STUBBORN}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    return tmp_path


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("name", _SERVERS)
def test_a_server_with_the_library_writes_no_bad_line(processes: Processes, project: Path, name: str) -> None:
    """From start over 200, 404 and a crash to SIGTERM every line of both streams is good."""
    command, code = _SERVERS[name]
    server = processes(command, cwd=project)
    assert server.get("/healthz").status == 200
    assert server.get("/nowhere").status == 404
    assert server.get("/crash").status == 500
    # An answer is complete a moment before its request is, and not every server waits for that at its end.
    server.wait_for("GET /crash 500")
    assert server.stop() == code
    assert server.stop() == code
    assert server.findings == ()
    assert len(server.records) == len(server.lines) >= 5
    assert "about to" in {record["message"] for record in server.records}
    assert {404, 500} <= {record.get("http_response_status_code") for record in server.records}
    assert any(record.get("exception_type") == "RuntimeError" for record in server.records)


def test_a_hand_wired_server_gives_findings(processes: Processes, project: Path) -> None:
    """Plain logging with a format of JSON: the server's own lines and the traceback are found, by stream."""
    server = processes([sys.executable, "-m", "uvicorn", "plain:app", "--port", "{port}"], cwd=project)
    server.get("/crash")
    server.stop()
    assert "TEL501" in {group.finding.code for group in server.findings}
    assert {place.path for group in server.findings for place in group.places} >= {"stdout", "stderr"}
    assert server.report().examined == len(server.lines) > 10


def test_a_script_is_waited_for(processes: Processes, project: Path) -> None:
    """A command that serves nothing runs to its end, and its exit code is told."""
    script = processes([sys.executable, "script.py"], ready=None, cwd=project)
    assert script.wait_for("printed")["service"] == "report"
    assert script.wait() == 3
    assert [record["message"] for record in script.records] == ["summed up", "printed"]
    assert script.findings == ()


def test_a_server_that_crashes_fails_with_its_last_lines(processes: Processes, project: Path) -> None:
    """A process that exits before it serves is told at once, with its exit code and what it said."""
    with pytest.raises(
        TelemetryAssertionError, match=r"exited with 1 before it answered GET /healthz"
    ) as told:
        processes([sys.executable, "-c", "import sys; print('no database'); sys.exit(1)"])
    assert "  no database" in str(told.value)


def test_a_server_that_never_answers_fails_in_time(processes: Processes) -> None:
    """The wait has a limit, whether nobody listens or every answer is an error of the server."""
    sleeper = [sys.executable, "-c", "import time; print('busy', flush=True); time.sleep(60)"]
    with pytest.raises(TelemetryAssertionError, match=r"(?s)not ready after 4 s: GET /healthz: .*  busy"):
        processes(sleeper, seconds=4)


def test_an_answer_of_500_is_not_ready(processes: Processes, project: Path) -> None:
    """A server that answers its readiness with an error is not ready; the text has the status."""
    server = processes([sys.executable, "-m", "uvicorn", "api:app", "--port", "{port}"], cwd=project)
    with pytest.raises(TelemetryAssertionError, match="GET /crash: status 500"):
        server.wait_ready("/crash", 2)


def test_a_command_that_does_not_exist_is_told(processes: Processes) -> None:
    """The text names the command."""
    with pytest.raises(TelemetryAssertionError, match="cannot start no-such-server"):
        processes(["no-such-server"])


def test_nothing_is_left_behind(processes: Processes, project: Path) -> None:
    """A process that ignores SIGTERM, and what it has started, is gone after the test; `stop` tells it."""
    stubborn = processes([sys.executable, "stubborn.py"], ready=None, cwd=project)
    for _ in range(1000):
        if stubborn.lines:
            break
        time.sleep(0.02)
    with pytest.raises(TelemetryAssertionError, match=r"does not end within 0.3 s of SIGTERM"):
        stubborn.stop(seconds=0.3)
    for pid in (stubborn.pid, int(stubborn.lines[0])):
        for _ in range(1000):
            if not _is_alive(pid):
                break
            time.sleep(0.02)
        assert not _is_alive(pid)


def test_every_byte_is_a_line_or_part_of_one(processes: Processes) -> None:
    """Bytes that are no text, an empty line and a last one without newline are all looked at."""
    source = r"import os; os.write(1, b'\xff\n\n'); os.write(2, b'{\"a\": 1}\nend')"
    script = processes([sys.executable, "-c", source], ready=None)
    assert script.wait() == 0
    assert script.stdout == [b"\xff", b""]
    assert script.stderr == [b'{"a": 1}', b"end"]
    places = {str(place) for group in script.findings for place in group.places}
    assert {"stdout:1", "stdout:2", "stderr:1", "stderr:2"} <= places


def test_endpoints_stay_only_where_they_are_asked_for(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of a test exports to nobody, unless the test says so; pytest's variables are not its own."""
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "PYTEST_VERSION")
    for name in names:
        monkeypatch.setenv(name, "http://collector:4318")
    source = f"import json, os; print(json.dumps({{n: os.environ.get(n) for n in {names}}}))"
    command = [sys.executable, "-c", source]
    runs = [
        processes(command, ready=None, **more)
        for more in ({}, {"export": True}, {"env": {names[0]: "http://127.0.0.1:1"}})
    ]
    found = []
    for run in runs:
        run.wait()
        found.append([run.records[0][name] for name in names])
    assert found == [
        [None, None, None],
        ["http://collector:4318", "http://collector:4318", None],
        ["http://127.0.0.1:1", None, None],
    ]


def test_a_line_that_does_not_come_is_told(processes: Processes, project: Path) -> None:
    """Waiting for a line ends with the process, and the text has what it said instead."""
    script = processes([sys.executable, "script.py"], ready=None, cwd=project)
    with pytest.raises(TelemetryAssertionError, match=r"(?s)0 of 1 lines 'never'.*summed up"):
        script.wait_for("never")
