"""What brokers and callers give to the installed propagators: neither extract nor inject raises."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter

from ameide_telemetry import guard
from ameide_telemetry.context import bound_context, current_bindings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.rig import Rig


class _Pairs(Getter[Any]):
    """Reads pairs of text and bytes, as clients of message brokers give them."""

    def get(self, carrier: Any, key: str) -> Any:
        return [value for name, value in carrier if name == key]

    def keys(self, carrier: Any) -> list[str]:
        return [name for name, _ in carrier]


def _found(context: Context) -> tuple[int, str | None]:
    bindings = current_bindings(context)
    tenant = None if bindings is None else bindings.values.get("tenant_id")
    return trace.get_current_span(context).get_span_context().trace_id, tenant


def _message(rig: Rig) -> dict[str, str]:
    return {"traceparent": rig.traceparent, "tracestate": "a=b", "baggage": "tenant_id=acme"}


def test_bytes_are_read_as_text(rig: Rig) -> None:
    """Bytes, bytes in a list and bytes through a broker's own getter say the same as text."""
    texts = _message(rig)
    octets = {name: text.encode() for name, text in texts.items()}
    carriers: list[Mapping[str, Any]] = [texts, octets, {name: [each] for name, each in octets.items()}]
    expected = (int(rig.trace_id, 16), "acme")
    assert [_found(propagate.extract(each)) for each in carriers] == [expected] * 3
    assert _found(propagate.extract(list(octets.items()), getter=_Pairs())) == expected


@pytest.mark.parametrize("value", [5, [5], None, object(), [object()], b"\xff\x00", "", [], {}, float("nan")])
def test_what_is_no_text_counts_as_absent(rig: Rig, value: Any) -> None:
    """One header that is none takes nothing from the others."""
    assert _found(propagate.extract(_message(rig) | {"baggage": value})) == (int(rig.trace_id, 16), None)
    assert _found(propagate.extract(_message(rig) | {"traceparent": value})) == (0, "acme")
    assert _found(propagate.extract(_message(rig) | {"tracestate": value})) == (int(rig.trace_id, 16), "acme")


@pytest.mark.parametrize(
    "state",
    [
        "CaNaRy",
        "a=b,CaNaRy",
        "a=b,a=CaNaRy",
        "CaNaRy=\x1b",
        "a=" + "CaNaRy" * 43,
        ",".join(f"k{number}=v" for number in range(33)),
        ",".join(f"k{number}={'v' * 200}" for number in range(3)),
        b"a=\xff\xfe",
    ],
)
def test_a_malformed_trace_state_of_a_message_is_counted_once(
    rig: Rig, state: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest of the message holds, and no line of OpenTelemetry's shows what a stranger wrote."""
    caplog.set_level(logging.DEBUG)
    carrier = {**_message(rig), "tracestate": state}
    for given, getter in ((carrier, None), (list(carrier.items()), _Pairs())):
        guard.reset()
        context = propagate.extract(given, getter=getter) if getter else propagate.extract(given)
        assert _found(context) == (int(rig.trace_id, 16), "acme")
        assert len(trace.get_current_span(context).get_span_context().trace_state) == 0
        assert guard.counts() == {"propagation.tracestate_refused": 1}
    assert not caplog.records


def test_a_trace_state_in_several_headers_is_one(rig: Rig) -> None:
    """RFC 9110 joins them by a comma; a well-formed one travels on and is not counted."""
    guard.reset()
    context = propagate.extract({**_message(rig), "tracestate": [b"a=b", "c@d=e , f=g"]})
    state = trace.get_current_span(context).get_span_context().trace_state
    assert dict(state) == {"a": "b", "c@d": "e", "f": "g"}
    assert guard.counts() == {}


@pytest.mark.parametrize("carrier", [None, 5, [("traceparent", "x")], "text"])
def test_a_carrier_that_is_none_changes_nothing(carrier: Any) -> None:
    """The given context stays; without one it is the empty one."""
    given = Context({"mark": 1})
    assert propagate.extract(carrier, given) == given
    assert propagate.extract(carrier) == Context()


@pytest.mark.usefixtures("fail_open")
@pytest.mark.parametrize("carrier", [None, (), "text"])
def test_a_carrier_that_takes_nothing_is_survived(rig: Rig, carrier: Any) -> None:
    """The message goes out without headers."""
    with bound_context(tenant_id="acme"), rig.tracers.get_tracer("t").start_as_current_span("send"):
        propagate.inject(carrier)
