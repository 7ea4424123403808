"""The report of a stream: groups with counts, places and samples; nothing in it that must not be shown."""

from __future__ import annotations

from typing import Any

import pytest

from ameide_telemetry.logcheck import course, groups, shapes
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.reports.model import Group, Place, Report
from logcheck.line_cases import BAD, GOOD_RECORD, encoded


def _report(*records: dict[str, Any] | bytes, rules: Rules | None = None) -> Report:
    inspector = Inspector(rules)
    for number, record in enumerate(records, 1):
        line = record if isinstance(record, bytes) else encoded({**GOOD_RECORD, **record})
        inspector.inspect(line, Place("app.log", number))
    return inspector.report()


def _one(report: Report) -> Group:
    (group,) = report.groups
    return group


def test_what_says_the_same_is_one_group() -> None:
    """By code, logger, field and sentence; with the first places and a count of all."""
    bad = {"level": "INFO"}
    report = _report({}, bad, bad, {**bad, "logger": "orders.prices"}, bad, rules=Rules(max_samples=2))
    first, second = report.groups
    assert (first.finding.code, first.finding.location, first.count) == ("TEL532", "level", 3)
    assert first.places == (Place("app.log", 2), Place("app.log", 3))
    assert (second.count, second.places) == (1, (Place("app.log", 4),))
    assert (report.examined, report.unit, report.facts["clean"]) == (5, "line", 1)


def test_the_worst_comes_first() -> None:
    """Errors, then warnings, then notes; among them by code, then by count."""
    report = _report(
        {"mine": 1},
        {"exc_type": "acme"},
        {"version": ""},
        {"env": ""},
        {"env": ""},
        rules=Rules(known_keys=frozenset({"x"})),
    )
    assert [(each.finding.level, each.finding.location) for each in report.groups] == [
        ("error", "env"),
        ("error", "version"),
        ("warning", "exc_type"),
        ("info", "mine"),
    ]


@pytest.mark.parametrize(
    ("record", "marked"),
    [
        ({"level": "INFO"}, '"level":"INFO"'),
        ({"a": "x" * 500, "b": "y" * 500, "level": "INFO", "c": "z" * 500}, '"level":"INFO"'),
        ({"password": "hunter22"}, '"password":"[redacted:password]"'),
        ({"tenant": "acme"}, '"tenant":"acme"'),
        (encoded(GOOD_RECORD)[:-1] + b',"order":1,"order":2}', '"order":2'),
        (encoded(GOOD_RECORD)[:-1] + b',"pad":"' + b"x" * 400 + b'","order":1,"order":2}', '"order":2'),
    ],
)
def test_the_sample_marks_the_field(record: dict[str, Any] | bytes, marked: str) -> None:
    """Wherever it stands on the line, the marked part of what is shown is the field."""
    group = _one(_report(record))
    assert group.mark is not None
    assert group.sample[slice(*group.mark)] == marked
    assert len(group.sample) <= 330


def test_a_missing_field_has_no_mark() -> None:
    """The line is shown from its beginning."""
    record = {key: value for key, value in GOOD_RECORD.items() if key != "version"}
    group = _one(_report(encoded(record)))
    assert group.mark is None
    assert group.sample.startswith('{"timestamp":"2026')


@pytest.mark.parametrize("case", BAD, ids=str)
def test_nothing_secret_gets_into_a_report(case: Any) -> None:
    """No sample, message or name quotes what was found, and none has a character that moves a cursor."""
    inspector = Inspector(case.rules)
    for line in case.lines:
        inspector.inspect(line)
    for group in inspector.report().groups:
        shown = f"{group.sample} {group.finding}"
        assert not any(
            secret in shown for secret in ("bob@", "hunter22", "4111 1111", "c2lnbmF0", "abcdef0123")
        )
        assert shown.isprintable()


def test_secrets_on_lines_that_are_no_records_are_hidden() -> None:
    """A torn line and plain text are searched as a whole."""
    torn = b'{"timestamp":"2026-01-31T12:34:56.789012Z","password":"hunter22","mail":"bob@example.com'
    for line in (torn, b"INFO login of bob@example.com with password=hunter22"):
        assert "hunter22" not in _one(_report(line)).sample
        assert "bob@" not in _one(_report(line)).sample


def test_a_secret_next_to_the_fault_is_hidden() -> None:
    """The sample of a wrong level shows the field beside it without its value."""
    report = _report({"level": "INFO", "api_key": "sk_live_abcdefghijklmnop"})
    assert not any("sk_live" in group.sample for group in report.groups)


def test_ignored_codes_are_left_out() -> None:
    """A line with nothing else counts as clean, and the report says what was switched off."""
    report = _report({"level": "INFO"}, rules=Rules(ignored=frozenset({"TEL532"})))
    assert (report.groups, report.facts["clean"], report.skipped) == ((), 1, ("TEL532",))
    assert "TEL532" not in report.checks
    assert "TEL501" in report.checks


def test_without_the_search_for_personal_data_nothing_is_told_of_it() -> None:
    """Neither is it shown."""
    report = _report({"message": "bob@example.com", "level": "INFO"}, rules=Rules(personal=False))
    assert _one(report).finding.code == "TEL532"
    assert "bob@" not in _one(report).sample


def test_coverage_counts_the_fields_of_the_contract() -> None:
    """What was seen on any line, by name; both spellings of the tenant are one field."""
    inspector = Inspector()
    inspector.inspect(b"no record")
    assert inspector.coverage == 0
    inspector.inspect(encoded(GOOD_RECORD))
    facts = inspector.report().facts
    unseen = facts["unseen"]
    assert isinstance(unseen, list)
    assert "redacted" in unseen
    assert "tenant_id" not in unseen
    assert inspector.coverage == pytest.approx(13 / (13 + len(unseen)))
    assert facts["coverage"] == pytest.approx(inspector.coverage, abs=1e-4)


def test_personal_data_is_counted_by_class() -> None:
    """Also where one line holds several."""
    facts = _report({"message": "a@example.com and b@example.com, password=hunter22"}).facts
    assert facts["personal"] == {"email": 2, "password": 1}


def test_groups_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones are kept."""
    monkeypatch.setattr(groups, "_MAX_GROUPS", 3)
    report = _report(*({"level": "INFO", "logger": f"l{number}"} for number in range(5)))
    assert len(report.groups) == 3
    assert report.facts["groups_left_out"] == 2


def test_what_is_remembered_of_streams_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and services beyond the limits are counted and not judged."""
    monkeypatch.setattr(course, "_MAX_KEYS", 1)
    monkeypatch.setattr(course, "_MAX_STREAMS", 1)
    report = _report({"a": 1}, {"b": 1}, {"b": "x"}, {"service": "other"}, {"a": "x"})
    assert [group.finding.code for group in report.groups] == ["TEL511"]
    assert report.facts["stream_state_left_out"] == 3
    assert report.facts["services"] == 1


def test_shapes_beyond_the_limit_are_judged_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """As right as the others."""
    monkeypatch.setattr(shapes, "_MAX_SHAPES", 1)
    records = [{f"key_{number}": 1} for number in (1, 2) for _ in range(5)]
    report = _report(*records, {"key_2": 1, "level": "INFO"})
    assert (report.facts["clean"], len(report.groups)) == (10, 1)


def test_each_jump_back_in_time_is_told_once() -> None:
    """From there on lines are compared with the new time; other files have times of their own."""
    inspector = Inspector()
    late, early = ({**GOOD_RECORD, "timestamp": f"2026-01-31T1{hour}:00:00.000000Z"} for hour in (3, 2))
    told = [
        bool(inspector.inspect(encoded(record), Place("a"))) for record in (late, late, late, late, early)
    ]
    assert told == [False, False, False, False, True]
    assert not inspector.inspect(encoded(early), Place("a"))
    assert not inspector.inspect(encoded(late), Place("b"))
    assert inspector.inspect(encoded(early), Place("b"))


def test_many_notes_leave_room_for_an_error() -> None:
    """There is room for so many kinds of each level; what there was no room for is counted."""
    inspector = Inspector(Rules(known_keys=frozenset({"x"})), engine="standard")
    for number in range(1_005):
        inspector.inspect(encoded({**GOOD_RECORD, f"own_{number}": 1}))
    inspector.inspect(b"Traceback (most recent call last):")
    report = inspector.report()
    assert report.failed("error")
    assert report.groups[0].finding.code == "TEL501"
    assert report.facts["groups_left_out"] == 5


def test_a_name_beside_the_right_one_is_a_note() -> None:
    """Writing the right one would make it stand there twice."""
    inspector = Inspector(engine="standard")
    (finding,) = inspector.inspect(encoded({**GOOD_RECORD, "event": "placed"}))
    assert (finding.code, finding.level) == ("TEL512", "info")
    assert "declare it" in finding.hint


def test_what_was_found_is_said_in_words() -> None:
    """Data of people and secrets, each with what its class means and the name of the class."""
    report = _report({"message": "a@example.com, password=hunter22"})
    said = {group.finding.code: group.finding.message for group in report.groups}
    assert said == {
        "TEL520": "holds an e-mail address (email)",
        "TEL521": "holds a password, PIN, one-time code or the code of a card (password)",
    }
