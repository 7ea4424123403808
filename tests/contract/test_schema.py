"""The JSON Schema of a log line, judged by the reference validator."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ameide_telemetry.contract.schema import log_line_schema, render_schema

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract

_MINIMUM = {
    "timestamp": "2026-01-31T12:34:56.789012Z",
    "level": "info",
    "message": "",
    "logger": "root",
    "service": "orders",
    "version": "unknown",
    "env": "unknown",
    "schema_version": "1.0",
}
_ACCESS = {
    **_MINIMUM,
    "logger": "ameide_telemetry.access",
    "http_request_method": "GET",
    "http_response_status_code": 499,
    "duration_ms": 0,
}
_TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16, "trace_flags": "00"}


@pytest.fixture(scope="module")
def validator(contract: Contract) -> Draft202012Validator:
    """Return the reference validator with our schema."""
    return Draft202012Validator(log_line_schema(contract))


def test_the_schema_is_a_schema(contract: Contract) -> None:
    """The document is a valid 2020-12 schema with an absolute id."""
    schema = log_line_schema(contract)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:ameide:telemetry:log-line:1.0"


def test_the_package_ships_the_schema(contract: Contract) -> None:
    """The file in the package is the schema of the contract in the package."""
    shipped = resources.files("ameide_telemetry.contract").joinpath("log-line.schema.json")
    assert shipped.read_text(encoding="utf-8") == render_schema(contract)


def test_a_line_with_everything_is_accepted(validator: Draft202012Validator, line: dict[str, object]) -> None:
    """The examples of the registry make a line that its own schema accepts."""
    assert list(validator.iter_errors(line)) == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(_MINIMUM, id="least"),
        pytest.param({**_MINIMUM, "order": {"id": 42}, "tags": [None]}, id="fields of the service"),
        pytest.param({**_MINIMUM, **_TRACE}, id="unsampled span"),
        pytest.param({**_MINIMUM, "tenant_id": "a", "saas.tenant": "a"}, id="tenant"),
        pytest.param({**_MINIMUM, "extra": {"level": 7}, "truncated_bytes": 1}, id="displaced and cut"),
        pytest.param({**_MINIMUM, "duration_ms": "fast", "http_route": 7}, id="access words for own data"),
        pytest.param(_ACCESS, id="access line, client left"),
        pytest.param({**_ACCESS, "http_route": "/", "url_path": "/"}, id="access line"),
    ],
)
def test_a_good_line_is_accepted(validator: Draft202012Validator, line: dict[str, object]) -> None:
    """Lines that the contract allows have no errors."""
    assert list(validator.iter_errors(line)) == []


@pytest.mark.parametrize("key", list(_MINIMUM))
def test_each_required_key_is_required(validator: Draft202012Validator, key: str) -> None:
    """A line without one of the keys that are always there is refused."""
    assert not validator.is_valid({name: value for name, value in _MINIMUM.items() if name != key})


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-01-31T12:34:56Z"},
        {"timestamp": "2026-01-31T12:34:56.789012+00:00"},
        {"timestamp": "2026-01-31 12:34:56.789012Z"},
        {"timestamp": 1769862896.789},
        {"level": "INFO"},
        {"level": "warn"},
        {"message": None},
        {"message": {"event": "x"}},
        {"service": ""},
        {"schema_version": "0.9"},
        {**_TRACE, "trace_id": "A" * 32},
        {**_TRACE, "trace_id": "0" * 32},
        {**_TRACE, "span_id": "0" * 16},
        {**_TRACE, "span_id": None},
        {**_TRACE, "trace_flags": 1},
        {"trace_id": "a" * 32},
        {"trace_id": "a" * 32, "span_id": "b" * 16},
        {"trace_flags": "01"},
        {"tenant_id": "acme"},
        {"saas.tenant": "acme"},
        {"tenant_id": "a/b", "saas.tenant": "a/b"},
        {"request_id": ""},
        {"request_id": "x" * 65},
        {"ameide_session_id": "a b"},
        {"exception_type": "ValueError"},
        {"extra": "text"},
        {"truncated_bytes": 0},
        {"truncated_bytes": True},
    ],
    ids=json.dumps,
)
def test_a_bad_value_is_refused(validator: Draft202012Validator, change: dict[str, object]) -> None:
    """One wrong value, or half of what stands together, makes the line invalid."""
    assert not validator.is_valid({**_MINIMUM, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"http_response_status_code": "200"},
        {"http_response_status_code": 99},
        {"duration_ms": -1},
        {"url_path": 1},
    ],
    ids=json.dumps,
)
def test_the_access_line_is_typed(validator: Draft202012Validator, change: dict[str, object]) -> None:
    """On lines of the access logger the access keys have types and bounds."""
    assert not validator.is_valid({**_ACCESS, **change})


@pytest.mark.parametrize("key", ["http_request_method", "http_response_status_code", "duration_ms"])
def test_the_access_line_is_complete(validator: Draft202012Validator, key: str) -> None:
    """A line of the access logger without method, status or duration is refused."""
    assert not validator.is_valid({name: value for name, value in _ACCESS.items() if name != key})


def test_a_trailing_newline_is_refused(
    validator: Draft202012Validator, contract: Contract, line: dict[str, object]
) -> None:
    """Python's `$` matches before a last newline; no pattern of ours is fooled by it."""
    keys = [key for field in contract.fields if field.regex for key in field.log]
    assert len(keys) == 8
    assert [key for key in keys if validator.is_valid({**line, key: f"{line[key]}\n"})] == []


@pytest.mark.parametrize("value", [None, [], "text", 7, True])
def test_a_line_that_is_no_object_is_refused(validator: Draft202012Validator, value: object) -> None:
    """JSON that is not an object is not a line."""
    assert not validator.is_valid(value)
