"""Fixes of how a service starts: what they write, that nothing is left to find, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from ameide_telemetry.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INIT: Final = 'from ameide_telemetry import init_telemetry\n\ntelemetry = init_telemetry("shop")\n'
_APP: Final = "from fastapi import FastAPI\n\napp = FastAPI()\n"
_GOOD: Final = _INIT + _APP
_PROCFILE: Final = "web: uvicorn m:app\n"
_HOOKS: Final = (
    "from ameide_telemetry.integrations.gunicorn import logger_class, post_fork, worker_exit  # noqa: F401\n"
)
_FACTORY: Final = "def make():\n    app = FastAPI()\n    init_telemetry('shop')\n    return app\n"


class Row(NamedTuple):
    """One tree: its files, the option, and what becomes of one file."""

    option: str
    files: Mapping[str, str]
    name: str
    after: str


CURED: Final = {
    "missing": Row(
        "--unsafe-fixes",
        {"m.py": f'"""Doc."""\nfrom __future__ import annotations\n{_APP}', "Procfile": _PROCFILE},
        "m.py",
        '"""Doc."""\nfrom __future__ import annotations\nfrom ameide_telemetry import init_telemetry\n\n'
        f'init_telemetry("web")\n\n{_APP}',
    ),
    "late": Row(
        "--unsafe-fixes",
        {
            "m.py": f'from ameide_telemetry import init_telemetry\n{_APP}t = init_telemetry("shop")  # now\n',
            "Procfile": _PROCFILE,
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n"
        't = init_telemetry("shop")\napp = FastAPI()\n',
    ),
    "late in a factory": Row(
        "--unsafe-fixes",
        {
            "m.py": "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
            + _FACTORY,
            "Procfile": "web: uvicorn --factory m:make\n",
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
        "def make():\n    init_telemetry('shop')\n    app = FastAPI()\n    return app\n",
    ),
    "a wrapper in a list": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "Dockerfile": 'FROM python\nCOPY . .\nCMD ["opentelemetry-instrument", "uvicorn", "m:app"]\n',
        },
        "Dockerfile",
        'FROM python\nCOPY . .\nCMD ["uvicorn", "m:app"]\n',
    ),
    "a wrapper in a row": Row(
        "--fix",
        {"m.py": _GOOD, "Procfile": "web: exec ddtrace-run uvicorn m:app\n"},
        "Procfile",
        "web: exec uvicorn m:app\n",
    ),
    "hooks of gunicorn": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "gunicorn.conf.py": "preload_app = True\n",
            "Procfile": "web: gunicorn -c gunicorn.conf.py m:app\n",
        },
        "gunicorn.conf.py",
        f"{_HOOKS}preload_app = True\n",
    ),
}
LEFT_ALONE: Final = {
    "unsafe ones were not asked for": Row("--fix", {"m.py": _APP, "Procfile": _PROCFILE}, "m.py", _APP),
    "the call needs what stands between": Row(
        "--unsafe-fixes",
        {
            "m.py": f"from ameide_telemetry import init_telemetry\n{_APP}name = 'a'\ninit_telemetry(name)\n",
            "Procfile": _PROCFILE,
        },
        "m.py",
        f"from ameide_telemetry import init_telemetry\n{_APP}name = 'a'\ninit_telemetry(name)\n",
    ),
    "hooks of its own": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "gunicorn.conf.py": "preload_app = True\n\n\ndef post_fork(server, worker):\n    pass\n",
            "Procfile": "web: gunicorn -c gunicorn.conf.py m:app\n",
        },
        "gunicorn.conf.py",
        "preload_app = True\n\n\ndef post_fork(server, worker):\n    pass\n",
    ),
    "a wrapper with options": Row(
        "--fix",
        {"m.py": _GOOD, "Procfile": "web: opentelemetry-instrument --service_name shop uvicorn m:app\n"},
        "Procfile",
        "web: opentelemetry-instrument --service_name shop uvicorn m:app\n",
    ),
}


def _run(row: Row, folder: Path) -> int:
    for name, text in row.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return main(["lint", str(folder), "--no-cache", "--ignore=TEL4", row.option])


@pytest.mark.parametrize("row", CURED.values(), ids=CURED)
def test_what_is_cured_is_not_found_again(row: Row, tmp_path: Path) -> None:
    """The file is as a careful colleague would have left it, the lint is content, and does nothing more."""
    assert _run(row, tmp_path) == 0
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after
    assert main(["lint", str(tmp_path), "--no-cache", "--ignore=TEL4", row.option]) == 0
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after


@pytest.mark.parametrize("row", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_could_break_something_is_left_alone(row: Row, tmp_path: Path) -> None:
    """The finding stays, and so does the file."""
    assert _run(row, tmp_path) == 1
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after
