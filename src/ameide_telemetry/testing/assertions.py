"""What must hold between lines, spans and metrics of one test."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.testing.query import Query, TelemetryAssertionError, brief

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ameide_telemetry.redaction import Redactor
    from ameide_telemetry.testing.logs import CapturedLine
    from ameide_telemetry.testing.metrics import CapturedMetric
    from ameide_telemetry.testing.query import Item
    from ameide_telemetry.testing.spans import CapturedSpan

__all__ = ["check_cardinality", "check_correlated", "check_no_orphans", "check_no_pii"]

_MAX_SHOWN: Final = 10
_TENANT: Final = names.LOG_TENANT_ID


def check_correlated(
    spans: Query[CapturedSpan], lines: Query[CapturedLine], still_open: Mapping[int, Any]
) -> None:
    """Raise unless lines and spans tell the same story."""
    known: dict[str, Any] = {each.span_id: each.span for each in spans}
    known.update({f"{number:016x}": span for number, span in still_open.items()})
    inside = [each for each in lines if "trace_id" in each.fields or each.line.span_id in _ids(known)]
    if not inside:
        raise TelemetryAssertionError(
            f"nothing to correlate: none of {len(lines)} lines was logged inside one of {len(known)} spans"
        )
    _raise("lines do not fit their spans", [problem for each in inside for problem in _unfit(each, known)])


def _ids(known: Mapping[str, Any]) -> Collection[int]:
    return {int(each, 16) for each in known}


def _unfit(line: CapturedLine, known: Mapping[str, Any]) -> Iterator[str]:
    fields = line.fields
    said = f"{line.name!r} ({line.source or 'a library'})"
    trace_id, span_id = fields.get("trace_id"), fields.get("span_id")
    if trace_id is None or span_id is None:
        yield f"{said}: logged inside a span, but without trace_id and span_id"
        return
    span = known.get(str(span_id))
    if span is None:
        yield f"{said}: span_id {brief(span_id)} is of no span of this test"
        return
    if f"{span.context.trace_id:032x}" != trace_id:
        yield f"{said}: trace_id {brief(trace_id)} is not that of its span {span.name!r}"
    tenant = (span.attributes or {}).get(names.SPAN_TENANT_ID, fields.get(_TENANT))
    if _TENANT in fields and tenant != fields[_TENANT]:
        yield f"{said}: tenant_id {brief(fields[_TENANT])}, but its span {span.name!r} has {brief(tenant)}"


def check_no_orphans(spans: Query[CapturedSpan], still_open: Mapping[int, Any]) -> None:
    """Raise unless every span has ended and has its parent here."""
    if not spans and not still_open:
        raise TelemetryAssertionError("no span at all: this test has emitted none")
    problems = [f"{span.name!r} was started and has not ended" for span in still_open.values()]
    known = {each.span_id for each in spans} | {f"{number:016x}" for number in still_open}
    for each in spans:
        if each.parent_id is None or each.remote_parent or each.parent_id in known:
            continue
        problems.append(f"{each.name!r}: its parent {each.parent_id} is of no span of this test")
    _raise("spans are torn off", problems)


def check_no_pii(
    spans: Query[CapturedSpan], lines: Query[CapturedLine], metrics: Query[CapturedMetric]
) -> None:
    """Raise where something would have to be redacted."""
    if not spans and not lines and not metrics:
        raise TelemetryAssertionError("nothing to look at: this test has emitted no telemetry")
    redactor = _redactor()
    problems = [
        problem
        for kind, items in (("line", lines), ("span", spans), ("metric", metrics))
        for item in items
        for problem in _personal(kind, item, redactor)
    ]
    problems += [
        f"line {line.source or 'of a library'}: {kinds} in text that is no JSON"
        for line in lines
        if not line.fields and (kinds := _found_in(redactor, line.raw.decode(errors="replace")))
    ]
    _raise("telemetry holds data of people or secrets", problems)


def _personal(kind: str, item: Item, redactor: Redactor) -> Iterator[str]:
    for place, name, value in _values(kind, item):
        found: dict[str, int] = {}
        redactor.field(name, _plain(value), found)
        redactor.name(name, found)
        if found:
            yield f"{kind} {_safe(item.name, redactor)}, {place}: {', '.join(sorted(found))}"


def _values(kind: str, item: Any) -> Iterator[tuple[str, str, object]]:
    facts: Mapping[str, object] = item.fields if kind == "line" else item.attributes
    for name, value in facts.items():
        yield (f"field {name}" if kind == "line" else f"attribute {name}"), name, value
    for event in getattr(item, "events", ()):
        for name, value in (event.attributes or {}).items():
            yield f"event {event.name}, attribute {name}", name, value


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _safe(text: str, redactor: Redactor) -> str:
    return repr(redactor.text(text, {}))


def _found_in(redactor: Redactor, text: str) -> str:
    found: dict[str, int] = {}
    redactor.text(text, found)
    return ", ".join(sorted(found))


def _redactor() -> Redactor:
    """Return the one of the code under test, with what its settings add; else one by the environment."""
    bootstrap = sys.modules.get("ameide_telemetry.bootstrap")
    handle = getattr(bootstrap, "_current", None)
    settings = handle.settings if handle is not None else TelemetrySettings.resolve({"strict": False})
    return redactor_of(settings)


def check_cardinality(metrics: Query[CapturedMetric], name: str, most: int) -> None:
    """Raise where a metric has more sets of attributes than it may."""
    found = metrics.all(name)
    if not found:
        near = difflib.get_close_matches(name, set(metrics.names()), 3)
        raise TelemetryAssertionError(
            f"metric {name!r} was not measured in this test; nearest: {', '.join(near) or '(none)'}"
        )
    if len(found) <= most:
        return
    values: dict[str, set[str]] = {}
    for each in found:
        for key, value in each.attributes.items():
            values.setdefault(key, set()).add(brief(value))
    worst = sorted(values.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    lines = [f"metric {name!r} has {len(found)} sets of attributes, allowed are {most}; different values:"]
    lines += [f"  {key}: {len(seen)}, such as {', '.join(sorted(seen)[:3])}" for key, seen in worst]
    raise TelemetryAssertionError("\n".join(lines))


def _raise(what: str, problems: Iterable[str]) -> None:
    counted: dict[str, int] = {}
    for each in problems:
        counted[each] = counted.get(each, 0) + 1
    if not counted:
        return
    lines = [f"{what}:"]
    for each, count in list(counted.items())[:_MAX_SHOWN]:
        lines.append(f"  {each}" + (f" ({count} times)" if count > 1 else ""))
    if len(counted) > _MAX_SHOWN:
        lines.append(f"  and {len(counted) - _MAX_SHOWN} more")
    raise TelemetryAssertionError("\n".join(lines))
