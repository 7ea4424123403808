"""OTLP messages from and to bytes, in both encodings of OTLP/HTTP.

OTLP's JSON is protobuf's JSON with one difference (OTLP specification, "JSON Protobuf Encoding"): trace
and span ids are hexadecimal text, where protobuf's own mapping reads bytes as base64 and would quietly
make other ids of them.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, Literal

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["JSON", "PROTOBUF", "Encoding", "MessageError", "Request", "Signal", "answer", "parse", "refusal"]

Signal = Literal["traces", "metrics", "logs"]
Encoding = Literal["application/x-protobuf", "application/json"]
Request = ExportTraceServiceRequest | ExportMetricsServiceRequest | ExportLogsServiceRequest

PROTOBUF: Final[Encoding] = "application/x-protobuf"
JSON: Final[Encoding] = "application/json"

_REQUESTS: Final[dict[Signal, type[Request]]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
_RESPONSES: Final[dict[Signal, tuple[type[Message], str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
}
_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
# google.rpc.Code numbers for the HTTP statuses that a receiver answers with.
_CODES: Final = {400: 3, 403: 7, 404: 5, 405: 12, 408: 4, 411: 3, 413: 8, 415: 3, 500: 13, 503: 14}
_UNKNOWN: Final = 2


class MessageError(ValueError):
    """The bytes are no OTLP request; the text says why, without repeating them."""


def parse(signal: Signal, body: bytes, encoding: Encoding) -> Request:
    """Return the export request that `body` holds.

    Raises:
        MessageError: the body is no such request.
    """
    message = _REQUESTS[signal]()
    try:
        if encoding == JSON:
            json_format.ParseDict(_readable(_loaded(body)), message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(body)
    except MessageError:
        raise
    except DecodeError:
        raise MessageError(f"the body is no protobuf message of type {message.DESCRIPTOR.name}") from None
    except RecursionError:
        raise MessageError("the body is nested too deeply") from None
    except (json_format.ParseError, ValueError, TypeError, AttributeError) as error:
        raise MessageError(f"the body is no {message.DESCRIPTOR.name}: {_brief(error)}") from None
    return message


def answer(signal: Signal, encoding: Encoding, *, rejected: int = 0, reason: str = "") -> bytes:
    """Return the body of a success: an empty response, or how many records were not taken and why."""
    response_type, field = _RESPONSES[signal]
    response = response_type()
    if rejected:
        success = response.partial_success  # type: ignore[attr-defined]
        setattr(success, field, rejected)
        success.error_message = reason
    return _encoded(response, encoding)


def refusal(http_status: int, reason: str, encoding: Encoding) -> bytes:
    """Return the body of a failure: a `google.rpc.Status`, as OTLP/HTTP wants it."""
    return _encoded(Status(code=_CODES.get(http_status, _UNKNOWN), message=reason), encoding)


def _encoded(message: Message, encoding: Encoding) -> bytes:
    if encoding == JSON:
        return json_format.MessageToJson(message, indent=None).encode()
    return message.SerializeToString()


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(body)
    except ValueError:
        raise MessageError("the body is no JSON") from None
    if not isinstance(loaded, dict):
        raise MessageError("the body is no JSON object")
    return loaded


def _readable(fields: dict[str, Any]) -> dict[str, Any]:
    """Return decoded OTLP/JSON with its ids as protobuf's JSON mapping wants them."""
    return {key: _base64_id(key, each) if key in _IDS else _inner(each) for key, each in fields.items()}


def _inner(value: Any) -> Any:
    if isinstance(value, list):
        return [_inner(each) for each in value]
    return _readable(value) if isinstance(value, dict) else value


def _base64_id(key: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise MessageError(f"{key} is not hexadecimal text")
    try:
        return base64.b64encode(bytes.fromhex(value)).decode()
    except ValueError:
        raise MessageError(f"{key} is not hexadecimal text") from None


def _brief(error: Exception) -> str:
    return str(error).replace("\n", " ")[:200]
