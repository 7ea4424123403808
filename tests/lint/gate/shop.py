"""A small service, good and bad, and the command over it in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

__all__ = ["BAD", "GOOD", "IMAGE", "PROJECT", "lay", "lint"]

IMAGE: Final = 'FROM python:3.14\nCOPY . .\nCMD ["uvicorn", "shop.asgi:app"]\n'
PROJECT: Final = '[project]\nname = "shop"\ndependencies = ["ameide-telemetry", "fastapi"]\n'
_INIT: Final = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n\n'
_APP: Final = "from fastapi import FastAPI\n\nfrom shop import work\n\napp = FastAPI()\n"
_REST: Final = {
    "Dockerfile": IMAGE,
    "pyproject.toml": PROJECT,
    "shop/__init__.py": "",
    "shop/work.py": "def work(order: str) -> None:\n    print(order)\n",
}
GOOD: Final = {**_REST, "shop/asgi.py": _INIT + _APP, "shop/work.py": "TOTAL = 7\n"}
"""Nothing is wrong with it."""
BAD: Final = {**_REST, "shop/asgi.py": _APP}
"""It has TEL101 in shop/asgi.py:5 and TEL301 in shop/work.py:2."""


def lay(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and return it."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return folder


def lint(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[str], str]:
    """Return the exit code of the command, the findings without what they say of the whole, and errors."""
    capsys.readouterr()
    code = main(["lint", "--format", "concise", *map(str, words)])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return (
        code,
        [row for row in said.out.splitlines() if ": TEL" in row and not row.startswith("off: ")],
        said.err,
    )
