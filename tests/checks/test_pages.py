"""The examples of the pages: the wrong lines give the finding of the page, the right ones none."""

from __future__ import annotations

import re

import pytest

from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.logcheck.engine import ENGINES
from ameide_telemetry.logcheck.inspector import Inspector

_LINE_CHECKS = [code for code in CHECKS if code.startswith("TEL5")]
# What a page abbreviates: `x…16000 more…` is so many times what stands before it.
_MORE = re.compile("(.)…([0-9]+) more…")


def _lines(code: str, heading: str) -> list[bytes]:
    block = re.search(rf"## {heading}\n\n```[a-z]+\n(.*?)\n```", page(code), re.DOTALL)
    assert block is not None
    whole = _MORE.sub(lambda found: found[1] * (int(found[2]) + 1), block[1])
    return [line.encode() for line in whole.split("\n")]


def _codes(lines: list[bytes], engine: str) -> list[str]:
    inspector = Inspector(engine=engine)
    return [finding.code for line in lines for finding in inspector.inspect(line)]


@pytest.mark.parametrize("engine", ENGINES[1:])
@pytest.mark.parametrize("code", _LINE_CHECKS)
def test_the_example_of_a_page_is_true(code: str, engine: str) -> None:
    """The wrong lines of a page give its code once and nothing else; the right ones give nothing."""
    assert _codes(_lines(code, "Wrong"), engine) == [code]
    assert _codes(_lines(code, "Right"), engine) == []
