"""What stands below `[tool.ameide_telemetry]`: a name that nobody reads is refused, wherever it stands."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Final

import pytest
from jsonschema import Draft202012Validator

from ameide_telemetry.lint.config import config_schema
from ameide_telemetry.logcheck.config import read_config as read_logs
from lint.gate.shop import GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

# What stands in the file, and what is said of it; nothing where it is right.
_SECTIONS: Final = {
    "[tool.ameide_telemetry.lint]": "",
    "[tool.ameide_telemetry.logs]": "",
    "[tool.ameide_telemetry.services]": "",
    "[tool.ameide_telemetry]": "",
    "[tool.ameide]": "",
    "[tool.ameide_telemetry.lnit]\nstrict = true": "did you mean [tool.ameide_telemetry.lint]?",
    "[tool.ameide_telemetry.service]": "did you mean [tool.ameide_telemetry.services]?",
    "[tool.ameide_telemetry.log]": "did you mean [tool.ameide_telemetry.logs]?",
    "[[tool.ameide_telemetry.Lint.per-path-ignores]]": "did you mean [tool.ameide_telemetry.lint]?",
    "[tool.ameide_telemetry.zzz]": "has no section 'zzz': the sections are lint, logs, services",
    "[tool.ameide_telemetry]\nstrict = true": "strict stands outside of a section",
    "[tool.ameide_telemetry]\nlogs = 7": "tool.ameide_telemetry.logs is no table",
    "[tool.ameide_telemetry]\nlint = 7": "tool.ameide_telemetry.lint is no table",
    "[tool.ameide_telemetry]\nservices = []": "tool.ameide_telemetry.services is no table",
    "[[tool.ameide_telemetry.logs]]": "tool.ameide_telemetry.logs is no table",
    "[tool]\nameide_telemetry = 7": "tool.ameide_telemetry is no table",
    "[[tool.ameide_telemetry]]\nstrict = true": "tool.ameide_telemetry is no table",
    "[tool.ameide-telemetry.lint]\nstrict = true": "write [tool.ameide_telemetry]",
    '[tool."Ameide.Telemetry".lint]\nstrict = true': "write [tool.ameide_telemetry]",
}


@pytest.mark.parametrize("text", _SECTIONS)
@pytest.mark.parametrize("folder", [".", "services/shop"])
def test_an_unknown_section_is_two(
    folder: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the file that is in charge, in one of a service, and in a file that is named: 2, with the name."""
    lay(tmp_path, GOOD)
    lay(tmp_path / folder, {"pyproject.toml": f"{PROJECT}{text}\n"})
    said = _SECTIONS[text]
    code, rows, error = lint(capsys, tmp_path, "--no-cache")
    assert (code, rows) == (2 if said else 0, [])
    assert said in error
    if said:
        assert str(tmp_path / folder / "pyproject.toml") in error
        assert said in lint(capsys, tmp_path, "--config", tmp_path / folder / "pyproject.toml")[2]


def test_an_unknown_section_above_is_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file that would be in charge, were it spelt right, is not passed over."""
    lay(tmp_path / "services/shop", GOOD)
    lay(tmp_path, {"pyproject.toml": "[tool.ameide_telemetry.lnit]\nstrict = true\n"})
    code, _, error = lint(capsys, tmp_path / "services/shop")
    assert code == 2
    assert f"{tmp_path / 'pyproject.toml'}: " in error
    assert "did you mean [tool.ameide_telemetry.lint]?" in error


@pytest.mark.parametrize("text", _SECTIONS)
def test_editors_are_told_the_same(text: str) -> None:
    """The JSON Schema refuses the sections that the lint refuses."""
    section = tomllib.loads(text)["tool"].get("ameide_telemetry")
    if section is not None:
        valid = Draft202012Validator(json.loads(config_schema())).is_valid(section)
        assert valid is not bool(_SECTIONS[text])


def test_what_the_log_check_reads_is_a_section(tmp_path: Path) -> None:
    """The section of `logs check` is one that the lint leaves alone."""
    lay(tmp_path, {"pyproject.toml": "[tool.ameide_telemetry.logs]\nmax_depth = 7\n"})
    assert read_logs(str(tmp_path / "pyproject.toml"), tmp_path) == {"max_depth": 7}
