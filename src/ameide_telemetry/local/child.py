"""A service run as a child: its lines handed over as they come, its whole process group ended with it.

The child leads a session of its own, so that a signal from the terminal reaches it once, through us, and
so that everything it started and left behind can be ended by one call. A process that makes itself a
daemon (a session of its own again) has left on purpose and is not followed.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from ameide_telemetry import guard
from ameide_telemetry.local.errors import CommandError
from ameide_telemetry.local.lines import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import IO

    from ameide_telemetry.local.records import Source

    OnLines = Callable[[Sequence[bytes], Source], None]
    OnBytes = Callable[[bytes, Source], None]

__all__ = ["Child", "telemetry_environment"]

_SITE: Final = guard.site("local.child_lines")
_CHUNK: Final = 64 * 1024
_POLL_SECONDS: Final = 0.1
_GRACE_SECONDS: Final = 10.0
_LEFTOVER_SECONDS: Final = 2.0
_STRANGERS_SECONDS: Final = 1.0
_SIGNALS_BASE: Final = 128
_LOCAL_HOSTS: Final = "127.0.0.1,localhost"
# A variable of one signal would win over the general one that points at the receiver.
_OVERRULING: Final = tuple(
    f"OTEL_EXPORTER_OTLP_{signal_name}_{what}"
    for signal_name in ("TRACES", "METRICS", "LOGS")
    for what in ("ENDPOINT", "PROTOCOL")
)
# Set where the user did not: see things soon rather than cheaply (milliseconds), and see `print` at once.
_EAGER: Final = {
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BLRP_SCHEDULE_DELAY": "500",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    "PYTHONUNBUFFERED": "1",
}


def telemetry_environment(endpoint: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` for a child whose telemetry goes to the receiver at `endpoint`."""
    kept = {key: value for key, value in environ.items() if key not in _OVERRULING}
    pointed = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    direct = {
        name: ",".join(part for part in (environ.get(name), _LOCAL_HOSTS) if part)
        for name in ("NO_PROXY", "no_proxy")
    }
    return {**_EAGER, **kept, **pointed, **direct}


class Child:
    """One command, running. Use it in a `with` block, which ends the whole group at its end.

    Attributes:
        cut: whether reading ended while a process that had left the group still held a stream open.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_lines: OnLines,
        environ: Mapping[str, str],
        directory: str | None = None,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """Prepare a child; nothing runs before `start`.

        Args:
            command: the program and its arguments.
            on_lines: called with each handful of lines and the stream they came from, always in the
                one thread that reads both streams; it may not raise.
            environ: the child's whole environment.
            directory: its working directory; ours by default.
            on_bytes: called in the same thread with every piece of either stream as it was read, before
                the lines that it completes; it may not raise.
        """
        self.cut = False
        self._command = list(command)
        self._on_lines = on_lines
        self._on_bytes = on_bytes
        self._environ = dict(environ)
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._exited = threading.Event()
        self._gone = threading.Event()
        self._stopped = False
        self._threads: tuple[threading.Thread, ...] = ()

    @property
    def pid(self) -> int:
        """The child's process id, which is its group's id too; 0 before `start`."""
        return self._process.pid if self._process else 0

    def start(self) -> Self:
        """Start the command.

        Raises:
            CommandError: there is no such program, or it may not be executed.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 running the user's command is the purpose
                self._command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=self._environ,
                cwd=self._directory,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise _no_command(self._command[0], "not found", 127) from None
        except OSError as error:
            raise _no_command(self._command[0], error.strerror or "not executable", 126) from None
        self._threads = (
            threading.Thread(target=self._read, name="ameide-telemetry-lines", daemon=True),
            threading.Thread(target=self._await_exit, name="ameide-telemetry-child", daemon=True),
        )
        for thread in self._threads:
            thread.start()
        return self

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group; none being left is no error."""
        if not self.pid:
            return  # group 0 would be our own
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the child to exit.

        Returns:
            Its exit code, 128 + n where signal n ended it, as a shell has it; None if `timeout`
            seconds were not enough.
        """
        if not self._exited.wait(timeout):
            return None
        code = self._running.returncode
        return code if code >= 0 else _SIGNALS_BASE - code

    def stop(self, *, grace: float = _GRACE_SECONDS) -> int:
        """Ask the group to end (SIGTERM), insist after `grace` seconds (SIGKILL), and return the exit code.

        What the child left behind in its group is ended too, and every line that was written is
        handed over before this returns. May be called after the child exited, and again.
        """
        if not self._stopped:
            self._stopped = True
            self._end(grace)
        return self.wait() or 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the child was not started")
        return self._process

    def _end(self, grace: float) -> None:
        process = self._running
        if not self._exited.is_set():
            self.signal(signal.SIGTERM)
            self._exited.wait(grace)
        self._end_group()
        self._exited.wait()
        self._gone.set()
        for thread in self._threads:
            thread.join()
        for stream in (process.stdout, process.stderr):
            _stream(stream).close()

    def _await_exit(self) -> None:
        self._running.wait()
        self._exited.set()

    def _end_group(self) -> None:
        """End what is left of the group: politely where the child itself is gone, else at once."""
        if self._exited.is_set():
            self.signal(signal.SIGTERM)
            deadline = time.monotonic() + _LEFTOVER_SECONDS
            while _group_lives(self.pid) and time.monotonic() < deadline:
                time.sleep(0.02)
        self.signal(signal.SIGKILL)

    def _read(self) -> None:
        """Read both streams until both end, or until the group is gone and all that it wrote is read."""
        process = self._running
        sources: tuple[Source, Source] = ("stdout", "stderr")
        with selectors.DefaultSelector() as selector:
            for source, stream in zip(sources, (process.stdout, process.stderr), strict=True):
                selector.register(_stream(stream), selectors.EVENT_READ, (source, LineSplitter()))
            while selector.get_map() and not self._gone.is_set():
                self._read_ready(selector)
            for key in selector.get_map().values():
                self._read_held(key)
            # What comes from now on is from processes that left the group, and may never end.
            deadline = time.monotonic() + _STRANGERS_SECONDS
            while selector.get_map() and time.monotonic() < deadline:
                self._read_ready(selector)
            self.cut = bool(selector.get_map())
            for key in selector.get_map().values():
                source, splitter = key.data
                self._hand_over(splitter.end(), source)

    def _read_ready(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(_POLL_SECONDS):
            if not self._take(key.fd, *key.data):
                selector.unregister(key.fileobj)

    def _read_held(self, key: selectors.SelectorKey) -> None:
        """Read what the pipe holds now, however long those who take it over need for that."""
        held = _bytes_held(key.fd)
        while held > 0:
            held -= self._take(key.fd, *key.data)

    def _take(self, descriptor: int, source: Source, splitter: LineSplitter) -> int:
        """Read once and return how many bytes; 0 at the stream's end."""
        chunk = os.read(descriptor, _CHUNK)
        if chunk and self._on_bytes is not None:
            with _SITE:
                self._on_bytes(chunk, source)
        self._hand_over(splitter.feed(chunk) if chunk else splitter.end(), source)
        return len(chunk)

    def _hand_over(self, lines: Sequence[bytes], source: Source) -> None:
        if lines:
            with _SITE:
                self._on_lines(lines, source)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _bytes_held(pipe: int) -> int:
    """Return how many bytes wait in the pipe (FIONREAD)."""
    size: int = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
    return size


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the child has no such stream")
    return stream


def _no_command(program: str, reason: str, exit_code: int) -> CommandError:
    return CommandError(
        f"cannot start {program}: {reason}",
        cure="check the command behind `--`, with its path: ameide-telemetry run -- CMD ...",
        exit_code=exit_code,
    )
