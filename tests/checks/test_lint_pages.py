"""The lint's pages: the wrong example gives its finding, the right one none, and comments allow it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from ameide_telemetry.checks.registry import page
from ameide_telemetry.cli import main
from ameide_telemetry.lint.config import lint_codes

_BOOT: Final = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'
_SERVICE: Final = f"{_BOOT}\nfrom fastapi import FastAPI\n\nimport part\n\napp = FastAPI()\n"
_ASGI: Final = 'FROM python:3.13\nCOPY . .\nCMD ["uvicorn", "asgi:app"]\n'
_FILE: Final = 'FROM python:3.13\nCOPY . .\nCMD ["python", "server.py"]\n'
_GUNICORN: Final = 'FROM python:3.13\nCOPY . .\nCMD ["gunicorn", "-c", "gunicorn.conf.py", "asgi:app"]\n'
_PROJECT: Final = '[project]\nname = "NAME"\nversion = "1"\ndependencies = ["ameide-telemetry", "common"]\n'
_USER: Final = 'from common import start\n\nstart("NAME")\n'
_APP: Final = "from fastapi import FastAPI\n\nimport part\n\napp = FastAPI()\n"
_COMMAND: Final = re.compile(r"# Dockerfile: (CMD .*)")
# Code -> the tree of its example: path -> text, `BLOCK` where the example stands, `COMMAND` for the command
# that it names, `SERVICE` for one that starts telemetry if the example does not.
_TREES: Final[dict[str, dict[str, str]]] = {
    "TEL001": {"Dockerfile": _FILE, "server.py": "BLOCK"},
    "TEL002": {"Dockerfile": "BLOCK", "shop/asgi.py": _SERVICE, "part.py": ""},
    "TEL003": {"Dockerfile": _ASGI, "asgi.py": _SERVICE, "part.py": "BLOCK"},
    "TEL004": {"Dockerfile": _ASGI, "asgi.py": _SERVICE, "part.py": "BLOCK"},
    "TEL101": {"Dockerfile": _ASGI, "asgi.py": "BLOCK"},
    "TEL102": {"Dockerfile": _ASGI, "asgi.py": "BLOCK"},
    "TEL103": {"Dockerfile": _ASGI, "asgi.py": "BLOCK"},
    "TEL104": {"Dockerfile": _FILE, "server.py": "BLOCK"},
    "TEL105": {"Dockerfile": _GUNICORN, "asgi.py": _SERVICE, "part.py": "", "gunicorn.conf.py": "BLOCK"},
    "TEL106": {
        "common/pyproject.toml": _PROJECT.replace("NAME", "common").replace(', "common"', ""),
        "common/common/__init__.py": "BLOCK",
        **{f"{name}/pyproject.toml": _PROJECT.replace("NAME", name) for name in ("shop", "billing")},
        **{f"{name}/Dockerfile": _FILE for name in ("shop", "billing")},
        **{f"{name}/server.py": _USER.replace("NAME", name) for name in ("shop", "billing")},
    },
    "TEL107": {"Dockerfile": "COMMAND", "server.py": "BLOCK"},
    "TEL108": {"Dockerfile": _ASGI, "asgi.py": _APP, "part.py": "BLOCK"},
}
_IN_A_SERVICE: Final = {"Dockerfile": _ASGI, "asgi.py": "SERVICE", "part.py": "BLOCK"}
_IS_A_SERVICE: Final = {"Dockerfile": _FILE, "server.py": "BLOCK"}
_MORE_TREES: Final[dict[str, dict[str, str]]] = {
    **dict.fromkeys(("TEL201", "TEL202", "TEL203", "TEL204"), _IN_A_SERVICE),
    **{f"TEL30{number}": _IN_A_SERVICE for number in range(1, 7)},
    "TEL307": _IS_A_SERVICE,
    "TEL401": {"Dockerfile": _FILE, "server.py": _BOOT, "pyproject.toml": "BLOCK"},
    "TEL402": {
        "Dockerfile": "FROM python:3.13\nCOPY . .\nENV OTEL_SERVICE_NAME=orders\n" + _FILE.splitlines()[-1],
        "server.py": "BLOCK",
    },
}
_ALL_TREES: Final = {**_TREES, **_MORE_TREES}
_COMMENT: Final = re.compile(r"`(# telemetry: ignore\[TEL[0-9]{3}\] [^`]+)`")
_PLACE: Final = re.compile(r"(?m)^(?P<path>[^\s:]+):(?P<line>[0-9]+):(?:[0-9]+:)? TEL")
_NARROW: Final = 80
_MARGIN: Final = 4
_ABOVE: Final = {".toml", ""}


def _example(code: str, heading: str) -> str:
    block = re.search(rf"## {heading}\n\n```[a-z]+\n(.*?\n)```", page(code), re.DOTALL)
    assert block is not None
    return block[1]


def _lay_out(tree: dict[str, str], block: str, folder: Path) -> Path:
    command = _COMMAND.search(block)
    texts = {
        "BLOCK": block,
        "COMMAND": f"FROM python:3.13\nCOPY . .\n{command[1]}\n" if command else "",
        "SERVICE": _APP if "init_telemetry" in block else _SERVICE,
    }
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts.get(text, text), encoding="utf-8")
    return folder


def _codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["lint", str(folder), "--no-cache", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["examined"]
    return [each["code"] for each in report["findings"]]


@pytest.mark.parametrize("code", _ALL_TREES)
def test_the_example_of_a_page_is_true(code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the service that the page speaks of, the whole lint finds what the page says, and nothing else."""
    wrong = _lay_out(_ALL_TREES[code], _example(code, "Wrong"), tmp_path / "wrong")
    right = _lay_out(_ALL_TREES[code], _example(code, "Right"), tmp_path / "right")
    assert set(_codes(wrong, capsys)) == {code}
    assert _codes(right, capsys) == []


def test_every_page_is_looked_at() -> None:
    """No page of the lint goes without a service for its examples."""
    assert [*_ALL_TREES] == lint_codes()


@pytest.mark.parametrize("code", _ALL_TREES)
def test_a_page_fits_a_narrow_terminal(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without colour a page is printed as it is: no row is wider than 80 cells, nor code with its margin."""
    assert main(["explain", code]) == 0
    parts = re.split(r"(?m)^```.*$", capsys.readouterr().out)
    assert max(len(row) for part in parts[::2] for row in part.split("\n")) <= _NARROW
    assert max(len(row) for part in parts[1::2] for row in part.split("\n")) <= _NARROW - _MARGIN


@pytest.mark.parametrize("code", _ALL_TREES)
def test_the_comment_of_a_page_allows_it(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The comment that a page shows stands behind the line or above it, and nothing is left to find."""
    comment = _COMMENT.search(page(code))
    assert (comment is None) is (code in {"TEL001", "TEL003", "TEL004"})
    if comment is None:
        return
    top = _lay_out(_ALL_TREES[code], _example(code, "Wrong"), tmp_path)
    for _ in range(3):
        main(["lint", str(top), "--no-cache", "--format", "concise"])
        found = _PLACE.search(capsys.readouterr().out)
        if found is None:
            break
        _put(Path(found["path"]), int(found["line"]), comment[1])
    assert _codes(top, capsys) == []


def _put(path: Path, number: int, comment: str) -> None:
    rows = path.read_text(encoding="utf-8").split("\n")
    row = rows[number - 1]
    rows[number - 1] = f"{comment}\n{row}" if path.suffix in _ABOVE else f"{row}  {comment}"
    path.write_text("\n".join(rows), encoding="utf-8")
