"""The command `contract`: prints, generates, and refuses stale files."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest

from ameide_telemetry.cli import contract as command
from ameide_telemetry.contract.derived import DERIVED, REGISTRY

_ROOT = Path(__file__).parents[2]


def call(*words: str) -> int:
    """Run the command with these words, as the command line would."""
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["contract", *words])
    code = arguments.run(arguments)
    assert isinstance(code, int)
    return code


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout that holds the registry and every derived file."""
    for path in (REGISTRY, *(derived.path for derived in DERIVED)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_ROOT / path, tmp_path / path)
    return tmp_path


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("names", "src/ameide_telemetry/contract/names.py"),
        ("schema", "src/ameide_telemetry/contract/log-line.schema.json"),
        ("reference", "docs/reference/contract.md"),
    ],
)
def test_a_verb_prints_its_file(capsys: pytest.CaptureFixture[str], verb: str, path: str) -> None:
    """Each printing verb writes exactly the committed text, so that redirecting it makes the file."""
    assert call(verb) == 0
    assert capsys.readouterr() == ((_ROOT / path).read_text(encoding="utf-8"), "")


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """`contract schema` prints one JSON document."""
    assert call("schema") == 0
    assert json.loads(capsys.readouterr().out)["type"] == "object"


def test_check_passes_when_nothing_is_stale(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkout in order gives exit code 0 and no text."""
    assert call("generate", "--check", "--root", str(checkout)) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("derived", [derived.path for derived in DERIVED])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_stale_file_is_refused_and_cured(
    checkout: Path, capsys: pytest.CaptureFixture[str], derived: str, how: str
) -> None:
    """A changed or missing derived file gives exit code 1 and the cure, and the cure works."""
    target = checkout / derived
    good = target.read_bytes()
    target.unlink()
    if how == "changed":
        target.write_bytes(good + b"\n")
    assert call("generate", "--check", "--root", str(checkout)) == 1
    text = capsys.readouterr().err
    assert f"{derived} does not match" in text
    assert "ameide-telemetry contract generate" in text
    assert target.exists() == (how == "changed")

    assert call("generate", "--root", str(checkout)) == 0
    assert capsys.readouterr().out == f"wrote {derived}\n"
    assert target.read_bytes() == good


def test_a_changed_registry_makes_all_of_them_stale(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of the registry that every derived file shows makes every one of them stale."""
    registry = checkout / REGISTRY
    now = registry.read_text(encoding="utf-8")
    registry.write_text(now.replace('"1.0"', '"1.1"').replace(":1.0", ":1.1"), encoding="utf-8")
    assert call("generate", "--check", "--root", str(checkout)) == 1
    text = capsys.readouterr().err
    assert [derived.path for derived in DERIVED if f"{derived.path} does not match" not in text] == []


def test_the_checkout_is_searched_upwards(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere inside a checkout its own registry is found."""
    monkeypatch.chdir(checkout / "docs" / "reference")
    assert call("generate", "--check") == 0


def test_outside_of_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a checkout there is nothing to generate: exit code 2 and what to do."""
    monkeypatch.chdir(tmp_path)
    assert call("generate") == 2
    assert "--root" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"a = = 1", b"\xff\xfe"], ids=["empty", "not TOML", "not UTF-8"])
def test_a_broken_registry_writes_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """A registry that cannot be loaded gives exit code 2, the reasons, and files as they were."""
    (checkout / REGISTRY).write_bytes(content)
    before = [(checkout / derived.path).read_bytes() for derived in DERIVED]
    assert call("generate", "--root", str(checkout)) == 2
    assert capsys.readouterr().err.startswith("ameide-telemetry contract: ")
    assert [(checkout / derived.path).read_bytes() for derived in DERIVED] == before
