"""Lines reach pytest's own captures, whichever phase of a test started telemetry."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry import init_telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def _telemetry() -> Iterator[None]:
    telemetry = init_telemetry("orders")
    yield
    telemetry.shutdown()


def _messages(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("capture", ["capsys", "capfd"])
@pytest.mark.parametrize("first", [True, False])
def test_lines_are_captured(request: pytest.FixtureRequest, capture: str, *, first: bool) -> None:
    """A capture that was asked for before or after the fixture that starts telemetry."""
    order = (capture, "_telemetry") if first else ("_telemetry", capture)
    fixtures: dict[str, Any] = {name: request.getfixturevalue(name) for name in order}
    logging.getLogger("shop").warning("hello")
    assert _messages(fixtures[capture].readouterr().out) == ["hello"]


@pytest.mark.usefixtures("_telemetry")
def test_a_fixture_of_another_phase_is_no_closed_stream(capsys: Any) -> None:
    """What pytest has put in place since counts."""
    logging.getLogger("shop").warning("hello")
    assert _messages(capsys.readouterr().out) == ["hello"]
