"""One record is one line, whoever filters, copies or makes it."""

from __future__ import annotations

import copy
import logging
import pickle
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.export.quiet import quiet
from ameide_telemetry.logs.handler import LineHandler
from support.lines import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.lines import InstalledLines


@pytest.fixture(autouse=True)
def _clean_loggers() -> Iterator[None]:
    yield
    for name in ("shop", "audit"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.filters.clear()
        logger.propagate = True


def _redacted(record: logging.LogRecord) -> Any:
    redacted = copy.copy(record)
    redacted.msg, redacted.args = record.getMessage().replace("secret", "***"), None
    return redacted


class _Audit(logging.Handler):
    """Hands a copy of what one logger says to another."""

    def emit(self, record: logging.LogRecord) -> None:
        """Copy it."""
        entry = copy.copy(record)
        entry.name, entry.msg = "audit", f"audit: {record.msg}"
        logging.getLogger("audit").handle(entry)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a filter gives a record from Python 3.12 on")
def test_the_record_that_a_filter_gives_is_written(tmp_path: Path) -> None:
    """It alone, although the original comes by the root's handler as well."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_redacted)
    logging.getLogger("shop").addHandler(handler)
    with installed(tmp_path, capture_streams=False) as lines:
        logging.getLogger("shop").warning("a %s", "secret")
        assert lines.one()["message"] == "a ***"


def test_what_a_filter_gives_is_written_once(lines: InstalledLines) -> None:
    """As in Python 3.12, whatever this one is: the copy counts for its original, and the original for it."""

    class Redacting(LineHandler):
        def filter(self, record: logging.LogRecord) -> Any:
            return _redacted(record)

    writer = lines.installation.writer
    handler = Redacting(writer)
    handler.addFilter(_redacted)
    record = logging.makeLogRecord({"name": "shop", "msg": "a secret"})
    assert handler.handle(record)
    LineHandler(writer).handle(record)
    assert lines.one()["message"] == "a ***"
    other = logging.makeLogRecord({"name": "shop", "msg": "another secret"})
    LineHandler(writer).handle(other)
    handler.handle(other)
    assert [line["message"] for line in lines.all()] == ["a ***", "another secret"]


def test_a_copy_of_a_record_is_another_record(lines: InstalledLines) -> None:
    """An audit log that is fed with copies is complete, although the original was written before."""
    logging.getLogger("shop").addHandler(LineHandler(lines.installation.writer))
    logging.getLogger("shop").addHandler(_Audit())
    logging.getLogger("shop").warning("paid")
    assert [(line["logger"], line["message"]) for line in lines.all()] == [
        ("shop", "paid"),
        ("audit", "audit: paid"),
    ]


def test_a_written_record_can_be_sent_to_another_process(lines: InstalledLines) -> None:
    """What it is marked with can be pickled, as a queue between processes does."""
    record = logging.makeLogRecord({"name": "shop", "msg": "sent", "levelno": logging.INFO})
    logging.getLogger("shop").handle(record)
    arrived = pickle.loads(pickle.dumps(record))
    assert arrived.getMessage() == "sent"
    logging.getLogger("shop").handle(arrived)
    assert [line["message"] for line in lines.all()] == ["sent", "sent"]


@pytest.mark.parametrize("exporting", [True, False])
def test_a_thread_counts_as_exporting_when_it_does(lines: InstalledLines, exporting: bool) -> None:
    """Records of a service's thread are written, whatever the thread is called."""

    def work() -> None:
        logging.getLogger("shop").warning("from a thread")

    def export() -> None:
        with quiet():
            work()

    thread = threading.Thread(target=export if exporting else work, name="ameide-telemetry-mine")
    thread.start()
    thread.join(10)
    assert [line["message"] for line in lines.all()] == ([] if exporting else ["from a thread"])
