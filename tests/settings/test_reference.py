"""The reference page is the table's."""

from __future__ import annotations

from pathlib import Path

from ameide_telemetry.settings.codes import CODES
from ameide_telemetry.settings.honoured import IGNORED, LEFT_TO_OTHERS
from ameide_telemetry.settings.reference import reference
from ameide_telemetry.settings.table import SETTINGS, variables

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    """The committed page is what the table gives; cure: `ameide-telemetry settings reference`."""
    assert _PAGE.read_text(encoding="utf-8") == reference()


def test_the_page_is_complete() -> None:
    """Every setting, variable and code stands on it."""
    page = reference()
    expected = {*variables(), *LEFT_TO_OTHERS, *IGNORED, *CODES}
    expected |= {setting.name.partition(".")[2] or setting.name for setting in SETTINGS}
    missing = [name for name in expected if f"`{name}" not in page]
    assert missing == []


def test_tables_are_rectangular() -> None:
    """Each row of a table has as many cells as its head, whatever the texts hold."""
    widths: list[int] = []
    for line in reference().replace("\\|", "").splitlines():
        if line.startswith("|"):
            widths.append(line.count("|"))
        elif widths:
            assert len(set(widths)) == 1
            widths = []
