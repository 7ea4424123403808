"""What the process of a `Laboratory` runs: it answers one request per line of its standard input.

Its own stdout is a pipe that it reads itself, so that each answer says which lines were written meanwhile.
"""

from __future__ import annotations

import contextvars
import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Any, Final

from ameide_telemetry import guard, init_telemetry
from faults.kit import scenarios
from faults.kit.applications import Apps
from faults.kit.failpoints import Failpoint, Injector, Recorder, Watcher, profiled

if TYPE_CHECKING:
    from faults.kit.scenarios import Scenario

__all__ = ["main"]

_SECONDS: Final = 30
_PIPE_BYTES: Final = 1 << 20
_warm: Final = logging.getLogger("shop.warm")
_LEFT_OUT: Final = ("ameide_telemetry", _warm.name)
_RECORDINGS: Final = 3
_TRIES: Final = 4
# The queues are emptied now and then, so that no record takes the way of a full one.
_FLUSH_EVERY: Final = 100
_TRY_AGAIN: Final = 0.4


class _Remote(BaseHTTPRequestHandler):
    """The server of outbound calls, and a collector that takes everything."""

    def do_GET(self) -> None:
        self._answer(b"ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Bench:
    """Telemetry, the scenarios, and the pipe that the lines go into."""

    def __init__(self) -> None:
        self._lines = _own_stdout()
        self._injected = 0
        self._scenarios: dict[str, Scenario] = {each.name: each for each in scenarios.SCENARIOS}
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Remote)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        scenarios.remote(address)
        self._bare = Apps(lambda app: app)
        self._before = {name: self._seen(each, self._bare) for name, each in self._scenarios.items()}
        self._drain()
        self.telemetry = _started(address)
        self._apps = Apps(self.telemetry.instrument_app)
        # What is made on first use (threads, caches) is made now.
        for each in (*self._scenarios.values(),) * 3:
            self._seen(each, self._apps)
        self._drain()

    def failpoints(self) -> list[dict[str, Any]]:
        """Record every scenario."""
        found: list[Failpoint] = []
        for name, scenario in self._scenarios.items():
            runs = [Recorder(name) for _ in range(_RECORDINGS)]
            for recorder in runs:
                self._seen(scenario, self._apps, recorder)
                runs[0].keep(recorder)
            found += [each for each in runs[0].failpoints() if each.caller.startswith(scenario.within)]
            self._drain()
        return [each.as_dict() for each in found]

    def run(self, scenario: str) -> dict[str, Any]:
        """Run one scenario."""
        return {"bare": self._before[scenario], **self._observed(self._scenarios[scenario])}

    def inject(self, failpoint: dict[str, Any], at: int) -> dict[str, Any]:
        """Run one scenario with a failure, then without."""
        point = Failpoint(**failpoint)
        self._injected += 1
        if self._injected % _FLUSH_EVERY == 0:
            self.telemetry.force_flush(_SECONDS / 2)
        for _ in range(_TRIES):
            failed = self._failed(point, at)
            if failed["fired"]:
                break
            # What is done once a second, such as to format the time.
            time.sleep(_TRY_AGAIN)
        return {"failed": failed, "after": self._observed(self._scenarios[point.scenario])}

    def _failed(self, point: Failpoint, at: int) -> dict[str, Any]:
        guard.reset()
        injector = Injector(point, at)
        observed = self._observed(self._scenarios[point.scenario], injector)
        return {**observed, "fired": injector.fired, "caught": guard.counts()}

    def _observed(self, scenario: Scenario, watcher: Watcher | None = None) -> dict[str, Any]:
        before = self._emitted()
        seen = self._seen(scenario, self._apps, watcher)
        after = self._emitted()
        return {
            "seen": seen,
            "lines": self._drain(),
            # Less the warming record.
            "emitted": {
                "traces": after["traces"] - before["traces"],
                "logs": after["logs"] - before["logs"] - 1,
            },
        }

    def _emitted(self) -> dict[str, int]:
        return {name: counts["emitted"] for name, counts in self.telemetry.status()["counts"].items()}

    @staticmethod
    def _seen(scenario: Scenario, apps: Any, watcher: Watcher | None = None) -> str:
        def run() -> str:
            # The stream was looked at a moment ago, so that the first line takes the usual way.
            _warm.info("warm")
            if watcher is None:
                return repr(scenario.run(apps))
            with profiled(watcher):
                return repr(scenario.run(apps))

        # In a context of its own, so that nothing that one scenario binds is there in the next.
        return contextvars.Context().run(run)

    def _drain(self) -> list[str]:
        """Return what was written since the last time, the library's own lines and ours left out."""
        data = b""
        try:
            while chunk := os.read(self._lines, _PIPE_BYTES):
                data += chunk
        except BlockingIOError:
            pass
        lines = data.decode("utf-8", "strict").splitlines()
        return [line for line in lines if not any(f'"logger":"{name}"' in line for name in _LEFT_OUT)]


def _own_stdout() -> int:
    """Make stdout a pipe; return its other end, from which a read never waits."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.dup2(writing, 1)
    os.close(writing)
    os.set_blocking(reading, False)
    return reading


def _started(collector: str) -> Any:
    """Start telemetry with everything on."""
    there = {"endpoint": collector}
    later = {**there, "schedule_delay": 3600}
    return init_telemetry(
        "shop",
        environment="test",
        strict=True,
        traces=later,
        metrics={**there, "interval": 3600},
        logs={**later, "sink": "both", "format": "json"},
    )


def main(requests: IO[str], answers: IO[str]) -> None:
    """Answer until the input ends."""
    bench = _Bench()
    for line in requests:
        request = json.loads(line)
        signal.alarm(_SECONDS)
        answer = getattr(bench, request.pop("do"))(**request)
        signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as own_answers:
        try:
            main(sys.stdin, own_answers)
        except BaseException:  # noqa: BLE001 by now a traceback on stderr would be one more line
            os.write(2, traceback.format_exc().encode())
    os._exit(0)
