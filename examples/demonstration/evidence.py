"""Everything that a run left behind, as plain data: what the proofs look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from demonstration.services import is_open

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.local.records import Exemplar, Source, Trace
    from ameide_telemetry.local.store import Store
    from demonstration.services import Fleet
    from demonstration.traffic import Answer

__all__ = ["DURATION", "Evidence", "collect", "line_schema", "traces_of"]

DURATION: Final = "http.server.request.duration"
_MOST_TRACES: Final = 1000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is after everything was stopped.

    Attributes:
        answers: what the client saw.
        traces: request id -> every stored trace of which a span or line names it.
        written: service -> stream and bytes of each line, standard output and standard error alike.
        schema: the contract's JSON Schema of one line.
        exemplars: stored exemplars of the duration metric.
        exit_codes: by service; 128 + n where signal n ended it.
        groups_left: services of whose process group something still runs.
        ports: those that receiver and services listened on.
        ports_open: those of them on which somebody still listens.
    """

    answers: tuple[Answer, ...]
    traces: Mapping[str, tuple[Trace, ...]]
    written: Mapping[str, tuple[tuple[Source, bytes], ...]]
    schema: Mapping[str, Any]
    exemplars: tuple[Exemplar, ...]
    exit_codes: Mapping[str, int]
    groups_left: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    ports_open: tuple[int, ...] = ()


def collect(fleet: Fleet, store: Store, answers: tuple[Answer, ...], receiver_port: int) -> Evidence:
    """Return the evidence of a run whose fleet was stopped."""
    ports = (receiver_port, *(service.port for service in fleet.services if service.port))
    return Evidence(
        answers=answers,
        traces=traces_of(store, [answer.request_id for answer in answers]),
        written={service.plan.name: tuple(service.written) for service in fleet.services},
        schema=line_schema(),
        exemplars=store.exemplars(DURATION),
        exit_codes=dict(fleet.exit_codes),
        groups_left=fleet.groups_left(),
        ports=ports,
        ports_open=tuple(port for port in ports if is_open(port)),
    )


def traces_of(store: Store, request_ids: Sequence[str]) -> dict[str, tuple[Trace, ...]]:
    """Return what is stored of each request."""
    stored = [store.trace(summary.trace_id) for summary in store.traces(_MOST_TRACES)]
    return {
        request_id: tuple(trace for trace in stored if trace is not None and request_id in trace.requests)
        for request_id in request_ids
    }


def line_schema() -> dict[str, Any]:
    """Return the JSON Schema of a log line, as the package ships it."""
    text = files("ameide_telemetry.contract").joinpath("log-line.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
