"""What must hold between signals: each assertion passes what is right and names what is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ameide_telemetry.testing.assertions import (
    check_cardinality,
    check_correlated,
    check_no_orphans,
    check_no_pii,
)
from ameide_telemetry.testing.metrics import CapturedMetric, Measured
from ameide_telemetry.testing.query import Query, TelemetryAssertionError

_NO_METRICS: Query[CapturedMetric] = Query("metric", [])


def _metrics(*attributes: dict[str, Any]) -> Query[CapturedMetric]:
    points = [SimpleNamespace(attributes=each, value=1) for each in attributes]
    data = type("Sum", (), {"is_monotonic": True, "data_points": points})()
    metric = SimpleNamespace(name="shop.placed", unit="1", data=data)
    measured = Measured()
    measured.take([SimpleNamespace(scope=SimpleNamespace(name="shop"), metrics=[metric])])
    return Query("metric", measured.all())


def test_correlated_lines_pass(made: Any, ids: Any) -> None:
    """Lines with the ids and the tenant of their span pass, also while the span is open."""
    with made.tracer.start_as_current_span("work", attributes={"tenant_id": "a"}) as span:
        made.line("placed", inside=span, tenant_id="a", **ids(span))
        check_correlated(made.spans, made.lines, {span.get_span_context().span_id: span})
    made.line("outside")
    check_correlated(made.spans, made.lines, {})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"trace_id": None, "span_id": None}, "logged inside a span, but without trace_id and span_id"),
        ({"span_id": "00000000000000aa"}, 'span_id "00000000000000aa" is of no span of this test'),
        ({"trace_id": "0" * 31 + "1"}, "is not that of its span 'work'"),
        ({"tenant_id": "b"}, 'tenant_id "b", but its span \'work\' has "a"'),
    ],
)
def test_uncorrelated_line_is_named(made: Any, ids: Any, change: dict[str, Any], text: str) -> None:
    """A line without ids, with another span's or with another tenant's fails, with message and source."""
    with made.tracer.start_as_current_span("work", attributes={"tenant_id": "a"}) as span:
        fields = {**ids(span), "tenant_id": "a", **change}
        given = {name: value for name, value in fields.items() if value is not None}
        made.line("placed", inside=span, **given)
    with pytest.raises(TelemetryAssertionError) as raised:
        check_correlated(made.spans, made.lines, {})
    assert text in str(raised.value)
    assert "'placed' (/srv/shop/orders.py:12)" in str(raised.value)


def test_nothing_to_correlate_fails(made: Any) -> None:
    """No line inside of a span is no proof of anything."""
    made.line("outside")
    with pytest.raises(TelemetryAssertionError, match="nothing to correlate: none of 1 lines"):
        check_correlated(made.spans, made.lines, {})


def test_orphans_are_named(made: Any) -> None:
    """A span whose parent is not here, or that has not ended, fails; roots and remote parents pass."""
    with pytest.raises(TelemetryAssertionError, match="no span at all"):
        check_no_orphans(made.spans, {})
    with made.tracer.start_as_current_span("work") as work:
        made.tracer.start_span("inner").end()
        with pytest.raises(TelemetryAssertionError, match=r"'inner': its parent [0-9a-f]{16} is of no span"):
            check_no_orphans(made.spans, {})
        with pytest.raises(TelemetryAssertionError, match="'work' was started and has not ended"):
            check_no_orphans(made.spans, {work.get_span_context().span_id: work})
    check_no_orphans(made.spans, {})


def test_personal_data_is_named_and_never_quoted(made: Any) -> None:
    """Lines, spans, events and metrics with such data are told by place and class, without the value."""
    with made.tracer.start_as_current_span("work", attributes={"note": "mail to jane@example.com"}) as span:
        span.add_event("sent", {"to": "joe@example.com"})
    made.line("placed", password="hunter2hunter2")
    made.line("", raw=b"torn jim@example.com")
    metrics = _metrics({"who": "jack@example.com"})
    with pytest.raises(TelemetryAssertionError) as raised:
        check_no_pii(made.spans, made.lines, metrics)
    text = str(raised.value)
    for place in (
        "line 'placed', field password:",
        "span 'work', attribute note: email",
        "span 'work', event sent, attribute to: email",
        "metric 'shop.placed', attribute who: email",
        "line /srv/shop/orders.py:12: email in text that is no JSON",
    ):
        assert place in text
    assert "@" not in text
    assert "hunter2" not in text


def test_redacted_telemetry_has_no_personal_data(made: Any) -> None:
    """What was redacted passes, but nothing at all is no proof."""
    with pytest.raises(TelemetryAssertionError, match="nothing to look at"):
        check_no_pii(made.spans, made.lines, _NO_METRICS)
    made.line("mail to [redacted:email]", email="[redacted:email]", order=7)
    check_no_pii(made.spans, made.lines, _NO_METRICS)


def test_cardinality_names_the_attribute_with_most_values() -> None:
    """More sets of attributes than allowed fail, with the attribute that has most values first."""
    metrics = _metrics(*({"user": f"u{number}", "kind": "a"} for number in range(3)))
    check_cardinality(metrics, "shop.placed", 3)
    with pytest.raises(TelemetryAssertionError) as raised:
        check_cardinality(metrics, "shop.placed", 2)
    rows = str(raised.value).splitlines()
    assert rows[0] == "metric 'shop.placed' has 3 sets of attributes, allowed are 2; different values:"
    assert rows[1] == '  user: 3, such as "u0", "u1", "u2"'
    with pytest.raises(
        TelemetryAssertionError, match=r"'shop\.place' was not measured.*nearest: shop.placed"
    ):
        check_cardinality(metrics, "shop.place", 2)
