"""Fixtures of the log tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.lines import InstalledLines, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[InstalledLines]:
    """The log side installed for one test, without capturing printed text."""
    with installed(tmp_path, capture_streams=False) as found:
        yield found
