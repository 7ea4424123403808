"""Fixtures of the log tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.lines import InstalledLines, installed
from support.piped import Piped, refuse_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[InstalledLines]:
    """The log side installed for one test, without capturing printed text."""
    with installed(tmp_path, capture_streams=False) as found:
        yield found


@pytest.fixture
def piped() -> Iterator[Piped]:
    """Return a sink on a pipe of its own."""
    found = Piped()
    yield found
    found.sink.drain(0.0)
    found.close()


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing written behind the calls, as where threads cannot be started."""
    monkeypatch.setattr("_thread.start_new_thread", refuse_thread)
