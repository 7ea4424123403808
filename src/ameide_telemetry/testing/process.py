"""The fixture `telemetry_process`: the real server as a process, every line of both streams checked.

What a service writes when it starts, crashes and ends never passes through the test's own process. Here it
does: the command runs as in production, and each byte of its two streams is looked at as Loki's agent would.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal as signals
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.reports.model import Place
from ameide_telemetry.testing.calls import LOOPBACK, Answer, Caller, ask
from ameide_telemetry.testing.child import Child
from ameide_telemetry.testing.query import TelemetryAssertionError
from ameide_telemetry.testing.verdict import MAX_SAMPLES, SILENT, failure_of, silence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.logcheck.rules import Rules
    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.testing.sink import Sink
    from ameide_telemetry.testing.verdict import Failure

__all__ = ["Processes", "TelemetryProcess"]

_READY_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02
_LAST_LINES: Final = 20
_LONGEST_LINE: Final = 300
_LONGEST_COMMAND: Final = 60
_PORT: Final = "{port}"
_SERVER_ERROR: Final = 500
# A process of a test must not behave as if it were a test, nor send anything to anybody.
_OF_PYTEST: Final = "PYTEST_"
_ENDPOINT: Final = re.compile(r"OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS|LOGS)_)?ENDPOINT")


class TelemetryProcess(Caller):
    """One running command, and every line that it has written so far.

    Attributes:
        port: on 127.0.0.1, what `{port}` in the command and `PORT` in its environment became.
        url: of the server, without a slash at the end.
    """

    def __init__(
        self,
        child: Child,
        command: Sequence[str],
        port: int,
        reserved: socket.socket,
        rules: Rules,
        *,
        silent: bool = False,
    ) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._child = child
        self._command = shlex.join(command)
        self._reserved = reserved
        self._rules = rules
        self._silent = silent
        self._told = False

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._child.pid

    @property
    def lines(self) -> list[bytes]:
        """Every line of both streams, without newlines."""
        return [each.raw for each in tuple(self._child.written)]

    @property
    def stdout(self) -> list[bytes]:
        """The lines of standard output."""
        return [each.raw for each in tuple(self._child.written) if each.stream == "stdout"]

    @property
    def stderr(self) -> list[bytes]:
        """The lines of standard error."""
        return [each.raw for each in tuple(self._child.written) if each.stream == "stderr"]

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every line that is a JSON object."""
        return [record for raw in self.lines if (record := _record(raw)) is not None]

    @property
    def findings(self) -> tuple[Group, ...]:
        """What is wrong with the lines: errors and warnings, equal ones together with a count.

        Raises:
            TelemetryAssertionError: there is no line, and the process was not started as `silent`.
        """
        return self.report().shown("warning").groups

    def report(self) -> Report:
        """Return the report of `ameide-telemetry logs check` about the lines so far.

        Raises:
            TelemetryAssertionError: there is no line, and the process was not started as `silent`.
        """
        if self._is_silent:
            raise self._failed(f"{SILENT}, so far; nothing was looked at, and that is no success")
        return self._inspected(frozenset()).report()

    def wait_for(self, message: str, count: int = 1, seconds: float = _READY_SECONDS) -> dict[str, Any]:
        """Wait until `count` lines have this message, and return the last of these.

        Raises:
            TelemetryAssertionError: they do not come in time, or the process has exited without.
        """
        limit = time.monotonic() + seconds
        while len(found := self._said(message)) < count and time.monotonic() < limit:
            if self._child.has_exited:
                # Nothing comes after this.
                self._child.end()
                found = self._said(message)
                break
            time.sleep(_POLL_SECONDS)
        if len(found) < count:
            raise self._failed(f"{len(found)} of {count} lines {message!r}")
        return found[count - 1]

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self._child.signal(number)

    def wait(self, seconds: float = _READY_SECONDS) -> int:
        """Wait for the process to exit by itself and return its exit code.

        Raises:
            TelemetryAssertionError: it still runs.
        """
        if not self._child.wait(seconds):
            raise self._failed(f"still runs after {seconds:g} s")
        return self._child.end()

    def stop(self, number: int = signals.SIGTERM, seconds: float = _GRACE_SECONDS) -> int:
        """Send SIGTERM, wait for the end of the whole group and return the exit code.

        The code is negative where a signal has ended the process. May be called again.

        Raises:
            TelemetryAssertionError: it does not end in time; then it is killed.
        """
        self._child.signal(number)
        ended = self._child.wait(seconds)
        code = self._child.end()
        if not ended:
            raise self._failed(f"does not end within {seconds:g} s of {signals.Signals(number).name}")
        return code

    def close(self) -> None:
        """End the process and all that it has started, by force where asking does not help."""
        self._child.signal(signals.SIGTERM)
        self._child.wait(_GRACE_SECONDS)
        self._child.end()
        self._reserved.close()

    def wait_ready(self, path: str, seconds: float) -> None:
        """Wait until the server answers a GET of `path`.

        Raises:
            TelemetryAssertionError: the process exits, answers with 500 or more, or not at all in time.
        """
        limit = time.monotonic() + seconds
        said = "nobody listens"
        while (left := limit - time.monotonic()) > 0:
            if self._child.has_exited:
                code = self._child.end()
                raise self._failed(f"exited with {code} before it answered GET {path}")
            try:
                status = ask(self.port, "GET", path, seconds=left).status
            except OSError as error:
                # A status says more than the last try, which the limit may have cut short.
                said = said if said.startswith("status") else str(error)
            else:
                if status < _SERVER_ERROR:
                    return
                said = f"status {status}"
            time.sleep(_POLL_SECONDS)
        raise self._failed(f"not ready after {seconds:g} s: GET {path}: {said}")

    @property
    def examined(self) -> int:
        """How many lines there are."""
        return len(self._child.written)

    @property
    def lost(self) -> int:
        """How many lines were too many to be kept."""
        return self._child.lost

    def failures(self, allowed: frozenset[str], test: str) -> tuple[list[Failure], float]:
        """Return what the contract has against the lines, and the share of its fields that was seen."""
        if self._is_silent and not self._told:
            return [silence(self._command[:_LONGEST_COMMAND], test)], 0.0
        inspector = self._inspected(allowed)
        found = []
        for group in inspector.report().groups:
            first = group.places[0] if group.places else Place("its output")
            source = f"{first} of {self._command[:_LONGEST_COMMAND]}"
            found.append(replace(failure_of(group, test), path="", line=0, source=source))
        return found, inspector.coverage

    @property
    def _is_silent(self) -> bool:
        return not (self._silent or self._child.written)

    def _inspected(self, allowed: frozenset[str]) -> Inspector:
        rules = replace(self._rules, ignored=self._rules.ignored | allowed, max_samples=MAX_SAMPLES)
        inspector = Inspector(rules, learning=False)
        for each in tuple(self._child.written):
            inspector.inspect(each.raw, Place(each.stream, each.number))
        return inspector

    def _said(self, message: str) -> list[dict[str, Any]]:
        return [each for each in self.records if each.get("message") == message]

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        try:
            return ask(self.port, method, path, headers=headers, body=body)
        except OSError as error:
            raise self._failed(f"{method} {path} is not answered: {error}") from None

    def _failed(self, what: str) -> TelemetryAssertionError:
        last = [each.raw.decode(errors="replace")[:_LONGEST_LINE] for each in self._child.written]
        shown = "\n".join(f"  {line}" for line in last[-_LAST_LINES:]) or "  (it has written nothing)"
        # Twice would be no clearer.
        self._told = self._told or not last
        return TelemetryAssertionError(f"{self._command}: {what}; its last lines:\n{shown}")


class Processes:
    """What `telemetry_process` is: starts commands for one test, and ends all of them.

    Args:
        sink: of the test; its verdict takes in what the processes have written.
        rules: what the project asks of its lines.
    """

    def __init__(self, sink: Sink, rules: Rules) -> None:
        self._sink = sink
        self._rules = rules
        self._started: list[TelemetryProcess] = []

    def __call__(
        self,
        command: Sequence[str],
        *,
        port: int | None = None,
        ready: str | None = "/healthz",
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        export: bool = False,
        seconds: float = _READY_SECONDS,
        silent: bool = False,
    ) -> TelemetryProcess:
        """Start a command and wait until it serves.

        Args:
            command: the program and its arguments; `{port}` in them becomes the port.
            port: on 127.0.0.1; None: a free one.
            ready: the path that is asked until it is answered; None: there is nothing to wait for.
            env: added to this process's environment.
            cwd: where it runs; None: here.
            export: whether endpoints of OTLP that stand in this process's environment stay. Those in `env`
                always do.
            seconds: how long it may take until it serves.
            silent: whether it may write no line at all; else a process that does so is a failure, because
                nothing was looked at.

        Raises:
            TelemetryAssertionError: it cannot be started, exits, or does not serve in time; the text has
                its last lines.
        """
        reserved, chosen = _reserve(port)
        asked = [part.replace(_PORT, str(chosen)) for part in command]
        try:
            directory = None if cwd is None else os.fspath(cwd)
            child = Child(asked, _environment(env, chosen, export=export), directory)
        except OSError as error:
            reserved.close()
            raise TelemetryAssertionError(f"cannot start {shlex.join(asked)}: {error}") from None
        process = TelemetryProcess(child, asked, chosen, reserved, self._rules, silent=silent)
        self._started.append(process)
        self._sink.processes.append(process)
        if ready is not None:
            process.wait_ready(ready, seconds)
        return process

    def close(self) -> None:
        """End every process of the test."""
        for process in reversed(self._started):
            process.close()


def _environment(added: Mapping[str, str] | None, port: int, *, export: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OF_PYTEST) and (export or _ENDPOINT.fullmatch(name) is None)
    }
    # What a killed process holds back would be missed in the check.
    kept.setdefault("PYTHONUNBUFFERED", "1")
    return {**kept, "PORT": str(port), **(added or {})}


def _reserve(port: int | None) -> tuple[socket.socket, int]:
    """Return a port that nobody else is given, and what holds it."""
    holder = socket.socket()
    if port is None:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        port = int(holder.getsockname()[1])
    if sys.platform != "linux":
        # Only there a bound socket that does not listen lets another one have the same port.
        holder.close()
    return holder, port


def _record(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
