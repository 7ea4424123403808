"""A queue between processes in one sqlite file: jobs survive a restart of either side."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and the headers of whoever asked for it."""

    body: Mapping[str, str]
    headers: Mapping[str, str]


class JobQueue:
    """The queue. Any number of processes may put and take; each job is taken once."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")  # a lost disk loses jobs, a lost process none
        self._database.execute("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, body, headers)")

    def put(self, body: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Add a job at the end."""
        row = (json.dumps(body), json.dumps(headers))
        self._database.execute("INSERT INTO jobs (body, headers) VALUES (?, ?)", row)

    def take(self) -> Iterator[Job]:
        """Yield the jobs that wait, oldest first, each removed before it is yielded."""
        oldest = "DELETE FROM jobs WHERE id = (SELECT min(id) FROM jobs) RETURNING body, headers"
        while rows := self._database.execute(oldest).fetchall():
            for body, headers in rows:
                yield Job(json.loads(body), json.loads(headers))
