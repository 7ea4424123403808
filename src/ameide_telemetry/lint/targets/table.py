"""The table of programs, and the way from a command to what it serves."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.targets import asgi, queues
from ameide_telemetry.lint.targets.aims import unknown
from ameide_telemetry.lint.targets.call import Call
from ameide_telemetry.lint.targets.celery import celery
from ameide_telemetry.lint.targets.console import console, function, scripts
from ameide_telemetry.lint.targets.fastapi import fastapi
from ameide_telemetry.lint.targets.flask import flask
from ameide_telemetry.lint.targets.functions import functions_framework, lambda_
from ameide_telemetry.lint.targets.gunicorn import gunicorn
from ameide_telemetry.lint.targets.interpreter import is_optimized, started
from ameide_telemetry.lint.targets.others import is_other
from ameide_telemetry.lint.targets.python import file, python, streamlit
from ameide_telemetry.lint.targets.tasks import line_of
from ameide_telemetry.lint.targets.uwsgi import mod_wsgi, uwsgi
from ameide_telemetry.lint.targets.wrappers import Bare, base, is_python, stripped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.model import Command
    from ameide_telemetry.lint.projects import Projects
    from ameide_telemetry.lint.targets.call import Aim, Sight

__all__ = ["PROGRAMS", "aims"]

PROGRAMS: Final[Mapping[str, Callable[[Call], list[Aim]]]] = MappingProxyType(
    {
        "uvicorn": asgi.uvicorn,
        "hypercorn": asgi.hypercorn,
        "granian": asgi.granian,
        "daphne": asgi.daphne,
        "waitress-serve": asgi.waitress,
        "sanic": asgi.sanic,
        "gunicorn": gunicorn,
        "uwsgi": uwsgi,
        "pyuwsgi": uwsgi,
        "mod_wsgi-express": mod_wsgi,
        "fastapi": fastapi,
        "flask": flask,
        "celery": celery,
        "dramatiq": queues.dramatiq,
        "dramatiq-gevent": queues.dramatiq,
        "rq": queues.rq,
        "rqworker": queues.rq,
        "arq": queues.arq,
        "faust": queues.faust,
        "taskiq": queues.taskiq,
        "huey_consumer": queues.huey,
        "huey_consumer.py": queues.huey,
        "streamlit": streamlit,
        "awslambdaric": lambda_,
        "lambda-entrypoint.sh": lambda_,
        "functions-framework": functions_framework,
        "functions-framework-python": functions_framework,
    }
)
"""Program -> what tells its targets."""

_HANDED: Final = re.compile(r"python\S*\s*<|\|\s*\S*python")
# Distributions name programs by the Python that they are for: `gunicorn3`, `mod_wsgi-express-3`.
_VERSION: Final = re.compile(r"-?3(?:\.\d+)?$")
_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waitress": "waitress-serve",
        "rq.cli": "rq",
        "huey.bin.huey_consumer": "huey_consumer",
        "gunicorn.app.wsgiapp": "gunicorn",
        "celery.bin.celery": "celery",
    }
)
"""Modules that are started by `python -m` as the program of another name."""


def aims(command: Command, sight: Sight, folder: Path) -> list[Aim]:
    """Return what a command serves; nothing if it is not about Python that serves.

    Args:
        command: words of a deployment file.
        sight: the tree.
        folder: of the service.
    """
    written = _script(command)
    if written:
        return [function(_call(command, sight, folder, Bare(command.words or ("",))), written)]
    found: list[Aim] = []
    for bare in stripped(command.words, command.environment):
        call = _call(command, sight, folder, bare)
        line = line_of(call)
        # A task of a task is none: what it stands for is only looked at once.
        inner = stripped(("sh", "-c", line), bare.environment) if line else []
        for task in inner:
            found += _started(_call(command, sight, folder, _within(bare, task)))
        found += [] if inner else _started(call)
        text = command.evidence[-1].text if command.evidence else ""
        if is_python(call.path) and not call.args and _HANDED.search(text):
            found.append(unknown(call, row(text)))  # it reads what the line hands it
    return found


def _within(outer: Bare, inner: Bare) -> Bare:
    return replace(
        inner, wrappers=(*outer.wrappers, *inner.wrappers), folders=(*outer.folders, *inner.folders)
    )


def _script(command: Command) -> str:
    """Return what a script of a project calls; its name is the only word, the evidence has the rest."""
    first = command.evidence[0] if command.evidence else None
    return first.text.partition("=")[2].strip() if first and first.kind == "script" else ""


def _call(command: Command, sight: Sight, folder: Path, bare: Bare) -> Call:
    call = Call(
        base(bare.words[0]),
        bare.words[1:],
        sight,
        command.context,
        folder,
        bare.environment,
        bare.wrappers,
        command.copied,
        command.workdir,
        path=bare.words[0],
        installed=_installed(command, sight.projects),
    )
    for inside in bare.folders:
        call = call.into(inside)
    return call


def _installed(command: Command, projects: Projects) -> tuple[Path, ...]:
    """Return the folders of the projects that an image may install: its own, and those copied into it.

    Nobody reads what `pip install` or `uv sync --package` were told; what is copied and never imported is
    no harm, and an image of a workspace is built from the folder of all its members.
    """
    copied = dict.fromkeys(command.copied.values())
    homes = (projects.around(each.spot.path.parent) for each in command.evidence if each.kind == "dockerfile")
    own = [home for home in homes if home and any(each in copied for each in (home, *home.parents))]
    return tuple(dict.fromkeys((*own, *(each for each in copied if projects.is_one(each)))))


def _started(call: Call) -> list[Aim]:
    if not is_optimized(call.args if is_python(call.path) else (), call.environment):
        return _aims(call)
    return [replace(aim, target=replace(aim.target, optimized=True)) for aim in _aims(call)]


def _aims(call: Call) -> list[Aim]:
    if is_python(call.path):
        return _module_as_program(call) or python(call)
    program = PROGRAMS.get(call.program) or PROGRAMS.get(_VERSION.sub("", call.program, 1))
    if program:
        return program(call)
    if call.program in scripts(call):
        return console(call)
    return file(call) if _is_own_file(call) else _unknown(call)


def _unknown(call: Call) -> list[Aim]:
    words = (call.path, *call.args)
    # A variable is told by those who read the file; options are for the entry point of an image.
    if is_other(call.program, words) or "$" in call.path or call.path.startswith("-"):
        return []
    return [unknown(call, row(shlex.join(words)))]


def _module_as_program(call: Call) -> list[Aim]:
    run = started(call.args)
    name = _MODULES.get(run.what, run.what)
    if run.how != "module" or name not in PROGRAMS or call.roots(call.cwd).find(run.what).path:
        return []
    return PROGRAMS[name](replace(call, program=name, args=run.args, module=True))


def _is_own_file(call: Call) -> bool:
    """Return whether a program is a file of the tree that Python runs: by its name, or by its first line."""
    if call.path.endswith(".py"):
        return True
    path = call.here(call.path)
    if "/" not in call.path or not call.sight.is_file(path):
        return False
    text = call.sight.projects.text(path).partition("\n")[0]
    return text.startswith("#!") and "python" in text and isinstance(call.sight.sources.get(path), Parsed)
