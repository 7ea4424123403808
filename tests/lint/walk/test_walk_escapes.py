"""How much is looked at to find out whether something leads to the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ameide_telemetry.lint.config import Config, lint_codes
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from ameide_telemetry.lint.walk import escapes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_HEAD = "from ameide_telemetry import init_telemetry\n\n\nclass Part:\n    pass\n\n\n"
_CLASS = """class Part{0}(Part):
    def __add__(self, other):
        return And(Part{0}(), {1})

    def __or__(self, other):
        return {1}


"""
_TAIL = """class And(Part):
    pass


total = {0}
init_telemetry("shop")
from fastapi import FastAPI

app = FastAPI()
"""


def _looked_into(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many bodies are looked into for a module of so many classes that all name one another."""
    folder.mkdir()
    (folder / "Procfile").write_text("web: uvicorn main:app\n")
    every = ", ".join(f"Part{each}()" for each in range(number))
    classes = "".join(_CLASS.format(each, every) for each in range(number))
    (folder / "main.py").write_text(_HEAD + classes + _TAIL.format(every))
    looked = 0
    inner = escapes._mentioned

    def counted(*given: Any) -> Any:
        nonlocal looked
        looked += 1
        return inner(*given)

    with monkeypatch.context() as patch:
        patch.setattr(escapes, "_mentioned", counted)
        config = Config(selected=frozenset(lint_codes()))
        outcome = Linter(Tree.of(folder), config, Store(None, "")).run()
    assert [each.verdict.word for each in outcome.judged] == ["ok"]
    return looked


def test_a_body_is_looked_into_once_for_each_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ways lead to it: with each of them, a parser of many operators took minutes."""
    few = _looked_into(tmp_path / "few", 10, monkeypatch)
    many = _looked_into(tmp_path / "many", 20, monkeypatch)
    # Each of the objects is a question, and each class has two bodies.
    assert 0 < few <= 10 * 20
    assert 0 < many <= 20 * 40
