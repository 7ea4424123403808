"""Each program that the lint knows, over a service that starts telemetry first, never, last or perhaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.targets.table import PROGRAMS
from ameide_telemetry.lint.tree import Tree
from lint.kit import lay_out

if TYPE_CHECKING:
    from pathlib import Path

_PROJECT: Final = '[project]\nname = "shop"\ndependencies = ["ameide-telemetry"]\n'
_IMPORT: Final = "from ameide_telemetry import init_telemetry\n"
_START: Final = 'init_telemetry("shop")\n'
_PERHAPS: Final = f'import os\n\nif os.environ.get("ON"):\n    {_START}'


class _Program(NamedTuple):
    """How a program is started, and what it serves.

    Attributes:
        command: its words.
        application: source of what it serves.
        early: whether telemetry has to be there before it is made. Jobs begin after all imports.
    """

    command: str
    application: str
    early: bool = True


_FASTAPI: Final = "from fastapi import FastAPI\n\napp = FastAPI()\n"
_FLASK: Final = "from flask import Flask\n\napp = Flask(__name__)\n"
_CELERY: Final = 'from celery import Celery\n\napp = Celery("shop")\n'
_DRAMATIQ: Final = "import dramatiq\n\n\n@dramatiq.actor\ndef work(): ...\n"
_RQ: Final = 'REDIS_URL = "redis://redis"\n'
_ARQ: Final = "class Settings:\n    functions = []\n"
_HUEY: Final = "from huey import RedisHuey\n\nhuey = RedisHuey()\n"
_SANIC: Final = 'from sanic import Sanic\n\napp = Sanic("shop")\n'
_PROGRAMS: Final = {
    "uvicorn": _Program("uvicorn shop.main:app", _FASTAPI),
    "hypercorn": _Program("hypercorn shop.main:app", _FASTAPI),
    "granian": _Program("granian --interface asgi shop.main:app", _FASTAPI),
    "daphne": _Program("daphne shop.main:app", _FASTAPI),
    "waitress-serve": _Program("waitress-serve --port 80 shop.main:app", _FLASK),
    "sanic": _Program("sanic shop.main:app", _SANIC),
    "gunicorn": _Program("gunicorn -w 4 shop.main:app", _FLASK),
    "uwsgi": _Program("uwsgi --http :80 --module shop.main:app", _FLASK),
    "pyuwsgi": _Program("pyuwsgi --wsgi-file shop/main.py --callable app", _FLASK),
    "mod_wsgi-express": _Program(
        "mod_wsgi-express start-server --application-type module --callable-object app shop.main", _FLASK
    ),
    "fastapi": _Program("fastapi run shop/main.py", _FASTAPI),
    "flask": _Program("flask --app shop.main run", _FLASK),
    "celery": _Program("celery -A shop.main worker", _CELERY, early=False),
    "dramatiq": _Program("dramatiq shop.main", _DRAMATIQ, early=False),
    "dramatiq-gevent": _Program("dramatiq-gevent shop.main", _DRAMATIQ, early=False),
    "rq": _Program("rq worker -c shop.main", _RQ, early=False),
    "rqworker": _Program("rqworker -c shop.main", _RQ, early=False),
    "arq": _Program("arq shop.main.Settings", _ARQ, early=False),
    "faust": _Program("faust -A shop.main worker", 'import faust\n\napp = faust.App("shop")\n', early=False),
    "taskiq": _Program(
        "taskiq worker shop.main:broker", "import taskiq\n\nbroker = taskiq.InMemoryBroker()\n", early=False
    ),
    "huey_consumer": _Program("huey_consumer shop.main.huey", _HUEY, early=False),
    "huey_consumer.py": _Program("huey_consumer.py shop.main.huey", _HUEY, early=False),
    "awslambdaric": _Program("awslambdaric shop.main.app", _FASTAPI),
    "lambda-entrypoint.sh": _Program("/lambda-entrypoint.sh shop.main.app", _FASTAPI),
    "functions-framework": _Program(
        "functions-framework --source shop/main.py --target app", _FLASK, early=False
    ),
    "functions-framework-python": _Program(
        "functions-framework-python --source shop/main.py", _FLASK, early=False
    ),
    "streamlit": _Program(
        "streamlit run shop/main.py", "import streamlit\n\nstreamlit.write(1)\n", early=False
    ),
}


def _verdicts(folder: Path, program: _Program, main: str) -> list[str]:
    lay_out(
        folder,
        {
            "pyproject.toml": _PROJECT,
            "Dockerfile": f"FROM python:3.14\nWORKDIR /app\nCOPY . .\nCMD {program.command}\n",
            "shop/__init__.py": "",
            "shop/main.py": main,
        },
    )
    outcome = Linter(Tree.of(folder), read_config(folder, []), Store(None, "")).run()
    return [each.verdict.word for each in outcome.judged]


def test_every_program_is_here() -> None:
    """A program that is new in the table has to be in this one."""
    assert set(_PROGRAMS) == set(PROGRAMS)


@pytest.mark.parametrize("name", _PROGRAMS)
def test_each_order_has_its_verdict(name: str, tmp_path: Path) -> None:
    """First is `ok`, never is `missing`, last is `late`, and what depends on a variable says so."""
    program = _PROGRAMS[name]
    application = program.application
    bodies = {
        "ok": f"{_IMPORT}\n{_START}\n{application}",
        "missing": application,
        "late": f"{_IMPORT}\n{application}\n{_START}",
        "ok-conditional": f"{_IMPORT}{_PERHAPS}\n{application}",
    }
    found = {word: _verdicts(tmp_path / word, program, body) for word, body in bodies.items()}
    expected = {word: [word] for word in bodies}
    assert found == expected | ({} if program.early else {"late": ["ok"]})
