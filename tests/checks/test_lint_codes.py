"""The codes of the lint: engine, registry, cases, reference and changelog name the same ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS, FILE_CHECKS
from ameide_telemetry.lint.config import lint_codes

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT: Final = Path(__file__).parents[2]
_CASES: Final = _ROOT / "tests" / "lint" / "cases"
_CODE: Final = r"TEL[0-9]{3}"
_RANGE: Final = re.compile(rf"({_CODE}) to ({_CODE})")
# The linter itself finds these: they are about files that cannot be read, and about what is switched off.
_OF_THE_LINTER: Final = {"TEL001", "TEL002", "TEL003", "TEL004"}


def _table() -> set[str]:
    return {each.code for each in FILE_CHECKS} | {each.code for each in ENTRYPOINT_CHECKS} | _OF_THE_LINTER


def _registry() -> set[str]:
    return {code for code in CHECKS if code[3] in "01234" and code[3:5] not in {"01", "05", "06"}}


def _pages() -> set[str]:
    return {code for code in _registry() if page(code).startswith(f"# {code} ")}


def _cases() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in _CASES.rglob("*.txtar"))
    return {code for text in texts for code in re.findall(rf"(?m)^expect: ({_CODE})", text)}


def _reference() -> set[str]:
    text = (_ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    return set(re.findall(rf"(?m)^## ({_CODE}) ", text)) & _of_lint()


def _changelog() -> set[str]:
    text = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = set(re.findall(_CODE, text))
    for first, last in _RANGE.findall(text):
        named |= {code for code in CHECKS if first <= code <= last}
    return named & _of_lint()


def _of_lint() -> set[str]:
    return set(lint_codes())


@pytest.mark.parametrize("named", [_table, _registry, _pages, _cases, _reference, _changelog])
def test_the_same_codes_are_named_everywhere(named: Callable[[], set[str]]) -> None:
    """What the lint can be asked for is what it has, explains, shows by cases, and tells of."""
    assert named() == _of_lint()
    assert _of_lint()


def test_every_folder_of_cases_is_about_a_check() -> None:
    """A folder that has the name of a code holds wrong and right trees of a check that exists."""
    folders = [folder for folder in (_CASES / "checks").iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} <= _of_lint()
    for folder in folders:
        assert {path.name.partition("-")[0] for path in folder.iterdir()} == {"good", "bad"}
