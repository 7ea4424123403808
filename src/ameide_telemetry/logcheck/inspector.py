"""Judges lines one by one and keeps what they show together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.contract import names
from ameide_telemetry.contract.conformance import Conformance
from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.findings import Finding
from ameide_telemetry.logcheck.course import Course
from ameide_telemetry.logcheck.engine import engine_of
from ameide_telemetry.logcheck.forms import Forms
from ameide_telemetry.logcheck.groups import Groups
from ameide_telemetry.logcheck.keys import KeyNames, collisions
from ameide_telemetry.logcheck.line import Line, read
from ameide_telemetry.logcheck.personal import PersonalData
from ameide_telemetry.logcheck.quick import plain_record
from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.logcheck.samples import printable, sample_of
from ameide_telemetry.logcheck.scope import without_context
from ameide_telemetry.logcheck.shapes import Shapes
from ameide_telemetry.reports.model import Place, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Inspector"]

_NOTHING: Final = ()
_NO_PLACE: Final = Place("-")
_LONGEST_TEXT: Final = 400
# Lines that are searched at once.
_HELD: Final = 64
_CODES: Final = tuple(code for code in CHECKS if code.startswith("TEL5"))


class Inspector:
    """Judges the lines of one or more streams. Its memory does not grow with them.

    Args:
        rules: what is asked of them.
        engine: what judges records by the schema: `auto`, `standard` or `jsonschema-rs`.
        learning: whether lines that were found good make others like them quicker; the findings are the same.

    Attributes:
        examined: how many lines were judged.

    Raises:
        UnusableInput: there is no such engine, or it is not installed.
    """

    def __init__(self, rules: Rules | None = None, *, engine: str = "auto", learning: bool = True) -> None:
        self.examined = 0
        self._rules = rules or Rules()
        self._clean = 0
        contract = load_contract()
        self._engine = engine_of(engine, contract)
        self._keys = KeyNames(contract, self._rules.known_keys)
        self._personal = PersonalData(self._rules.redaction)
        self._course = Course(self._rules.skew_seconds, self._keys.fields)
        self._groups = Groups(self._rules.max_samples)
        treatment = self._personal.treatment if self._rules.personal else _kept
        self._shapes = Shapes(contract, Conformance(contract), treatment) if learning else None
        self._alike = {} if self._shapes is None else self._shapes.by_quotes
        self._is_clean_text = self._personal.is_clean_text if self._rules.personal else _is_clean
        # Of the line that was found good last: its service and its timestamp.
        self._time = ("", "")
        self._max_bytes = self._rules.max_line_bytes
        self._fields = frozenset(self._keys.fields.values())
        self._forms = Forms(contract)
        self._seen: set[str] = set()

    @property
    def engine(self) -> str:
        """The name of the engine that judges."""
        return self._engine.name

    @property
    def coverage(self) -> float:
        """The share of the contract's fields that was seen on a line."""
        return len(self._seen) / len(self._fields)

    def inspect(self, raw: bytes, place: Place | None = None) -> Sequence[Finding]:
        """Return what is wrong with the next line of a stream.

        Args:
            raw: the line without its newline.
            place: where it stands; lines of one path are one stream.
        """
        self.examined += 1
        where = place or _NO_PLACE
        text = _decoded(raw)
        held = None if text is None else self._as_good(raw, text, where.path)
        if held is None or not self._is_clean_text(held):
            return self._look_closer(raw, text, where)
        self._keep_time(where.path)
        self._clean += 1
        return _NOTHING

    def inspect_all(self, lines: Iterable[bytes], path: str = "-") -> None:
        """Judge all lines of a stream, for the report; the same as one by one, and quicker.

        Args:
            lines: without their newlines.
            path: what they are the lines of.
        """
        held: list[tuple[int, bytes, str]] = []
        try:
            for number, raw in enumerate(lines, 1):
                self.examined += 1
                text = _decoded(raw)
                searched = None if text is None else self._as_good(raw, text, path)
                if searched is None:
                    self._release(held, path)
                    self._look_closer(raw, text, Place(path, number))
                    continue
                self._keep_time(path)
                held.append((number, raw, searched))
                if len(held) >= _HELD:
                    self._release(held, path)
        finally:
            # A file may end in the midst of it, by an error.
            self._release(held, path)

    def report(self) -> Report:
        """Return everything that was found so far."""
        facts: dict[str, object] = {
            "clean": self._clean,
            "engine": self.engine,
            "services": self._course.services,
            "coverage": round(self.coverage, 4),
            "unseen": sorted(self._fields - self._seen),
            "personal": dict(sorted(self._personal.counts.items())),
            "groups_left_out": self._groups.left_out,
            "stream_state_left_out": self._course.left_out,
        }
        return Report(
            tool="logs check",
            groups=self._groups.closed(),
            examined=self.examined,
            unit="line",
            facts=facts,
            checks=tuple(code for code in _CODES if code not in self._rules.ignored),
            skipped=tuple(sorted(self._rules.ignored)),
        )

    def _as_good(self, raw: bytes, text: str, path: str) -> str | None:
        """Return what is left to search of a line that is as good as others of its shape; None for others."""
        if len(raw) > self._max_bytes or "@" in text:
            return None
        for shape in self._alike.get(text.count('"'), _NOTHING):
            match = shape.match(text)
            if match is not None:
                groups = match.groups()
                service, timestamp = groups[shape.service], groups[shape.timestamp]
                if service not in shape.services or timestamp < self._course.newest.get((path, service), "~"):
                    return None
                self._time = (service, timestamp)
                return shape.text(groups)
        return None

    def _keep_time(self, path: str) -> None:
        service, timestamp = self._time
        self._course.newest[path, service] = timestamp

    def _release(self, held: list[tuple[int, bytes, str]], path: str) -> None:
        """Search lines in which nothing else is wrong: all at once; one by one where that found something."""
        if self._is_clean_text("\n".join([searched for _, _, searched in held])):
            self._clean += len(held)
        else:
            for number, raw, searched in held:
                if self._is_clean_text(searched):
                    self._clean += 1
                else:
                    self._search(raw, Place(path, number))
        held.clear()

    def _search(self, raw: bytes, place: Place) -> None:
        line = read(raw, self._rules)
        found = [] if line.record is None else [*self._personal.findings(line.record)]
        self._tell(found, line, place)

    def _look_closer(self, raw: bytes, text: str | None, place: Place) -> Sequence[Finding]:
        record = None
        if text is not None and len(raw) <= self._max_bytes:
            record = plain_record(raw, text, self._engine.loads)
        if record is not None and text is not None:
            line = Line(text, record, [*record.items()], [])
        else:
            line = read(raw, self._rules)
        found = line.findings if line.record is None else [*line.findings, *self._judged(line.record, place)]
        if not found and record is not None and self._shapes is not None:
            self._shapes.learn(record, line.text)
        return self._tell(found, line, place)

    def _tell(self, found: Sequence[Finding], line: Line, place: Place) -> Sequence[Finding]:
        told = [finding for finding in found if finding.code not in self._rules.ignored]
        if not told:
            self._clean += 1
            return _NOTHING
        return [self._told(finding, line, place) for finding in told]

    def _judged(self, record: dict[str, Any], place: Place) -> Iterator[Finding]:
        self._seen.update(self._keys.fields[key] for key in record if key in self._keys.fields)
        # What is no number is said already; the schema knows no such values.
        odd = {key for key, value in record.items() if value != value}  # noqa: PLR0124 true of NaN alone
        for finding in self._engine.findings(record):
            if finding.location not in odd:
                yield self._forms.in_words(finding)
        yield from collisions(record)
        yield from self._keys.findings(record)
        yield from self._course.findings(record, place.path)
        yield from without_context(record, self._rules)
        if self._rules.personal:
            yield from self._personal.findings(record)

    def _told(self, finding: Finding, line: Line, place: Place) -> Finding:
        """Keep a finding for the report; return it with a name of the field that may be shown."""
        key = finding.location
        if key:
            message, location, hint = map(self._shown, (finding.message, key, finding.hint))
            finding = Finding(finding.code, message, location, hint, finding.level)
        logger = "" if line.record is None else line.record.get(names.LOG_LOGGER)
        name = self._shown(logger) if isinstance(logger, str) else ""
        self._groups.add(finding, name, place, lambda: sample_of(line, key, self._personal))
        return finding

    def _shown(self, text: str) -> str:
        """Return text that may hold the name of a field as it may be shown."""
        return printable(self._personal.shown_text(text)[:_LONGEST_TEXT])


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _is_clean(_: str) -> bool:
    return True


def _kept(_: str) -> str:
    return "kept"
