"""`run` with real commands: lines, spans, signals, and nothing left running."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import main
from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = [sys.executable, "-m", "ameide_telemetry", "run"]
_SERVICE = """
import json, os, sys
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource({"service.name": sys.argv[1]}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("t").start_as_current_span("work", attributes={"tenant_id": "acme"}) as span:
    context = span.get_span_context()
    print(json.dumps({
        "timestamp": "2026-11-22T08:03:11.120001Z", "level": "info", "message": "working",
        "service": sys.argv[1],
        "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}", "tenant_id": "acme",
        "exception_type": "E", "exception_stacktrace": "Traceback:\\n  here",
    }))
print("plain text", file=sys.stderr)
provider.shutdown()
sys.exit(7)
"""
_WAITS = """
import signal, sys, time
def leave(number, frame):
    print("leaving", number, flush=True)
    sys.exit(5)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, leave)
print("ready", flush=True)
time.sleep(60)
"""
_DEAF = """
import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
left = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"])
print(left.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> str:
    return str(tmp_path / "store.sqlite3")


@contextmanager
def _running(store: str, code: str, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], bytes]]:
    """Start `run` as a process of its own and wait for the command's first line."""
    command = [*_COMMAND, "--store", store, "--json", *options, "--", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def _is_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_one_service(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Lines are shown and stored, spans arrive, the exit code is the command's, a summary tells the way."""
    assert main(["run", "--store", store, "--", sys.executable, "-c", _SERVICE, "shop"]) == 7
    shown = capfd.readouterr()
    assert "08:03:11.120  INFO     shop  acme  working  ✗ E  trace " in shown.out
    assert "      here" in shown.out
    assert "not JSON, stderr │ plain text" in shown.out
    assert "telemetry goes to http://127.0.0.1:" in shown.err
    assert shown.err.splitlines()[1:] == [
        "ameide-telemetry: stored 1 span, 2 lines, 0 metric points",
        "  1 line not JSON: a log collector cannot parse that",
        f"  look at it: ameide-telemetry trace --last --store {store}",
    ]
    with Store(Path(store), read_only=True) as opened:
        trace = opened.last_trace("acme")
    assert trace is not None
    assert (trace.spans[0].name, trace.spans[0].service) == ("work", "shop")
    assert trace.lines[0].span_id == trace.spans[0].span_id


def test_several_share_a_store(store: str) -> None:
    """Services started side by side, each with a receiver of its own, meet in one store."""
    commands = [
        [*_COMMAND, "--store", store, "--", sys.executable, "-c", _SERVICE, f"s{at}"] for at in range(3)
    ]
    processes = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for each in commands]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [7, 7, 7]
    with Store(Path(store), read_only=True) as opened:
        assert {each.services for each in opened.traces()} == {("s0",), ("s1",), ("s2",)}
        assert len(opened.unreadable_lines()) == 3


def test_raw_output_is_untouched(store: str) -> None:
    """With --json the command's two streams come out as they went in."""
    code = "import sys; print('{\"a\": 1}'); print('x\\x1b[31m\\xff', file=sys.stderr)"
    command = [*_COMMAND, "--store", store, "--json", "--", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b'{"a": 1}\n')
    assert "x\x1b[31m\xff\n".encode() in done.stderr
    assert b"no span arrived" in done.stderr


def test_every_byte_is_passed_on(store: str, tmp_path: Path) -> None:
    """With --json nothing is added, cut or repaired, and a long record is stored as one."""
    record = json.dumps({"message": "x" * 600_000, "trace_id": "a" * 32}).encode()
    written = record + b"\r\n\na\r\n\r" + bytes(range(256)) + b"\n\x00no end"
    (tmp_path / "written").write_bytes(written)
    command = [*_COMMAND, "--store", store, "--json", "--", "cat", str(tmp_path / "written")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout == written
    with Store(Path(store), read_only=True) as opened:
        lines = opened.lines_of("a" * 32)
    assert [line.is_record for line in lines] == [True]
    assert lines[0].text.encode() == record


def test_slow_reader_gets_the_last_line(store: str) -> None:
    """Whoever reads our output may take longer than the command and than any wait of ours."""
    with _running(store, "for at in range(20_000): print(at)") as (process, first):
        time.sleep(1.5)
        out, errors = process.communicate(timeout=60)
    assert (first + out).split() == [str(at).encode() for at in range(20_000)]
    assert b"stored 0 spans, 20000 lines" in errors


def test_outlived_command(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A process that left the command's group and keeps its output open is not read for ever, and named."""
    sleeps = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys\n"
        f"left = subprocess.Popen([sys.executable, '-c', {sleeps!r}], start_new_session=True)\n"
        "print(left.pid, flush=True)"
    )
    assert main(["run", "--store", store, "--json", "--", sys.executable, "-c", code]) == 0
    shown = capfd.readouterr()
    os.kill(int(shown.out), signal.SIGKILL)
    assert "a process that outlived the command still holds its output open" in shown.err


def test_foreign_database(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A store that cannot be written is found out before the command starts, and is left alone."""
    path = tmp_path / "theirs"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE spans (theirs)")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert main(["run", "--store", str(path), "--", "touch", str(tmp_path / "started")]) == 2
    shown = capfd.readouterr().err
    assert "a database of something else\n  pass another file: --store FILE" in shown
    assert not (tmp_path / "started").exists()


def test_no_second_grace_after_a_signal(store: str) -> None:
    """The command has had its time to react to the signal; what ignores it is not waited for again."""
    arguments = ["run", "--store", store, "--json", "--", sys.executable, "-c", _DEAF]
    code = (
        "from ameide_telemetry.cli import main, supervise\n"
        "from ameide_telemetry.local.child import Child\n"
        "stop = Child.stop\n"
        "def told(child, *, grace=10.0):\n"
        "    print('grace', grace, flush=True)\n"
        "    return stop(child, grace=0.0)\n"
        "Child.stop = told\n"
        f"supervise._GRACE_SECONDS = 0.3; main({arguments!r})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert out.splitlines()[0] == b"grace 0.0"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on(store: str, number: signal.Signals) -> None:
    """The command gets the signal, has its say, and its exit code counts."""
    with _running(store, _WAITS) as (process, first):
        assert first == b"ready\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (5, f"leaving {number.value}\n".encode())
    assert b"stored 0 spans, 2 lines" in errors


def test_deaf_command_is_killed_with_all_it_started(store: str) -> None:
    """A command that ignores signals is killed after its grace, and what it started with it."""
    arguments = ["run", "--store", store, "--json", "--", sys.executable, "-c", _DEAF]
    code = (
        "from ameide_telemetry.cli import main, supervise\n"
        f"supervise._GRACE_SECONDS = 0.3; main({arguments!r})"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        left = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert _is_gone(left)


def test_reader_that_has_had_enough(store: str) -> None:
    """When nobody reads our output any more, the command is ended, as a shell's pipeline would."""
    code = "import time\nwhile True: print('x', flush=True); time.sleep(0.01)"
    with _running(store, code) as (process, first):
        assert first == b"x\n"
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 141


@pytest.mark.parametrize(("command", "code"), [([], 2), (["/no/such/program"], 127), (["/"], 126)])
def test_commands_that_cannot_run(
    store: str, command: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that is missing or cannot start has a shell's exit code and a cure."""
    assert main(["run", "--store", store, "--", *command]) == code
    assert "ameide-telemetry run -- CMD ..." in capsys.readouterr().err.splitlines()[-1]


def test_port(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken is named with the cure; an impossible one is wrong usage."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["run", "--store", store, "--port", port, "--", "true"]) == 2
        shown = capsys.readouterr().err
        assert f"127.0.0.1:{port}" in shown
        assert "leave --port out" in shown
    assert main(["run", "--port", "65536", "--", "true"]) == 2
    assert "no port" in capsys.readouterr().err


def test_options_of_the_command_are_its_own(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What stands behind the command belongs to it, a second `--` too."""
    show = "import sys; print(sys.argv[1:])"
    assert (
        main(["run", "--store", store, "--json", "--", sys.executable, "-c", show, "--json", "--", "x"]) == 0
    )
    assert capfd.readouterr().out == "['--json', '--', 'x']\n"


def test_outside_of_the_main_thread(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A caller's thread can run a command; signals stay the caller's affair."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["run", "--store", store, "--", "true"])))
    thread.start()
    thread.join(30)
    assert codes == [0]


def test_handlers_are_put_back(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """After the command nothing of our signal handling is left."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["run", "--store", store, "--", "false"]) == 1
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_remarks(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What the receiver refused and what the rings lost is said at the end."""
    code = (
        "import os, urllib.request, urllib.error\n"
        "request = urllib.request.Request(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'] + '/v1/traces', b'x',"
        " {'Content-Type': 'application/x-protobuf'})\n"
        "try:\n    urllib.request.urlopen(request)\n"
        "except urllib.error.HTTPError as error:\n    error.close()\n"
    )
    with Store(Path(store), caps={"lines": 1}) as opened:
        opened.add_lines([parse("a"), parse("b")])
    assert main(["run", "--store", store, "--", sys.executable, "-c", code]) == 0
    shown = capfd.readouterr().err
    assert "1 request to the receiver refused with HTTP 400" in shown
    assert "the store is full: 1 old rows of lines made room so far" in shown
