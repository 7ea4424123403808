"""The policies of the registry: each broken one is reported, at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.contract.rules import broken_rules
from ameide_telemetry.exceptions import ContractError

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract

_TENANT_HOME = 'pii = "pseudonymous"\nloki = "structured_metadata"\nmetric = "denied"'


def test_the_shipped_registry_breaks_no_rule(contract: Contract) -> None:
    """The rules have nothing to say about the registry as it is."""
    assert broken_rules(contract) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "location"),
    [
        ('schema_version = "1.0"', 'schema_version = "1"', "TEL908", "contract.schema_version"),
        ("log-line:1.0", "log-line", "TEL908", "contract.id"),
        ('"urn:ameide:telemetry:log-line:1.0"', '"log-line-1.0"', "TEL908", "contract.id"),
        ("[fields.stack]", "[fields.Stack]", "TEL908", "fields.Stack"),
        ("[fields.duration_ms]", "[fields.saas_tenant]", "TEL905", "names.py"),
        ('log = ["stack"]', 'log = ["message"]', "TEL905", "fields.*.log"),
        ('span = ["http.route"]', 'span = ["url.path"]', "TEL905", "fields.*.span"),
        ('baggage = "tenant_id"', 'baggage = "request_id"', "TEL905", "fields.*.baggage"),
        ('"K8S_POD_UID"', '"POD_NAME"', "TEL905", "resource.*.environment"),
        ('"K8S_NODE_NAME"', '"K8S NODE="', "TEL908", "resource.k8s.node.name.environment"),
        ('baggage = "tenant_id"', 'baggage = "tenant id;=,"', "TEL908", "fields.tenant_id.baggage"),
        ('header = "x-request-id"', 'header = "X Bad Headeré"', "TEL908", "fields.request_id.header"),
        ('environment = ["K8S_NODE_NAME"]\n', "", "TEL908", "resource.k8s.node.name"),
        ("request_id = '[A-Za-z0-9._-]{1,64}'", "request_id = '\\w+'", "TEL906", "patterns.request_id"),
        ("[patterns]", "[patterns]\nspare = 'a'", "TEL906", "patterns.spare"),
        ('pattern = "span_id"', 'pattern = "spam_id"', "TEL906", "fields.span_id.pattern"),
        ('log = ["message"]', 'log = ["message"]\nminimum = 1', "TEL908", "fields.message.minimum"),
        ("minimum = 1\n", "min_length = 1\n", "TEL908", "fields.truncated_bytes.min_length"),
        ("maximum = 999", "maximum = 99", "TEL908", "fields.http_status.minimum"),
        ('example = "info"', 'example = "INFO"', "TEL908", "fields.level.example"),
        ("example = 200", 'example = "200"', "TEL908", "fields.http_status.example"),
        ('"client.ip" = "ip"', '"Host.Ip" = "ip"', "TEL908", "redaction.personal.Host.Ip"),
        ("example = 200", "example = 1000", "TEL908", "fields.http_status.example"),
        ("[labels]", '[labels]\ntenant_id = "line"', "TEL907", "labels.tenant_id"),
        ("[labels]", '[labels]\n"saas.tenant" = "line"', "TEL907", "labels.saas.tenant"),
        ("[labels]", '[labels]\nregion = "line"', "TEL907", "labels.region"),
        (
            _TENANT_HOME,
            _TENANT_HOME.replace("structured_metadata", "label"),
            "TEL907",
            "fields.tenant_id.loki",
        ),
        ('label = "service_name"', 'label = "app"', "TEL907", "fields.service.label"),
        ('label = "service_name"', 'label = "level"', "TEL905", "fields.*.label"),
        ('loki = "label"\nlabel', 'loki = "line"\nlabel', "TEL907", "fields.service.label"),
        (
            'cardinality = "low"\npii = "none"\nloki = "label"',
            'cardinality = "medium"\npii = "none"\nloki = "label"',
            "TEL907",
            "fields.level.loki",
        ),
        ('pii = "none"\nloki = "label"', 'pii = "free_text"\nloki = "label"', "TEL907", "fields.level.loki"),
        (_TENANT_HOME, _TENANT_HOME.replace('metric = "denied"', ""), "TEL908", "fields.tenant_id.metric"),
        ('span = ["ameide.session_id"]\n', "", "TEL908", "fields.session_id.span"),
        ('"session_id"\nrequired', '"tenant_id"\nrequired', "TEL906", "patterns.session_id"),
        ("reserved = true", "reserved = false", "TEL908", "fields.timestamp.reserved"),
        ('"on_access_line"', '"on_access_line"\nreserved = true', "TEL908", "fields.http_method.reserved"),
        ('resource = "service.name"', 'resource = "service"', "TEL908", "fields.service.resource"),
        ('log = ["stack"]', 'log = ["stack"]\ntogether = "lonely"', "TEL908", "fields.stack.together"),
        ('required = "in_span"', 'required = "in_request"', "TEL908", "fields.*.together"),
    ],
)
def test_a_broken_rule_is_reported_at_its_place(
    registry: str, old: str, new: str, code: str, location: str
) -> None:
    """Every rule reports the one change that breaks it."""
    assert old in registry
    with pytest.raises(ContractError) as caught:
        load_contract(registry.replace(old, new, 1))
    assert (code, location) in [(finding.code, finding.location) for finding in caught.value.findings]


def test_a_minimum_may_equal_the_maximum(registry: str) -> None:
    """One accepted value is a narrow range, not a contradiction."""
    text = registry.replace("minimum = 100\n", "minimum = 200\n", 1).replace(
        "maximum = 999", "maximum = 200", 1
    )
    status = next(field for field in load_contract(text).fields if field.name == "http_status")
    assert (status.minimum, status.maximum) == (200, 200)


@pytest.mark.parametrize("name", ["tenant_id", "request_id", "session_id", "trace_id", "span_id"])
def test_no_identity_becomes_a_label(registry: str, name: str) -> None:
    """An identity stays refused as a label, also when it claims to be harmless and a label is made for it."""
    head, tail = registry.split(f"[fields.{name}]\n")
    body, rest = tail.split("\n\n", 1)
    for old, new in (
        ("structured_metadata", "label"),
        ('"unbounded"', '"low"'),
        ('"high"', '"low"'),
        ("pseudonymous", "none"),
    ):
        body = body.replace(old, new)
    key = body.split('"')[1]
    head = head.replace("[labels]\n", f'[labels]\n{key} = "line"\n')
    with pytest.raises(ContractError) as caught:
        load_contract(f"{head}[fields.{name}]\n{body}\n\n{rest}")
    assert {(finding.code, finding.location) for finding in caught.value.findings} == {
        ("TEL907", f"labels.{key}"),
        ("TEL907", f"fields.{name}.loki"),
    }
