"""Real server processes: started in a group of their own, every byte they write kept, always ended.

    with run_server([sys.executable, "-m", "uvicorn", "services.apps.api:app", "--port", "{port}"]) as server:
        ask(server.port, "/plain")
        ended = server.stop()
    assert ended.status == -signal.SIGTERM

Both streams are pipes, as under a container runtime, and are read at once, so that no server ever waits for
the test. `{port}` in the command becomes a port that nobody else is given meanwhile: a bound socket that
does not listen holds it for as long as the server lives.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from support.clients import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Ended", "Server", "run_server", "service_environment"]

_TESTS: Final = Path(__file__).parent.parent
_START_SECONDS: Final = 40.0
_END_SECONDS: Final = 30.0
_LAST_WORDS_SECONDS: Final = 5.0
_LOOKS_AT_REST: Final = 5
_SLOW_BYTES: Final = 8192
# What would make a service in a test behave differently from one in production.
_OF_TESTS: Final = ("OTEL_", "AMEIDE_TELEMETRY_", "PYTEST_", "PYTHONWARNINGS", "CI", "K8S_", "POD_")


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left of a server.

    Attributes:
        status: exit status; negative is the number of the signal that ended it.
        stdout: every byte that its processes wrote there.
        stderr: the same.
    """

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def told(self) -> str:
        """What both streams end with, for whoever asks why it failed."""
        return (self.stdout[-3000:] + b"\n" + self.stderr[-3000:]).decode(errors="replace")


def service_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a service in production: nothing of pytest's, and the given variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
    return {**inherited, "PYTHONPATH": str(_TESTS), **variables}


@contextmanager
def run_server(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    ready: str | None = "/ready",
    slow_reader: bool = False,
) -> Iterator[Server]:
    """Run a command until the block ends; whatever is left of it then is killed.

    Args:
        command: `{port}` stands for the port to listen on, on 127.0.0.1.
        environment: of the process; default `service_environment()`.
        ready: the path that is asked until it answers with success; None does not wait.
        slow_reader: have the pipes read so slowly that they fill up.
    """
    variables = service_environment() if environment is None else environment
    server = Server(command, variables, slow_reader=slow_reader)
    try:
        if ready is not None:
            server.wait_ready(ready)
            server.wait_workers()
        yield server
    finally:
        server.kill()


class Server:
    """One command in a process group of its own.

    Attributes:
        port: what `{port}` became.
        pid: of the first process, which is the id of the group too.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, slow_reader: bool = False
    ) -> None:
        self._ended = False
        self._reserved = _reserved()
        self.port: int = self._reserved.getsockname()[1]
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        with _interruptible():
            self._process = subprocess.Popen(
                self._command,
                env={**environment, "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._stdout = _Tap(self._process.stdout, slow=slow_reader)
        self._stderr = _Tap(self._process.stderr, slow=slow_reader)

    @property
    def stdout(self) -> bytes:
        """What came so far."""
        return bytes(self._stdout.data)

    @property
    def stderr(self) -> bytes:
        """What came so far."""
        return bytes(self._stderr.data)

    def wait_ready(self, path: str, seconds: float = _START_SECONDS) -> None:
        """Wait until a GET of `path` succeeds; fails when the process ends or the time is over."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self._process.poll() is not None:
                raise AssertionError(f"ended with {self._process.returncode} before it served: {self}")
            try:
                if ask(self.port, path, seconds=limit - time.monotonic()).status < 400:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"does not serve after {seconds} s: {self}")

    def wait_workers(self, seconds: float = _START_SECONDS) -> None:
        """Wait until every worker that gunicorn was told to start hears signals; of others nothing is asked.

        One worker is enough to answer a request. Another one has the handlers of its parent, which do nothing
        in it, from the fork until it sets its own, the one for SIGABRT last: a SIGTERM that it gets meanwhile
        is lost, and gunicorn kills it 30 s later, with and without telemetry.
        """
        if "gunicorn" not in self._command or "--workers" not in self._command:
            return
        workers = int(self._command[self._command.index("--workers") + 1])
        limit = time.monotonic() + seconds
        while sum(_catches(child, signal.SIGABRT) for child in _children(self.pid)) < workers:
            if time.monotonic() > limit:
                raise AssertionError(f"no {workers} workers after {seconds} s: {self}")
            time.sleep(0.02)

    def wait_for(self, text: bytes, seconds: float = _START_SECONDS) -> None:
        """Wait until a text came on stdout."""
        limit = time.monotonic() + seconds
        while text not in self.stdout:
            if time.monotonic() > limit:
                raise AssertionError(f"{text!r} does not come: {self}")
            time.sleep(0.02)

    def wait_at_rest(self, seconds: float = _START_SECONDS) -> None:
        """Wait until the main thread of the first process sleeps, waits or reads.

        Python looks for signals before it enters a system call, and when one is interrupted: what comes in
        between is heard when the call is over, with and without telemetry.
        """
        limit = time.monotonic() + seconds
        before, looks = -1, 0
        while looks < _LOOKS_AT_REST:
            if time.monotonic() > limit:
                raise AssertionError(f"is not at rest after {seconds} s: {self}")
            switches = _switches(self.pid)
            looks = looks + 1 if switches == before else 0
            before = switches
            time.sleep(0.02)

    def send(self, number: int) -> None:
        """Send a signal to the first process, as a container runtime does."""
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> Ended:
        """Send a signal and wait for the end."""
        self.send(number)
        return self.wait()

    def wait(self, seconds: float = _END_SECONDS) -> Ended:
        """Wait for the end of all processes; whoever is not gone in time is killed, and that is a failure."""
        limit = time.monotonic() + seconds
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            # Under PYTHONFAULTHANDLER it says where its threads are.
            self.send(signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_WORDS_SECONDS)
            self.kill()
            raise AssertionError(f"still runs after {seconds} s: {self}") from None
        # End of file is reached when the last process of the group has closed the stream.
        ended = [tap.wait(limit - time.monotonic()) for tap in (self._stdout, self._stderr)]
        if not all(ended):
            self.kill()
            raise AssertionError(f"left processes behind: {self}")
        # From now on the system may give the group's id to somebody else.
        self._ended = True
        return Ended(status, self.stdout, self.stderr)

    def kill(self) -> None:
        """Kill the whole group, if any of it is left, and release the port."""
        if not self._ended:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(_END_SECONDS)
        for tap in (self._stdout, self._stderr):
            tap.wait(_END_SECONDS)
        self._reserved.close()

    def __str__(self) -> str:
        tail = b"\n".join((self.stdout[-4000:], self.stderr[-4000:])).decode("utf-8", "backslashreplace")
        return f"{' '.join(self._command)}\n{tail}"


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _switches(pid: int) -> int:
    """Return how often the main thread of a process has left a processor."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches:" in line)


def _catches(pid: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


class _Tap:
    """Reads one pipe to its end in a thread of its own."""

    def __init__(self, pipe: IO[bytes] | None, *, slow: bool) -> None:
        assert pipe is not None
        self.data = bytearray()
        self._slow = slow
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the stream; return whether it came."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _read(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), _SLOW_BYTES if self._slow else 65536):
                self.data += chunk
                if self._slow:
                    time.sleep(0.0005)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a child hear SIGINT, also where a shell made the tests ignore it by starting them with `&`."""
    before = signal.getsignal(signal.SIGINT)
    # Another thread cannot change it; what such a one starts is ended in other ways.
    if before is not signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _reserved() -> socket.socket:
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
