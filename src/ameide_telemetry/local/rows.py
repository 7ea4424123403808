"""Records as rows of the store's tables, and back. The tables themselves are drawn here too."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.local import lines
from ameide_telemetry.local.records import Event, Exemplar, Line, Link, Point, Span

if TYPE_CHECKING:
    from ameide_telemetry.local.records import Attributes

__all__ = [
    "INSERTS",
    "SCHEMA",
    "TABLES",
    "VERSION",
    "Row",
    "exemplar_of",
    "exemplar_row",
    "line_of",
    "line_row",
    "point_of",
    "point_row",
    "span_of",
    "span_row",
]

Row = tuple[Any, ...]

# Raised with every change of SCHEMA: a store of another version is refused, not migrated.
VERSION: Final = 1

_COLUMNS: Final = {
    "spans": (
        "trace_id TEXT, span_id TEXT, parent_id TEXT, service TEXT, name TEXT, kind TEXT, start INTEGER,"
        " end INTEGER, status TEXT, message TEXT, tenant_id TEXT, request_id TEXT, attributes TEXT,"
        " resource TEXT, events TEXT, links TEXT, UNIQUE (trace_id, span_id)"
    ),
    "lines": (
        "time INTEGER, source TEXT, service TEXT, level TEXT, trace_id TEXT, span_id TEXT, tenant_id TEXT,"
        " request_id TEXT, record INTEGER, text TEXT"
    ),
    "points": (
        "time INTEGER, service TEXT, metric TEXT, kind TEXT, unit TEXT, value REAL, count INTEGER,"
        " attributes TEXT, detail TEXT"
    ),
    "exemplars": (
        "time INTEGER, service TEXT, metric TEXT, trace_id TEXT, span_id TEXT, value REAL, attributes TEXT,"
        " UNIQUE (service, metric, trace_id, span_id, time, value)"
    ),
}
_INDEXES: Final = (
    ("spans", "trace_id, start"),
    ("spans", "tenant_id, start"),
    ("spans", "request_id"),
    ("spans", "start"),
    ("lines", "trace_id, time"),
    ("lines", "tenant_id, time"),
    ("lines", "request_id"),
    ("lines", "time"),
    ("points", "metric, time"),
    ("exemplars", "trace_id"),
)
# As sqlite keeps them in `sqlite_schema`: a database with other tables of these names is not ours.
TABLES: Final = {
    **{name: f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY, {of})" for name, of in _COLUMNS.items()},
    "evictions": "CREATE TABLE evictions (name TEXT PRIMARY KEY, count INTEGER NOT NULL)",
}
SCHEMA: Final = (
    *(text.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS") for text in TABLES.values()),
    *(
        f"CREATE INDEX IF NOT EXISTS {table}_by_{keys.replace(', ', '_')} ON {table} ({keys})"
        for table, keys in _INDEXES
    ),
    f"PRAGMA user_version = {VERSION}",
)


def _insert(table: str) -> str:
    names = [each.split()[0] for each in _COLUMNS[table].split(" UNIQUE")[0].rstrip(", ").split(", ")]
    marks = ", ".join("?" * len(names))
    # A sender that heard no answer sends again: the same span or exemplar is stored once.
    return f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 names of our own


INSERTS: Final = {table: _insert(table) for table in _COLUMNS}


def span_row(span: Span) -> Row:
    """Return the row of `spans`."""
    return (
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.service,
        span.name,
        span.kind,
        span.start,
        span.end,
        span.status,
        span.message,
        span.tenant_id,
        span.request_id,
        _json(span.attributes),
        _json(span.resource),
        _json([asdict(each) for each in span.events]),
        _json([asdict(each) for each in span.links]),
    )


def span_of(row: Row) -> Span:
    """Return the span of a whole row of `spans`."""
    _, trace_id, span_id, parent_id, service, name, kind, start, end, status, message, _, _, *texts = row
    attributes, resource, events, links = (json.loads(text) for text in texts)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_id,
        service=service,
        name=name,
        kind=kind,
        start=start,
        end=end,
        status=status,
        message=message,
        attributes=attributes,
        resource=resource,
        events=tuple(Event(**each) for each in events),
        links=tuple(Link(**each) for each in links),
    )


def line_row(line: Line) -> Row:
    """Return the row of `lines`."""
    columns = (line.service, line.level, line.trace_id, line.span_id, line.tenant_id, line.request_id)
    return (line.time, line.source, *map(_clean, columns), line.is_record, _clean(line.text))


def line_of(row: Row) -> Line:
    """Return the line of a whole row of `lines`."""
    return lines.parse(row[-1], source=row[2], received=row[1])


def point_row(point: Point) -> Row:
    """Return the row of `points`."""
    what = (point.metric, point.kind, point.unit, point.value, point.count)
    return (point.time, point.service, *what, _json(point.attributes), _json(point.detail))


def point_of(row: Row) -> Point:
    """Return the point of a whole row of `points`; its exemplars have a table of their own."""
    _, time, service, metric, kind, unit, value, count, attributes, detail = row
    return Point(
        metric=metric,
        service=service,
        kind=kind,
        time=time,
        value=value,
        unit=unit,
        count=count,
        attributes=json.loads(attributes),
        detail=json.loads(detail),
    )


def exemplar_row(exemplar: Exemplar) -> Row:
    """Return the row of `exemplars`."""
    where = (exemplar.service, exemplar.metric, exemplar.trace_id, exemplar.span_id)
    return (exemplar.time, *where, exemplar.value, _json(exemplar.attributes))


def exemplar_of(row: Row) -> Exemplar:
    """Return the exemplar of a whole row of `exemplars`."""
    _, time, service, metric, trace_id, span_id, value, attributes = row
    return Exemplar(metric, service, trace_id, span_id, time, value, json.loads(attributes))


def _json(value: Attributes | list[dict[str, Any]]) -> str:
    return json.dumps(value, default=dict)


def _clean(text: str) -> str:
    """A line may spell half of a surrogate pair, which is no text that UTF-8 could hold."""
    return text.encode("utf-8", "backslashreplace").decode()
