"""What was captured as plain data that is equal in every run: for `==`, syrupy and inline-snapshot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ameide_telemetry.testing.logs import CapturedLine
    from ameide_telemetry.testing.metrics import CapturedMetric
    from ameide_telemetry.testing.spans import CapturedSpan

__all__ = ["snapshot_of"]

# Names whose values are another machine's or another moment's, by their last words.
_BLANKED: Final = re.compile(
    r"(?:^|[._])(?:timestamp|time|duration|elapsed|duration_(?:ms|s|seconds)|elapsed_(?:ms|s)|version|port|"
    r"pid|host|hostname|host\.name|instance[._]id|lineno|line|line[._]number|thread[._]id|stacktrace|"
    r"user_agent\.original|user_agent|address|peer\.address)\Z"
)
# The contract's, which a test may well depend on.
_KEPT: Final = frozenset({"schema_version"})
_TIME_UNITS: Final = frozenset({"s", "ms", "us", "ns", "By", "seconds", "milliseconds"})
# Measured by the machine, not by the code under test.
_OF_THE_MACHINE: Final = frozenset({"ameide_telemetry.runtime"})
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    (re.compile(r"(?<![\w:/.])/(?:[\w.@+-]+/){2,}([\w.@+-]+\.\w+)"), r"<path>/\1"),
    (re.compile(r"(\bline |\.py:)\d+"), r"\1<line>"),
    (re.compile(r"((?:\blocalhost|\b\d{1,3}(?:\.\d{1,3}){3}|\]|//[\w.-]+)):\d{2,5}\b"), r"\1:<port>"),
    (re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:(?:a|b|rc|\.post|\.dev|[+-])\w+)*(?![\w]|\.\d)"), "<version>"),
)
_IDS: Final = re.compile(
    r"(?<![0-9a-zA-Z])(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-zA-Z])"
)


class _Counted:
    """Gives ids numbers in the order in which they are first seen."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, number: str) -> str:
        """Return the name of an id; the kind is that of its first use."""
        if number not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[number] = f"{kind}-{self._counts[kind]}"
        return self._names[number]


def snapshot_of(
    spans: Iterable[CapturedSpan], lines: Iterable[CapturedLine], metrics: Iterable[CapturedMetric]
) -> dict[str, Any]:
    """Return dicts, lists, texts, numbers and None only.

    Spans stand below their parents in the order of their starts, lines in that of their writing, metrics
    by name and attributes.
    """
    ids = _Counted()
    value = _normaliser(ids)
    ordered = list(spans)
    for each in ordered:
        ids.of("trace", each.trace_id)
        ids.of("span", each.span_id)
    return {
        "spans": _nested(ordered, value),
        "logs": [_record(each, value) for each in lines],
        "metrics": [_metric(each, value) for each in metrics if each.scope not in _OF_THE_MACHINE],
    }


def _nested(spans: list[CapturedSpan], value: Callable[[str, Any], Any]) -> list[dict[str, Any]]:
    shown = {each.span_id: _span(each, value) for each in spans}
    roots: list[dict[str, Any]] = []
    for each in spans:
        above = shown.get(each.parent_id or "")
        (roots if above is None else above["children"]).append(shown[each.span_id])
    return roots


def _span(span: CapturedSpan, value: Callable[[str, Any], Any]) -> dict[str, Any]:
    return {
        "name": value("name", span.name),
        "trace": value("trace_id", span.trace_id),
        "span": value("span_id", span.span_id),
        "kind": span.kind,
        "status": span.status,
        "scope": span.scope,
        "attributes": _mapping(span.attributes, value),
        "events": [
            {"name": each.name, "attributes": _mapping(each.attributes or {}, value)} for each in span.events
        ],
        "children": [],
    }


def _record(line: CapturedLine, value: Callable[[str, Any], Any]) -> dict[str, Any]:
    if not line.fields:
        return {"raw": value("raw", line.raw.decode(errors="replace"))}
    return _mapping(line.fields, value)


def _metric(metric: CapturedMetric, value: Callable[[str, Any], Any]) -> dict[str, Any]:
    measured = metric.unit in _TIME_UNITS
    found: dict[str, Any] = {
        "name": metric.name,
        "kind": metric.kind,
        "unit": metric.unit,
        "attributes": _mapping(metric.attributes, value),
        "value": "<measured>" if measured else metric.value,
    }
    return found if metric.count is None else {**found, "count": metric.count}


def _mapping(pairs: Mapping[str, Any], value: Callable[[str, Any], Any]) -> dict[str, Any]:
    return {name: value(name, pairs[name]) for name in sorted(pairs)}


def _normaliser(ids: _Counted) -> Callable[[str, Any], Any]:
    def text(found: str, kind: str) -> str:
        found = _IDS.sub(lambda match: f"<{ids.of(kind, match[0])}>", found)
        for pattern, replacement in _PATTERNS:
            found = pattern.sub(replacement, found)
        return found

    def value(name: str, found: Any) -> Any:
        if name not in _KEPT and _BLANKED.search(name) and found is not None and not isinstance(found, bool):
            return f"<{name.rpartition('.')[2]}>"
        if isinstance(found, str):
            return text(found, _kind(name))
        if isinstance(found, dict):
            return {str(key): value(str(key), found[key]) for key in sorted(found, key=str)}
        if isinstance(found, (list, tuple)):
            return [value(name, each) for each in found]
        return found if isinstance(found, (int, float, bool, type(None))) else text(repr(found), "id")

    return value


def _kind(name: str) -> str:
    last = name.rpartition(".")[2]
    return last.removesuffix("_id") if last.endswith("_id") and last != "_id" else "id"
