"""The page about the edge: its snippets drop and set the headers that the code reads, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ameide_telemetry.contract import names
from ameide_telemetry.propagation import ContractBaggagePropagator
from ameide_telemetry.settings import TelemetrySettings

_PAGE: Final = (Path(__file__).parent.parent / "docs" / "how-to" / "edge.md").read_text(encoding="utf-8")
_FIELDS: Final = CompositePropagator([TraceContextTextMapPropagator(), ContractBaggagePropagator()]).fields
_TENANT: Final = "x-tenant"
_READ: Final = {*_FIELDS, names.HEADER_REQUEST_ID, _TENANT}


def _block(marker: str) -> str:
    (found,) = [
        each for each in re.findall(r"```(?:nginx|yaml)\n(.*?)```", _PAGE, re.DOTALL) if marker in each
    ]
    return str(found)


def _listed(block: str) -> set[str]:
    (found,) = re.findall(r"remov\w*: \[(.*?)\]", block)
    return {each.strip() for each in found.split(",")}


@pytest.mark.parametrize(
    ("marker", "headers"),
    [
        ("$request_id", set(re.findall(r"proxy_set_header ([\w-]+)", _block("$request_id")))),
        (
            "customRequestHeaders",
            set(re.findall(r'^ +([\w-]+): ""', _block("customRequestHeaders"), re.MULTILINE)),
        ),
        ("RequestHeaderModifier", _listed(_block("RequestHeaderModifier"))),
        # Envoy replaces the request id by itself.
        ("use_remote_address", _listed(_block("use_remote_address")) | {names.HEADER_REQUEST_ID}),
    ],
)
def test_a_snippet_names_every_header_that_is_read(marker: str, headers: set[str]) -> None:
    """A header that an ingress forgets is one that a client decides."""
    assert {each.lower() for each in headers} == _READ, marker


def test_the_header_of_the_page_may_name_the_tenant() -> None:
    """The setting takes the name that the page shows."""
    (shown,) = re.findall(r"AMEIDE_TELEMETRY_TENANT_HEADER=(\S+)", _PAGE)
    environ = {"AMEIDE_TELEMETRY_TENANT_HEADER": shown, "AMEIDE_TELEMETRY_STRICT": "true"}
    assert TelemetrySettings.resolve({}, environ).tenant_header == shown == _TENANT
