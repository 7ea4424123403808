"""A file in another grammar is told as such, with the Python that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ameide_telemetry.lint.newer import grammar_of
from ameide_telemetry.lint.source import Unreadable, parsed


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("lazy import json", "a lazy import needs Python 3.15"),
        ("x = t'{name}'", "a template string needs Python 3.14"),
        ("    except ValueError, TypeError:", "needs Python 3.14"),
        ("def first[T = int](x): ...", "with a default needs Python 3.13"),
        ("def first[T](x): ...", "a type parameter needs Python 3.12"),
        ("class Box[T]:", "a type parameter needs Python 3.12"),
        ("type Row = dict", "a `type` statement needs Python 3.12"),
        ('x = f"{names["a"]}"', "quotes inside needs Python 3.12"),
        ('print "ready"', "Python 2"),
        ("x = (", ""),
        ("init_telemetry('shop'", ""),
    ],
)
def test_what_a_line_may_be(row: str, said: str) -> None:
    """The construct and the Python that it needs, where they can be told; nothing where they cannot."""
    found = grammar_of(row, (3, 11))
    assert said in found
    assert bool(said) == bool(found)
    assert "Python 3" not in grammar_of(row, (9, 9))


def test_the_reason_of_a_file() -> None:
    """What the parser says stays, and what is known of the grammar is put behind it."""
    found = parsed(Path("a.py"), b"x = 1\nprint 'ready'\n")
    assert isinstance(found, Unreadable)
    assert found.line == 2
    assert found.reason.endswith("this is a statement of Python 2")
