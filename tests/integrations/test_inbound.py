"""Inbound headers: what is accepted, from whom, and that nothing can break the reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, current_bindings, with_bindings
from ameide_telemetry.integrations.inbound import InboundReader, new_request_id
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Iterable

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def reader(**settings: Any) -> InboundReader:
    """Return a reader with these settings."""
    return InboundReader(TelemetrySettings(**settings))


def receive(headers: Iterable[tuple[bytes, bytes]], **settings: Any) -> Any:
    """Return what a request with these headers starts from."""
    its = reader(**settings)
    return its.receive(its.from_pairs(headers))


def trace_id(context: Context) -> str:
    """Return the trace id of the parent in this context."""
    return f"{trace.get_current_span(context).get_span_context().trace_id:032x}"


@pytest.mark.parametrize("given_id", ["a", "A-Z.0_9", "x" * 64])
def test_request_id_of_the_caller_is_kept(given_id: str) -> None:
    """Whatever fits `[A-Za-z0-9._-]{1,64}` is the request's id."""
    assert receive([(b"x-request-id", given_id.encode())]).bindings.values["request_id"] == given_id


@pytest.mark.parametrize("given_id", ["", "x" * 65, "x" * 500, "a b", "a\n", "{}", "é", "a,b"])
def test_other_request_ids_are_replaced(given_id: str) -> None:
    """Anything else is dropped and a new id made; the original is kept nowhere."""
    found = receive([(b"x-request-id", given_id.encode("latin-1"))]).bindings.values["request_id"]
    assert re.fullmatch("[0-9a-f]{32}", found)


def test_repeated_request_id_is_ambiguous() -> None:
    """Two ids are no id."""
    pairs = [(b"x-request-id", b"a"), (b"x-request-id", b"b")]
    assert receive(pairs).bindings.values["request_id"] not in {"a", "b"}


def test_request_id_of_the_baggage_counts_without_a_header() -> None:
    """A trusted caller's baggage carries the id too; the header wins."""
    pairs = [(b"baggage", b"request_id=bag")]
    assert receive(pairs).bindings.values["request_id"] == "bag"
    assert receive([*pairs, (b"x-request-id", b"head")]).bindings.values["request_id"] == "head"


def test_new_ids_differ() -> None:
    """No two requests share an id."""
    assert len({new_request_id() for _ in range(1000)}) == 1000


def test_ambient_context_is_never_the_start() -> None:
    """What surrounds the call belongs to another request."""
    token = attach(with_bindings(Bindings({"tenant_id": "other"}), Context({"key": 1})))
    try:
        inbound = receive([])
    finally:
        detach(token)
    assert "tenant_id" not in inbound.bindings.values
    assert "key" not in inbound.context
    assert current_bindings(inbound.context) is inbound.bindings


@pytest.mark.parametrize("trust", ["internal", "edge"])
def test_tenant_header_only_where_it_is_named(trust: str) -> None:
    """A tenant header counts where the deployment names it, and only if Loki and Tempo would take it."""
    pairs = [(b"x-tenant", b"acme")]
    assert "tenant_id" not in receive(pairs, trust=trust).bindings.values
    named = {"trust": trust, "tenant_header": "X-Tenant"}
    assert receive(pairs, **named).bindings.values["tenant_id"] == "acme"
    assert "tenant_id" not in receive([], **named).bindings.values
    before = guard.counts().get("inbound.tenant_refused", 0)
    assert "tenant_id" not in receive([(b"x-tenant", b"a/../b")], **named).bindings.values
    assert guard.counts()["inbound.tenant_refused"] == before + 1


def test_internal_continues_and_edge_links() -> None:
    """A trusted caller is the parent; another one is a link without flags, state and baggage."""
    pairs = [(b"traceparent", TRACEPARENT.encode()), (b"tracestate", b"a=b"), (b"baggage", b"tenant_id=t")]
    inside = receive(pairs)
    assert (trace_id(inside.context), inside.links) == (TRACE_ID, ())
    assert inside.bindings.values["tenant_id"] == "t"
    outside = receive(pairs, trust="edge")
    assert (trace_id(outside.context), list(outside.bindings.values)) == ("0" * 32, ["request_id"])
    (link,) = outside.links
    assert (f"{link.context.trace_id:032x}", link.context.trace_flags) == (TRACE_ID, 0)
    assert receive([], trust="edge").links == ()
    assert list(reader(trust="edge").from_pairs(pairs)) == ["traceparent"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("traceparent", TRACEPARENT + "-" + "0" * 10), ("baggage", "tenant_id=t," + "k=v," * 2100)],
)
def test_headers_over_their_cap_count_as_absent(name: str, value: str) -> None:
    """A header that is too long is not read at all, whichever server protocol brings it."""
    its = reader()
    assert its.from_pairs([(name.encode(), value.encode())]) == {}
    assert its.from_environ({f"HTTP_{name.upper()}": value}) == {}
    half = value[: len(value) // 2 + 10].encode()
    assert name not in its.from_pairs([(name.encode(), half), (name.encode(), half)])


def test_both_protocols_read_the_same() -> None:
    """Pairs of bytes and a CGI environ give the same headers; what nobody asked for is not read."""
    its = reader(tenant_header="x-tenant")
    pairs = [
        (b"traceparent", TRACEPARENT.encode()),
        (b"x-tenant", b"t"),
        (b"content-length", b"5"),
        (b"host", b"h\xff"),
        (b"cookie", b"secret"),
    ]
    environ = {
        "HTTP_TRACEPARENT": TRACEPARENT,
        "HTTP_X_TENANT": "t",
        "CONTENT_LENGTH": "5",
        "HTTP_HOST": "h\xff",
        "HTTP_COOKIE": "secret",
        "HTTP_BAGGAGE": 7,
    }
    expected = {"traceparent": TRACEPARENT, "x-tenant": "t", "content-length": "5", "host": "h\xff"}
    assert its.from_pairs(pairs) == its.from_environ(environ) == expected


def test_later_propagator_is_followed() -> None:
    """The global propagator may change after the reader was made."""
    its = reader()
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(W3CBaggagePropagator())
    try:
        assert its.from_pairs([(b"traceparent", b"x"), (b"baggage", b"a=b")]) == {"baggage": "a=b"}
    finally:
        propagate.set_global_textmap(before)


def test_failing_propagator_costs_the_trace_only(fail_open: None) -> None:
    """A propagator that raises leaves a request with an id of its own."""

    class Broken(W3CBaggagePropagator):
        def extract(self, *_: Any, **__: Any) -> Context:
            raise RuntimeError

    before = propagate.get_global_textmap()
    propagate.set_global_textmap(Broken())
    try:
        inbound = receive([(b"baggage", b"a=b"), (b"x-request-id", b"r")])
    finally:
        propagate.set_global_textmap(before)
    assert inbound.bindings.values == {"request_id": "r"}


_NAMES = st.sampled_from([b"traceparent", b"tracestate", b"baggage", b"x-request-id", b"host", b"user-agent"])
_VALUES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [TRACEPARENT.encode(), b"\xff\\x", b"\\N{", b"tenant_id=\xff", b"\\U99999999", b"," * 300]
    ),
)


@pytest.mark.parametrize("trust", ["internal", "edge"])
@given(pairs=st.lists(st.tuples(_NAMES, _VALUES), max_size=8))
def test_reading_is_total(trust: str, pairs: list[tuple[bytes, bytes]]) -> None:
    """No bytes in any header raise, and the request id always fits its pattern."""
    inbound = receive(pairs, trust=trust)
    assert re.fullmatch("[A-Za-z0-9._-]{1,64}", inbound.bindings.values["request_id"])
