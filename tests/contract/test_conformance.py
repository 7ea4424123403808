"""Conformance: the same verdict as the JSON Schema, on lines nobody thought of."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ameide_telemetry.contract.conformance import Conformance
from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.contract.schema import log_line_schema

_CONTRACT = load_contract()
_CONFORMANCE = Conformance(_CONTRACT)
_VALIDATOR = Draft202012Validator(log_line_schema(_CONTRACT))
_GOOD = {key: field.example for field in _CONTRACT.fields for key in field.log}
_KEYS = st.sampled_from([*_GOOD, "order"])
_REGEXES = [field.regex for field in _CONTRACT.fields if field.regex]
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 700),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
    st.sampled_from([*_GOOD.values(), *_CONTRACT.levels, _CONTRACT.access_logger, "", "0" * 32, "0" * 16]),
    st.sampled_from([f"{value}\n" for value in _GOOD.values()]),
    st.sampled_from(_REGEXES).flatmap(lambda regex: st.from_regex(regex, fullmatch=True)),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.lists(st.integers(), max_size=1),
)


_EDGES: list[object] = [
    *(
        None,
        True,
        False,
        -1,
        0,
        1,
        1.0,
        0.5,
        99,
        100,
        999,
        1000,
        1000.0,
        1e300,
        "",
        "x",
        "x\n",
        [],
        {},
        {"x": 1},
    ),
    *(edge for value in _GOOD.values() for edge in (value, str(value).upper(), f"{value}\n", f"{value}0")),
]


def codes(record: object) -> list[tuple[str, str]]:
    """Return code and location of every finding about `record`."""
    return [(finding.code, finding.location) for finding in _CONFORMANCE.check(record)]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    removed=st.sets(_KEYS, max_size=4),
    changed=st.dictionaries(_KEYS, _VALUES, max_size=3),
    access=st.booleans(),
)
def test_conformance_agrees_with_the_schema(
    removed: set[str], changed: dict[str, object], access: bool
) -> None:
    """Whatever is taken from or put into a good line, both judges come to the same verdict."""
    record = {key: value for key, value in _GOOD.items() if key not in removed}
    record |= {"logger": _CONTRACT.access_logger} if access else {}
    record |= changed
    ours = {code for code, _ in codes(record)} - {"TEL534"}
    assert bool(ours) == (not _VALIDATOR.is_valid(record))


@pytest.mark.parametrize("key", list(_GOOD))
def test_conformance_agrees_at_the_edges(key: str) -> None:
    """For every key of an access line, bounds, types and near misses get one verdict from both judges."""
    base = {**_GOOD, "logger": _CONTRACT.access_logger}
    records = [{**base, key: value} for value in _EDGES]
    ours = [{code for code, _ in codes(record)} <= {"TEL534"} for record in records]
    assert ours == [_VALIDATOR.is_valid(record) for record in records]
    assert False in ours


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_a_record_that_is_no_object_is_one_finding(value: object) -> None:
    """JSON that is not an object is refused as a whole."""
    assert codes(value) == [("TEL502", "")]


def test_every_fault_is_reported_at_its_key(line: dict[str, object]) -> None:
    """One check lists a missing key, a wrong type, a refused value, a torn set and two tenants."""
    del line["message"], line["span_id"]
    line |= {"level": "INFO", "version": 1, "saas.tenant": "other", "truncated_bytes": 0, "service": ""}
    assert codes(line) == [
        ("TEL530", "message"),
        ("TEL532", "level"),
        ("TEL532", "service"),
        ("TEL531", "version"),
        ("TEL532", "truncated_bytes"),
        ("TEL533", "span_id"),
        ("TEL534", "saas.tenant"),
    ]


def test_two_spellings_have_one_value(line: dict[str, object]) -> None:
    """A line whose two tenants differ is refused, which the schema cannot say."""
    line["saas.tenant"] = "other"
    assert _VALIDATOR.is_valid(line)
    assert codes(line) == [("TEL534", "saas.tenant")]


def test_a_finding_quotes_no_value(line: dict[str, object]) -> None:
    """A refused value may be a secret, so findings name the key and the rule only."""
    line |= {
        "request_id": "hunter2 hunter2",
        "tenant_id": "hunter2/",
        "level": "hunter2",
        "version": ["hunter2"],
    }
    found = _CONFORMANCE.check(line)
    assert len(found) == 5
    assert not [finding for finding in found if "hunter2" in str(finding)]
