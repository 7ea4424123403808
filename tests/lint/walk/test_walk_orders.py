"""The order of things: every small source has its verdict, above all never a wrong `ok`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from ameide_telemetry.lint.source import Sources
from ameide_telemetry.lint.why import why
from lint.walk.starting import entrypoint, judged

# What stands above each source; then `=== name: verdict`, the source of `a.py`, and `-- b --` for `b.py`.
_HEAD: Final = "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\nimport os\n"
_TEXT: Final = (Path(__file__).parent / "orders.txt").read_text(encoding="utf-8")
_ROWS: Final = dict(re.findall(r"(?ms)^=== (.+?)\n(.*?)(?=^=== |\Z)", _TEXT))


@pytest.mark.parametrize("row", _ROWS)
def test_a_source_has_its_verdict(row: str, tmp_path: Path) -> None:
    """The walk and the judgement together say of a source what a person says who reads it."""
    name, _, word = row.partition(": ")
    first, *others = re.split(r"(?m)^-- (.+) --\n", _ROWS[row])
    for stem, text in {"a": first, **dict(zip(others[::2], others[1::2], strict=True))}.items():
        path = tmp_path / f"{stem}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if path.stem == "ameide_telemetry" else _HEAD + text, encoding="utf-8")
    words = ["python", "a.py"] if name.endswith("_as_script") else ["uvicorn", "a:app"]
    result = judged(entrypoint(tmp_path, words), Sources())
    assert result.verdict.word == word, why(result)
