"""The demo from its first line to its last."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import sys
import time
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.local.store import Store
from demonstration.evidence import collect, traces_of
from demonstration.halt import Halt, Interrupted
from demonstration.proofs import prove
from demonstration.screen import Screen
from demonstration.services import EXAMPLES, Fleet, ServiceError, clean_environment, tool
from demonstration.traffic import FAILING, GOOD, ORDERS, SLOW, key_of, send, summed_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ameide_telemetry.local.records import Trace
    from demonstration.traffic import Answer

__all__ = ["main"]

_SHOWN: Final = (("A good order", GOOD), ("The slow order", SLOW), ("The failing order", FAILING))
_CHECK_SECONDS: Final = 45.0
_ARRIVAL_SECONDS: Final = 8.0
_KEPT: Final = EXAMPLES.parent / "build" / "demo.sqlite3"
_RESOURCE: Final = "service.version=1.0.0,deployment.environment.name=demo"
# Longer than a check may last: what arrives was sent because the services were told to end.
_SENT_AT_THE_END: Final = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code: 0 all is well, 1 not, 130 after Ctrl+C on the way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    screen = Screen(sys.stdout, os.environ)
    act, seconds = (_check, _CHECK_SECONDS) if arguments.check else (_show, math.inf)
    try:
        with Halt(seconds) as halt:
            return act(arguments, screen, halt)
    except Interrupted:
        screen.say(("stopped",))
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter's own last flush shall not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except (ServiceError, TelemetryError, OSError) as error:
        Screen(sys.stderr, os.environ).say((f"demo: {error}", "red"))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev demo",
        description="Start two services and a worker as real processes, send orders through them, and show"
        " the traces. Ctrl+C stops everything.",
    )
    parser.add_argument("--check", action="store_true", help="prove what the demo shows, and exit 0 or 1")
    parser.add_argument("--keep", action="store_true", help="with --check: keep the store for a look at it")
    parser.add_argument("--store", type=Path, metavar="FILE", help="sqlite file to keep everything in")
    parser.add_argument(
        "--seconds",
        type=float,
        default=math.inf if sys.stdout.isatty() else 0.0,
        metavar="N",
        help="how long to go on after the orders (default: until Ctrl+C; without a terminal 0)",
    )
    return parser


def _show(arguments: argparse.Namespace, screen: Screen, halt: Halt) -> int:
    """Show everything to a reader, then go on until Ctrl+C."""
    path = arguments.store or _fresh(_KEPT)
    with _opened(path, halt, {}) as (store, fleet):
        answers = _perform(screen, halt, fleet, store)
        halt.wait_for(lambda: _all_arrived(store, answers), _ARRIVAL_SECONDS)
        shown = _show_traces(screen, store, answers)
        screen.table("Where to look next", _places(path, shown))
        if arguments.seconds > 0:
            _follow(screen, halt, fleet, arguments.seconds)
        screen.say()
        _stop(screen, fleet)
    return 0


def _check(arguments: argparse.Namespace, screen: Screen, halt: Halt) -> int:
    """Prove everything, after everything was stopped."""
    began = time.monotonic()
    path = arguments.store or (_fresh(_KEPT) if arguments.keep else None)
    with _opened(path, halt, _SENT_AT_THE_END) as (store, fleet):
        answers = _perform(screen, halt, fleet, store)
        receiver_port = fleet.receiver.port
        _stop(screen, fleet)
        shown = _show_traces(screen, store, answers)
        proofs = prove(collect(fleet, store, answers, receiver_port))
    if path:
        screen.table("Where to look next", _places(path, shown))
    screen.proofs(proofs)
    broken = sum(not proof.ok for proof in proofs)
    verdict = f"FAILED, {broken} of {len(proofs)} proofs" if broken else f"ok, {len(proofs)} proofs"
    screen.say()
    screen.say((f"demo --check: {verdict}, {time.monotonic() - began:.1f} s", "red" if broken else "green"))
    return 1 if broken else 0


@contextmanager
def _opened(path: Path | None, halt: Halt, environ: Mapping[str, str]) -> Iterator[tuple[Store, Fleet]]:
    """Open the store and the fleet; at the end everything is stopped, then closed, then deleted."""
    with TemporaryDirectory(prefix="ameide-demo-") as name:
        directory = Path(name)
        own = {"OTEL_RESOURCE_ATTRIBUTES": _RESOURCE, "JOBS_FILE": str(directory / "jobs.sqlite3")}
        environ = {**clean_environment(os.environ), **own, **environ}
        store = Store(path or directory / "telemetry.sqlite3")
        with store, Fleet(store, halt=halt, environ=environ) as fleet:
            yield store, fleet


def _perform(screen: Screen, halt: Halt, fleet: Fleet, store: Store) -> tuple[Answer, ...]:
    """Start everything, send the orders, and wait until the last one is shipped."""
    with screen.step("[1/3]", "receiver", "starting") as done:
        fleet.receiver.start()
        done(f"{fleet.receiver.endpoint}, stored in {_short(store.path)}")
    with screen.step("[2/3]", "services", "starting gateway, backend and worker") as done:
        fleet.start()
        done("  ".join(service.description for service in fleet.services))
    with screen.step("[3/3]", "traffic", f"sending {len(ORDERS)} orders") as done:
        answers = send(fleet.service("gateway").port, ORDERS, halt)
        worker, shipped = fleet.service("worker"), sum(order.shipped for order in ORDERS)
        halt.wait_for(lambda: worker.count("order shipped") >= shipped, _ARRIVAL_SECONDS)
        done(summed_up(answers))
    return answers


def _stop(screen: Screen, fleet: Fleet) -> None:
    with screen.step("", "stop", "ending every process") as done:
        fleet.stop()
        left = ", ".join(fleet.groups_left())
        done(f"left running: {left}" if left else "services and receiver; nothing left running")


def _all_arrived(store: Store, answers: Sequence[Answer]) -> bool:
    stored = traces_of(store, [answer.request_id for answer in answers])
    spans = {key: sum(len(trace.spans) for trace in traces) for key, traces in stored.items()}
    return all(spans[answer.request_id] >= answer.order.spans for answer in answers)


def _show_traces(screen: Screen, store: Store, answers: Sequence[Answer]) -> dict[str, Trace]:
    """Write one trace of each kind; return them by title."""
    shown: dict[str, Trace] = {}
    for title, order in _SHOWN:
        request_id = next(answer.request_id for answer in answers if answer.order is order)
        traces = traces_of(store, [request_id])[request_id]
        screen.trace(f"{title} of {order.tenant}", traces)
        if traces:
            shown[title] = traces[0]
    return shown


def _places(path: Path, shown: Mapping[str, Trace]) -> Iterator[tuple[str, str]]:
    """Yield what the reader could look at, and the command that shows it."""
    program, script = _short(tool("ameide-telemetry")), _short(EXAMPLES / "script" / "app.py")
    store = ("--store", _short(path))
    for title in ("The failing order", "The slow order"):
        if title in shown:
            yield title.lower(), shlex.join((program, "trace", shown[title].trace_id[:8], *store))
    yield "a tenant's last order", shlex.join((program, "trace", "--last", "--tenant", "acme", *store))
    yield "every order", shlex.join((program, "trace", "--list", *store))
    yield "a program of your own", shlex.join((program, "run", "--", _short(tool("python")), script))


def _follow(screen: Screen, halt: Halt, fleet: Fleet, seconds: float) -> None:
    """Write the services' lines as they come, until a signal comes or the time is over."""
    while not fleet.seen.empty():
        fleet.seen.get()
    order = f"http://127.0.0.1:{fleet.service('gateway').port}/orders/piano"
    command = f"curl -X POST -H 'x-api-key: {key_of('globex')}' {order}"
    screen.table("Send an order yourself, and see its lines here. Ctrl+C stops everything.", [("", command)])
    screen.say()
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            halt.check()
            fleet.require_running()
            with suppress(Empty):
                screen.line(fleet.seen.get(timeout=0.1))
    except Interrupted:
        return


def _fresh(path: Path) -> Path:
    """Return the path, with nothing there of the run before."""
    path.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path


def _short(path: Path | None) -> str:
    """Return the path as the reader would type it: from where they are."""
    here = Path.cwd()
    if path is None:
        return "memory"
    inside = path.is_relative_to(here) and os.environ.get("PWD") == str(here)
    return str(path.relative_to(here) if inside else path)
