"""How many small mistakes in the log check do its tests notice?

    python -m logcheck.mutants [--sample COUNT] [--seed TEXT] [--jobs COUNT] [--least PERCENT]

One operator, number, condition, statement or result of one function is changed at a time, in a process of
its own that runs the quick tests. What they do not notice is listed. Limits at the top of a module are not
changed: they bound what no test of correctness can see.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["main"]

_TESTS: Final = Path(__file__).parent.parent
_SOURCE: Final = _TESTS.parent / "src"
_ROOM: Final = _SOURCE / "ameide_telemetry" / "logcheck"
_MODULES: Final = (*sorted(_ROOM.glob("[a-z]*.py")), _ROOM.parent / "contract" / "conformance.py")
_RUN: Final = (
    *(
        "logcheck/test_cases.py",
        "logcheck/test_shapes.py",
        "logcheck/test_report.py",
        "logcheck/test_source.py",
    ),
    *("logcheck/test_words.py", "logcheck/test_limits.py", "logcheck/test_damage.py"),
    *("logcheck/test_encodings.py", "logcheck/test_required.py", "cli/test_logs_config.py"),
    *("contract/test_conformance.py", "logcheck/test_engines.py"),
)
_OPTIONS: Final = (
    *("-x", "-q", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-k", "not memory and not lines[1] and not lines[2] and not lines[3] and not lines[4]"),
)
_LIMIT_SECONDS: Final = 150
_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMBINED: Final[dict[type[ast.boolop], type[ast.boolop]]] = {ast.And: ast.Or, ast.Or: ast.And}
_COUNTED: Final[dict[type[ast.operator], type[ast.operator]]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    module: Path
    line: int
    change: str
    tree: ast.Module


def mutants() -> list[Mutant]:
    """Return every change."""
    return [mutant for module in _MODULES for mutant in _of_module(module)]


def _of_module(module: Path) -> Iterator[Mutant]:
    tree = ast.parse(module.read_text("utf-8"))
    for place, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            inside = {id(each) for statement in node.body for each in ast.walk(statement)}
            for number, each in enumerate(ast.walk(tree)):
                if id(each) in inside and number > place:
                    yield from _of_node(module, tree, number, each)


def _of_node(module: Path, tree: ast.Module, number: int, node: ast.AST) -> Iterator[Mutant]:
    for change, mutate in _changes(node):
        copy = deepcopy(tree)
        mutate([*ast.walk(copy)][number])
        ast.fix_missing_locations(copy)
        yield Mutant(module, getattr(node, "lineno", 0), change, copy)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.Compare):
        yield "comparison", _compare
    elif isinstance(node, ast.BoolOp):
        yield "and/or", _combine
    elif isinstance(node, ast.BinOp) and type(node.op) in _COUNTED:
        yield "plus/minus", _count
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield "constant", _constant
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", _negate
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "result", _forget
    elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        yield "statement", _leave_out
    elif isinstance(node, ast.AugAssign):
        yield "added value", _leave_out_value


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _compare(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops = [_COMPARED[type(node.ops[0])](), *node.ops[1:]]


def _combine(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = _COMBINED[type(node.op)]()


def _count(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.op = _COUNTED[type(node.op)]()


def _constant(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    node.value = not node.value if isinstance(node.value, bool) else node.value + 1


def _negate(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.IfExp | ast.While)
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _forget(node: ast.AST) -> None:
    assert isinstance(node, ast.Return)
    node.value = ast.Constant(None)


def _leave_out(node: ast.AST) -> None:
    assert isinstance(node, ast.Expr)
    # A function without its last `yield` would be none that can be iterated over.
    node.value = ast.YieldFrom(ast.Tuple([], ast.Load())) if _yields(node.value) else ast.Constant(None)


def _yields(node: ast.expr) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _leave_out_value(node: ast.AST) -> None:
    assert isinstance(node, ast.AugAssign)
    node.value = ast.Constant(0) if isinstance(node.value, ast.Constant) else ast.Tuple([], ast.Load())


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = ".".join(mutant.module.relative_to(_SOURCE).with_suffix("").parts)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._mutant.module, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.tree, str(self._mutant.module), "exec"), module.__dict__)


def _is_noticed(mutant: Mutant) -> bool:
    """Run the tests on one change in a process of its own."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _run(mutant)
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run(mutant: Mutant) -> None:
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        sys.meta_path.insert(0, _Finder(mutant))
        code = int(pytest.main([*(str(_TESTS / name) for name in _RUN), *_OPTIONS]))
    finally:
        os._exit(min(code, 1))


def main() -> int:
    """Print the score and what nobody noticed; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="how many changes are tried; 0: all")
    parser.add_argument("--seed", default="mutants")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=90.0, help="score below which the exit code is 1")
    arguments = parser.parse_args()
    made = mutants()
    chosen = Random(arguments.seed).sample(made, min(arguments.sample or len(made), len(made)))
    noticed: list[bool] = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for mutant, seen in zip(chosen, pool.map(_is_noticed, chosen), strict=True):
            noticed.append(seen)
            if not seen:
                print(f"{mutant.module.relative_to(_SOURCE)}:{mutant.line}: {mutant.change}", flush=True)
            print(f"{sum(noticed)}/{len(noticed)}", end="\r", file=sys.stderr, flush=True)
    score = 100 * sum(noticed) / len(chosen)
    print(f"{sum(noticed)} of {len(chosen)} changes noticed ({len(made)} in all): {score:.1f} %")
    return int(score < arguments.least)


if __name__ == "__main__":
    sys.exit(main())
