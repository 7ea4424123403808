"""Names that other files take from a file: they must not go with a cure."""

from __future__ import annotations

import ast
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.disk import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lost_names"]

_TOPS: Final = (".git", "uv.lock", "poetry.lock")
_PROJECTS: Final = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Dockerfile", "Procfile")
_SKIPPED: Final = frozenset({"node_modules", "site-packages", "__pycache__", "venv"})
_UPWARDS: Final = 12
_MOST: Final = 20_000
_LARGEST: Final = 8 * 1024 * 1024
_FROM: Final = re.compile(
    rb"\bfrom[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]{0,9999}\)|(?:[^\r\n#;\\]|\\\r?\n)*)"
)


def lost_names(path: Path, before: bytes, after: bytes) -> str:
    """Return why a file may not become another one: who takes a name from it that it would not have.

    Args:
        path: of the file.
        before: its source.
        after: what it would become; both compile.
    """
    lost = _bound(before) - _bound(after)
    if not lost:
        return ""
    module = path.parent.name if path.stem == "__init__" else path.stem
    for other in _sources(_top(path.parent)):
        if other != path:
            name = _taken(other, module, lost)
            if name:
                return f"{other.name} may take `{name}` from {path.name}"
    return ""


def _bound(data: bytes) -> set[str]:
    """Return the names that a module binds by itself, not in a function or class."""
    names: set[str] = set()
    with warnings.catch_warnings():
        # An invalid escape is the business of other tools.
        warnings.simplefilter("ignore")
        todo: list[ast.AST] = [ast.parse(data)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        todo += ast.iter_child_nodes(node)
    return names


def _top(folder: Path) -> Path:
    """Return the folder below which everything stands that may import from another: the repository's."""
    best = folder
    for each in (folder, *folder.parents)[:_UPWARDS]:
        if any((each / name).exists() for name in _TOPS):
            return each
        if any((each / name).exists() for name in _PROJECTS):
            best = each
    return best


def _sources(top: Path) -> Iterator[Path]:
    left = _MOST
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIPPED)
        for name in sorted(names):
            if name.endswith(".py"):
                left -= 1
                if left < 0:
                    return
                yield Path(folder, name)


def _taken(path: Path, module: str, lost: set[str]) -> str:
    try:
        data = contents(path, _LARGEST)
    except OSError:
        return ""
    if module.encode() not in data:
        return ""
    for found in _FROM.finditer(data):
        source, names = (
            found[1].decode(errors="replace"),
            re.findall(r"\w+|\*", found[2].decode(errors="replace")),
        )
        if source.rpartition(".")[2] == module or not source.strip("."):
            taken = lost & set(names) or (lost if "*" in names else set())
            if taken:
                return min(taken)
    # By an attribute of the module, under whatever name, or by a string for a test to patch.
    if (
        re.search(rb"\bimport\b[^\r\n]*\b" + re.escape(module.encode()) + rb"\b", data)
        or f"{module}.".encode() in data
    ):
        used = (each for each in sorted(lost) if re.search(rb"\." + each.encode() + rb"\b", data))
        return next(used, "")
    return ""
