"""Every name that users can reach is explained, and so is every test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ameide_telemetry

_ROOT = Path(__file__).parent.parent
_SOURCES = sorted((_ROOT / "src").rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("test_*.py"))

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public_definitions(body: list[ast.stmt]) -> list[_Definition]:
    """Return the public functions, classes and methods of a module or class body."""
    found: list[_Definition] = []
    for node in body:
        if isinstance(node, _Definition) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += _public_definitions(node.body)
    return found


def _is_implied(node: _Definition) -> bool:
    """Tell whether another definition holds the docstring: an overload, a setter, an override."""
    marks = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return not marks.isdisjoint({"overload", "setter", "override"})


def _tests(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the test functions of a module."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test_")]


def _place(path: Path) -> str:
    return str(path.relative_to(_ROOT))


@pytest.mark.parametrize("name", ameide_telemetry.__all__)
def test_public_name_is_documented(name: str) -> None:
    """What `from ameide_telemetry import ...` gives has a docstring of its own."""
    value = getattr(ameide_telemetry, name)
    assert (value.__doc__ or "").strip()
    assert value.__doc__ != type(value).__doc__


def test_public_names_are_complete() -> None:
    """The names that users and outside tests rely on are all there."""
    promised = {
        "Telemetry",
        "TelemetryError",
        "TelemetrySettings",
        "bind_context",
        "bound_context",
        "clear_context",
        "current_context",
        "get_logger",
        "init_telemetry",
    }
    assert promised <= set(ameide_telemetry.__all__)
    assert set(ameide_telemetry.__all__) <= set(dir(ameide_telemetry))


@pytest.mark.parametrize("path", _SOURCES, ids=_place)
def test_source_is_documented(path: Path) -> None:
    """A module of the package, and every public definition in it, says what it is for."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    definitions = [node for node in _public_definitions(tree.body) if not _is_implied(node)]
    silent = [f"line {node.lineno}: {node.name}" for node in definitions if not ast.get_docstring(node)]
    assert ast.get_docstring(tree)
    assert silent == []


@pytest.mark.parametrize("path", _TESTS, ids=_place)
def test_test_is_documented(path: Path) -> None:
    """Every test function says in one sentence what holds."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [node.name for node in _tests(tree) if not ast.get_docstring(node)]
    assert ast.get_docstring(tree)
    assert silent == []
