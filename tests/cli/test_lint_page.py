"""The how-to of the lint: its files are written, its commands are run, and they print what it shows."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import jsonschema
import pytest
import yaml

from ameide_telemetry.cli import main
from ameide_telemetry.lint.config import config_schema, read_config
from ameide_telemetry.lint.model import EvidenceKind, TargetKind, VerdictWord

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCS: Final = Path(__file__).parents[2] / "docs"
_PAGE: Final = (_DOCS / "how-to" / "lint.md").read_text(encoding="utf-8")
_REFERENCE: Final = (_DOCS / "reference" / "lint.md").read_text(encoding="utf-8")
_FILE: Final = r"(?m)^`(?P<path>[\w./-]+)`:\n\n(?:<!-- skip: next -->\n\n)?```\w+\n(?P<text>(?s:.*?))^```$"
_COMMAND: Final = (
    r"(?m)^```console\n\$ ameide-telemetry (?P<words>.+)\n```\n\n```text\n(?P<shown>(?s:.*?))^```$"
)
_STEP: Final = re.compile(f"{_FILE}|{_COMMAND.removeprefix('(?m)')}")
# Where the reader has the tree.
_HOME: Final = "/home/me/shop"


def _steps() -> Iterator[re.Match[str]]:
    return _STEP.finditer(_PAGE)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", _PAGE + _REFERENCE)


def test_the_page_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first run to a gate that is green, every command prints what stands below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    codes = []
    for step in _steps():
        if step["path"]:
            path = tmp_path / step["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["text"], encoding="utf-8")
            continue
        codes.append(main([*shlex.split(step["words"]), "--no-cache"]))
        shown = capsys.readouterr()
        assert (shown.err + shown.out).replace(str(tmp_path), _HOME) == step["shown"]
    assert codes[:2] == [1, 1]
    assert codes[-2:] == [0, 0]


def test_the_settings_of_the_pages_are_settings(tmp_path: Path) -> None:
    """What stands in a TOML block is accepted by the lint, and by the schema that editors have."""
    schema = json.loads(config_schema())
    looked = 0
    for block in _blocks("toml"):
        section = tomllib.loads(block).get("tool", {}).get("ameide_telemetry")
        if section is None:
            continue
        looked += 1
        jsonschema.validate(section, schema)
        (tmp_path / "services" / "orders").mkdir(parents=True, exist_ok=True)
        (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
        read_config(tmp_path, [])
    assert looked > len(("settings", "services"))


@pytest.mark.parametrize("block", _blocks("yaml"), ids=lambda block: block.split()[1])
def test_what_ci_is_told_is_yaml_with_our_options(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands in the blocks of CI run; without a service they exit 2 and say so."""
    assert yaml.safe_load(block)
    monkeypatch.chdir(tmp_path)
    for words in re.findall(r"(?m)(?:run|script): ameide-telemetry (.+)$", block):
        assert main(shlex.split(words)) == 2
        assert "no entrypoint was found" in capsys.readouterr().err


def test_the_reference_names_every_setting_and_verdict() -> None:
    """The tables have a row for each key, each key of a service, each verdict and each kind of evidence."""
    properties = json.loads(config_schema())["properties"]
    rows = set(re.findall(r"(?m)^\| `([\w.-]+)`", _REFERENCE))
    service = properties["services"]["additionalProperties"]["anyOf"][1]["properties"]
    wanted = {*properties["lint"]["properties"], *service, *get_args(VerdictWord), *get_args(EvidenceKind)}
    assert wanted <= rows
    assert all(f"`{kind}`" in _REFERENCE for kind in get_args(TargetKind))
