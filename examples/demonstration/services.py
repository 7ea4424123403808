"""The three services as real processes, and the receiver that takes what they send."""

from __future__ import annotations

import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Self

from ameide_telemetry.local.child import Child, telemetry_environment
from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.receiver import Receiver
from ameide_telemetry.local.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.local.records import Line, Source
    from ameide_telemetry.local.store import Store
    from demonstration.halt import Halt

__all__ = [
    "EXAMPLES",
    "PLANS",
    "Fleet",
    "Plan",
    "Service",
    "ServiceError",
    "clean_environment",
    "is_open",
    "tool",
]

EXAMPLES: Final = Path(__file__).resolve().parent.parent
_TOOLS: Final = Path(sys.executable).parent
_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 25.0
_GRACE_SECONDS: Final = 8.0
_SHOWN_LINES: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How one service is started.

    Attributes:
        framework: for a reader.
        command: program in `.venv/bin` and arguments; `{port}` stands for the service's own.
        listens: whether it has a port.
        says: the message of the line that it writes when it can work; empty where the open port tells.
    """

    name: str
    framework: str
    command: tuple[str, ...]
    listens: bool = True
    says: str = ""


_GUNICORN_LOGGER: Final = "ameide_telemetry.integrations.gunicorn.Logger"
PLANS: Final = (
    Plan("gateway", "FastAPI", ("uvicorn", "gateway.app:app", "--port", "{port}")),
    Plan(
        "backend",
        "Flask",
        (
            *("gunicorn", "backend.app:app", "--bind", f"{_HOST}:{{port}}", "--threads", "4"),
            # The control socket would be a file in the home directory.
            *("--logger-class", _GUNICORN_LOGGER, "--no-control-socket"),
        ),
        says="backend ready",
    ),
    Plan("worker", "", ("python", "-m", "worker.app"), listens=False, says="worker ready"),
)


class ServiceError(Exception):
    """A service did not start, or ended by itself."""


class Service:
    """One service: its process, and every line that it wrote.

    Attributes:
        port: on 127.0.0.1; 0 for a service that does not listen.
        written: stream and bytes of every line so far.
    """

    def __init__(
        self, plan: Plan, *, port: int, environ: Mapping[str, str], store: Store, seen: SimpleQueue[Line]
    ) -> None:
        self.plan = plan
        self.port = port
        self.written: list[tuple[Source, bytes]] = []
        self._store = store
        self._seen = seen
        program, *arguments = (word.format(port=port) for word in plan.command)
        self.child = Child(
            [str(tool(program)), *arguments],
            on_lines=self._take,
            environ={**environ, "OTEL_SERVICE_NAME": plan.name},
            directory=str(EXAMPLES),
        )

    @property
    def description(self) -> str:
        """Its name, port and framework."""
        return f"{self.plan.name} :{self.port} ({self.plan.framework})" if self.port else self.plan.name

    def is_ready(self) -> bool:
        """Return whether it can work; raise ServiceError when it ended."""
        self.require_running()
        spoken = not self.plan.says or self.count(self.plan.says)
        return bool(spoken) and (not self.port or is_open(self.port))

    def require_running(self) -> None:
        """Raise ServiceError when it ended."""
        code = self.child.wait(0)
        if code is not None:
            self.child.stop()  # takes over what it wrote last
            raise ServiceError(f"{self.plan.name} ended by itself with exit code {code}{self.last_words()}")

    def count(self, message: str) -> int:
        """Return how many lines so far have this message."""
        return sum(parse(raw).message == message for _, raw in tuple(self.written))

    def last_words(self) -> str:
        """Return its last lines, for an error's text."""
        last = [f"\n  {escape(parse(raw).text)}" for _, raw in self.written[-_SHOWN_LINES:]]
        return f"; its last lines:{''.join(last)}" if last else "; it wrote nothing"

    def _take(self, raw_lines: Sequence[bytes], source: Source) -> None:
        lines = [parse(raw, source=source) for raw in raw_lines]
        self.written += [(source, raw) for raw in raw_lines]
        for line in lines:
            self._seen.put(line)
        self._store.add_lines(lines)


class Fleet:
    """Receiver and services. At the end of its `with` block nothing of it runs any more.

    Attributes:
        seen: every line of every service as it comes.
        exit_codes: by service, once they are stopped; 128 + n where signal n ended it.
    """

    def __init__(self, store: Store, *, halt: Halt, environ: Mapping[str, str]) -> None:
        """Prepare; nothing runs before `receiver.start` and `start`.

        Args:
            store: where spans, lines and metric points go.
            halt: is asked whether to go on.
            environ: what the services get beside the variables that point at the receiver.
        """
        self.receiver = Receiver(store)
        self.services: list[Service] = []
        self.seen: SimpleQueue[Line] = SimpleQueue()
        self.exit_codes: dict[str, int] = {}
        self._store = store
        self._halt = halt
        self._environ = environ

    def start(self) -> None:
        """Start everything and wait until it can work; raises ServiceError when it cannot."""
        with ExitStack() as reserved:
            ports = [_reserve(reserved) if plan.listens else 0 for plan in PLANS]
            environ = self._environment(ports)
            for plan, port in zip(PLANS, ports, strict=True):
                self._halt.check()
                service = Service(plan, port=port, environ=environ, store=self._store, seen=self.seen)
                self.services.append(service)
                service.child.start()
            for service in self.services:
                if not self._halt.wait_for(service.is_ready, _START_SECONDS):
                    words = service.last_words()
                    raise ServiceError(f"{service.plan.name} is not ready after {_START_SECONDS} s{words}")

    def service(self, name: str) -> Service:
        """Return the service of this name."""
        return next(service for service in self.services if service.plan.name == name)

    def stop(self) -> None:
        """Stop everything, all services at once; bounded, and harmless when done twice."""
        self._halt.impatient = self._kill
        started = [service for service in self.services if service.child.pid]
        if started:
            with ThreadPoolExecutor(len(started)) as pool:
                codes = pool.map(lambda service: service.child.stop(grace=_GRACE_SECONDS), started)
                self.exit_codes = {each.plan.name: code for each, code in zip(started, codes, strict=True)}
        self.receiver.close()

    def groups_left(self) -> tuple[str, ...]:
        """Return the services of whose process group something still runs."""
        return tuple(each.plan.name for each in self.services if _group_lives(each.child.pid))

    def require_running(self) -> None:
        """Raise ServiceError when a service ended."""
        for service in self.services:
            service.require_running()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _environment(self, ports: Sequence[int]) -> dict[str, str]:
        port = dict(zip((plan.name for plan in PLANS), ports, strict=True))
        own = {"BACKEND_URL": f"http://{_HOST}:{port['backend']}"}
        return telemetry_environment(self.receiver.endpoint, {**self._environ, **own})

    def _kill(self) -> None:
        for service in self.services:
            service.child.signal(signal.SIGKILL)


def tool(name: str) -> Path:
    """Return the path of a program that is installed beside this Python."""
    return _TOOLS / name


def is_open(port: int) -> bool:
    """Return whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((_HOST, port)) == 0


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without telemetry settings: those of the caller's own services are not the demo's."""
    ours = ("OTEL_", "AMEIDE_TELEMETRY_")
    return {key: value for key, value in environ.items() if not key.startswith(ours)}


def _reserve(reserved: ExitStack) -> int:
    """Return a free port. Bound and not listening, it is nobody else's until the service listens on it."""
    holder = reserved.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((_HOST, 0))
    return int(holder.getsockname()[1])


def _group_lives(group: int) -> bool:
    if not group:
        return False
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
