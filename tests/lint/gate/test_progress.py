"""Progress: a line for people who wait, and nothing for anybody else."""

from __future__ import annotations

import io

import pytest

from ameide_telemetry.cli.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [_Terminal(), io.StringIO()], ids=["terminal", "pipe"])
def test_progress_is_shown_to_a_person_who_waits(stream: io.StringIO) -> None:
    """After a second a terminal shows how much is done, and shows nothing of it at the end."""
    now = [0.0]
    progress = Progress(stream, lambda: now[0])
    progress("reads files:", 1, 2_000)
    assert not stream.getvalue()
    for now[0] in (1.0, 1.01, 1.2):
        progress("reads files:", round(1_000 * now[0]), 2_000)
    progress.end()
    rows = stream.getvalue().split("\r")
    if not stream.isatty():
        assert rows == [""]
        return
    assert rows == ["", "reads files: 1,000 of 2,000", "reads files: 1,200 of 2,000", " " * 27, ""]


def test_a_short_run_shows_no_progress() -> None:
    """A run that ends within a second leaves a terminal as it was."""
    stream = _Terminal()
    progress = Progress(stream, lambda: 0.0)
    progress("reads files:", 1, 2)
    progress.end()
    assert not stream.getvalue()
