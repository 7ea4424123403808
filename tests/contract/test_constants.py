"""Rendering `names.py`: valid Python whose values are those of the contract."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import TYPE_CHECKING

from ameide_telemetry.contract.constants import constant_names, render_names

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.contract.model import Contract


def executed(text: str) -> dict[str, object]:
    """Return the constants that a generated module defines."""
    namespace: dict[str, object] = {}
    exec(compile(text, "names.py", "exec"), namespace)
    return namespace


def test_the_module_has_the_values_of_the_contract(contract: Contract) -> None:
    """Executing the text gives the contract's values, patterns and tables unchanged."""
    values = executed(render_names(contract))
    assert values["LEVELS"] == contract.levels
    assert values["RESERVED_LOG_KEYS"] == contract.reserved_log_keys
    assert values["METRIC_DENIED_ATTRIBUTES"] == contract.metric_denied_attributes
    assert {name: values[f"{name.upper()}_PATTERN"] for name in contract.patterns} == contract.patterns
    assert values["RESOURCE_ENVIRONMENT"] == {
        entry.name: entry.environment for entry in contract.resource if entry.environment
    }
    assert sorted(constant_names(contract)) == values["__all__"]


def test_quotes_and_backslashes_survive(contract: Contract) -> None:
    """A pattern with quotes of both kinds and backslashes comes out as it went in."""
    pattern = "[\"'\\-\\\\]"
    odd = dataclasses.replace(contract, patterns={**contract.patterns, "request_id": pattern})
    assert executed(render_names(odd))["REQUEST_ID_PATTERN"] == pattern


def test_the_formatter_has_nothing_to_do(contract: Contract, tmp_path: Path) -> None:
    """The text is what the formatter would write, so that formatting never makes it stale."""
    module = tmp_path / "names.py"
    module.write_text(render_names(contract), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--check",
        "--isolated",
        "--line-length=110",
        str(module),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
