"""The scorecard itself: what it calls good, what it calls missed, and that it hides nothing."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

import pytest

from faults.scorecard import redaction
from faults.scorecard.__main__ import main
from faults.scorecard.measure import (
    Everything,
    Exactly,
    Figure,
    Fraction,
    Least,
    Measure,
    Most,
    Number,
    Several,
    Target,
    measured,
)
from faults.scorecard.page import Scorecard
from faults.scorecard.suite import Outcome, Suite, promise, read_report
from faults.scorecard.surroundings import machine, versions
from faults.scorecard.table import Questions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_REPORT = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite>
<testcase classname="tests.faults.test_load" name="test_held[refused]" time="6.5">
  <properties><property name="hostile_requests" value="70" /></properties></testcase>
<testcase classname="tests.faults.test_load" name="test_held[silent]" time="6.1">
  <skipped message="no" /></testcase>
<testcase classname="tests.faults.test_exit" name="test_ends" time="1"><failure message="x">x</failure>
  <properties><property name="hostile_requests" value="5" /></properties></testcase>
<testcase classname="tests.faults.test_exit" name="test_set_up" time="1">
  <error message="x">x</error></testcase>
<testcase classname="tests.faults.test_exit" name="test_good" time="1">
  <system-out>--- Captured Out ---
50000 generated inputs as lines in 9 s, seed 100
</system-out></testcase>
</testsuite></testsuites>"""


class Asked:
    """Questions whose answers are known."""

    suite_ran = True

    def __init__(self, *measures: Measure) -> None:
        self._measures = measures
        self.suite = Suite(tuple(read_report(_REPORT)), 90.0)

    def measures(self) -> tuple[Measure, ...]:
        """Return them."""
        return self._measures


def _asking(*measures: Measure) -> Callable[[int], Any]:
    return lambda _seed: Asked(*measures)


def _measure(figure: Figure) -> Measure:
    return Measure("exit", "Longest exit", Most(5, "s"), lambda: figure, lambda: Number(40, "s", beyond=True))


@pytest.mark.parametrize(
    ("target", "figure", "met"),
    [
        (Most(5), Number(5), True),
        (Most(5), Number(5.01), False),
        (Most(1, below=True), Number(1), False),
        (Most(1, below=True), Number(0.99), True),
        (Most(50), Number(40, beyond=True), False),
        (Most(5), Fraction(1, 1), False),
        (Least(10), Number(10), True),
        (Least(10), Number(9), False),
        (Exactly(1), Number(1), True),
        (Exactly(1), Number(2), False),
        (Exactly(1), Number(1, beyond=True), False),
        (Everything(), Fraction(3, 3), True),
        (Everything(), Fraction(2, 3), False),
        (Everything(), Fraction(0, 0), False),
        (Everything(9), Fraction(8, 8), False),
        (Everything(), Number(3), False),
    ],
    ids=str,
)
def test_target_decides(target: Target, figure: Figure, *, met: bool) -> None:
    """A target is met by what it names, and never by half of it, by nothing or by a bound."""
    assert target.met_by(figure) is met


def test_report_is_read() -> None:
    """Verdict, file, function and what a test noted come out of pytest's report."""
    outcomes = list(read_report(_REPORT))
    assert [each.verdict for each in outcomes] == ["passed", "skipped", "failed", "error", "passed"]
    assert outcomes[0] == Outcome("test_load", "test_held", "passed", 6.5, {"hostile_requests": "70"})


def test_skipped_test_counts_as_failed() -> None:
    """Of two cases of a test, one skipped: one survived, and the table says why not two."""
    suite = Suite(tuple(read_report(_REPORT)))
    held = suite.survived("test_load::test_held")
    assert (held.good, held.total, str(held)) == (1, 2, "1 of 2 (1 skipped)")
    assert not Everything().met_by(held)


def test_printed_count_is_read() -> None:
    """What a soak prints is counted."""
    assert Suite(tuple(read_report(_REPORT))).recorded("generated_inputs") == [50_000.0]


def test_only_passing_tests_have_figures() -> None:
    """What a failed test noted is no achievement."""
    assert Suite(tuple(read_report(_REPORT))).recorded("hostile_requests") == [70.0]


def test_two_numbers_are_added_up() -> None:
    """What passing tests noted counts, a failed one has achieved nothing; without any there is no figure."""
    passed = Outcome("test_x", "test_one", "passed", recorded={"isolation": "20 of 20"})
    failed = Outcome("test_x", "test_two", "failed", recorded={"isolation": "19 of 20"})
    other = Outcome("test_x", "test_three", "passed", recorded={"isolation": "none at all"})
    assert Suite((passed, passed)).noted("isolation") == Fraction(40, 40)
    assert Suite((passed, failed)).noted("isolation") == Fraction(20, 40, "1 failed")
    for suite in (Suite(), Suite((passed, other))):
        with pytest.raises(LookupError, match="isolation"):
            suite.noted("isolation")


def test_skipped_part_of_a_promise_is_missed() -> None:
    """A million requests were promised: three quarters of them, all good, are too few."""
    quarter = Outcome("test_isolation", "test_a_million", "passed", recorded={"isolation": "250 of 250"})
    skipped = Outcome("test_isolation", "test_a_million", "skipped")
    noted = Suite((quarter, quarter, quarter, skipped)).noted("isolation")
    assert not Everything(1000).met_by(noted)


def test_growth_is_the_worst_of_all_tests() -> None:
    """The factor is that of the slowest search, and there is none where one of them failed."""
    outcomes = [
        Outcome("test_total", "test_twice_x", "passed", recorded={"growth": each}) for each in ("2.1", "2.3")
    ]
    assert redaction.worst_growth(Suite(outcomes)).value == 2.3
    with pytest.raises(RuntimeError, match="2 of 3"):
        redaction.worst_growth(Suite([*outcomes, Outcome("test_total", "test_twice_x", "failed")]))


_FIGURES: Any = {
    "cost": {"clean, typical": {"added": 4.0, "ratio": 1.6, "logfire": 12, "Sentry": 3, "json.dumps": 2.5}},
    "recall": {"email": {"count": 20_000, "ours": 1.0, "logfire": 0.0, "Sentry": 0.0}},
    "false_positives": {
        "UUID": {"count": 1_000_000, "ours": 0, "logfire": 50, "Sentry": 0},
        "clean lines": {"count": 20_000, "ours": 0, "logfire": 50, "Sentry": 0},
    },
    "conventions": {"names": ["a", "b"], "ours": [], "logfire": ["a"], "Sentry": []},
}


@pytest.mark.parametrize(
    ("key", "met", "ours"),
    [
        ("recall-email", True, "1"),
        ("recall-iban", False, "not measured: KeyError: 'iban'"),
        ("mistaken-uuid", True, "0"),
        ("mistaken-clean-lines", False, "not measured: ValueError: only 20,000 were looked at"),
        ("conventions", True, "0 (of 2)"),
        ("ratio-clean-typical", False, "1.6 x"),
        ("cost-clean-typical", True, "4 us"),
    ],
)
def test_benchmark_answers(key: str, ours: str, *, met: bool) -> None:
    """Each figure has its row, and one that the benchmark did not take misses its target."""
    (measure,) = [each for each in redaction.Benchmark(lambda: _FIGURES).measures() if each.key == key]
    row = measured(measure, lambda: 0.0)
    assert (row.met, str(row.ours)) == (met, ours)


def test_missing_tests_are_no_success() -> None:
    """A promise whose tests are gone misses its target."""
    questions = Questions(1)
    questions.__dict__["suite"] = Suite()
    row = measured(Measure("x", "x", Everything(), questions.suite_of("test_gone")), lambda: 0.0)
    assert not row.met
    assert str(row.ours) == "not measured: LookupError: no test of test_gone ran"


def test_suite_that_did_not_run_meets_nothing() -> None:
    """A run of the tests that left no report is neither quick nor green."""
    questions = Questions(1)
    questions.__dict__.update(suite=Suite((), 5.0), soak=Suite(), growth=Suite())
    keys = {"faults", "suite", "failpoints", "ledger", "generated", "requests", "tenancy"}
    keys |= {"hostile", "hostile-soak", "isolation", "isolation-soak", "canaries", "linear"}
    measures = [each for each in questions.measures() if each.key in keys]
    assert {each.key for each in measures} == keys
    assert not any(measured(each, lambda: 0.0).met for each in measures)


def test_measure_that_raises_is_a_missed_target() -> None:
    """What cannot be measured has a row, and the row says why; the peer's failure leaves ours alone."""

    def fail() -> Figure:
        raise RuntimeError("two\nlines")

    ours = measured(Measure("x", "x", Most(5), fail), lambda: 0.0)
    assert (ours.met, ours.ours) == (False, "not measured: RuntimeError: two lines")
    peer = measured(Measure("x", "x", Most(5), lambda: Number(1), fail), lambda: 0.0)
    assert (peer.met, peer.baseline) == (True, "not measured: RuntimeError: two lines")


@pytest.mark.parametrize(("figure", "code"), [(Number(4.2, "s"), 0), (Number(5.2, "s"), 1)])
def test_exit_code_tells_a_missed_target(tmp_path: Path, figure: Number, code: int) -> None:
    """0 when every target is met, 1 when one is not, and the page is written in both cases."""
    page = tmp_path / "page.md"
    assert main(["--page", str(page)], _asking(_measure(Number(1)), _measure(figure))) == code
    assert page.read_text().count("| Longest exit | more than 40 s |") == 2


def test_part_of_the_measures_writes_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks for one measure gets its row, and the page stays as it is."""
    page = tmp_path / "page.md"
    assert main(["--only", "exit", "--page", str(page)], _asking(_measure(Number(1, "s")))) == 0
    assert not page.exists()
    assert "Longest exit  more than 40 s  1 s   <= 5 s" in capsys.readouterr().out


def test_data_has_what_the_page_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints figures, targets, seed, versions, machine and every test."""
    asking = _asking(_measure(Several({"one": Fraction(1, 2)})))
    assert main(["--json", "--seed", "7", "--page", str(tmp_path / "page")], asking) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["measures"][0]["ours"] == {"one": {"good": 1, "total": 2, "remark": ""}}
    assert data["measures"][0]["baseline"]["beyond"] is True
    assert data["missed"] == ["Longest exit"]
    assert data["seed"] == 7
    assert data["versions"].keys() == versions().keys()
    assert data["machine"].keys() == machine().keys()
    assert {"file": "test_load", "test": "test_held", "verdicts": {"passed": 1, "skipped": 1}} in data[
        "tests"
    ]


def test_page_names_no_machine() -> None:
    """The page says what kind of machine it was, not which one."""
    card = Scorecard((), Suite(tuple(read_report(_REPORT))), versions(), machine(), 1, "2026-01-31", 60.0)
    page = card.as_markdown()
    assert platform.node() not in page
    assert "2026-01-31, seed 1, 1 minutes" in page
    assert "| `test_load` | test_held | 1 passed, 1 skipped |" in page


def test_promise_is_the_sentence_of_the_test() -> None:
    """The page explains a test by its docstring."""
    assert promise("test_scorecard", "test_promise_is_the_sentence_of_the_test").startswith(
        "The page explains"
    )
    assert promise("test_scorecard", "test_gone") == ""
    assert promise("test_gone", "test_gone") == ""


def test_cell_keeps_its_row_together() -> None:
    """A bar in a figure's remark does not make a column."""
    row = measured(_measure(Number(1, "s", remark="a|b")), lambda: 0.0)
    page = Scorecard((row,), Suite(), {}, machine(), 1, "2026-01-31").as_markdown()
    assert "| ok | Longest exit | more than 40 s | 1 s (a\\|b) | <= 5 s |" in page


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number(0.123456, "ms"), "0.123 ms"),
        (Number(5, "s"), "5 s"),
        (Number(20_001), "20,001"),
        (Number(1234.5, "MB"), "1,234 MB"),
        (Number(90.13, "s", beyond=True, remark="drip"), "more than 90.1 s (drip)"),
        (Several({"a": Number(1), "b": Fraction(1, 2)}), "a 1, b 1 of 2"),
    ],
    ids=lambda value: str(value).replace(" ", "_"),
)
def test_figures_are_readable(number: Figure, text: str) -> None:
    """Three digits, a unit, and the remark in brackets."""
    assert str(number) == text


def test_every_question_is_complete() -> None:
    """Keys are unique, and each row has a name and a target."""
    measures = Questions(1).measures()
    keys = [each.key for each in measures]
    assert len(keys) == len(set(keys))
    assert all(each.name and str(each.target) for each in measures)
