"""OTLP messages from bytes in both encodings, and answers to bytes."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ameide_telemetry.local import otlp
from ameide_telemetry.local.decode import decode

_TRACE_ID = "5b8efff798038103d269b633813fc60c"
_SIGNALS: list[otlp.Signal] = ["traces", "metrics", "logs"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "resource",
                    "attributes",
                    "traceId",
                    "spanId",
                    "name",
                    "kind",
                    "resourceLogs",
                    "scopeLogs",
                    "logRecords",
                    "resourceMetrics",
                    "scopeMetrics",
                    "metrics",
                    "sum",
                    "dataPoints",
                    "exemplars",
                    "startTimeUnixNano",
                    "asDouble",
                    "key",
                    "value",
                    "stringValue",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def _spans(**span: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "the body is no JSON"),
        (b"[]", "the body is no JSON object"),
        (_spans(traceId="x"), "traceId is not hexadecimal text"),
    ],
)
def test_a_reason_is_given_once(body: bytes, reason: str) -> None:
    """What is wrong with a JSON body is said in one breath."""
    with pytest.raises(otlp.MessageError) as caught:
        otlp.parse("traces", body, otlp.JSON)
    assert str(caught.value) == reason


def test_json_ids_are_found_under_their_proto_names() -> None:
    """Protobuf's JSON readers take `parent_span_id` for `parentSpanId`: its id is hexadecimal as well."""
    body = _spans(trace_id=_TRACE_ID, span_id="eee19b7ec3c1b174", parent_span_id="eee19b7ec3c1b173")
    span = decode(otlp.parse("traces", body, otlp.JSON)).spans[0]
    assert (span.trace_id, span.span_id, span.parent_id) == (
        _TRACE_ID,
        "eee19b7ec3c1b174",
        "eee19b7ec3c1b173",
    )


def test_json_ids_are_hexadecimal() -> None:
    """Ids in OTLP/JSON are hex, in links too; protobuf's own mapping would take them as base64."""
    body = _spans(
        traceId=_TRACE_ID.upper(),
        spanId="eee19b7ec3c1b174",
        parentSpanId="",
        name="I'm a server span",
        startTimeUnixNano="1544712660000000000",
        kind=2,
        futureField=1,
        links=[{"traceId": _TRACE_ID, "spanId": "eee19b7ec3c1b174"}],
        attributes=[{"key": "n", "value": {"intValue": "9007199254740993"}}],
    )
    request = otlp.parse("traces", body, otlp.JSON)
    span = decode(request).spans[0]
    assert (span.trace_id, span.span_id, span.parent_id) == (_TRACE_ID, "eee19b7ec3c1b174", "")
    assert (span.kind, span.start, span.links[0].trace_id) == ("server", 1544712660000000000, _TRACE_ID)
    assert span.attributes == {"n": 2**53 + 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "no JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (_spans(traceId="zz"), "traceId is not hexadecimal"),
        (_spans(traceId=5), "traceId is not hexadecimal"),
        (_spans(name=5), "ExportTraceServiceRequest"),
        (_spans(startTimeUnixNano="-5"), "ExportTraceServiceRequest"),
        (json.dumps({"resourceSpans": 5}).encode(), "ExportTraceServiceRequest"),
        (json.dumps({"resourceSpans": [5]}).encode(), "ExportTraceServiceRequest"),
    ],
)
def test_broken_json(body: bytes, reason: str) -> None:
    """Every broken body has a reason on one line."""
    with pytest.raises(otlp.MessageError, match=reason) as caught:
        otlp.parse("traces", body, otlp.JSON)
    assert "\n" not in str(caught.value)


def test_null_ids_are_missing_ids() -> None:
    """JSON null stands for a field that is not set."""
    assert decode(otlp.parse("traces", _spans(traceId=None), otlp.JSON)).rejected == 1


def test_broken_protobuf() -> None:
    """Bytes that are no message name the message they are not."""
    with pytest.raises(otlp.MessageError, match="ExportLogsServiceRequest"):
        otlp.parse("logs", b"\xff\xff\xff", otlp.PROTOBUF)


@given(st.sampled_from(_SIGNALS), st.binary(max_size=80))
def test_any_bytes_as_protobuf(signal: otlp.Signal, body: bytes) -> None:
    """Any bytes are records or a reason."""
    with suppress(otlp.MessageError):
        decode(otlp.parse(signal, body, otlp.PROTOBUF))


@settings(max_examples=150)
@given(
    st.sampled_from(_SIGNALS),
    st.dictionaries(st.sampled_from(["resourceSpans", "resourceLogs", "resourceMetrics"]), _JSON),
)
def test_any_json(signal: otlp.Signal, fields: dict[str, object]) -> None:
    """Any JSON, also such that nearly is OTLP, is records or a reason."""
    with suppress(otlp.MessageError):
        decode(otlp.parse(signal, json.dumps(fields).encode(), otlp.JSON))


@given(st.binary(max_size=60))
def test_both_encodings_agree(noise: bytes) -> None:
    """The same message gives the same records in protobuf and in JSON."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = bytes.fromhex(_TRACE_ID), b"12345678"
    span.attributes.add(key="noise").value.bytes_value = noise
    plain = json_format.MessageToDict(request)
    written = plain["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    written.update(traceId=_TRACE_ID, spanId=b"12345678".hex())
    from_json = otlp.parse("traces", json.dumps(plain).encode(), otlp.JSON)
    assert decode(from_json) == decode(otlp.parse("traces", request.SerializeToString(), otlp.PROTOBUF))


def test_answers() -> None:
    """A success is an empty response; a partial one says how many and why, in the encoding asked for."""
    assert otlp.answer("traces", otlp.PROTOBUF) == b""
    assert json.loads(otlp.answer("logs", otlp.JSON)) == {}
    partial = ExportTraceServiceResponse.FromString(
        otlp.answer("traces", otlp.PROTOBUF, rejected=2, reason="bad ids")
    ).partial_success
    assert (partial.rejected_spans, partial.error_message) == (2, "bad ids")
    told = json.loads(otlp.answer("metrics", otlp.JSON, rejected=2, reason="x"))
    assert told == {"partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "x"}}


def test_refusals() -> None:
    """A failure is a google.rpc.Status with the matching code."""
    status = Status.FromString(otlp.refusal(400, "broken", otlp.PROTOBUF))
    assert (status.code, status.message) == (3, "broken")
    assert json.loads(otlp.refusal(418, "teapot", otlp.JSON)) == {"code": 2, "message": "teapot"}
