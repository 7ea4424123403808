"""A real child process: its lines, its exit code, its group."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.local.child import Child, telemetry_environment
from ameide_telemetry.local.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.local.records import Source

_STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
_LEAVES_ONE_BEHIND = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(left.pid, flush=True)
"""
_SLEEPS = "import time; time.sleep(60)"
_IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


class _Lines:
    """Collects lines, and lets a test wait for the first."""

    def __init__(self) -> None:
        self.found: list[tuple[Source, bytes]] = []
        self.first = threading.Event()

    def __call__(self, lines: Sequence[bytes], source: Source) -> None:
        self.found += [(source, line) for line in lines]
        self.first.set()


def _child(code: str, lines: _Lines, *arguments: str) -> Child:
    return Child([sys.executable, "-c", code, *arguments], on_lines=lines, environ=dict(os.environ))


def _is_gone(pid: int) -> bool:
    """Whether the process is dead; a container without a reaping init keeps its zombie."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def test_lines_and_exit_code() -> None:
    """Every line of both streams is handed over, an unended last one too; the exit code is the child's."""
    lines = _Lines()
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.stdout.write('end'); sys.exit(3)"
    with _child(code, lines) as child:
        assert child.wait(30) == 3
        assert child.stop() == 3
    assert sorted(lines.found) == [("stderr", b"err"), ("stdout", b"end"), ("stdout", b"out")]


def test_much_output_is_complete() -> None:
    """More than any pipe holds comes through whole."""
    lines = _Lines()
    with _child("for at in range(20000): print(at)", lines) as child:
        child.wait(60)
    assert [line for _, line in lines.found] == [str(at).encode() for at in range(20_000)]


def test_slow_consumer_gets_every_line() -> None:
    """What waits in a large pipe when the child is gone is handed over, however long the consumer takes."""
    found: list[bytes] = []

    def take_slowly(lines: Sequence[bytes], _: Source) -> None:
        if not found:
            assert child.wait(30) == 0
        time.sleep(0.5)  # after a few times longer than strangers are waited for
        found.extend(lines)

    code = (
        "import fcntl\n"
        "fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)\n"
        "print('\\n'.join(map(str, range(50_000))))"
    )
    child = Child([sys.executable, "-c", code], on_lines=take_slowly, environ=dict(os.environ))
    with child:
        child.wait(30)
    assert found == [str(at).encode() for at in range(50_000)]
    assert not child.cut


def test_bytes_are_handed_over_as_they_are() -> None:
    """Beside the lines, the pieces of a stream come as they were read."""
    pieces: list[tuple[bytes, Source]] = []
    written = b"a\r\n\r\xff\x00\n\nend"
    child = Child(
        [sys.executable, "-c", f"import sys; sys.stderr.buffer.write({written!r})"],
        on_lines=_Lines(),
        on_bytes=lambda piece, source: pieces.append((piece, source)),
        environ=dict(os.environ),
    )
    with child:
        child.wait(30)
    assert b"".join(piece for piece, _ in pieces) == written
    assert {source for _, source in pieces} == {"stderr"}


def test_exit_by_signal() -> None:
    """A child that a signal ended has the exit code that a shell would give it."""
    lines = _Lines()
    with _child("import os; os.kill(os.getpid(), 9)", lines) as child:
        assert child.wait(30) == 128 + signal.SIGKILL


def test_wait_gives_up() -> None:
    """Waiting has an end, and leaving the block ends the child."""
    with _child(_SLEEPS, _Lines()) as child:
        assert child.wait(0.01) is None
        assert child.pid > 0
    assert child.wait(0) == 128 + signal.SIGTERM
    assert _is_gone(child.pid)


def test_stubborn_child_is_killed() -> None:
    """A child that ignores SIGTERM is killed after its grace."""
    lines = _Lines()
    with _child(_STUBBORN, lines) as child:
        assert lines.first.wait(30)
        assert child.stop(grace=0.1) == 128 + signal.SIGKILL
        assert child.stop() == 128 + signal.SIGKILL


@pytest.mark.parametrize("left", [_SLEEPS, _IGNORES])
def test_what_the_child_left_behind_is_ended(left: str) -> None:
    """Processes that the child started and left end with it, also those that ignore SIGTERM."""
    lines = _Lines()
    with _child(_LEAVES_ONE_BEHIND, lines, left) as child:
        assert child.wait(30) == 0
        assert lines.first.wait(30)
        child.stop()
    assert _is_gone(int(lines.found[0][1]))


def test_a_daemon_that_holds_the_pipe_does_not_hold_us() -> None:
    """A process with a session of its own has left; our reading ends all the same."""
    lines = _Lines()
    code = (
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)\n"
        "print(left.pid, flush=True)"
    )
    with _child(code, lines, "while True: print('x' * 9, flush=True)") as child:
        assert child.wait(30) == 0
        assert child.stop() == 0
    assert child.cut
    with suppress(ProcessLookupError):
        os.kill(int(lines.found[0][1]), signal.SIGKILL)


@pytest.mark.parametrize(("command", "exit_code"), [("/no/such/program", 127), ("/", 126)])
def test_no_such_command(command: str, exit_code: int) -> None:
    """A command that cannot be started has the exit code that a shell would give it, and a cure."""
    child = Child([command], on_lines=_Lines(), environ={})
    with pytest.raises(CommandError, match="run -- CMD") as caught:
        child.start()
    assert caught.value.exit_code == exit_code
    child.signal(signal.SIGTERM)
    with pytest.raises(RuntimeError, match="not started"):
        child.stop()


def test_directory(tmp_path: Path) -> None:
    """The child runs where it is told to."""
    lines = _Lines()
    command = [sys.executable, "-c", "import os; print(os.getcwd())"]
    with Child(command, on_lines=lines, environ=dict(os.environ), directory=str(tmp_path)) as child:
        child.wait(30)
    assert lines.found == [("stdout", os.fsencode(tmp_path.resolve()))]


def test_environment() -> None:
    """The child is pointed at the receiver, past proxies and past variables of one signal."""
    given = {
        "A": "kept",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://elsewhere",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://elsewhere",
        "OTEL_METRIC_EXPORT_INTERVAL": "9",
        "NO_PROXY": "internal",
    }
    assert telemetry_environment("http://127.0.0.1:1", given) == {
        "A": "kept",
        "NO_PROXY": "internal,127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "OTEL_BLRP_SCHEDULE_DELAY": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL": "9",
        "PYTHONUNBUFFERED": "1",
    }
