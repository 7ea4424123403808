"""A file at a glance: what is not seen there is not walked, so nothing that Python imports may be missed."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint.cards import Glance, card_of
from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.source import MAX_BYTES
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import GOOD, lay

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.outcome import Outcome

_GLANCE: Final = Glance((b"init_telemetry",), (b"basicConfig",), ("fastapi",))
_LATE: Final = "import fastapi\nx = 1\napp = fastapi.FastAPI()\n"
_FORMS: Final = {
    "plain": b"",
    "a byte order mark": codecs.BOM_UTF8,
    "a declared encoding": b"# -*- coding: latin-1 -*-\n# \xe4\n",
    "a form feed": b"x = 1\n\f",
}


def _outcome(folder: Path) -> Outcome:
    return Linter(Tree.of(folder), read_config(folder, []), Store(None, "")).run()


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_every_form_of_source_is_seen(form: str, end: str, tmp_path: Path) -> None:
    """Marks, encodings, form feeds and ends of lines do not hide an application from the walk."""
    data = (_FORMS[form] + _LATE.encode()).replace(b"\n", end.encode())
    asgi = GOOD["shop/asgi.py"].replace("from ameide", "from shop import work\nfrom ameide")
    lay(tmp_path, {**GOOD, "shop/work.py": data, "shop/asgi.py": asgi.replace("FastAPI()", "work.app")})
    compile(data, "work.py", "exec")
    assert (0, "fastapi", ()) in card_of(data, _GLANCE).imports
    assert [each.verdict.word for each in _outcome(tmp_path).judged] == ["late"]


@pytest.mark.parametrize("text", ["def (\n", "x = 1\n" + "#" * MAX_BYTES], ids=["broken", "long"])
@pytest.mark.parametrize("name", ["shop/unused.py", "shop/work.py"])
def test_no_file_of_a_service_is_passed_over(text: str, name: str, tmp_path: Path) -> None:
    """A file that cannot be judged is told: as an error where a service imports it, as a note elsewhere."""
    lay(tmp_path, {**GOOD, name: f"import logging\nlogging.basicConfig()\n{text}"})
    found = [(each.code, each.spot.path.name, each.level) for each in _outcome(tmp_path).problems]
    assert found == [("TEL001", name.rpartition("/")[2], "info" if "unused" in name else None)]
