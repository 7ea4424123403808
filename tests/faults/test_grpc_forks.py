"""gRPC that was told not to prepare for forks: its children lose records, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.forks import FORKED
from faults.kit.programs import ran
from support.grpc_collector import GrpcCollector

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM: Final = """
import time
import grpc
from opentelemetry import trace
from ameide_telemetry import init_telemetry
from faults.kit.forks import run_children

telemetry = init_telemetry(instrument=False, logs={"sink": "stdout"}, metrics=False)

def work(number):
    trace.get_tracer("t").start_span("work").end()
    return telemetry.force_flush(20)

def child(number):
    work(number)
    pipeline = telemetry.status()["pipelines"]["traces"]
    assert pipeline["dropped_by_reason"] == {"export_failed": 1}, pipeline
    assert (pipeline["emitted"], pipeline["queued"]) == (1, 0), pipeline
    assert pipeline["last_error"] == "grpc_not_forkable", pipeline
    # Lines wait for their turn among the siblings, and a child that leaves by `os._exit` takes them along.
    limit = time.monotonic() + 20
    while telemetry.status()["counts"]["lines"]["queued"] and time.monotonic() < limit:
        time.sleep(0.01)

if __name__ == "__main__":
    OTHERS
    assert run_children("KIND", child, 3) == [0, 0, 0]
    assert work("last")
"""
_OURS: Final = "assert work('first')"
# A service that uses gRPC itself, whatever comes of its call. Its children have to leave by `os._exit`:
# that the interpreter finalises the service's own channel at the end of a child, gRPC does not survive.
_FOREIGN: Final = """
    channel = grpc.insecure_channel("127.0.0.1:1")
    try:
        channel.unary_unary("/a/b")(b"", timeout=1)
    except grpc.RpcError:
        pass
"""


@pytest.mark.parametrize(
    ("kind", "use", "arrive"), [*((kind, _OURS, 2) for kind in FORKED), ("fork", _FOREIGN, 1)]
)
def test_children_of_a_process_that_uses_grpc(kind: str, use: str, arrive: int, tmp_path: Path) -> None:
    """They neither crash nor hang; each counts what it drops and says the cure once, and the parent sends."""
    source = _PROGRAM.replace("KIND", kind).replace("OTHERS", use.strip())
    with GrpcCollector() as collector:
        ended = ran(source, tmp_path, **collector.environment(), GRPC_ENABLE_FORK_SUPPORT="0")
        assert ended.status == 0, ended.told
        assert collector.count("traces") == arrive
    messages = [str(json.loads(line)["message"]) for line in ended.stdout.splitlines()]
    said = [message for message in messages if "GRPC_ENABLE_FORK_SUPPORT" in message]
    assert len(said) == 3
    assert "http/protobuf" in said[0]
