"""Each proof of the demo against evidence that was tampered with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.records import Exemplar, Span, Trace
from demonstration.evidence import DURATION, Evidence, line_schema
from demonstration.proofs import prove
from demonstration.traffic import FAILING, SLOW, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    Tamper = Callable[[Evidence], Evidence]

_SECOND = 1_000_000_000
_CHAIN = (
    ("gateway", "server"),
    ("gateway", "client"),
    ("backend", "server"),
    ("backend", "producer"),
    ("worker", "consumer"),
)
_SLOW = Answer(SLOW, "order-1", "order-1", SLOW.status, 1.3)
_FAILED = Answer(FAILING, "order-2", "order-2", FAILING.status, 0.1)


def _trace(answer: Answer, digit: str) -> Trace:
    """Return the trace that an answered order should leave."""
    chain = _CHAIN if answer.order.shipped else _CHAIN[:3]
    ids = {
        "tenant_id": answer.order.tenant,
        "saas.tenant": answer.order.tenant,
        "request_id": answer.request_id,
    }
    spans = tuple(
        Span(
            trace_id=digit * 32,
            span_id=f"{number:016x}",
            parent_id=f"{number - 1:016x}" if number > 1 else "",
            service=service,
            name=kind,
            kind=kind,  # type: ignore[arg-type]
            start=0,
            end=2 * _SECOND,
            status="unset" if answer.order.shipped else "error",
            attributes=ids,
            resource={"service.instance.id": service},
        )
        for number, (service, kind) in enumerate(chain, 1)
    )
    return Trace(digit * 32, spans, tuple(parse(_line(span, answer)) for span in spans))


def _line(span: Span, answer: Answer) -> bytes:
    """Return the line that the order's service writes in a span."""
    failed = not answer.order.shipped and span.service == "backend"
    error = {"exception_type": "LookupError", "exception_message": "no article"} if failed else {}
    fields = {
        "timestamp": "2026-01-31T12:34:56.789012Z",
        "level": "info",
        "message": "done",
        "logger": "orders",
        "service": span.service,
        "version": "1.0.0",
        "env": "demo",
        "schema_version": "1.0",
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "trace_flags": "01",
        "request_id": answer.request_id,
        "tenant_id": answer.order.tenant,
        "saas.tenant": answer.order.tenant,
    }
    return json.dumps(fields | error).encode()


def _exemplar(span: Span) -> Exemplar:
    return Exemplar(DURATION, span.service, span.trace_id, span.span_id, 0, 2.0)


def _healthy() -> Evidence:
    """Return evidence that speaks for every claim."""
    traces = (_trace(_SLOW, "a"), _trace(_FAILED, "b"))
    lines = [line for trace in traces for line in trace.lines]
    return Evidence(
        answers=(_SLOW, _FAILED),
        traces={"order-1": traces[:1], "order-2": traces[1:]},
        written={
            name: tuple((line.source, line.text.encode()) for line in lines if line.service == name)
            for name in ("gateway", "backend", "worker")
        },
        schema=line_schema(),
        exemplars=(_exemplar(traces[0].spans[0]), _exemplar(traces[0].spans[2])),
        exit_codes={"gateway": 143, "backend": 0, "worker": 0},
        ports=(1, 2, 3),
    )


def _answer(**changes: Any) -> Tamper:
    return lambda was: replace(was, answers=(replace(was.answers[0], **changes), *was.answers[1:]))


def _stored(change: Callable[[Trace], tuple[Trace, ...]], key: str = "order-1") -> Tamper:
    return lambda was: replace(was, traces={**was.traces, key: change(was.traces[key][0])})


def _span(at: int, key: str = "order-1", **changes: Any) -> Tamper:
    def change(trace: Trace) -> tuple[Trace, ...]:
        spans = list(trace.spans)
        spans[at] = replace(spans[at], **changes)
        return (replace(trace, spans=tuple(spans)),)

    return _stored(change, key)


def _in_line(at: int, **changes: Any) -> Tamper:
    def change(trace: Trace) -> tuple[Trace, ...]:
        lines = list(trace.lines)
        lines[at] = parse(json.dumps({**(lines[at].fields or {}), **changes}))
        return (replace(trace, lines=tuple(lines)),)

    return _stored(change)


def _written(raw: bytes, service: str = "worker") -> Tamper:
    return lambda was: replace(
        was, written={**was.written, service: (*was.written[service], ("stderr", raw))}
    )


def _changed(raw: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(raw), **changes}).encode()


_IDS = _trace(_SLOW, "a").spans[0].attributes
_GOOD = _line(_trace(_SLOW, "a").spans[0], _SLOW)
_TAMPERED: dict[str, tuple[str, Tamper]] = {
    "wrong status": ("right answer", _answer(status=500)),
    "no answer": ("right answer", _answer(status=0, returned_id="", error="TimeoutError")),
    "request id lost": ("right answer", _answer(returned_id="another")),
    "nothing stored": ("one trace", _stored(lambda _: ())),
    "two traces": ("one trace", _stored(lambda trace: (trace, replace(trace, trace_id="c" * 32)))),
    "a service missing": ("one trace", _stored(lambda trace: (replace(trace, spans=trace.spans[:4]),))),
    "two processes": ("one trace", _span(3, resource={"service.instance.id": "another"})),
    "root with a parent": ("parents:", _span(0, parent_id="f" * 16)),
    "wrong parent": ("parents:", _span(4, parent_id=f"{1:016x}")),
    "two server spans": ("parents:", _span(1, kind="server")),
    "span of another tenant": (
        "one tenant",
        _span(4, attributes={"tenant_id": "acme", "request_id": "order-1"}),
    ),
    "span without ids": ("one tenant", _span(1, attributes={})),
    "line of another tenant": ("one tenant", _in_line(2, tenant_id="acme")),
    "line of two tenants": ("one tenant", _in_line(2, **{"saas.tenant": "acme"})),
    "line of another request": ("one tenant", _in_line(2, request_id="order-2")),
    "lines missing": ("one tenant", _stored(lambda trace: (replace(trace, lines=trace.lines[:1]),))),
    "line outside of the trace": ("no line", _written(_changed(_GOOD, trace_id="d" * 32))),
    "slow order too fast": ("the slow order", _span(2, end=_SECOND // 2)),
    "failure not marked": ("the slow order", _span(2, key="order-2", status="unset")),
    "exception not said": ("the slow order", _stored(lambda trace: (replace(trace, lines=()),), "order-2")),
    "plain text": ("every line", _written(b"Traceback (most recent call last):")),
    "blank line": ("every line", _written(b"")),
    "no object": ("every line", _written(b"[1]")),
    "wrong level": ("every line", _written(_changed(_GOOD, level="WARN"))),
    "half of a pair": ("every line", _written(_GOOD.replace(b"saas.tenant", b"another"))),
    "no line at all": ("every line", lambda was: replace(was, written={**was.written, "worker": ()})),
    "no exemplar": ("an exemplar", lambda was: replace(was, exemplars=())),
    "exemplar of one service": ("an exemplar", lambda was: replace(was, exemplars=was.exemplars[:1])),
    "exemplar of nothing": (
        "an exemplar",
        lambda was: replace(was, exemplars=tuple(replace(each, span_id="e" * 16) for each in was.exemplars)),
    ),
    "killed": ("every service", lambda was: replace(was, exit_codes={**was.exit_codes, "worker": 137})),
    "never ended": ("every service", lambda was: replace(was, exit_codes={})),
    "process left": ("nothing left", lambda was: replace(was, groups_left=("backend",))),
    "port left": ("nothing left", lambda was: replace(was, ports_open=(2,))),
}


def test_healthy_evidence_holds() -> None:
    """Evidence of a healthy run leaves no problem in any proof."""
    assert [proof for proof in prove(_healthy()) if not proof.ok] == []


@pytest.mark.parametrize("name", _TAMPERED)
def test_tampered_evidence_is_found(name: str) -> None:
    """Whatever is wrong fails the proof that it belongs to, which says what was expected and found."""
    claim, tamper = _TAMPERED[name]
    failed = [proof for proof in prove(tamper(_healthy())) if not proof.ok]
    assert any(claim in proof.claim for proof in failed), failed
    assert all(": expected " in text and ", found " in text for proof in failed for text in proof.problems)


def test_each_proof_fails_alone() -> None:
    """Most faults break one proof only: the proofs do not stand for each other."""
    alone = set()
    for _, tamper in _TAMPERED.values():
        failed = [number for number, proof in enumerate(prove(tamper(_healthy()))) if not proof.ok]
        alone |= set(failed) if len(failed) == 1 else set()
    assert alone == set(range(10))


def test_figures_say_how_much_there_was() -> None:
    """The claims carry the numbers of what was looked at."""
    claims = " ".join(proof.claim for proof in prove(_healthy()))
    assert "8 spans and 8 lines" in claims
    assert "gateway 4+0, backend 3+0, worker 1+0" in claims
