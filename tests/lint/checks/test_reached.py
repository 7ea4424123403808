"""Calls that a service shall not make are found in every way that leads to them, and namesakes are not."""

from __future__ import annotations

import pytest

from lint.reached import reached

_ALL = list(reached())
_PARTS = 12


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_way_is_found_and_no_namesake(part: int) -> None:
    """Each file gives exactly the codes and lines that are marked in it."""
    wrong = {}
    for each in _ALL[part::_PARTS]:
        compile(each.text, each.name, "exec")
        found = each.found()
        if found != each.expected:
            wrong[each.name] = sorted(found ^ each.expected)
    assert not wrong


def test_each_check_has_ways_and_namesakes() -> None:
    """What proves nothing of a check is missed here."""
    codes = {code for each in _ALL for code, _ in each.expected}
    assert codes == {"TEL201", "TEL202", "TEL203", "TEL204"}
    assert sum(not each.expected for each in _ALL) > len(_ALL) // 5
