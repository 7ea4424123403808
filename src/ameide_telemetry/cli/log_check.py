"""What `logs check` does: read lines, judge them, write the reports."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.cli.outputs import must_be_writable, write_reports
from ameide_telemetry.cli.surroundings import environment
from ameide_telemetry.exceptions import TelemetryError, UnusableInput
from ameide_telemetry.logcheck.config import known_codes, known_fields, read_config, rules_of
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.source import STDIN, lines_of
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.terminal import printable, style_for
from ameide_telemetry.reports.words import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.findings import Level
    from ameide_telemetry.logcheck.rules import Rules

__all__ = ["check"]

_PIPE: Final = "pipe lines in: CMD | ameide-telemetry logs check"
_NO_FIELD: Final = "--require names no field: write --require request_id,tenant_id, or leave it out"
_LEAST: Final[Level] = "warning"
_PATIENCE_SECONDS: Final = 1.0
_LINES_PER_LOOK: Final = 4096


def check(arguments: argparse.Namespace) -> int:
    """Check the lines of the files that were named, and write the report.

    Returns:
        0 when nothing is wrong, 1 when something was found, 2 when a file could not be read to its end.

    Raises:
        TelemetryError: there was nothing to read, or the arguments are wrong.
    """
    config = read_config(arguments.config, Path.cwd())
    rules = _rules(arguments, config)
    must_be_writable(arguments.output, [Path(file) for file in arguments.files or () if file != STDIN])
    inspector = Inspector(rules, engine=arguments.engine or config.get("engine", "auto"))
    unusable = _inspect(inspector, arguments.files or [STDIN])
    if unusable and not inspector.examined:
        raise unusable[0]
    least: Level = arguments.level or config.get("level", _LEAST)
    report = inspector.report().shown(least)
    write_reports(report, arguments.output)
    if report.groups or not unusable:
        sys.stdout.write(FORMATS[arguments.format](report, style_for(sys.stdout, environment())))
    sys.stdout.flush()
    for error in unusable:
        print(f"ameide-telemetry: {error}", file=sys.stderr)
    return 2 if unusable else int(report.failed(least))


def _rules(arguments: argparse.Namespace, config: Mapping[str, Any]) -> Rules:
    rules = rules_of(config)
    ignored = known_codes(_words(arguments.ignore), "--ignore")
    required = known_fields(_words(arguments.require), rules.known_keys, "--require")
    if arguments.require and not required:
        raise TelemetryError(_NO_FIELD)
    return replace(
        rules,
        ignored=rules.ignored | ignored,
        in_trace=rules.in_trace or arguments.in_trace,
        max_samples=arguments.max_samples or rules.max_samples,
        required_in_request=required or rules.required_in_request,
    )


def _words(given: Iterable[str]) -> list[str]:
    return [word.strip() for words in given for word in words.split(",") if word.strip()]


def _inspect(inspector: Inspector, files: Sequence[str]) -> list[UnusableInput]:
    """Judge all files; return why some could not be read to their end."""
    progress = _Progress()
    unusable = []
    try:
        for file in files:
            try:
                _inspect_one(inspector, file, progress)
            except UnusableInput as error:
                unusable.append(error)
    finally:
        progress.clear()
    return unusable


def _inspect_one(inspector: Inspector, file: str, progress: _Progress) -> None:
    if file == STDIN and sys.stdin is not None and sys.stdin.isatty():
        raise UnusableInput(f"standard input is a terminal\n  {_PIPE}")
    before = inspector.examined
    try:
        inspector.inspect_all(progress.watched(lines_of(file)), file)
    except UnusableInput as error:
        examined = inspector.examined - before
        read = f"; before that, {counted(examined, 'line')} could be checked" if examined else ""
        cure = "; ".join(getattr(error, "__notes__", ())) or _cure(file)
        raise UnusableInput(f"{printable(f'{error}{read}')}\n  {printable(cure)}") from None


def _cure(file: str) -> str:
    if file == STDIN:
        return _PIPE
    path = Path(file)
    if path.is_dir():
        return f"name the files in it: {path / '*.log'}"
    if path.is_file() and not path.stat().st_size:
        return "let the service write its lines there first, or leave the file out"
    return "name a file of log lines, plain or .gz; - is standard input"


class _Progress:
    """Says on a terminal how far it is, once that takes long."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._next = monotonic() + _PATIENCE_SECONDS
        self._said = False
        self._lines = 0

    def watched(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Pass lines on; every few thousand of them, say how many there were."""
        if not self._wanted:
            yield from lines
            return
        for raw in lines:
            self._lines += 1
            if not self._lines % _LINES_PER_LOOK and monotonic() >= self._next:
                print(f"\r{self._lines:,} lines", end="", file=sys.stderr, flush=True)
                self._next = monotonic() + _PATIENCE_SECONDS
                self._said = True
            yield raw

    def clear(self) -> None:
        """Take away what was said."""
        if self._said:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
