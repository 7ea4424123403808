"""TEL307: calls of a client library are made while its instrumentor is switched off."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.bootstrap_calls import bootstrap_calls
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.edits import source
from ameide_telemetry.lint.names import names_of
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.names import Use

__all__ = ["CHECK"]

_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
_VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request")
# Instrumentor -> the calls that it would trace.
_CLIENTS: Final = {
    "httpx": frozenset(
        {"httpx.Client", "httpx.AsyncClient", "httpx.stream", *(f"httpx.{each}" for each in _VERBS)}
    ),
    "httpx2": frozenset({"httpx2.Client", "httpx2.AsyncClient", *(f"httpx2.{each}" for each in _VERBS)}),
    "requests": frozenset(
        {
            "requests.Session",
            "requests.session",
            "requests.sessions.Session",
            *(f"requests.{each}" for each in _VERBS),
        }
    ),
    "urllib3": frozenset(
        {"urllib3.PoolManager", "urllib3.ProxyManager", "urllib3.HTTPConnectionPool", "urllib3.request"}
    ),
    "aiohttp-client": frozenset({"aiohttp.ClientSession", "aiohttp.request"}),
    "grpc_client": frozenset({"grpc.insecure_channel", "grpc.secure_channel"}),
    "grpc_aio_client": frozenset({"grpc.aio.insecure_channel", "grpc.aio.secure_channel"}),
    "celery": frozenset({"celery.Celery"}),
}
# Spellings for a whole family, as `init_telemetry(instrument=...)` takes them.
_FAMILIES: Final = {"aiohttp": ("aiohttp-client",), "grpc": ("grpc_client", "grpc_aio_client")}
_ASSIGNS: Final = frozenset({"os.environ.setdefault", "os.putenv"})


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    disabled = _disabled(judged, scene)
    if not disabled:
        return
    service = judged.entrypoint.service
    paths = [path for path, services in scene.served.items() if service in services]
    for path in sorted(paths or judged.trail.imported):
        file = scene.sources.get(path)
        if isinstance(file, Parsed):
            for name, why in disabled.items():
                yield from _untraced(file, name, why)


def _untraced(file: Parsed, name: str, why: str) -> Iterator[Problem]:
    for use in names_of(file).called(_CLIENTS[name]):
        message = f"`{use.name}` makes calls without spans and trace context: {why}"
        hint = f"take `{name}` out of what is switched off"
        yield problem("TEL307", file, use.node, message, hint, scope=use.call.scope)


def _disabled(judged: Judged, scene: Scene) -> dict[str, str]:
    """Return which instrumentors are switched off, and by what."""
    deployed = _names(judged.entrypoint.environment.get(_VARIABLE, ""))
    found = dict.fromkeys(deployed, f"{_VARIABLE} of the deployment")
    for file, call in bootstrap_calls(judged, scene):
        given = argument(call.node, "instrument")
        if given is not None:
            why = f"`instrument={' '.join(source(file, given).split())}`"
            found.update(dict.fromkeys(_left_out(names_of(file).value(given, call)), why))
        if _VARIABLE in file.text:
            found.update(dict.fromkeys(_in_code(file), f"{_VARIABLE} is set in {file.path.name}"))
    return found


def _names(value: str) -> list[str]:
    asked = [each.strip() for each in value.split(",")]
    return [name for name in _CLIENTS if name in asked or "*" in asked]


def _left_out(asked: ast.AST | None) -> list[str]:
    if isinstance(asked, ast.Constant) and asked.value is False:
        return list(_CLIENTS)
    if not isinstance(asked, ast.List | ast.Tuple | ast.Set):
        return []
    named = [
        each.value for each in asked.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if len(named) != len(asked.elts):
        return []
    kept = {name for each in named for name in _FAMILIES.get(each, (each,))}
    return [name for name in _CLIENTS if name not in kept]


def _in_code(file: Parsed) -> Iterator[str]:
    names = names_of(file)
    for use in names.called(_ASSIGNS):
        yield from _set(use, file)
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        for target in node.targets:
            key = target.slice if isinstance(target, ast.Subscript) else None
            ours = isinstance(key, ast.Constant) and key.value == _VARIABLE
            if ours and isinstance(target, ast.Subscript) and "os.environ" in names.named(target.value):
                yield from _names(str(node.value.value))


def _set(use: Use, file: Parsed) -> list[str]:
    names = names_of(file)
    if len(use.node.args) > 1 and names.text(use.node.args[0], use.call) == _VARIABLE:
        return _names(names.text(use.node.args[1], use.call) or "")
    return []


CHECK: Final = EntrypointCheck("TEL307", _look)
