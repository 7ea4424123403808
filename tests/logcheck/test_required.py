"""Fields that are asked of requests: a name that no line can have is refused, wherever it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ameide_telemetry.cli import main
from support.log_lines import GOOD

_HEAD = "[tool.ameide_telemetry.logs]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of good lines."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.log").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("tennant_id", "'tennant_id': did you mean tenant_id?"),
        ("request_id,tenantid", "'tenantid': did you mean tenant_id?"),
        ("http_status", "'http_status': did you mean http_response_status_code"),
        ("http_response_body", ": did you mean http_response_body_size, http_response_status_code?"),
        ("Request_ID", "'Request_ID': did you mean request_id?"),
        ("no\x1b[2J", r"'no\x1b[2J': declare it"),
        ("sku", "'sku': declare it among the known_keys of [tool.ameide_telemetry.logs]"),
    ],
)
def test_a_misspelt_field_exits_2(fields: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest names are told, or how a field of the service's own is made known."""
    assert main(["logs", "check", "good.log", "--require", fields]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("ameide-telemetry: --require: no line has a field ")
    assert said in shown.err


@pytest.mark.parametrize("fields", ["", " ", ","])
def test_nothing_is_no_field(fields: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty variable in a CI file does not mean the default."""
    assert main(["logs", "check", "good.log", "--require", fields]) == 2
    assert capsys.readouterr() == (
        "",
        "ameide-telemetry: --require names no field: write --require request_id,tenant_id, or leave it out\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('require = ["tennant_id"]', "'tennant_id': did you mean tenant_id?"),
        (
            "require = []",
            "require in [tool.ameide_telemetry.logs] is wrong: write a list of one field or more",
        ),
    ],
)
def test_the_configuration_is_held_to_the_same(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file and the key."""
    Path("pyproject.toml").write_text(f"{_HEAD}{text}\n", encoding="utf-8")
    assert main(["logs", "check", "good.log"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pyproject.toml" in shown.err
    assert said in shown.err


@pytest.mark.parametrize("key", ["max_depth", "max_line_bytes", "max_samples"])
def test_a_limit_of_nothing_is_refused(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One is the least that a limit can be."""
    for number, code in ((0, 2), (-1, 2), (1, 0)):
        Path("pyproject.toml").write_text(f'{_HEAD}{key} = {number}\nignore = ["TEL504"]\n', encoding="utf-8")
        assert main(["logs", "check", "good.log"]) == code
        assert ("write a whole number above 0" in capsys.readouterr().err) is (code == 2)


def test_fields_of_the_contract_and_declared_ones_can_be_asked_for() -> None:
    """Also another spelling of a field, and on the command line one that the configuration declares."""
    Path("pyproject.toml").write_text(f'{_HEAD}known_keys = ["sku"]\nrequire = ["sku"]\n', encoding="utf-8")
    for fields in ("sku", "saas.tenant", "request_id, tenant_id", "http_route"):
        assert main(["logs", "check", "good.log", "--require", fields]) == 0
    assert main(["logs", "check", "good.log"]) == 0
