"""The section of the lint in pyproject.toml: what is refused, and what editors are told."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Final

import pytest
from jsonschema import Draft202012Validator

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.config import Allowance, config_schema, read_config
from ameide_telemetry.lint.model import Spot
from ameide_telemetry.lint.patterns import spelled
from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import BAD, GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

_IGNORE: Final = '[[tool.ameide_telemetry.lint.per-path-ignores]]\npaths = ["shop/w*"]\n'
_ALLOW: Final = (
    "[[tool.ameide_telemetry.lint.per-path-ignores]]\n"
    'paths = [{paths}]\ncodes = [{codes}]\nreason = "it does"'
)
# What stands below [tool.ameide_telemetry.lint], and what is said of it; nothing where it is right.
_TEXTS: Final = {
    "": "",
    'select = ["TEL1", "TEL201"]': "",
    'ignore = ["TEL3"]': "",
    "strict = true": "",
    'minimum = "0.1.2"': "",
    'exclude = ["vendor/*"]': "",
    'bootstrap = ["shop.boot.setup"]': "",
    'levels = { TEL3 = "error", TEL101 = "info" }': "",
    _IGNORE + 'codes = ["TEL301"]\nreason = "it does"': "",
    'selct = ["TEL1"]': "did you mean select",
    'select = ["TEL9"]': "no check of the lint is 'TEL9'",
    'select = "TEL1"': "a list of codes",
    'select = [""]': "a list of codes",
    "strict = 1": "true or false",
    'minimum = "new"': "a version",
    'bootstrap = ["setup"]': "dotted names",
    "bootstrap = []": "dotted names",
    'levels = { TEL301 = "fatal" }': "levels are error",
    'levels = { TEL9 = "error" }': "no check of the lint is 'TEL9'",
    _IGNORE + 'codes = ["TEL301"]': "reason",
    _IGNORE + 'codes = ["TEL301"]\nreason = " "': "reason",
    _IGNORE + 'codes = ["TEL9"]\nreason = "it does"': "no check of the lint is 'TEL9'",
    "strict = ": "is not TOML",
    'baseline = "known\\n.json"': "",
    'baseline = ""': "the path of a file",
    'baseline = "a\\u0000b"': "the path of a file",
    'minimum = "1\\n"': "a version",
    'minimum = "\\u0661"': "a version",
    'bootstrap = ["a.b\\n"]': "dotted names",
    'exclude = ["./vendor/", "**/made.py"]': "",
    'exclude = ["/vendor"]': "relative to this file",
    'exclude = ["../vendor"]': "relative to this file",
    'exclude = ["a\\u0000b"]': "relative to this file",
    'exclude = [""]': "a list of patterns",
    _ALLOW.format(paths="", codes='"TEL3"'): "per-path-ignores",
    _ALLOW.format(paths='"a"', codes=""): "per-path-ignores",
    _ALLOW.format(paths='"/a"', codes='"TEL3"'): "relative to this file",
    _ALLOW.format(paths='"a", "../b"', codes='"TEL3"'): "relative to this file",
}
_SERVICES: Final = {
    'shop = "shop.asgi:app"': "",
    'shop = { app = "shop.asgi:app", kind = "asgi", folder = "shop" }': "",
    "shop = 7": "is wrong",
    'shop = { app = "shop.asgi:app", port = "80" }': "has no key 'port'",
    'shop = { app = "shop.asgi:app", kind = "web" }': "kind is one of",
    'shop = "not a target"': "is no target",
    'shop = "shop.asgi:app\\n"': "is no target",
    '"" = "shop.asgi:app"': "is no name of a service",
    '" " = "shop.asgi:app"': "is no name of a service",
    'shop = { app = "shop.asgi:app", folder = "a\\u0000b" }': "there is no folder",
}


def _project(text: str) -> str:
    return f"{PROJECT}[tool.ameide_telemetry.lint]\n{text}\n"


@pytest.mark.parametrize("text", _TEXTS)
def test_the_section(text: str, tmp_path: Path) -> None:
    """The reader and the JSON Schema for editors accept the same; a refusal names file, key and cure."""
    lay(tmp_path, {"pyproject.toml": _project(text)})
    schema = Draft202012Validator(json.loads(config_schema()))
    Draft202012Validator.check_schema(schema.schema)
    said = _TEXTS[text]
    if not said:
        assert read_config(tmp_path, ()).files
    else:
        with pytest.raises(TelemetryError, match=said) as raised:
            read_config(tmp_path, ())
        assert "pyproject.toml" in str(raised.value)
    if said != "is not TOML":
        section = tomllib.loads(_project(text))["tool"]["ameide_telemetry"]
        assert schema.is_valid(section) is not bool(said)


@pytest.mark.parametrize("text", _SERVICES)
def test_the_table_of_services(text: str, tmp_path: Path) -> None:
    """A row is a target, or a table of one; the schema accepts what the reader accepts."""
    lay(tmp_path, {"pyproject.toml": f"[tool.ameide_telemetry.services]\n{text}\n", "shop/asgi.py": ""})
    said = _SERVICES[text]
    if said:
        with pytest.raises(TelemetryError, match=said):
            read_config(tmp_path, ())
    else:
        assert [each.name for each in read_config(tmp_path, ()).services] == ["shop"]
    section = tomllib.loads(f"[services]\n{text}\n")
    assert Draft202012Validator(json.loads(config_schema())).is_valid(section) is not bool(said)


def test_a_service_can_only_tighten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the file in charge a level may rise and strict be set; all else is refused, by name."""
    inner = "services/shop/pyproject.toml"
    lay(tmp_path, {f"services/shop/{name}": body for name, body in BAD.items()})
    assert len(lint(capsys, tmp_path, "--level", "error")[1]) == 1
    lay(tmp_path, {inner: _project('levels = { TEL301 = "error" }')})
    assert len(lint(capsys, tmp_path, "--level", "error")[1]) == 2
    lay(tmp_path, {inner: _project('levels = { TEL101 = "info" }')})
    assert len(lint(capsys, tmp_path, "--level", "error")[1]) == 1
    lay(tmp_path, {inner: _project('ignore = ["TEL101"]')})
    code, _, error = lint(capsys, tmp_path)
    assert code == 2
    assert "a service can only tighten" in error
    assert len(lint(capsys, tmp_path, "--config", tmp_path / inner)[1]) == 1


def test_paths_are_relative_to_the_file_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Per-path ignores and excludes hold in the same files from wherever the lint is started."""
    lay(tmp_path, {f"services/{name}": body for name, body in BAD.items()})
    row = _IGNORE.replace("shop/w", "services/shop/w") + 'codes = ["TEL301"]\nreason = "it does"'
    lay(tmp_path, {"pyproject.toml": _project(row)})
    for folder in (tmp_path, tmp_path / "services", tmp_path / "services/shop/work.py"):
        assert "TEL301" not in str(lint(capsys, folder, "--config", tmp_path / "pyproject.toml")[1])
    lay(tmp_path, {"pyproject.toml": _project('exclude = ["services/shop/w*"]')})
    for folder in (tmp_path, tmp_path / "services"):
        assert [row.split()[1] for row in lint(capsys, folder)[1]] == ["TEL101"]


@pytest.mark.parametrize(
    ("pattern", "path", "fitting"),
    [
        ("app.py", "app.py", True),
        ("app.py", "shop/app.py", False),
        ("./app.py", "app.py", True),
        (".//./app.py", "app.py", True),
        ("**/app.py", "app.py", True),
        ("**/app.py", "a/b/app.py", True),
        ("**/app.py", "a/bapp.py", False),
        ("a/**/b/**/c.py", "a/b/x/y/c.py", True),
        ("a/**/**/c.py", "a/c.py", True),
        ("jobs", "jobs/deep/a.py", True),
        ("./jobs/", "jobs/deep/a.py", True),
        ("jobs/*", "jobs/deep/a.py", True),
        ("jobs", "jobs.py", False),
        ("*.py", "a/b.py", True),
        ("./", "a/b.py", True),
        ("**/" * 40, "a/b.py", True),
    ],
)
def test_a_pattern_means_what_people_mean(pattern: str, path: str, *, fitting: bool, tmp_path: Path) -> None:
    """With `./` before it, with `**/` for no folder, for all in a folder: as an ignore and as an exclude."""
    lay(tmp_path, {"tree" + f"/{path}": ""})
    allowance = Allowance(
        (pattern,), frozenset({"TEL301"}), "it does", Spot(tmp_path / "tree/pyproject.toml")
    )
    assert allowance.holds("TEL301", tmp_path / "tree" / path) is fitting
    assert allowance.holding("TEL301", tmp_path / "tree" / path) == [pattern] * fitting
    assert not allowance.holds("TEL302", tmp_path / "tree" / path)
    assert not allowance.holds("TEL301", tmp_path / path)
    assert bool(Tree.of(tmp_path / "tree", spelled(pattern)).files) is not fitting


def test_excludes_are_spelled(tmp_path: Path) -> None:
    """What the settings say is what the tree is read with."""
    lay(tmp_path, {"pyproject.toml": _project('exclude = ["./vendor/", "**/made.py"]')})
    assert read_config(tmp_path, ()).exclude == ("vendor", "**/made.py", "made.py")


def test_an_excluded_entrypoint_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In an excluded file no check of files looks; what a deployed entrypoint does there is still told."""
    lay(tmp_path, {**BAD, "pyproject.toml": _project('exclude = ["shop"]')})
    code, rows, _ = lint(capsys, tmp_path)
    assert (code, [row.split()[1] for row in rows]) == (1, ["TEL101"])
    assert "shop/asgi.py:5:7: TEL101" in rows[0]
    lay(tmp_path, {"pyproject.toml": _project('exclude = ["Dockerfile", "shop"]')})
    code, rows, error = lint(capsys, tmp_path)
    assert (code, rows) == (2, [])
    assert "no entrypoint was found" in error


def test_an_ignore_that_nothing_needs_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A per-path ignore is stale like a comment, unless its checks did not run."""
    row = _IGNORE + 'codes = ["TEL301"]\nreason = "it does"'
    lay(tmp_path, {**GOOD, "pyproject.toml": _project(row)})
    code, rows, _ = lint(capsys, tmp_path)
    assert code == 1
    assert [row.split()[1] for row in rows] == ["TEL003"]
    assert "pyproject.toml:5" in rows[0]
    assert lint(capsys, tmp_path, "--ignore", "TEL301")[0] == 0


def test_what_is_built_from_an_excluded_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not that it is not there."""
    settings = '[tool.ameide_telemetry.lint]\nexclude = ["services/mailer"]\n'
    compose = "services:\n  mailer: {build: services/mailer}\n  gone: {build: services/gone}\n"
    lay(tmp_path, {"pyproject.toml": settings, "compose.yaml": compose, "app/pyproject.toml": PROJECT})
    lay(tmp_path / "app", GOOD)
    lay(tmp_path / "services/mailer", GOOD)
    code, rows, _ = lint(capsys, tmp_path, "--no-cache", "--strict")
    assert code == 1
    assert ["is excluded" in row for row in rows] == [True, False]
    assert "There is nothing to build at `services/gone" in rows[1]
