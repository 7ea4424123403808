"""Forks of every kind: each child is a process of its own to whoever looks at its telemetry."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.forks import KINDS
from faults.kit.programs import attributes, counted, instances, program, ran
from support.collector import FakeCollector
from support.pipelines import wait_until

if TYPE_CHECKING:
    from pathlib import Path

_SIGNALS: Final = ("traces", "metrics", "logs")
_START: Final = """
import os, signal, sys, threading, time
from opentelemetry import metrics, trace
from ameide_telemetry import get_logger, guard, init_telemetry
from faults.kit.forks import run_children

tracer = trace.get_tracer("t")
log = get_logger("family")
telemetry = init_telemetry(instrument=False)
counter = metrics.get_meter("t").create_counter("work.done")

def work(amount=1, **fields):
    tracer.start_span("work").end()
    counter.add(amount)
    log.info("done", **fields)
"""


_FAMILY: Final = (
    _START
    + """
def child(number):
    # Balances of a process that has not done anything yet.
    assert telemetry.status()["diagnostics"] == {}, telemetry.status()["diagnostics"]
    work()
    counts = telemetry.status()["counts"]
    assert counts["traces"]["emitted"] == counts["logs"]["emitted"] == 1, counts
    assert telemetry.force_flush(20)
    counts = telemetry.status()["counts"]
    for name in ("traces", "metrics", "logs"):
        balance = counts[name]
        assert (balance["emitted"], balance["delivered"], balance["dropped"]) == (1, 1, 0), (name, counts)

if __name__ == "__main__":
    guard.note("test.parent_only")
    work(amount=100)
    assert telemetry.force_flush(20)
    tracer.start_span("waits").end()
    # A fork in C copies the interpreter's own lock as it is: nobody may be waiting for it.
    time.sleep(0.3)
    statuses = run_children(KIND, child, 4)
    assert statuses == [0, 0, 0, 0], statuses
    assert telemetry.force_flush(20)
"""
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_child_counts_and_sends_on_its_own(kind: str, tmp_path: Path) -> None:
    """A parent and four children: all of theirs arrives once, from five instances that lead to one name."""
    with FakeCollector() as collector:
        ended = ran(
            _FAMILY.replace("KIND", repr(kind)),
            tmp_path,
            **collector.environment(),
            OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod-abc",
        )
        assert ended.status == 0, ended.told
        assert collector.unparsable == 0
        assert sorted(counted(collector, "work.done").values()) == [1, 1, 1, 1, 100]
        assert sorted(span.name for span in collector.spans()) == ["waits", *["work"] * 5]
        assert collector.count("logs") == 5
        spans = {span.span_id for span in collector.spans()} | {span.trace_id for span in collector.spans()}
        assert len(spans) == 12, "children repeat the random numbers of their parent"
        ids = {signal: instances(collector, signal) for signal in _SIGNALS}
        assert len(ids["traces"]) == 5
        assert ids["traces"] == ids["metrics"] == ids["logs"]
        for signal in _SIGNALS:
            known = {attributes(each)["ameide.service.instance.id"] for each in collector.resources(signal)}
            assert known == {"pod-abc"}


_BUSY: Final = (
    _START
    + """
from pathlib import Path

stop = Path(sys.argv[0]).with_name("stop")

def child(number):
    while not stop.exists():
        work()
        time.sleep(0.02)

def parent():
    while True:
        work()
        time.sleep(0.001)

threading.Thread(target=parent, daemon=True).start()
# By now every pipeline is in the middle of an export that is never answered.
time.sleep(1)
print("forking")
assert run_children("os.fork", child, CHILDREN) == [0] * CHILDREN
os._exit(0)
"""
)


@pytest.mark.parametrize("children", [6, pytest.param(20, marks=pytest.mark.full)])
def test_a_fork_in_the_middle_of_an_export(children: int, tmp_path: Path) -> None:
    """A black hole holds the parent's exports at the fork; when it is gone, every child is heard."""
    source = _BUSY.replace("CHILDREN", str(children))
    often = {
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
    }
    with (
        FakeCollector("silent") as collector,
        program(source, tmp_path, **collector.environment(), **often) as process,
    ):
        process.wait_for(b"forking")
        collector.mode = "ok"
        for signal in _SIGNALS:
            # The parent goes on as well, beside its children.
            heard = partial(_instances_at_least, collector, signal, children + 1)
            assert wait_until(heard, 30), f"{signal}: {instances(collector, signal)}"
        (tmp_path / "stop").touch()
        assert process.wait().status == 0


def _instances_at_least(collector: FakeCollector, signal: str, count: int) -> bool:
    return len(instances(collector, signal)) >= count


_COLLECTING: Final = (
    _START
    + """
many = [metrics.get_meter("t").create_counter(f"many.of{number}") for number in range(INSTRUMENTS)]
for instrument in many:
    for label in range(1000):
        instrument.add(1, {"label": str(label)})

def child(number):
    began = time.perf_counter()
    many[0].add(1, {"label": f"new {number}"})
    seconds = time.perf_counter() - began
    os.write(1, f"TOOK {seconds}\\n".encode())

for _ in range(ROUNDS):
    assert run_children("os.fork", child, 3) == [0, 0, 0]
    time.sleep(0.013)
os._exit(0)
"""
)


@pytest.mark.parametrize(("instruments", "rounds"), [(3, 4), pytest.param(20, 10, marks=pytest.mark.full)])
def test_a_fork_in_the_middle_of_a_collection(instruments: int, rounds: int, tmp_path: Path) -> None:
    """Series are collected without pause; the first new one of a child blocks on nothing of the parent's."""
    source = _COLLECTING.replace("INSTRUMENTS", str(instruments)).replace("ROUNDS", str(rounds))
    with FakeCollector() as collector:
        ended = ran(source, tmp_path, **collector.environment(), OTEL_METRIC_EXPORT_INTERVAL="20")
    assert ended.status == 0, ended.told
    took = sorted(float(line.split()[1]) for line in ended.stdout.splitlines() if line.startswith(b"TOOK"))
    assert len(took) == 3 * rounds
    # A child may have to wait for a processor, but a lock would hold it for ever: the alarm ends it then.
    assert took[len(took) // 2] < 0.1


_LARGE: Final = (
    _START
    + """
def child(number):
    for each in range(EACH):
        with tracer.start_as_current_span("large") as span:
            for part in range(30):
                span.set_attribute(f"part{part}", f"{number} {each} {part} " + "x" * 10_000)
        if each % 5 == 4:
            assert telemetry.force_flush(30)

child("first")
assert telemetry.force_flush(30)
tracer.start_span("waits").end()
threading.Thread(target=child, args=("beside",)).start()
assert run_children("os.fork", child, 4, seconds=60) == [0, 0, 0, 0]
"""
)


@pytest.mark.parametrize("each", [10, pytest.param(50, marks=pytest.mark.full)])
def test_connections_are_not_shared(each: int, tmp_path: Path) -> None:
    """A parent and four children send 300 KB per span at the same time: all arrive, none is torn."""
    source = _LARGE.replace("EACH", str(each))
    unlimited = {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "20000"}
    with FakeCollector() as collector:
        ended = ran(source, tmp_path, **collector.environment(), **unlimited)
        assert ended.status == 0, ended.told
        spans = [span for span in collector.spans() if span.name == "large"]
        assert collector.unparsable == 0
        assert len({span.span_id for span in spans}) == len(spans) == 6 * each
        assert all(sum(len(part.value.string_value) for part in span.attributes) > 300_000 for span in spans)


_COST: Final = """
import os, struct
import ameide_telemetry.bootstrap, opentelemetry.sdk._logs, ameide_telemetry.export.log_records
from faults.kit.forks import fork_cost

# A process with the same modules and without telemetry, that forks whenever we do.
asked, ask = os.pipe()
answered, answer = os.pipe()
if os.fork() == 0:
    os.close(ask)
    while os.read(asked, 1):
        os.write(answer, struct.pack("d", fork_cost()))
    os._exit(0)
START
for life in range(LIVES):
    telemetry.shutdown()
    telemetry = init_telemetry(instrument=False)
work()
assert telemetry.force_flush(20)
bare, ours = [], []
for _ in range(80):
    os.write(ask, b"x")
    bare += struct.unpack("d", os.read(answered, 8))
    ours.append(fork_cost())
print("COST", *(sorted(times)[len(times) // 4] for times in (bare, ours)))
""".replace("START", _START)


def test_what_telemetry_adds_to_a_fork_is_little_and_constant(tmp_path: Path) -> None:
    """At most 2 ms, or three times what the fork takes on a slow machine; ten lives cost what one does.

    Nearly all of it is memory that the child no longer shares: 600 more pages of it are written to. Their
    price beside that of the fork itself is another on each machine, and another beside other work.
    """
    added: dict[str, float] = {}
    with FakeCollector() as collector:
        for lives in ("0", "10"):
            # What others do to the machine is gone at the next look; what a fork costs stays.
            costs = []
            for _ in range(5):
                costs.append(_fork_cost(lives, tmp_path, collector))
                bare, ours = costs[-1]
                added[lives] = ours - bare
                if added[lives] < max(0.002, 3 * bare) and added[lives] < 1.5 * added["0"] + 0.0005:
                    break
            else:
                pytest.fail(f"{lives} lives: {costs}, added without another life: {added['0']}")


def _fork_cost(lives: str, folder: Path, collector: FakeCollector) -> tuple[float, float]:
    """Return the seconds of a fork without telemetry and with it, in the same run."""
    ended = ran(_COST.replace("LIVES", lives), folder, **collector.environment())
    assert ended.status == 0, ended.told
    cost = next(text for text in ended.stdout.split(b'"') if text.startswith(b"COST"))
    bare, ours = map(float, cost.split()[1:])
    return bare, ours
