r"""Texts that cannot be encoded, spelled so that every program can read them: `m\xfe.py`.

The name of a file is bytes, not all of them text; Python keeps such bytes as lone surrogates (PEP 383), and
no reader of UTF-8, XML or JSON takes those (RFC 8259, section 8.2).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Group, Report

__all__ = ["spelled", "spelled_bytes", "spelled_path", "spelled_report"]

_LONE: Final = re.compile("[\ud800-\udfff]")
_NO_BYTE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# Where there are escapes, what only looks like one has to be told from them.
_LIKE: Final = re.compile(r"\\(?=x[0-9a-f]{2}|u[0-9a-f]{4})")
_BYTES: Final = range(0xDC80, 0xDD00)


def spelled(text: str) -> str:
    r"""Return a text that can be encoded: a byte of a name as `\xfe`, any other half of a pair as `\ud800`.

    A text that can be encoded stays as it is; in one that cannot, a backslash which looks like the begin of
    such an escape is `\x5c`.
    """
    return spelled_path(text) if _LONE.search(text) else text


def spelled_path(text: str) -> str:
    r"""Return a path that can be encoded, and that no other path is spelled as."""
    return _LONE.sub(_escape, _LIKE.sub(r"\\x5c", text))


def spelled_bytes(path: str) -> bytes:
    """Return the bytes that a path stands for; what no file can be called is spelled."""
    return _NO_BYTE.sub(_escape, path).encode("utf-8", "surrogateescape")


def spelled_report(report: Report) -> Report:
    """Return a report in which every text can be encoded."""
    return replace(
        report,
        groups=tuple(map(_group, report.groups)),
        facts={spelled(name): _value(value) for name, value in report.facts.items()},
    )


def _group(group: Group) -> Group:
    finding = group.finding
    return replace(
        group,
        finding=replace(
            finding,
            message=spelled(finding.message),
            location=spelled(finding.location),
            hint=spelled(finding.hint),
        ),
        places=tuple(replace(each, path=spelled_path(each.path)) for each in group.places),
        sample=spelled(group.sample),
        mark=_mark(group),
    )


def _mark(group: Group) -> tuple[int, int] | None:
    """Return where the marked part is when the sample is spelled."""
    if group.mark is None or not _LONE.search(group.sample):
        return group.mark
    begin, end = (_at(group.sample, each) for each in group.mark)
    return begin, end


def _at(text: str, place: int) -> int:
    rest = spelled(text[place:] + "\udc80")
    return len(spelled(text + "\udc80")) - len(rest)


def _value(value: object) -> Any:
    match value:
        case str():
            return spelled(value)
        case dict():
            return {_value(key): _value(each) for key, each in value.items()}
        case list() | tuple():
            return [_value(each) for each in value]
        case None | bool() | int() | float():
            return value
    return spelled(str(value))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return rf"\x{code - 0xDC00:02x}" if code in _BYTES else rf"\u{code:04x}"
