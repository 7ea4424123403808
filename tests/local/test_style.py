"""When a stream gets colour, how wide it is, and what it can draw."""

from __future__ import annotations

import io
import os
import pty
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.local.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="terminal")
def _terminal() -> Iterator[io.TextIOWrapper]:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        yield stream
    os.close(leader)


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_on_a_terminal(terminal: io.TextIOWrapper, environ: dict[str, str], colour: bool) -> None:
    """A real terminal gets colour unless somebody says no."""
    assert Style.of(terminal, environ).colour is colour


@pytest.mark.parametrize(("environ", "colour"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
def test_colour_elsewhere(environ: dict[str, str], colour: bool) -> None:
    """A pipe gets colour only when it is forced."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as stream:
        assert Style.of(stream, environ).colour is colour


@pytest.mark.parametrize(("asked", "width"), [(10, 60), (90, 90), (1000, 160)])
def test_width_is_bounded(asked: int, width: int) -> None:
    """Neither a sliver nor a wall is drawn on."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as stream:
        assert Style.of(stream, {}, width=asked).width == width


def test_width_of_a_pipe_is_fixed() -> None:
    """What goes to a file does not depend on the terminal it was started from."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as stream:
        assert Style.of(stream, {}).width == PLAIN.width


@pytest.mark.parametrize(("encoding", "ascii_only"), [("utf-8", False), ("ascii", True), ("latin-1", True)])
def test_line_drawing_needs_an_encoding(encoding: str, ascii_only: bool) -> None:
    """A stream that cannot encode line drawing gets it in ASCII."""
    with io.TextIOWrapper(io.BytesIO(), encoding=encoding) as stream:
        style = Style.of(stream, {})
    assert style.ascii is ascii_only
    assert style.glyphs("├━✗").isascii() is ascii_only


def test_row_paints_and_cuts() -> None:
    """Width counts what is seen, not the colour codes."""
    segments = [("one ", "red"), ("two",), ("three", "dim", "bold")]
    assert Style().row(segments) == "one twothree"
    assert Style(colour=True).row(segments, 5) == "\x1b[31mone \x1b[0m…"
    assert Style(colour=True).row([("x", "")]) == "x"
