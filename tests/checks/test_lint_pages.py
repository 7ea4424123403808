"""The examples of the lint's pages about starts: the wrong one gives its finding, the right one none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.checks.registry import page
from ameide_telemetry.cli import main

if TYPE_CHECKING:
    from pathlib import Path

_BOOT: Final = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'
_SERVICE: Final = f"{_BOOT}\nfrom fastapi import FastAPI\n\nimport part\n\napp = FastAPI()\n"
_ASGI: Final = 'FROM python:3.13\nCOPY . .\nCMD ["uvicorn", "asgi:app"]\n'
_FILE: Final = 'FROM python:3.13\nCOPY . .\nCMD ["python", "server.py"]\n'
_GUNICORN: Final = 'FROM python:3.13\nCOPY . .\nCMD ["gunicorn", "-c", "gunicorn.conf.py", "asgi:app"]\n'
_PROJECT: Final = '[project]\nname = "NAME"\nversion = "1"\ndependencies = ["ameide-telemetry", "common"]\n'
_USER: Final = 'from common import start\n\nstart("NAME")\n'
_APP: Final = "from fastapi import FastAPI\n\nimport part\n\napp = FastAPI()\n"
_COMMAND: Final = re.compile(r"# Dockerfile: (CMD .*)")
# Code -> the tree of its example: path -> text, `BLOCK` where the example stands.
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


def _example(code: str, heading: str) -> str:
    block = re.search(rf"## {heading}\n\n```[a-z]+\n(.*?\n)```", page(code), re.DOTALL)
    assert block is not None
    return block[1]


def _lay_out(tree: dict[str, str], block: str, folder: Path) -> Path:
    command = _COMMAND.search(block)
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = f"FROM python:3.13\nCOPY . .\n{command[1]}\n" if text == "COMMAND" and command else text
        path.write_text(block if made == "BLOCK" else made, encoding="utf-8")
    return folder


def _codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["lint", str(folder), "--no-cache", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["examined"]
    return [each["code"] for each in report["findings"]]


@pytest.mark.parametrize("code", _TREES)
def test_the_example_of_a_page_is_true(code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the service that the page speaks of, the whole lint finds what the page says, and nothing else."""
    wrong = _lay_out(_TREES[code], _example(code, "Wrong"), tmp_path / "wrong")
    right = _lay_out(_TREES[code], _example(code, "Right"), tmp_path / "right")
    assert set(_codes(wrong, capsys)) == {code}
    assert _codes(right, capsys) == []
