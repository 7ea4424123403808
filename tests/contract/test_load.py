"""The loader: the shipped registry loads, and a broken one tells all that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.exceptions import ContractError

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract


def findings_of(text: str) -> list[tuple[str, str]]:
    """Return code and location of every finding that loading `text` raises."""
    with pytest.raises(ContractError) as caught:
        load_contract(text)
    return [(finding.code, finding.location) for finding in caught.value.findings]


def changed(registry: str, old: str, new: str) -> str:
    """Return the registry with the first `old` replaced; `old` has to be there."""
    assert old in registry
    return registry.replace(old, new, 1)


def test_the_shipped_registry_loads(contract: Contract) -> None:
    """Every section of the shipped registry reaches the model."""
    tenant = next(field for field in contract.fields if field.name == "tenant_id")
    assert tenant.log == ("tenant_id", "saas.tenant")
    assert tenant.loki == "structured_metadata"
    assert tenant.regex == contract.patterns["tenant_id"]
    assert contract.limits["max_line_bytes"] == 16000
    assert next(iter(contract.fields)).name == "timestamp"
    assert any(attribute.field_path == "metadata.name" for attribute in contract.resource)


def test_text_and_package_give_equal_contracts(registry: str, contract: Contract) -> None:
    """Loading the text of the shipped file gives the same value as loading the package's."""
    assert load_contract(registry) == contract


def test_enum_and_label_are_resolved(contract: Contract) -> None:
    """A reference to the levels becomes their values, and a label is named after the log key by default."""
    level = next(field for field in contract.fields if field.name == "level")
    assert level.enum == contract.levels
    assert level.label == "level"


def test_text_that_is_not_toml_is_one_finding() -> None:
    """A file that no parser reads is refused as a whole, with the parser's place."""
    with pytest.raises(ContractError, match=r"not TOML: .*line 1"):
        load_contract("a = = 1")


def test_bytes_that_are_not_utf_8_are_one_finding_that_names_the_file() -> None:
    """The bytes of a file are decoded here, so that the error says which file is meant."""
    with pytest.raises(ContractError, match=r"some/telemetry\.toml: not UTF-8: .*position 5"):
        load_contract(b"a = '\xe9'", file="some/telemetry.toml")


@pytest.mark.parametrize("text", [f"a = {'9' * 5000}", f"a = {'[' * 100_000}"])
def test_what_overwhelms_the_parser_is_not_toml(text: str) -> None:
    """A number too long for Python and a nesting too deep are findings, no other errors."""
    assert findings_of(text) == [("TEL901", "telemetry.toml")]


def test_bytes_and_text_give_equal_contracts(registry: str, contract: Contract) -> None:
    """The bytes of the file are the same contract."""
    assert load_contract(registry.encode()) == contract


def test_findings_come_in_the_order_of_the_file(registry: str) -> None:
    """Unknown keys and unused patterns are told as they stand there, in every process."""
    names = [f"{letter}{letter}" for letter in "qwertyuiopasdfgh"]
    text = changed(registry, "[limits]", "\n".join([f"{name} = 1" for name in names] + ["[limits]"]))
    text = changed(text, "[patterns]", "\n".join(["[patterns]", *(f"{name} = 'a'" for name in names)]))
    assert findings_of(text) == [
        *(("TEL902", f"contract.{name}") for name in names),
        *(("TEL906", f"patterns.{name}") for name in names),
    ]


def test_empty_text_names_every_section_and_key() -> None:
    """An empty file reports each section and each key of the fixed sections."""
    found = findings_of("")
    assert {code for code, _ in found} == {"TEL903"}
    assert {"contract", "limits", "patterns", "labels", "metrics", "redaction", "fields", "resource"} <= {
        location for _, location in found
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("[limits]", "[limit]", ("TEL902", "limit"), id="unknown section"),
        pytest.param("baggage = ", "bagage = ", ("TEL902", "fields.request_id.bagage"), id="unknown key"),
        pytest.param(
            'environment = ["K8S_POD_UID"',
            'env = ["K8S_POD_UID"',
            ("TEL902", "resource.k8s.pod.uid.env"),
            id="key",
        ),
        pytest.param(
            'brief = "Severity of the record."\n',
            "",
            ("TEL903", "fields.level.brief"),
            id="missing part of a field",
        ),
        pytest.param("max_line_bytes = 16000", "", ("TEL903", "limits.max_line_bytes"), id="missing limit"),
        pytest.param(
            '"client.ip" = "ip"', '"client.ip" = "IP"', ("TEL904", "redaction.personal.client.ip"), id="class"
        ),
        pytest.param("[metrics]", "[[metrics]]", ("TEL904", "metrics"), id="section of wrong type"),
        pytest.param(
            '[labels]\ncluster = "platform"',
            "[labels]\ncluster = 1",
            ("TEL904", "labels.cluster"),
            id="label source",
        ),
        pytest.param("= 16000", '= "16000"', ("TEL904", "limits.max_line_bytes"), id="text for a number"),
        pytest.param("= 16000", "= true", ("TEL904", "limits.max_line_bytes"), id="true for a number"),
        pytest.param("= 16000", "= 0", ("TEL904", "limits.max_line_bytes"), id="limit of nothing"),
        pytest.param("= 16000", "= 1", ("TEL904", "limits.max_line_bytes"), id="limit too small"),
        pytest.param("= 16000", f"= {10**22}", ("TEL904", "limits.max_line_bytes"), id="limit too large"),
        pytest.param("= 150", "= 8193", ("TEL904", "limits.max_context_value_bytes"), id="context too large"),
        pytest.param(
            "example = 12.5", "example = nan", ("TEL904", "fields.duration_ms.example"), id="not a number"
        ),
        pytest.param(
            "example = 12.5", "example = inf", ("TEL904", "fields.duration_ms.example"), id="infinity"
        ),
        pytest.param(
            "example = {", "example = { day = 2020-01-01, ", ("TEL904", "fields.extra.example"), id="date"
        ),
        pytest.param(
            "example = {", "example = { all = [1, nan], ", ("TEL904", "fields.extra.example"), id="deep nan"
        ),
        pytest.param(
            'log = ["level"]',
            'log = ["level", "level"]',
            ("TEL904", "fields.level.log"),
            id="spelling twice in a field",
        ),
        pytest.param('log = ["level"]', "log = []", ("TEL904", "fields.level.log"), id="no spelling"),
        pytest.param(
            'log = ["level"]', 'log = "level"', ("TEL904", "fields.level.log"), id="text for a list"
        ),
        pytest.param('log = ["level"]', "log = [[1]]", ("TEL904", "fields.level.log"), id="list of lists"),
        pytest.param(
            'type = "string"', 'type = "text"', ("TEL904", "fields.timestamp.type"), id="unknown type"
        ),
        pytest.param(
            'pii = "none"', 'pii = "No"', ("TEL904", "fields.timestamp.pii"), id="unknown PII class"
        ),
        pytest.param(
            "reserved = true", "reserved = 1", ("TEL904", "fields.timestamp.reserved"), id="number for a flag"
        ),
        pytest.param(
            "minimum = 1", "minimum = 1.5", ("TEL904", "fields.truncated_bytes.minimum"), id="fraction"
        ),
    ],
)
def test_wrong_shape_is_reported_at_its_place(
    registry: str, old: str, new: str, expected: tuple[str, str]
) -> None:
    """Unknown keys, missing parts and wrong types are reported with the dotted place of the value."""
    assert expected in findings_of(changed(registry, old, new))


def test_a_field_that_is_no_table_is_reported(registry: str) -> None:
    """A bare value where a field's table belongs is a finding of its own and hides nothing else."""
    text = changed(registry, "[fields.timestamp]", "[fields]\nodd = 1\n\n[fields.timestamp]")
    assert ("TEL904", "fields.odd") in findings_of(text)


@pytest.mark.parametrize(
    "section", ["contract", "limits", "patterns", "labels", "metrics", "redaction", "fields", "resource"]
)
def test_each_section_may_be_garbage(registry: str, section: str) -> None:
    """Whatever stands in place of a section, the loader reports it and does not fail otherwise."""
    kept = [part for part in registry.split("\n[") if not part.removeprefix("[").startswith(section)]
    assert ("TEL904", section) in findings_of(f"{section} = [1]\n" + "\n[".join(kept))


def test_a_near_match_is_pointed_out(registry: str) -> None:
    """A misspelt key is reported with the key that was probably meant."""
    with pytest.raises(ContractError, match=r"cardinalty.*did you mean `cardinality`"):
        load_contract(changed(registry, "cardinality =", "cardinalty ="))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('loki = "label"', 'loki = "labels"'),
        ('log = ["tenant_id", "saas.tenant"]', ""),
        ('type = "string"', 'type = "text"'),
        ('cardinality = "high"', ""),
        ('example = "info"', ""),
        ('required = "in_span"', ""),
        ('schema_version = "1.0"', ""),
        ("example = 12.5", "example = nan"),
        ("= 16000", "= 1"),
        ('"K8S_NODE_NAME"', '"K8S NODE="'),
    ],
)
def test_one_mistake_is_one_finding(registry: str, old: str, new: str) -> None:
    """What stands in for a broken value breaks no rule, so that one mistake is told once."""
    assert len(findings_of(changed(registry, old, new))) == 1


def test_many_problems_are_reported_at_once(registry: str) -> None:
    """One error lists problems of shape and of policy together, each with its place."""
    text = registry
    for old, new in (
        ("max_line_bytes = 16000", 'max_line_bytes = "16 kB"'),
        ('schema_version = "1.0"', 'schema_version = "one"'),
        ('log = ["logger"]', 'log = ["level"]'),
        ("trace_flags = '[0-9a-f]{2}'", "trace_flags = '[0-9a-f'"),
        (
            'cardinality = "high"\npii = "pseudonymous"\nloki = "structured_metadata"',
            'cardinalty = "high"\nloki = "label"',
        ),
        ('brief = "Severity of the record."\n', ""),
        ("maximum = 999", "maximum = 99"),
    ):
        text = changed(text, old, new)
    found = findings_of(text)
    assert {
        ("TEL904", "limits.max_line_bytes"),
        ("TEL908", "contract.schema_version"),
        ("TEL905", "fields.*.log"),
        ("TEL906", "patterns.trace_flags"),
        ("TEL902", "fields.tenant_id.cardinalty"),
        ("TEL903", "fields.tenant_id.cardinality"),
        ("TEL903", "fields.tenant_id.pii"),
        ("TEL907", "fields.tenant_id.loki"),
        ("TEL903", "fields.level.brief"),
        ("TEL908", "fields.http_status.minimum"),
    } <= set(found)
    assert len(found) == len(set(found))


def test_the_error_text_holds_every_finding(registry: str) -> None:
    """The text of the error counts the problems and shows each on a line of its own."""
    text = changed(changed(registry, "= 16000", "= 0"), "= 150", "= 0")
    with pytest.raises(ContractError) as caught:
        load_contract(text)
    first, *others = str(caught.value).splitlines()
    assert "2 problems" in first
    assert len(others) == 2
