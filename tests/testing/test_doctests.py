"""Lines that the examples of a document log: who logged them, and how they are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_EXAMPLE: Final = (
    ">>> from ameide_telemetry import init_telemetry\n"
    '>>> telemetry = init_telemetry("shop", instrument=False)\n'
    ">>> import logging\n"
    '>>> logging.getLogger("shop").warning("placed", extra={"traceId": "1"})\n'
)


def test_a_line_of_an_example_is_that_of_its_row(tmp_path: Path) -> None:
    """In a text file and in a docstring; a decorator cannot stand there, so another way is named."""
    (tmp_path / "guide.txt").write_text(f"A guide.\n\n{_EXAMPLE}", encoding="utf-8")
    (tmp_path / "shop.py").write_text(f'def place():\n    """Place.\n\n{_EXAMPLE}"""\n', encoding="utf-8")
    documents = ("--doctest-modules", "--doctest-glob=*.txt", "shop.py", "guide.txt")
    ended = run_pytest(tmp_path, *ALONE, *documents, "--telemetry-contract=fail")
    assert ended.returncode == 1, ended.stdout
    assert "logged by  guide.txt:6" in ended.stdout
    assert 'allow      ignore = ["TEL512"] in [tool.ameide_telemetry.logs]' in ended.stdout
    assert "logged by  shop.py:7" in ended.stdout
    assert 'allow      pytestmark = pytest.mark.telemetry(allow=["TEL512"]) in the module' in ended.stdout
