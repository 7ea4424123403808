"""JUnit XML, which the test pages of CI systems read: one test case per check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.reports.model import LEVELS
from ameide_telemetry.reports.spelling import spelled_report
from ameide_telemetry.reports.words import counted, places, sentence, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["junit"]


def junit(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return one suite; a check that found something is a failed case, a skipped one a skipped case."""
    found: dict[str, list[Group]] = {code: [] for code in (*report.checks, *report.skipped)}
    for group in spelled_report(report).groups:
        found.setdefault(group.finding.code, []).append(group)
    failed = sum(1 for groups in found.values() if groups)
    skipped = sum(1 for code, groups in found.items() if code in report.skipped and not groups)
    counts = _attributes(tests=len(found), failures=failed, errors=0, skipped=skipped, time="0")
    name = _attributes(name=f"ameide-telemetry {report.tool}")
    cases = [row for code in sorted(found) for row in _case(report, code, found[code])]
    rows = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<testsuites{name}{counts}>",
        f"<testsuite{name}{counts}>",
        "<properties>",
        f"<property{_attributes(name='examined', value=report.examined)}/>",
        "</properties>",
        *cases,
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(rows) + "\n"


def _case(report: Report, code: str, groups: list[Group]) -> Iterator[str]:
    classname = f"ameide_telemetry.{report.tool.replace(' ', '.')}"
    attributes = _attributes(classname=classname, name=title(code), time="0")
    if not groups:
        body = "<skipped/>" if code in report.skipped else ""
        yield f"<testcase{attributes}>{body}</testcase>"
        return
    worst = min((group.finding.level for group in groups), key=LEVELS.index)
    number = sum(group.count for group in groups)
    message = f"{counted(number, 'finding')} in {counted(report.examined, report.unit)}"
    text = "\n\n".join("\n".join(_rows(group, report.unit)) for group in groups)
    yield f"<testcase{attributes}>"
    yield f"<failure{_attributes(message=message, type=worst)}>{_text(text)}</failure>"
    yield "</testcase>"


def _rows(group: Group, unit: str) -> Iterator[str]:
    finding = group.finding
    yield sentence(finding, unit)
    at = places(group)
    notes = {"at": at, "line": group.sample, "fix": finding.hint}
    yield from (f"{name}: {text}" for name, text in notes.items() if text)
    yield f"why: ameide-telemetry explain {finding.code}"


def _attributes(**values: object) -> str:
    from xml.sax.saxutils import quoteattr  # noqa: PLC0415 it loads an HTTP client, for this format alone

    return "".join(f" {name}={quoteattr(_legal(str(value)))}" for name, value in values.items())


def _text(text: str) -> str:
    return _legal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _legal(text: str) -> str:
    """Return `text` with escapes for the characters that XML 1.0 cannot hold in any form."""
    return "".join(each if _is_legal(each) else ascii(each)[1:-1] for each in text)


def _is_legal(character: str) -> bool:
    if character in "\t\n\r":
        return True
    return " " <= character < "\ud800" or "\ue000" <= character <= "\ufffd" or character >= "\U00010000"
