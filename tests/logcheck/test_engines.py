"""Both engines, and lines told by their shape, come to the same findings."""

from __future__ import annotations

from random import Random

import pytest

from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck import engine
from ameide_telemetry.logcheck.inspector import Inspector
from logcheck.line_fuzz import fuzzed

_LEAST_CLEAN = 0.2


def _compare(seed: str, count: int) -> None:
    reference = Inspector(engine="standard", learning=False)
    others = {
        "standard, learning": Inspector(engine="standard"),
        "jsonschema-rs": Inspector(engine="jsonschema-rs", learning=False),
        "jsonschema-rs, learning": Inspector(engine="jsonschema-rs"),
    }
    for line in fuzzed(Random(seed), count):
        expected = reference.inspect(line)
        for name, inspector in others.items():
            assert [*inspector.inspect(line)] == [*expected], (name, line)
    clean = reference.report().facts["clean"]
    assert isinstance(clean, int)
    assert _LEAST_CLEAN < clean / count < 1 - _LEAST_CLEAN, "the lines are too much alike"
    groups = reference.report().groups
    at_once = Inspector(engine="standard")
    at_once.inspect_all(fuzzed(Random(seed), count))
    assert [group.count for group in at_once.report().groups] == [group.count for group in groups]
    assert [group.finding for group in at_once.report().groups] == [group.finding for group in groups]
    assert at_once.report().facts == reference.report().facts
    assert all(inspector.report().groups == groups for inspector in others.values())
    assert {group.finding.code for group in groups} >= {
        f"TEL{code}" for code in (501, 503, 505, 506, 507, 530)
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_engines_agree_on_generated_lines(seed: int) -> None:
    """Each of 20,000 changed lines gets the same findings in the same words, whichever way it is judged."""
    _compare(f"quick {seed}", 4_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_the_engines_agree_on_a_million_lines(seed: int) -> None:
    """The same, with 100,000 lines for each of ten seeds."""
    _compare(f"soak {seed}", 100_000)


def test_an_engine_that_does_not_exist_is_refused() -> None:
    """The error names it, and those that there are."""
    with pytest.raises(UnusableInput, match=r"'fastest' does not exist.*jsonschema-rs"):
        Inspector(engine="fastest")


def test_without_the_extra_the_standard_library_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by name, the missing engine is an error that says what to install."""
    assert Inspector().engine == "jsonschema-rs"
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    assert Inspector().engine == "standard"
    with pytest.raises(UnusableInput, match=r"ameide-telemetry\[check\]"):
        Inspector(engine="jsonschema-rs")
