"""What must hold of calls between applications, and what is told where it does not."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract import names
from ameide_telemetry.integrations.hosts import Allowance, HostPolicy
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.testing.query import TelemetryAssertionError, brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ameide_telemetry.testing.passages import Passage
    from ameide_telemetry.testing.query import Query
    from ameide_telemetry.testing.spans import CapturedSpan

__all__ = ["Story", "check_not_propagated", "check_propagated"]

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_PROPAGATION: Final = ("traceparent", "tracestate", "baggage")
_BAGGAGE: Final = ("tracestate", "baggage")
_TENANT: Final = names.CONTEXT_BAGGAGE_KEYS[names.LOG_TENANT_ID]
_REQUEST_ID: Final = names.CONTEXT_BAGGAGE_KEYS[names.LOG_REQUEST_ID]
_MAX_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Story:
    """What happened in a topology.

    Attributes:
        spans: of the test.
        passages: every request, in order.
        strangers: names of hosts that are not of the deployment.
    """

    spans: Query[CapturedSpan]
    passages: Sequence[Passage]
    strangers: tuple[str, ...]

    def calls(self) -> list[Passage]:
        """Return the requests from one application to another."""
        return [each for each in self.passages if not each.driven and each.to not in self.strangers]

    def by_id(self) -> dict[str, CapturedSpan]:
        """Return the spans by their ids."""
        return {each.span_id: each for each in self.spans}

    def caller(self, span: CapturedSpan | None) -> str:
        """Return the application in whose request a span stands; empty if in none."""
        known = self.by_id()
        sides = {each.span_id: each.to for each in self.passages if each.span_id}
        while span is not None:
            if span.span_id in sides:
                return sides[span.span_id]
            span = known.get(span.parent_id or "")
        return ""

    def tree(self) -> str:
        """Return the traces as outlines, and every request with what it carried."""
        sides = {each.span_id: each.to for each in self.passages if each.span_id}
        known = self.by_id()
        below: dict[str, list[CapturedSpan]] = {}
        for each in self.spans:
            below.setdefault(each.parent_id if each.parent_id in known else "", []).append(each)
        rows = ["traces:"]
        waiting = [(1, each) for each in reversed(below.get("", []))]
        while waiting:
            depth, span = waiting.pop()
            rows.append("  " * depth + _span_text(span, sides.get(span.span_id, "")))
            waiting += [(depth + 1, child) for child in reversed(below.get(span.span_id, []))]
        rows += ["requests:", *(f"  {self.told(each)}" for each in self.passages)]
        return "\n".join(rows)

    def told(self, passage: Passage) -> str:
        """Return a request as one row."""
        span = self.by_id().get(_parent_of(passage)[1])
        origin = "the test" if passage.driven else self.caller(span) or "?"
        carried = [
            f"{name}={brief(passage.headers[name])}" for name in _PROPAGATION if name in passage.headers
        ]
        row = f"{origin} -> {passage.to}  {passage.method} {passage.path}"
        return f"{row}  {' '.join(carried) or '(no trace context, no baggage)'}"


def check_propagated(story: Story, tenant: str | None, request_id: str | None) -> None:
    """Raise unless every call went on in the trace and the context of its caller."""
    calls = story.calls()
    if not calls:
        _raise(story, ["no application has called another one, so there is nothing to look at"])
    given = {_TENANT: tenant, _REQUEST_ID: request_id}
    wanted = {key: value for key, value in given.items() if value is not None}
    problems = [
        f"{call.method} {call.path} of {call.to}: {problem}"
        for call in calls
        for problem in (*_torn(story, call), *_missing(call, wanted))
    ]
    problems += [
        f"{each.method} {each.path} of {each.to}: took baggage that the contract does not know: {key}"
        for each in story.passages
        for key in each.foreign
    ]
    problems += _leaks(story)
    _raise(story, problems)


def check_not_propagated(story: Story, to: str) -> None:
    """Raise where a caller decided about the trace or the context of an application."""
    calls = [each for each in story.passages if each.to == to and _carries(each)]
    if not calls:
        _raise(story, [f"no request with trace context or baggage came to {to}"])
    problems = []
    for call in calls:
        span = story.by_id().get(call.span_id)
        if span is None:
            problems.append(f"{call.method} {call.path} of {to}: has no server span")
            continue
        if span.parent_id is not None or span.trace_id == _parent_of(call)[0]:
            problems.append(f"{call.method} {call.path} of {to}: goes on in the trace of its caller")
        sent = call.headers.get("baggage", "")
        for key, value in call.arrived.items():
            if f"{key}={value}" in {part.strip() for part in sent.split(",")}:
                problems.append(f"{call.method} {call.path} of {to}: took {key} of its caller")
        problems += [f"{call.method} {call.path} of {to}: took baggage {key}" for key in call.foreign]
    _raise(story, problems)


def _torn(story: Story, call: Passage) -> Iterator[str]:
    """Yield where the chain from server span to client span to server span is broken."""
    known = story.by_id()
    trace_id, span_id = _parent_of(call)
    if not trace_id:
        there = f"is malformed: {brief(call.headers['traceparent'])}" if "traceparent" in call.headers else ""
        yield f"traceparent {there or 'did not arrive: is the client library instrumented?'}"
    client, server = known.get(span_id), known.get(call.span_id)
    if span_id and client is None:
        yield f"its traceparent names span {span_id}, which is no ended span of this test"
    elif client is not None and client.kind != "client":
        yield f"its traceparent names the {client.kind} span {client.name!r}: the call has no client span"
    elif client is not None and not story.caller(client):
        yield f"its client span {client.name!r} is below no server span: the caller's context was lost"
    if server is None:
        yield f"{call.to} has no server span for it: is the application instrumented?"
    elif trace_id and server.trace_id != trace_id:
        begun = f"{call.to} has begun trace {server.trace_id} instead of going on in {trace_id}"
        yield f"{begun}{_why_new(server)}"
    elif span_id and server.parent_id != span_id:
        yield f"the parent of {call.to}'s server span is {server.parent_id}, and the client span is {span_id}"


def _missing(call: Passage, wanted: Mapping[str, str]) -> Iterator[str]:
    for key, value in wanted.items():
        if key not in call.arrived:
            yield f"{key} did not arrive, expected {brief(value)}"
        elif call.arrived[key] != value:
            yield f"{key}: {brief(call.arrived[key])} arrived, expected {brief(value)}"


def _leaks(story: Story) -> Iterator[str]:
    """Yield what hosts were told that may not be told."""
    settings = _settings()
    policy = HostPolicy(settings.trace_hosts, settings.baggage_hosts)
    for each in story.passages:
        if each.driven or each.to not in story.strangers:
            continue
        allowed = policy.allowance(each.to)
        forbidden = _PROPAGATION if allowed is Allowance.NOTHING else _BAGGAGE
        if allowed is not Allowance.EVERYTHING:
            for name in forbidden:
                if name in each.headers:
                    yield f"{each.method} {each.path} of {each.to}: {name} was sent to a host outside"


def _why_new(server: CapturedSpan) -> str:
    if _settings().trust == "edge":
        return " (trust='edge': callers are only linked)"
    return " (it is linked)" if server.span.links else ""


def _settings() -> TelemetrySettings:
    handle = getattr(sys.modules.get("ameide_telemetry.bootstrap"), "_current", None)
    return handle.settings if handle is not None else TelemetrySettings.resolve({"strict": False})


def _parent_of(passage: Passage) -> tuple[str, str]:
    """Return the trace id and span id of a request's traceparent; empty where there is no valid one."""
    found = _TRACEPARENT.fullmatch(passage.headers.get("traceparent", ""))
    return ("", "") if found is None else (found[1], found[2])


def _carries(passage: Passage) -> bool:
    return any(name in passage.headers for name in _PROPAGATION)


def _span_text(span: CapturedSpan, side: str) -> str:
    where = f"[{side}] " if side else ""
    tenant = span.attributes.get(names.SPAN_TENANT_ID)
    more = f" {names.SPAN_TENANT_ID}={brief(tenant)}" if tenant is not None else ""
    return f"{where}{span.name} ({span.kind}, span {span.span_id}, trace {span.trace_id}){more}"[:_MAX_SHOWN]


def _raise(story: Story, problems: Sequence[str]) -> None:
    if problems:
        rows = ["trace and context did not pass as they should:", *(f"  {each}" for each in problems)]
        raise TelemetryAssertionError("\n".join([*rows, story.tree()]))
