"""`python file.py`, `python -m module`, `python -c text`, and files that are started by themselves."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.source import Parsed, parsed
from ameide_telemetry.lint.targets.aims import aimed, astray, file_aimed, unknown
from ameide_telemetry.lint.targets.asgi import uvicorn
from ameide_telemetry.lint.targets.interpreter import started
from ameide_telemetry.lint.targets.options import names
from ameide_telemetry.lint.targets.outline import called

if TYPE_CHECKING:
    from ameide_telemetry.lint.targets.call import Aim, Call
    from ameide_telemetry.lint.targets.interpreter import Started

__all__ = ["file", "python", "streamlit"]

_SERVERS: Final = names("uvicorn hypercorn granian gunicorn waitress daphne celery dramatiq rq arq")
_TOOLS: Final = names(
    "alembic awscli black build coverage flower ipykernel isort jupyter mypy nltk notebook pip playwright "
    "poetry pre_commit pylint pytest ruff safety setuptools spacy tox twine uv virtualenv wheel yoyo "
    "debugpy"
)
_ONCE: Final = names(
    "check collectstatic compilemessages createcachetable createsuperuser dumpdata flush loaddata "
    "makemigrations makemessages migrate shell showmigrations sqlmigrate test clearsessions diffsettings "
    "help"
)


def python(call: Call) -> list[Aim]:
    """Return what an interpreter runs, where it is code of the tree."""
    run = started(call.args)
    if run.isolated or run.without_path:
        call = replace(call, environment={k: v for k, v in call.environment.items() if k != "PYTHONPATH"})
    return _BY_HOW[run.how](call, run)


def file(call: Call) -> list[Aim]:
    """Return a file of the tree that is started by itself."""
    return _file(call, started([call.path, *call.args]))


def streamlit(call: Call) -> list[Aim]:
    """`streamlit run file.py`."""
    if call.args[:1] != ("run",):
        return []
    path = next((word for word in call.args[1:] if word.endswith(".py")), "")
    return [file_aimed(call, path, Target("file", "", None, server="streamlit"))] if path else []


def _file(call: Call, run: Started) -> list[Aim]:
    name = run.what.rpartition("/")[2]
    if name == "manage.py" and run.args[:1] and run.args[0] in _ONCE:
        return []
    if name == "setup.py":
        return []
    path = call.here(run.what)
    if not call.sight.is_file(path):
        inside = call.here(run.what, folder=True) / "__main__.py"
        if call.sight.is_file(inside):
            # A folder that is run is itself the first place to import from.
            return [file_aimed(call, str(inside), Target("file", "", None, server="python"))]
    roots = None if not run.isolated else call.roots()
    return [file_aimed(call, run.what, Target("file", "", None, server="python"), roots=roots, sure=False)]


def _module(call: Call, run: Started) -> list[Aim]:
    roots = call.roots(call.cwd)
    found = roots.find(run.what)
    top = run.what.partition(".")[0]
    if not roots.find(top) and (top in _TOOLS or top in sys.stdlib_module_names):
        return []
    module = f"{run.what}.__main__" if found.folders else run.what
    target = Target("module", module, None, server="python -m")
    return [aimed(call, roots, target, run.what, sure=False)]


def _text(call: Call, run: Started) -> list[Aim]:
    """Return the function that a line of source imports from the tree and calls."""
    read = parsed(Path("-c"), run.what.encode("utf-8", "replace"))
    if not isinstance(read, Parsed):
        return []
    roots = call.roots(call.cwd)
    known = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in read.tree.body
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }
    modules = {
        alias.asname or alias.name: alias.name
        for node in read.tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    if len([node for node in read.tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]) != 1:
        return _doubted(call, run, read.tree)
    for node in reversed(read.tree.body):
        served = _served(call, node, known)
        if served:
            return served
        name = called(node.value) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else ""
        module, attribute = known.get(name.partition(".")[0], ("", ""))
        base, _, last = name.rpartition(".")
        if base in modules:
            module, attribute = modules[base], last
        if module and roots.find(module).path:
            target = Target("function", module, None, attribute, server="python -c")
            return [aimed(call, roots, target, f"{module}:{attribute}", sure=False)]
    return _doubted(call, run, read.tree)


def _served(call: Call, node: ast.stmt, known: dict[str, tuple[str, str]]) -> list[Aim]:
    """Return what `uvicorn.run("module:app")`, `uvicorn.run(app)` or `uvicorn.run(make())` serves."""
    made = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(made, ast.Call) or called(made) != "uvicorn.run" or not made.args:
        return []
    first = made.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return uvicorn(replace(call, program="uvicorn", args=(first.value,), module=True))
    name = first.func if isinstance(first, ast.Call) and not (first.args or first.keywords) else first
    if not isinstance(name, ast.Name) or name.id not in known:
        return []
    factory = ("--factory",) if name is not first else ()
    return uvicorn(replace(call, program="uvicorn", args=(*factory, ":".join(known[name.id])), module=True))


def _doubted(call: Call, run: Started, tree: ast.Module) -> list[Aim]:
    """Return an aim at lines of source that load something of this tree, or a server, in their own way."""
    roots = call.roots(call.cwd)
    loaded = [
        alias.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    if any(roots.find(name.partition(".")[0]) or name.partition(".")[0] in _SERVERS for name in loaded):
        return [unknown(call, row(f"python -c {run.what}"))]
    return []


def _nothing(call: Call, run: Started) -> list[Aim]:
    if run.what == "-":
        return [unknown(call, "python -")]
    if "$" in run.what:
        return [
            astray(call, Target("file", "", None), run.what, "holds a variable that no deployment file sets")
        ]
    return []


_BY_HOW: Final = {"file": _file, "module": _module, "text": _text, "nothing": _nothing}
