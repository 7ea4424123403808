"""What is told is in words that a reader of lines knows: keys as they stand there, forms with an example."""

from __future__ import annotations

import re

import pytest

from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.logcheck.forms import FORMS
from ameide_telemetry.logcheck.inspector import Inspector
from logcheck.line_cases import BAD, GOOD_RECORD, encoded

_CONTRACT = load_contract()
_OF_A_PATTERN = re.compile(r"\(\?|\[[^\]]*[0-9A-Za-z]-[0-9A-Za-z]|\\[a-z.]|[\])]\{|\]\+")
# Other names of the fields of the contract -> their keys.
_OTHER_NAMES = {
    "http_status": "http_response_status_code",
    "http.status_code": "http_response_status_code",
    "http.response.status_code": "http_response_status_code",
    "http_method": "http_request_method",
    "http.method": "http_request_method",
    "http_response_size": "http_response_body_size",
    "session_id": "ameide_session_id",
    "ts": "timestamp",
    "msg": "message",
    "lvl": "level",
    "servcie_name": "service",
}


def test_coverage_names_the_keys_that_stand_on_a_line() -> None:
    """Not the names of the registry: what is said to be unseen can be searched for, and written."""
    facts = Inspector().report().facts
    assert facts["unseen"] == sorted(field.log[0] for field in _CONTRACT.fields if field.log)
    inspector = Inspector()
    inspector.inspect(encoded({**GOOD_RECORD, "http_response_status_code": 200}))
    unseen = inspector.report().facts["unseen"]
    assert isinstance(unseen, list)
    assert "http_request_method" in unseen
    assert not {"http_response_status_code", "http_status", "tenant_id", "saas.tenant"} & set(unseen)


@pytest.mark.parametrize(("key", "right"), _OTHER_NAMES.items())
def test_another_name_of_a_field_is_told_with_its_key(key: str, right: str) -> None:
    """Names of the registry, of OpenTelemetry, of other loggers, and two letters that changed places."""
    (finding,) = (
        each for each in Inspector().inspect(encoded({**_without(right), key: 1})) if each.location == key
    )
    assert (finding.code, finding.level, finding.hint) == ("TEL512", "warning", f"write `{right}`")


def _without(key: str) -> dict[str, object]:
    return {name: value for name, value in GOOD_RECORD.items() if name != key}


@pytest.mark.parametrize("engine", ["standard", "jsonschema-rs"])
@pytest.mark.parametrize("name", [field.name for field in _CONTRACT.fields if field.pattern])
def test_a_wrong_form_is_told_in_words_with_an_example(name: str, engine: str) -> None:
    """Each pattern of the contract has words of its own, and what stands as the example has that form."""
    (known,) = (each for each in _CONTRACT.fields if each.name == name)
    words, example = FORMS[known.pattern]
    assert re.fullmatch(known.regex, example)
    wrong = dict.fromkeys(known.log, "no such form \N{SNOWMAN}")
    findings = Inspector(engine=engine).inspect(encoded({**GOOD_RECORD, **wrong}))
    assert [each.location for each in findings] == [*known.log]
    assert {each.hint for each in findings} == {f"write {words}, such as {example}"}


def test_the_form_of_a_time_is_said() -> None:
    """The hint names the standard, the zone, the fraction and the last letter."""
    (finding,) = Inspector().inspect(encoded({**GOOD_RECORD, "timestamp": "2026-01-31 12:34:56"}))
    assert finding.hint == (
        "write RFC 3339 in UTC with six digits of a second's fraction and Z at the end, "
        "such as 2026-01-31T12:34:56.789012Z"
    )


@pytest.mark.parametrize("case", BAD, ids=str)
def test_no_hint_is_a_pattern(case: object) -> None:
    """Nobody has to read a regular expression to correct a line."""
    inspector = Inspector()
    for line in getattr(case, "lines", ()):
        for finding in inspector.inspect(line):
            assert _OF_A_PATTERN.search(finding.hint) is None, finding.hint
