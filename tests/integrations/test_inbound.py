"""Inbound headers: what is accepted, from whom, and that nothing can break the reading."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, current_bindings, with_bindings
from ameide_telemetry.integrations import asgi, wsgi
from ameide_telemetry.integrations.inbound import InboundReader, new_request_id
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from support.rig import Rig

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def reader(**settings: Any) -> InboundReader:
    """Return a reader with these settings."""
    return InboundReader(TelemetrySettings(**settings))


@pytest.fixture
def propagator() -> Iterator[Callable[[TextMapPropagator], None]]:
    """Makes another propagator the global one until the test ends."""
    before = propagate.get_global_textmap()
    yield propagate.set_global_textmap
    propagate.set_global_textmap(before)


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
    # Blanks around a value are none of it; uvicorn passes them on.
    assert receive([(b"x-tenant", b" acme\t ")], **named).bindings.values["tenant_id"] == "acme"
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


def test_later_propagator_is_followed(propagator: Callable[[TextMapPropagator], None]) -> None:
    """The global propagator may change after the reader was made."""
    its = reader()
    propagator(W3CBaggagePropagator())
    assert its.from_pairs([(b"traceparent", b"x"), (b"baggage", b"a=b")]) == {"baggage": "a=b"}


def test_failing_propagator_costs_the_trace_only(
    fail_open: None, propagator: Callable[[TextMapPropagator], None]
) -> None:
    """A propagator that raises leaves a request with an id of its own."""

    class Broken(W3CBaggagePropagator):
        def extract(self, *_: Any, **__: Any) -> Context:
            raise RuntimeError

    propagator(Broken())
    inbound = receive([(b"baggage", b"a=b"), (b"x-request-id", b"r")])
    assert inbound.bindings.values == {"request_id": "r"}


class _Flagged(TextMapPropagator):
    """Stands for b3 and its like: one header with a name in capitals, a sampled flag and a tenant."""

    fields = {"X-B3-Flags"}  # noqa: RUF012 a property in the base class

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Context:
        (header,) = getter.get(carrier, "X-B3-Flags") or ("",)
        if not header:
            return Context()
        # As several do that exist: based on what is current, and not on what was given.
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        state = trace.TraceState([("vendor", "CaNaRy")])
        remote = trace.SpanContext(int(header, 16), 1, is_remote=True, trace_flags=flags, trace_state=state)
        found = trace.set_span_in_context(trace.NonRecordingSpan(remote))
        return baggage.set_baggage("CaNaRy", "v", baggage.set_baggage("tenant_id", "victim", found))

    def inject(self, *_: Any, **__: Any) -> None:
        """Send nothing."""


@pytest.mark.parametrize("surrounded", [False, True])
def test_another_propagator_is_believed_no_more_than_ours(
    propagator: Callable[[TextMapPropagator], None], *, surrounded: bool
) -> None:
    """At the edge a link without flag, state and baggage; inside, its trace and the contract's baggage."""
    propagator(_Flagged())
    pairs = [(b"x-b3-flags", TRACE_ID.encode())]
    around = with_bindings(Bindings({"tenant_id": "other"}), Context({"key": 1})) if surrounded else Context()
    token = attach(around)
    try:
        inside, outside = receive(pairs), receive(pairs, trust="edge")
    finally:
        detach(token)
    assert trace_id(inside.context) == TRACE_ID
    assert baggage.get_all(inside.context) == {"tenant_id": "victim"}
    assert "key" not in inside.context
    assert list(inside.bindings.values) == list(outside.bindings.values) == ["request_id"]
    assert trace_id(outside.context) == "0" * 32
    assert baggage.get_all(outside.context) == {}
    (link,) = outside.links
    assert (f"{link.context.trace_id:032x}", link.context.trace_flags) == (TRACE_ID, 0)
    assert not link.context.trace_state


@pytest.mark.parametrize(("trust", "spans"), [("internal", 20), ("edge", 0)])
@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_the_sampled_flag_of_a_stranger_counts_for_nothing(
    protocol: str, trust: str, spans: int, rig: Rig
) -> None:
    """A service that keeps no traces keeps none because somebody on the internet asks for it."""
    rig.tracers.sampler = ParentBasedTraceIdRatio(0.0)

    async def asgi_app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    def wsgi_app(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    telemetry = rig.telemetry(trust=trust)
    wrapped = (asgi.TelemetryMiddleware(asgi_app, telemetry), wsgi.TelemetryMiddleware(wsgi_app, telemetry))
    app = wrapped[protocol == "wsgi"]
    for number in range(20):
        sampled = f"00-{number + 1:032x}-b7ad6b7169203331-01"
        assert getattr(rig, protocol)(app, headers=[("traceparent", sampled)]).status == 200
    assert len(rig.spans()) == spans
    assert len(rig.lines) == 20


@pytest.mark.parametrize(
    ("pairs", "tenant"),
    [
        ([], "bag"),
        ([(b"x-tenant", b"head")], "head"),
        ([(b"x-tenant", b"")], None),
        ([(b"x-tenant", b"a/b")], None),
        ([(b"x-tenant", b"..")], None),
        ([(b"x-tenant", b"head"), (b"x-tenant", b"bag")], None),
        ([(b"x-tenant", b"t" * 600)], None),
        ([(b"x-tenant", b"t" * 600), (b"x-tenant", b"head")], None),
        ([(b"x-tenant", b"head"), (b"x-tenant", b"t" * 600)], None),
    ],
)
def test_the_named_header_wins_over_the_baggage(pairs: list[tuple[bytes, bytes]], tenant: str | None) -> None:
    """Also where it says nothing that counts: then there is no tenant. At the edge baggage never has one."""
    given_pairs = [(b"baggage", b"tenant_id=bag"), *pairs]
    found = receive(given_pairs, tenant_header="x-tenant").bindings.values
    assert found.get("tenant_id") == tenant
    outside = receive(given_pairs, tenant_header="x-tenant", trust="edge").bindings.values
    assert outside.get("tenant_id") == (tenant if tenant == "head" else None)
    if len(pairs) == 1:
        environ = {"HTTP_BAGGAGE": "tenant_id=bag", "HTTP_X_TENANT": pairs[0][1].decode()}
        its = reader(tenant_header="x-tenant")
        of_environ = its.receive(its.from_environ(environ)).bindings.values.get("tenant_id")
        # CGI has no way to tell an empty header from none; some servers leave it out.
        assert of_environ == (tenant if pairs[0][1] else "bag")


def test_a_repeated_header_of_which_one_is_too_long_is_absent() -> None:
    """Nobody gets a second header read by making the first one huge, nor the other way round."""
    short, long = (b"traceparent", TRACEPARENT.encode()), (b"traceparent", b"0" * 65)
    assert reader().from_pairs([short, long]) == reader().from_pairs([long, short]) == {}


def test_other_keys_of_the_baggage_go_nowhere() -> None:
    """Allow-listed ones become bindings; nothing is left to be sent on."""
    pairs = [(b"baggage", b"tenant_id=t,ameide.session_id=s,secret=CaNaRy,saas.tenant=x,tenantId=y")]
    inbound = receive([*pairs, (b"x-request-id", b"r")])
    assert inbound.bindings.values == {"tenant_id": "t", "ameide_session_id": "s", "request_id": "r"}
    assert baggage.get_all(inbound.context) == {}
    carrier: dict[str, str] = {}
    propagate.inject(carrier, inbound.context)
    assert "CaNaRy" not in str(carrier)


@pytest.mark.parametrize(
    ("given_state", "kept"),
    [
        ("a=b,c=d", 2),
        ("a=b, ,c@d=e", 2),
        ("a=b,CaNaRy", 0),
        ("a=b,a=CaNaRy", 0),
        ("CaNaRy=\x1b", 0),
        (",".join(f"k{number}=v" for number in range(33)), 0),
        ("a=" + "v" * 257, 0),
        ("\xff", 0),
    ],
)
def test_a_malformed_trace_state_is_dropped_without_a_word(
    given_state: str, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenTelemetry's parser would log the caller's text, once per request; it is counted instead, once."""
    caplog.set_level(logging.DEBUG)
    guard.reset()
    pairs = [(b"traceparent", TRACEPARENT.encode()), (b"tracestate", given_state.encode("latin-1"))]
    inbound = receive(pairs)
    assert trace_id(inbound.context) == TRACE_ID
    assert len(trace.get_current_span(inbound.context).get_span_context().trace_state) == kept
    assert not caplog.records
    assert sum(guard.counts().values()) == (not kept)


@pytest.mark.parametrize(
    "value",
    [
        TRACEPARENT.upper(),
        TRACEPARENT.replace("00-", "ff-", 1),
        TRACEPARENT[:-1],
        TRACEPARENT + "0",
        TRACEPARENT + "-CaNaRy",
        TRACEPARENT.replace(TRACE_ID, "0" * 32),
        TRACEPARENT.replace("b7ad6b7169203331", "0" * 16),
        TRACEPARENT + "," + TRACEPARENT,
    ],
)
def test_an_invalid_traceparent_begins_a_new_trace(value: str) -> None:
    """Whoever is believed: neither a parent nor a link comes of it."""
    pairs = [(b"traceparent", value.encode())]
    assert trace_id(receive(pairs).context) == "0" * 32
    assert receive(pairs, trust="edge").links == ()


@pytest.mark.parametrize("trust", ["internal", "edge"])
def test_nothing_that_was_refused_is_in_a_diagnostic(trust: str, caplog: pytest.LogCaptureFixture) -> None:
    """A canary in every header, in every way to be refused: counted by names of ours, and said nowhere."""
    caplog.set_level(logging.DEBUG)
    guard.reset()
    its = reader(trust=trust, tenant_header="x-tenant")
    values = (b"CaNaRy\xff /", b"CaNaRy" * 2000, b"\\xCaNaRy", b"tenant_id=CaNaRy/x,request_id=Ca/NaRy")
    for name in (b"traceparent", b"tracestate", b"baggage", b"x-request-id", b"x-tenant", b"host"):
        for value in values:
            its.receive(its.from_pairs([(b"traceparent", TRACEPARENT.encode()), (name, value)]))
    assert "CaNaRy" not in str(guard.counts())
    assert {"inbound.tenant_refused", "context.request_id_replaced"} <= guard.counts().keys()
    assert not caplog.records
    guard.reset()


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
