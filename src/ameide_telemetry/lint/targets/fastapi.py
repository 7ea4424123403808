"""`fastapi run` and `dev`: a file, an entrypoint of `pyproject.toml`, or the usual files and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.projects import table_of
from ameide_telemetry.lint.targets.aims import aimed, astray
from ameide_telemetry.lint.targets.call import climbed
from ameide_telemetry.lint.targets.options import read
from ameide_telemetry.lint.targets.outline import origin, outline

if TYPE_CHECKING:
    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["fastapi"]

_FLAGS: Final = frozenset(
    [
        "--reload",
        "--no-reload",
        "--proxy-headers",
        "--no-proxy-headers",
        "--version",
        "--help",
        "--verbose",
        "--no-verbose",
    ]
)
_DEFAULTS: Final = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
_NAMES: Final = ("app", "api")


def fastapi(call: Call) -> list[Aim]:
    """Return what the command serves; its other verbs serve nothing."""
    options = read(call.args, _FLAGS)
    if not options.words or options.words[0] not in {"run", "dev"}:
        return []
    said = options.get("--entrypoint", "-e")
    path = options.words[1] if len(options.words) > 1 else ""
    if not said and not path:
        configured = table_of(call.sight.projects.at(call.cwd).tool, "fastapi").get("entrypoint")
        said = configured if isinstance(configured, str) else ""
    if said:
        module, _, name = said.partition(":")
        roots = call.roots(call.cwd)
        name = name or _named(call, roots, module)
        return [aimed(call, roots, Target("asgi", module, None, name, server="fastapi"), said)]
    return [_from_path(call, path, options.get("--app"))]


def _from_path(call: Call, path: str, name: str) -> Aim:
    target = Target("asgi", "", None, name, server="fastapi")
    if "$" in path:
        return astray(call, target, path, "holds a variable that no deployment file sets")
    if not path:
        path = next((each for each in _DEFAULTS if call.sight.is_file(call.cwd / each)), "")
        if not path:
            cure = 'write the path, or `entrypoint = "module:app"` in [tool.fastapi] of pyproject.toml'
            return astray(call, target, "no path", f"is none of {', '.join(_DEFAULTS)}", cure)
    place = call.here(path)
    if not call.sight.is_file(place):
        place = call.here(path, folder=True)
    folder, module = climbed(call.sight, place)
    roots = call.roots(folder)
    target = Target("asgi", module, None, name or _named(call, roots, module), server="fastapi")
    return aimed(call, roots, target, path)


def _named(call: Call, roots: Roots, module: str) -> str:
    """Return the name of the application: the usual one, else the first in order that is one."""
    known = outline(call.sight.sources, roots.find(module).path)
    for name in _NAMES:
        if name in known.names and known.names[name].kind != "module":
            return name
    made = {name: origin(call.sight.sources, roots, module, name) for name in sorted(known.names)}
    sure = [name for name, bound in made.items() if bound and bound.called.rpartition(".")[2] == "FastAPI"]
    likely = [
        name for name, bound in made.items() if bound and bound.kind == "call" and "app" in name.lower()
    ]
    return (sure or likely or ["app"])[0]
