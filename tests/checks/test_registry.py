"""The codes: one set of them in the code, the registry, the pages, the reference and what is told of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.checks.reference import render_checks
from ameide_telemetry.checks.registry import CHECKS, FAMILIES, page
from ameide_telemetry.settings.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "src" / "ameide_telemetry"
_CODE = re.compile(r"\bTEL[0-9]{3}\b")
# The comments that allow something name what they allow.
_ANOTHER = {"TEL003": {"TEL301"}, "TEL004": {"TEL301"}}
# Checks of what people write: sources of services, and log lines.
_WITH_EXAMPLES = ("TEL00", "TEL1", "TEL2", "TEL3", "TEL4", "TEL5")


def _codes_in(paths: Iterator[Path]) -> set[str]:
    return {code for path in paths for code in _CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_that_is_made_is_registered_and_none_is_left_over() -> None:
    """What the sources make findings of is what `explain` knows."""
    registry = _PACKAGE / "checks"
    sources = (path for path in _PACKAGE.rglob("*.py") if registry not in path.parents)
    made = _codes_in(path for path in sources if path.parent.name != "cli")
    assert made == set(CHECKS)


def test_there_is_a_page_for_each_code_and_no_other() -> None:
    """Pages are named after codes, begin with code and name, and are shipped with the package."""
    files = {path.stem for path in (_PACKAGE / "checks" / "pages").iterdir()}
    assert files == set(CHECKS)
    for code, check in CHECKS.items():
        assert page(code).startswith(f"# {code} {check.name}\n\n")


@pytest.mark.parametrize("code", CHECKS)
def test_a_page_says_why_and_what_to_do(code: str) -> None:
    """Each page has its parts, names no other code by mistake, and fits a terminal unless it is a line."""
    text = page(code)
    parts = re.findall(r"(?m)^## (.+)$", text)
    lines = ["Why it matters", "Wrong", "Right", "The edit", "To allow it"]
    assert parts == (lines if code.startswith(_WITH_EXAMPLES) else ["Why it matters", "The edit"])
    assert set(_CODE.findall(text)) - _ANOTHER.get(code, set()) == {code}
    assert all(len(row) <= 100 for row in text.splitlines() if not row.startswith(("{", "[")))


def test_codes_are_in_order_and_in_a_family() -> None:
    """The list that people read is sorted, and every code has a heading to stand under."""
    assert list(CHECKS) == sorted(CHECKS)
    assert {code[:5] for code in CHECKS} == set(FAMILIES)
    assert len({check.name for check in CHECKS.values()}) == len(CHECKS)


def test_the_settings_have_the_same_codes() -> None:
    """The room that makes findings of settings lists its codes itself; both lists agree."""
    assert set(CODES) == {code for code in CHECKS if code.startswith("TEL01")} - {"TEL019"}


def test_documents_name_only_codes_that_exist() -> None:
    """The changelog and the pages of the documentation name no code that `explain` does not know."""
    documents = [_ROOT / "CHANGELOG.md", _ROOT / "README.md", *(_ROOT / "docs").rglob("*.md")]
    assert _codes_in(iter(documents)) <= set(CHECKS)


def test_the_reference_page_is_the_registry() -> None:
    """The page of checks is derived; `python3 dev generate` writes it."""
    path = _ROOT / "docs" / "reference" / "checks.md"
    assert path.read_text(encoding="utf-8") == render_checks()
    assert _codes_in(iter([path])) == set(CHECKS)
