"""How long a process takes to end when its work is done: every state of a collector, few and many records."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from faults.scorecard.measure import Number
from faults.scorecard.programs import run_program
from support.collector import MODES, FakeCollector
from support.grpc_collector import GrpcCollector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faults.scorecard.programs import Wiring

__all__ = ["longest_exit"]

_TRANSPORTS: Final[Mapping[str, type[FakeCollector]]] = {"HTTP": FakeCollector, "gRPC": GrpcCollector}
_RECORDS: Final = (10, 2048)
# Past the 30 s that Kubernetes gives by default nobody waits any longer.
_CAP_SECONDS: Final = 40.0
_AT_ONCE: Final = 8


class State(NamedTuple):
    """One state of a collector, and how much waits for it."""

    transport: str
    mode: str
    records: int

    def __str__(self) -> str:
        return f"{self.transport}, {self.mode}, {self.records} records"


def longest_exit(wiring: Wiring) -> Number:
    """Return the longest exit of all states, from the last line of the program to the end of its process."""
    states = [State(*each) for each in product(_TRANSPORTS, MODES, _RECORDS)]
    # They wait more than they work; few at once, so that none waits for another.
    with ThreadPoolExecutor(_AT_ONCE if wiring == "hand" else 2) as pool:
        found = list(pool.map(lambda state: _exit(state, wiring), states))
    longest, state = max(zip(found, states, strict=True), key=lambda pair: pair[0].value)
    return Number(longest.value, "s", longest.beyond, f"{state}; {len(states)} states")


def _exit(state: State, wiring: Wiring) -> Number:
    with _TRANSPORTS[state.transport](state.mode) as collector:
        environment = {**collector.environment(), "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
        run = run_program(
            "leave", wiring, state.records, environment=environment, seconds=_CAP_SECONDS, sick=True
        )
        ended = time.time()
    if run.status not in {0, None}:
        raise RuntimeError(f"{state}: exit status {run.status}")
    return Number(ended - run.result["done"], "s", beyond=run.status is None)
