"""What is said about lost lines."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ameide_telemetry.logs.losses import LastWord, Losses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest


def _notice(message: str, fields: Mapping[str, object]) -> bytes:
    return f"{message} {fields['reason']}\n".encode()


def test_the_last_word_is_said_once_and_again_after_lines_were_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each reason, and not more than once a minute."""
    real, later = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + later[0])
    with (tmp_path / "stderr").open("w+") as stderr:
        monkeypatch.setattr(sys, "__stderr__", stderr)
        said = LastWord()

        def lines() -> int:
            return len((tmp_path / "stderr").read_text().splitlines())

        said.say("stream_full", "No space left on device", None)
        assert lines() == 0
        for _ in range(2):
            said.say("stream_full", "No space left on device", _notice)
        assert lines() == 1
        said.over()
        said.say("stream_full", "No space left on device", _notice)
        assert lines() == 1
        said.say("stream_closed", "Broken pipe", _notice)
        assert lines() == 2
        later[0] = 61.0
        said.say("stream_closed", "Broken pipe", _notice)
        assert lines() == 2
        said.say("stream_full", "No space left on device", _notice)
        assert lines() == 3
        said.over()
        said.say("stream_closed", "Broken pipe", _notice)
        assert lines() == 4


def test_losses_that_nobody_can_say_stay() -> None:
    """Until somebody can."""
    losses = Losses()
    losses.add("stream_full", 2)
    assert losses.line(None) is None
    assert losses.due()
    assert losses.line(lambda message, fields: f"{message} {fields}".encode()) is not None
    assert not losses.due(at_once=True)
