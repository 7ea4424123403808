"""The reference page: nothing of the registry is missing from it, and its example is a line."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

from ameide_telemetry.contract.conformance import Conformance
from ameide_telemetry.contract.reference import render_reference

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract


def test_every_name_is_on_the_page(contract: Contract) -> None:
    """Each key, attribute, header, label, variable and pattern of the registry is on the page."""
    page = render_reference(contract)
    spellings = {spelling for field in contract.fields for spelling in field.spellings}
    variables = {name for entry in contract.resource for name in (entry.name, *entry.environment)}
    redaction = {*contract.kept_names, *contract.personal}
    wanted = {
        *spellings,
        *variables,
        *redaction,
        *contract.labels,
        *contract.patterns.values(),
        "x-request-id",
    }
    assert {name for name in wanted if f"`{name}`" not in page} == set()


def test_every_row_has_the_cells_of_its_table(contract: Contract) -> None:
    """No value with a bar in it tears a table apart."""
    first, *others = contract.fields
    barred = dataclasses.replace(contract, fields=(dataclasses.replace(first, brief="this | that"), *others))
    tables = re.findall(r"(?:^\|.*\n?)+", render_reference(barred), flags=re.MULTILINE)
    assert len(tables) == 12
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_the_example_line_conforms(contract: Contract) -> None:
    """The line shown to readers is one that the contract accepts."""
    example = re.search(r"```json\n(.*)\n```", render_reference(contract))
    assert example
    assert Conformance(contract).check(json.loads(example[1])) == []
