"""Work after an import happens once, right after it, and only for what is expected."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.testing.arrival import Arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = "arriving_library"


@pytest.fixture
def arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrivals]:
    """A watch over imports, and a library that can be imported."""
    (tmp_path / f"{_NAME}.py").write_text("value = 7\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    watch = Arrivals()
    watch.begin()
    yield watch
    watch.end()
    sys.modules.pop(_NAME, None)


def test_action_runs_after_the_import(arrivals: Arrivals) -> None:
    """The action sees the whole module; a second import runs nothing, and one that is there runs it now."""
    seen: list[int] = []
    arrivals.expect(_NAME, lambda: seen.append(sys.modules[_NAME].value))
    assert seen == []
    importlib.reload(importlib.import_module(_NAME))
    assert seen == [7]
    arrivals.expect(_NAME, lambda: seen.append(8))
    assert seen == [7, 8]


def test_nothing_stays_behind(arrivals: Arrivals) -> None:
    """After its end a watch is no finder any more; a library that does not exist is not found either way."""
    arrivals.expect("no_such_library_here", lambda: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_library_here")
    arrivals.end()
    assert arrivals not in sys.meta_path
