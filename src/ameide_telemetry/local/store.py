"""Spans, lines and metric points in sqlite: in memory or in a file that several processes share.

A file is in WAL mode: `ameide-telemetry trace` reads while several `ameide-telemetry run` write. Each
table is a ring; what falls out of it is counted in the store itself, so that every reader knows.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from ameide_telemetry.local import rows
from ameide_telemetry.local.errors import StoreError
from ameide_telemetry.local.records import Trace, TraceSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from ameide_telemetry.local.records import Exemplar, Line, Point, Span

__all__ = ["CAPS", "Store"]

CAPS: Final[Mapping[str, int]] = {"spans": 100_000, "lines": 100_000, "points": 100_000, "exemplars": 20_000}
"""How many rows of each table are kept."""

_BUSY_SECONDS: Final = 5.0
_ANY_TENANT: Final = ""
_OF_TENANT: Final = """
    (:tenant = '' OR trace_id IN (
        SELECT trace_id FROM spans WHERE tenant_id = :tenant
        UNION SELECT trace_id FROM lines WHERE tenant_id = :tenant))
"""
# A line may call anything its trace; what is no trace id is not listed as a trace.
_SUMMARIES: Final = f"""
    SELECT trace_id, min(start) AS began, max(end), count(*), sum(status = 'error'), min(seq) AS first
    FROM spans
    WHERE {_OF_TENANT} GROUP BY trace_id
    UNION ALL
    SELECT trace_id, min(time), max(time), 0, 0, min(seq) FROM lines
    WHERE length(trace_id) = 32 AND trace_id NOT GLOB '*[^0-9a-f]*'
        AND trace_id NOT IN (SELECT trace_id FROM spans) AND {_OF_TENANT} GROUP BY trace_id
    ORDER BY began DESC, first DESC LIMIT :limit
"""  # noqa: S608 text of our own
_FIND: Final = f"""
    SELECT trace_id FROM spans WHERE trace_id >= :from AND trace_id < :to AND {_OF_TENANT}
    UNION SELECT trace_id FROM lines WHERE trace_id >= :from AND trace_id < :to AND {_OF_TENANT}
    ORDER BY trace_id LIMIT :limit
"""  # noqa: S608 text of our own


class Store:
    """The store. Safe to share between threads; `close` it, or use it in a `with` block.

    Every method but `close` raises `StoreError` when the file cannot be read or written (any more).

    Attributes:
        path: the file; None for a store in memory.
        added: how many rows this object added, by table name.
    """

    def __init__(
        self, path: Path | None = None, *, caps: Mapping[str, int] = CAPS, read_only: bool = False
    ) -> None:
        """Open the store, and make it where it does not exist yet.

        Args:
            path: a file in a directory that exists; None keeps everything in memory.
            caps: rows kept per table, for the tables that shall differ from `CAPS`.
            read_only: only read; the file must exist.

        Raises:
            StoreError: the file is missing, unreadable, no store, or a store of another version.
        """
        self.path = path
        self.added: Counter[str] = Counter()
        self._caps = {**CAPS, **caps}
        self._lock = threading.RLock()
        self._connection = _open(path, read_only=read_only)

    def add_spans(self, spans: Sequence[Span]) -> int:
        """Store spans and return how many were new; one that is stored already stays as it is."""
        return self._add({"spans": [rows.span_row(each) for each in spans]})

    def add_lines(self, lines: Sequence[Line]) -> int:
        """Store lines and return how many."""
        return self._add({"lines": [rows.line_row(each) for each in lines]})

    def add_points(self, points: Sequence[Point]) -> int:
        """Store metric points with their exemplars and return how many rows were new."""
        exemplars = [rows.exemplar_row(each) for point in points for each in point.exemplars]
        return self._add({"points": [rows.point_row(each) for each in points], "exemplars": exemplars})

    def trace(self, trace_id: str) -> Trace | None:
        """Return everything stored of a trace; None when there is no span and no line of it."""
        found = self._select("SELECT * FROM spans WHERE trace_id = ? ORDER BY start, seq", (trace_id,))
        trace = Trace(trace_id, tuple(map(rows.span_of, found)), self.lines_of(trace_id))
        return trace if trace.spans or trace.lines else None

    def lines_of(self, trace_id: str) -> tuple[Line, ...]:
        """Return the lines of a trace by time; a record that came by stdout and by OTLP once."""
        found = self._select("SELECT * FROM lines WHERE trace_id = ? ORDER BY time, seq", (trace_id,))
        return tuple(_once([rows.line_of(row) for row in found]))

    def traces(self, limit: int = 20, tenant: str | None = None) -> tuple[TraceSummary, ...]:
        """Return the newest traces, by the time at which each began, newest first.

        A trace of which only lines are stored began with the first of them, and has no name.

        Args:
            limit: at most so many.
            tenant: only traces of which a span or line names this tenant.
        """
        arguments = {"tenant": tenant or _ANY_TENANT, "limit": limit}
        with self._lock:
            return tuple(self._summary(row) for row in self._select(_SUMMARIES, arguments))

    def last_trace(self, tenant: str | None = None) -> Trace | None:
        """Return the trace that began last, of one tenant or of any."""
        with self._lock:
            newest = self.traces(1, tenant)
            return self.trace(newest[0].trace_id) if newest else None

    def find(self, prefix: str, limit: int = 10, tenant: str | None = None) -> tuple[str, ...]:
        """Return the ids of stored traces that begin with `prefix` (lowercase hexadecimal).

        Args:
            prefix: the beginning of the ids.
            limit: at most so many.
            tenant: only traces of which a span or line names this tenant.
        """
        arguments = {"from": prefix, "to": prefix + "g", "limit": limit, "tenant": tenant or _ANY_TENANT}
        return tuple(row[0] for row in self._select(_FIND, arguments))

    def exemplars(self, metric: str | None = None) -> tuple[Exemplar, ...]:
        """Return stored exemplars by time, of one metric or of all."""
        found = self._select(
            "SELECT * FROM exemplars WHERE ?1 IS NULL OR metric = ?1 ORDER BY time, seq", (metric,)
        )
        return tuple(map(rows.exemplar_of, found))

    def points(self, metric: str | None = None) -> tuple[Point, ...]:
        """Return stored metric points by time, of one metric or of all, without exemplars."""
        found = self._select(
            "SELECT * FROM points WHERE ?1 IS NULL OR metric = ?1 ORDER BY time, seq", (metric,)
        )
        return tuple(map(rows.point_of, found))

    def unreadable_lines(self) -> tuple[Line, ...]:
        """Return the lines that hold no JSON object, by time."""
        return tuple(
            map(rows.line_of, self._select("SELECT * FROM lines WHERE NOT record ORDER BY time, seq"))
        )

    def counts(self) -> dict[str, int]:
        """Return how many rows each table holds, whoever added them."""
        return {
            table: int(self._select(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 names of our own
            for table in rows.INSERTS
        }

    def evicted(self) -> dict[str, int]:
        """Return how many rows fell out of each table so far; only tables that lost some."""
        return dict(self._select("SELECT name, count FROM evictions ORDER BY name"))

    def close(self) -> None:
        """Close the store; calling it again does nothing."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _summary(self, row: rows.Row) -> TraceSummary:
        trace_id, start, end, spans, errors, _ = row
        lines = self.lines_of(trace_id)
        of_spans = self._select(
            "SELECT service, tenant_id, name FROM spans WHERE trace_id = ?"
            " ORDER BY parent_id != '', start, seq",
            (trace_id,),
        )
        return TraceSummary(
            trace_id=trace_id,
            start=start,
            end=end,
            name=of_spans[0][2] if of_spans else "",
            services=_distinct(*(each[0] for each in of_spans), *(each.service for each in lines)),
            tenants=_distinct(*(each[1] for each in of_spans), *(each.tenant_id for each in lines)),
            spans=spans,
            lines=len(lines),
            errors=errors,
        )

    def _select(self, query: str, arguments: Sequence[object] | Mapping[str, object] = ()) -> list[rows.Row]:
        with self._lock, self._failures():
            return self._connection.execute(query, arguments).fetchall()

    def _add(self, tables: Mapping[str, Sequence[rows.Row]]) -> int:
        with self._lock:
            with self._failures(), self._transaction():
                added = {table: self._insert(table, found) for table, found in tables.items() if found}
            self.added.update(added)
        return sum(added.values())

    def _insert(self, table: str, found: Sequence[rows.Row]) -> int:
        added = self._connection.executemany(rows.INSERTS[table], found).rowcount
        # Rows are removed from the old end only, so the numbers in use have no gaps.
        evicted = self._connection.execute(
            f"DELETE FROM {table} WHERE seq <= (SELECT max(seq) FROM {table}) - ?",  # noqa: S608 our own names
            (self._caps[table],),
        ).rowcount
        if evicted:
            self._connection.execute(
                "INSERT INTO evictions VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET count = count + ?2",
                (table, evicted),
            )
        return added

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self.path or "in memory", str(error)) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _distinct(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))


def _once(lines: Iterable[Line]) -> Iterator[Line]:
    """Leave out OTLP log records that a line on stdout says already: a service may send both."""
    found = list(lines)
    written = Counter((each.span_id, each.message) for each in found if each.source != "otlp")
    for each in found:
        key = (each.span_id, each.message)
        if each.source == "otlp" and written[key]:
            written[key] -= 1
        else:
            yield each


def _open(path: Path | None, *, read_only: bool) -> sqlite3.Connection:
    if path is None:
        return _prepared(":memory:", uri=False)
    try:
        if read_only:
            return _checked(_connect(f"{path.absolute().as_uri()}?mode=ro", uri=True))
        # Telemetry may hold personal data: the file, and the journals beside it, are for their owner only.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return _prepared(str(path), uri=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, str(error)) from None


def _prepared(name: str, *, uri: bool) -> sqlite3.Connection:
    connection = _connect(name, uri=uri)
    try:
        if _is_empty(connection):
            _make(connection)
        # Durable against a crash of a process, which is all that telemetry on a desk needs.
        connection.execute("PRAGMA synchronous = NORMAL")
        _check_writing(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return _checked(connection)


def _check_writing(connection: sqlite3.Connection) -> None:
    """Raise now what the first write would raise later: a damaged file, one that takes no writes."""
    damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {damage.splitlines()[-1]}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_schema").fetchone()[0])


def _make(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process has made them meanwhile."""
    _journal(connection)
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):
        for statement in rows.SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def _journal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. sqlite does not wait for a lock here, and two processes may make the file at once."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _connect(name: str, *, uri: bool) -> sqlite3.Connection:
    return sqlite3.connect(
        name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri
    )


def _checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        found = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
        if found.keys() >= rows.TABLES.keys() and version != rows.VERSION:
            raise sqlite3.DatabaseError(f"it is no store of version {rows.VERSION}, but of version {version}")
        if not found.items() >= rows.TABLES.items():
            raise sqlite3.DatabaseError("it is a database of something else")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unusable(path: Path | str, reason: str) -> StoreError:
    return StoreError(
        f"the store {path} cannot be used: {reason}",
        cure="pass another file: --store FILE",
    )
