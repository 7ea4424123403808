"""What `--check` proves, each as a pure function of the evidence.

A proof yields its problems, each as what was expected and what was found; no problem, and it holds.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jsonschema import Draft202012Validator

from ameide_telemetry.contract import names
from demonstration.evidence import DURATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ameide_telemetry.local.records import Exemplar, Span, Trace
    from demonstration.evidence import Evidence
    from demonstration.traffic import Answer

    Problems = Iterator[str]

__all__ = ["PROOFS", "Proof", "prove"]

_CHAIN: Final = (
    ("gateway", "server"),
    ("gateway", "client"),
    ("backend", "server"),
    ("backend", "producer"),
    ("worker", "consumer"),
)
"""Service and kind of the spans of an order that is shipped, each the parent of the next."""
_CHAIN_OF_FAILED: Final = _CHAIN[:3]
_IDS: Final = ("tenant_id", "saas.tenant", "request_id")
_SECOND: Final = 1_000_000_000
# uvicorn ends by the signal that it was sent, after it has put everything in order.
_ENDS: Final = {"gateway": 128 + 15, "backend": 0, "worker": 0}
_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Proof:
    """One claim, and what speaks against it."""

    claim: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.problems


def prove(evidence: Evidence) -> tuple[Proof, ...]:
    """Return every claim of `PROOFS` with its problems."""
    figures = _figures(evidence)
    return tuple(Proof(claim.format(**figures), tuple(problems(evidence))) for claim, problems in PROOFS)


def answers_are_right(evidence: Evidence) -> Problems:
    """Every order got its status, and its request id back."""
    for answer in evidence.answers:
        expected = (int(answer.order.status), answer.request_id)
        found = (answer.status, answer.returned_id)
        if found != expected:
            yield _differ(answer.request_id, expected, answer.error or found)


def one_trace(evidence: Evidence) -> Problems:
    """Each order is one trace over the processes that it went through."""
    for answer in evidence.answers:
        traces = evidence.traces.get(answer.request_id, ())
        if len(traces) != 1:
            yield _differ(answer.request_id, "one trace", f"{len(traces)} traces")
            continue
        processes = {(each.service, each.resource.get("service.instance.id")) for each in traces[0].spans}
        expected = sorted({service for service, _ in _chain_of(answer)})
        found = sorted(service for service, _ in processes)
        if found != expected:
            yield _differ(answer.request_id, f"one process each of {expected}", found)


def parents_are_right(evidence: Evidence) -> Problems:
    """Each span hangs under the one that caused it, the first under none."""
    for answer, trace in _traces(evidence):
        parent_id = ""
        for service, kind in _chain_of(answer):
            found = [span for span in trace.spans if (span.service, span.kind) == (service, kind)]
            if len(found) != 1:
                yield _differ(answer.request_id, f"one {kind} span of {service}", len(found))
                break
            if found[0].parent_id != parent_id:
                who = f"{answer.request_id}: parent of {service} {kind}"
                yield _differ(who, parent_id or "none", _who(trace, found[0].parent_id))
            parent_id = found[0].span_id


def ids_are_the_same(evidence: Evidence) -> Problems:
    """Every span and every line of an order says its tenant and its request id."""
    for answer, trace in _traces(evidence):
        expected = [answer.order.tenant, answer.order.tenant, answer.request_id]
        if len(trace.lines) < len(_chain_of(answer)):
            yield _differ(answer.request_id, "a line of every step", f"{len(trace.lines)} lines")
        for span in trace.spans:
            found = [span.attributes.get(key) for key in _IDS]
            if found != expected:
                yield _differ(f"{answer.request_id}: span {span.service} {span.name}", expected, found)
        for line in trace.lines:
            found = [(line.fields or {}).get(key) for key in _IDS]
            if found != expected:
                yield _differ(f"{answer.request_id}: line of {line.service}", expected, found)


def no_line_is_lost(evidence: Evidence) -> Problems:
    """Every line that names a request belongs to the trace of that request."""
    for answer, trace in _traces(evidence):
        mark = answer.request_id.encode()
        for service, written in evidence.written.items():
            for _, raw in written:
                if mark in raw and trace.trace_id.encode() not in raw:
                    yield _differ(f"line of {service}", f"trace {trace.trace_id}", _text(raw))


def times_and_errors_show(evidence: Evidence) -> Problems:
    """The slow order is slow in the backend's span, the failing one failed there with its exception."""
    for answer, trace in _traces(evidence):
        spans = [span for span in trace.spans if (span.service, span.kind) == ("backend", "server")]
        took = max((span.duration / _SECOND for span in spans), default=0.0)
        if took < answer.order.at_least:
            yield _differ(answer.request_id, f"{answer.order.at_least} s or more in the backend", f"{took} s")
        failures = {line.get(names.LOG_EXCEPTION_TYPE) for line in trace.lines} - {""}
        expected = set() if answer.order.shipped else {"LookupError"}
        if failures != expected or any(span.failed for span in spans) != bool(expected):
            yield _differ(f"{answer.request_id}: exceptions in the backend", expected, failures)


def lines_are_valid(evidence: Evidence) -> Problems:
    """Each line of both streams of each service is one JSON object that the contract's schema accepts."""
    validator = Draft202012Validator(dict(evidence.schema))
    for service, written in evidence.written.items():
        if not written:
            yield _differ(service, "lines", "none")
        for source, raw in written:
            reason = _reason(validator, raw)
            if reason:
                yield _differ(
                    f"{service}, {source}", "a line that the schema accepts", f"{_text(raw)} ({reason})"
                )


def exemplar_resolves(evidence: Evidence) -> Problems:
    """A measured request duration points at a stored span of the service that measured it."""
    resolved = {each.service for each in _resolved(evidence)}
    for service in ("gateway", "backend"):
        if service not in resolved:
            found = [each.trace_id for each in evidence.exemplars if each.service == service]
            yield _differ(f"{DURATION} of {service}", "an exemplar of a stored span", f"exemplars {found}")


def ends_are_clean(evidence: Evidence) -> Problems:
    """Every service ended by itself at SIGTERM."""
    if evidence.exit_codes != _ENDS:
        yield _differ("exit codes", _ENDS, dict(evidence.exit_codes))


def nothing_is_left(evidence: Evidence) -> Problems:
    """No process group lives on, no port is open."""
    if evidence.groups_left:
        yield _differ("process groups", "none left", evidence.groups_left)
    if evidence.ports_open:
        yield _differ("ports", "none open", evidence.ports_open)


PROOFS: Final[tuple[tuple[str, Callable[[Evidence], Problems]], ...]] = (
    ("{orders} orders got the right answer, and their request id back", answers_are_right),
    ("each is one trace, over all three processes where it was shipped ({shipped})", one_trace),
    ("parents: gateway SERVER > CLIENT > backend SERVER > PRODUCER > worker CONSUMER", parents_are_right),
    ("one tenant and one request id in all {spans} spans and {lines} lines of a trace", ids_are_the_same),
    ("no line of an order stands outside of its trace", no_line_is_lost),
    ("the slow order is slow in the backend, the failing one failed there", times_and_errors_show),
    ("every line is valid against the JSON Schema, stdout+stderr: {written}", lines_are_valid),
    (f"an exemplar of {DURATION} resolves: {{exemplar}}", exemplar_resolves),
    ("every service ended by itself at SIGTERM: {exit_codes}", ends_are_clean),
    ("nothing left running: {groups} process groups gone, {ports} ports closed", nothing_is_left),
)
"""Claim, with figures to fill in -> what yields the problems."""


def _figures(evidence: Evidence) -> dict[str, object]:
    """Return how much there was to look at: a proof about nothing would hold as well."""
    traces = [trace for _, trace in _traces(evidence)]
    resolved = next(_resolved(evidence), None)
    streams = {
        service: Counter(source for source, _ in written) for service, written in evidence.written.items()
    }
    return {
        "orders": len(evidence.answers),
        "shipped": sum(answer.order.shipped for answer in evidence.answers),
        "spans": sum(len(trace.spans) for trace in traces),
        "lines": sum(len(trace.lines) for trace in traces),
        "written": ", ".join(f"{name} {of['stdout']}+{of['stderr']}" for name, of in streams.items()),
        "exemplar": f"{resolved.service}, trace {resolved.trace_id[:8]}" if resolved else "none",
        "exit_codes": ", ".join(f"{name} {code}" for name, code in evidence.exit_codes.items()),
        "groups": len(evidence.exit_codes) - len(evidence.groups_left),
        "ports": len(evidence.ports) - len(evidence.ports_open),
    }


def _resolved(evidence: Evidence) -> Iterator[Exemplar]:
    """Yield the exemplars whose span is stored and of the service that measured."""
    spans = {
        (each.service, each.trace_id, each.span_id) for _, trace in _traces(evidence) for each in trace.spans
    }
    for each in evidence.exemplars:
        if (each.service, each.trace_id, each.span_id) in spans:
            yield each


def _traces(evidence: Evidence) -> Iterator[tuple[Answer, Trace]]:
    for answer in evidence.answers:
        for trace in evidence.traces.get(answer.request_id, ()):
            yield answer, trace


def _chain_of(answer: Answer) -> tuple[tuple[str, str], ...]:
    return _CHAIN if answer.order.shipped else _CHAIN_OF_FAILED


def _who(trace: Trace, span_id: str) -> str:
    names_by_id = {span.span_id: _label(span) for span in trace.spans}
    return names_by_id.get(span_id, span_id or "none")


def _label(span: Span) -> str:
    return f"{span.span_id} ({span.service} {span.kind})"


def _reason(validator: Draft202012Validator, raw: bytes) -> str:
    """Return why the line is not valid; empty when it is."""
    try:
        record = json.loads(raw)
    except ValueError as error:
        return str(error)
    return "; ".join(error.message for error in validator.iter_errors(record))


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def _differ(what: str, expected: object, found: object) -> str:
    shown = str(found)
    cut = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]} ..."
    return f"{what}: expected {expected}, found {cut}"
