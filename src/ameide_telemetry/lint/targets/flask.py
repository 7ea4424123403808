"""`flask run`: --app, FLASK_APP, a dotenv file, or the usual files; the usual names, factories too."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray, expression
from ameide_telemetry.lint.targets.asgi import prepared
from ameide_telemetry.lint.targets.options import read
from ameide_telemetry.lint.targets.outline import origin, outline

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["dotenv", "flask"]

_FLAGS: Final = frozenset(["--debug", "--no-debug", "--version", "--help"])
_FILE: Final = re.compile(r":(?![\\/])")
_NAMES: Final = ("app", "application")
_FACTORIES: Final = ("create_app", "make_app")
_DEFAULTS: Final = ("wsgi.py", "app.py")
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^#\n]*))")


def flask(call: Call) -> list[Aim]:
    """Return what `run` serves; other verbs serve nothing."""
    options = read(call.args, _FLAGS, stop=True)
    if options.words != ("run",):
        return []
    after = read(options.rest, frozenset())
    written = options.get("--app", "-A") or after.get("--app", "-A") or call.environment.get("FLASK_APP", "")
    written = written or _from_dotenv(call, options.get("-e", "--env-file"))
    if written:
        path, name = [*_FILE.split(written, maxsplit=1), ""][:2]
        return [_aim(call, path, name, written)]
    for path in _DEFAULTS:
        if call.sight.is_file(call.cwd / path):
            return [_aim(call, path, "", path)]
    target = Target("wsgi", "", None, server="flask")
    cure = "write `flask --app module:app run`, or set FLASK_APP"
    return [
        astray(call, target, "run", "names no application, and there is neither wsgi.py nor app.py", cure)
    ]


def _aim(call: Call, path: str, name: str, written: str) -> Aim:
    folder, module = prepared(call, path)
    roots = call.roots(folder, *([call.cwd] if call.module else []))
    target = Target("wsgi", module, None, server="flask")
    if not name:
        found, is_factory = _best(call, roots, module)
        return aimed(call, roots, replace(target, attribute=found, factory=is_factory), written)
    read_as = expression(name)
    if read_as is None:
        reason = "holds neither a name nor a call with literal arguments after the colon"
        return astray(call, replace(target, attribute=name), written, reason, roots=roots)
    bound = origin(call.sight.sources, roots, module, read_as[0])
    is_function = bound is not None and bound.kind == "function"
    target = replace(target, attribute=read_as[0], factory=read_as[1] or is_function, arguments=read_as[2])
    return aimed(call, roots, target, written)


def _best(call: Call, roots: Roots, module: str) -> tuple[str, bool]:
    """Return the name that Flask would choose in a module, and whether it is a factory."""
    sources = call.sight.sources
    known = outline(sources, roots.find(module).path)
    made = {name: origin(sources, roots, module, name) for name in known.names}
    usual = [name for name in _NAMES if name in made and not _is_other(made[name])]
    made_here = [name for name, bound in made.items() if bound and bound.called.rpartition(".")[2] == "Flask"]
    if usual or made_here:
        return (usual or made_here)[0], False
    factory = next((name for name in _FACTORIES if name in made), "")
    return (factory, True) if factory else (_NAMES[0], False)


def _is_other(bound: object) -> bool:
    """Return whether what is known of a name says that it is no application."""
    return getattr(bound, "kind", "") in {"module", "function", "class", "coroutine"}


def _from_dotenv(call: Call, written: str) -> str:
    if written:
        return dotenv(call, call.here(written)).get("FLASK_APP", "")
    folders = [
        folder for folder in (call.cwd, *call.cwd.parents) if folder.is_relative_to(call.sight.projects.top)
    ]
    found = ""
    for name in (".flaskenv", ".env"):
        path = next((folder / name for folder in folders if call.sight.is_file(folder / name)), None)
        found = (dotenv(call, path).get("FLASK_APP", "") if path else "") or found
    return found


def dotenv(call: Call, path: Path) -> dict[str, str]:
    """Return the variables that a dotenv file sets."""
    text = call.sight.projects.text(path)
    matches = (_LINE.match(line) for line in text.splitlines())
    return {found[1]: (found[2] or found[3] or found[4] or "").strip() for found in matches if found}
