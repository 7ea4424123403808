"""What one file tells of serving: calls that do not come back, and applications at its top level."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.targets.outline import called, outline, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.model import TargetKind
    from ameide_telemetry.lint.source import Sources

__all__ = ["APPS", "NEEDLES", "application", "has_main", "serves"]

APPS: Final[Mapping[str, TargetKind]] = {
    "FastAPI": "asgi",
    "Starlette": "asgi",
    "Litestar": "asgi",
    "Quart": "asgi",
    "Sanic": "asgi",
    "BlackSheep": "asgi",
    "ProtocolTypeRouter": "asgi",
    "get_asgi_application": "asgi",
    "Flask": "wsgi",
    "Bottle": "wsgi",
    "get_wsgi_application": "wsgi",
    "falcon.App": "wsgi",
    "falcon.asgi.App": "asgi",
}
"""What makes an application that a server serves -> its kind."""
_FACTORIES: Final = frozenset(
    {"create_app", "make_app", "build_app", "get_app", "create_application", "get_application"}
)
_NAMES: Final = frozenset({"app", "application"})
# A factory counts where its outcome has one of the names, at the margin.
NEEDLES: Final = (b"\napp", *sorted({name.partition(".")[0].encode() for name in APPS}))
"""Bytes of which at least one is in every file that has an application at its top level."""

_SERVE: Final = frozenset(
    [
        *(
            "serve_forever",
            "wait_for_termination",
            "worker_main",
            "start_consuming",
            "run_forever",
            "run_app",
        ),
        *(
            "run_simple",
            "run_worker",
            "run_workers",
            "serve",
            "run_polling",
            "start_polling",
            "runserver",
            "mainloop",
        ),
        *("infinity_polling", "run_consumer", "consume_forever", "run_server", "start_server", "work"),
    ]
)
_RUNNERS: Final = frozenset(
    {"uvicorn", "hypercorn", "granian", "app", "application", "api", "server", "bottle", "mcp"}
)
_DEPTH: Final = 40


def serves(sources: Sources, path: Path, function: str) -> bool:
    """Return whether a file begins to serve, told by its own text only.

    Args:
        sources: the files.
        path: the file.
        function: that is called; empty for the file as it is run.
    """
    parsed = sources.get(path)
    if not isinstance(parsed, Parsed):
        return False
    defined = {
        node.name: node
        for node in statements(parsed.tree.body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    start = defined.get(function.partition(".")[0])
    waiting: list[ast.AST] = [start] if start else list(parsed.tree.body)
    if function and not start:
        return False
    seen = {function}
    for _ in range(_DEPTH):
        if not waiting:
            break
        names: set[str] = set()
        for node in waiting:
            if any(_is_serving(each, names) for each in _inside(node, top=start is None and not function)):
                return True
        waiting = [defined[name] for name in sorted(names - seen) if name in defined]
        seen |= names
        start = start or (waiting[0] if waiting else None)  # type: ignore[assignment]
    return False


def has_main(sources: Sources, path: Path) -> bool:
    """Return whether a file has a block for when it is run by itself."""
    parsed = sources.get(path)
    return isinstance(parsed, Parsed) and any(_is_main(node) for node in parsed.tree.body)


def application(sources: Sources, path: Path) -> Iterator[tuple[str, TargetKind, int]]:
    """Yield the applications at the top level of a file: name, kind and line."""
    known = outline(sources, path)
    for name, bound in known.names.items():
        if bound.kind != "call":
            continue
        made = bound.called
        kind = APPS.get(made) or APPS.get(made.rpartition(".")[2])
        if kind is None and name in _NAMES and made.rpartition(".")[2] in _FACTORIES:
            kind = "asgi"
        if kind:
            yield name, kind, bound.node.lineno


def _is_main(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)


def _inside(node: ast.AST, *, top: bool) -> Iterator[ast.AST]:
    """Yield what runs inside of a node; at the top level what is only defined does not run."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if top and isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield each
        waiting += ast.iter_child_nodes(each)


def _ends(loop: ast.While) -> bool:
    """Return whether a loop that has no condition is left from inside."""
    return any(isinstance(each, ast.Break | ast.Return) for each in _inside(loop, top=False))


def _is_serving(node: ast.AST, names: set[str]) -> bool:
    """Return whether a node begins to serve; names of what it calls are added."""
    if isinstance(node, ast.While):
        return isinstance(node.test, ast.Constant) and bool(node.test.value) and not _ends(node)
    if not isinstance(node, ast.Call):
        return False
    name = called(node)
    names.add(name.partition(".")[0])
    names |= {each.id for each in node.args if isinstance(each, ast.Name)}
    before, _, last = name.rpartition(".")
    last = last or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    return last in _SERVE or (last == "run" and before.rpartition(".")[2] in _RUNNERS)
