"""A stdlib log record becomes one event."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from pythonjsonlogger.core import BaseJsonFormatter

from ameide_telemetry.logs.formatter import FIELDS_ATTRIBUTE, JsonFormatter, event_of
from ameide_telemetry.logs.line import LineRenderer

FORMATTER = JsonFormatter(LineRenderer(service="orders", version="1", environment="test"))


def _record(message: object = "hello", *args: object, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord(
        "shop", logging.INFO, "file.py", 1, message, args, None, extra=extra or None
    )


def test_it_stands_on_python_json_logger() -> None:
    """Any handler that accepts python-json-logger's formatter accepts ours."""
    assert isinstance(FORMATTER, BaseJsonFormatter)
    assert json.loads(FORMATTER.format(_record()))["message"] == "hello"


def test_extras_become_fields_in_their_order() -> None:
    """What was given as `extra` is there; the record's own attributes are not."""
    event = event_of(_record("hello %s", "world", a=1, b=[2]))
    assert event.message == "hello world"
    assert list((event.fields or {}).items()) == [("a", 1), ("b", [2])]


def test_a_record_without_extras_has_no_fields() -> None:
    """Also after another formatter has left `message` and `asctime` on it."""
    record = _record("plain")
    logging.Formatter("%(asctime)s %(message)s").format(record)
    assert event_of(record).fields is None


_FACTORY = """
import json, logging
plain = logging.getLogRecordFactory()

def make(*arguments, **named):
    record = plain(*arguments, **named)
    record.host, record.build = "h1", "b7"
    return record

logging.setLogRecordFactory(make)
from ameide_telemetry.logs.formatter import event_of
logger = logging.getLogger("shop")

def fields(**extra):
    return event_of(logger.makeRecord("shop", 20, "f", 1, "m", (), None, extra=extra)).fields

found = [fields(), fields(a=1)]
logging.setLogRecordFactory(plain)
print(json.dumps([*found, fields(), fields(a=1), fields(a=1, b=2, c=3)]))
"""


def test_a_factory_from_before_the_import_adds_fields() -> None:
    """What it adds is a field, and hides none of the caller's."""
    done = subprocess.run([sys.executable, "-c", _FACTORY], capture_output=True, timeout=60, check=True)
    own = {"host": "h1", "build": "b7"}
    assert json.loads(done.stdout) == [own, {**own, "a": 1}, None, {"a": 1}, {"a": 1, "b": 2, "c": 3}]


def test_a_class_of_records_may_set_its_fields_first() -> None:
    """Before the base class sets its own."""

    class Record(logging.LogRecord):
        def __init__(self, *args: Any) -> None:
            self.first = 1
            super().__init__(*args)

    record = Record("shop", 20, "f", 1, "m", (), None)
    assert event_of(record).fields == {"first": 1}
    record.second = 2
    assert event_of(record).fields == {"first": 1, "second": 2}


@pytest.mark.parametrize("args", [(), ("x",), ([],)])
def test_a_class_of_records_may_make_its_own_message(args: tuple[object, ...]) -> None:
    """It may redact, whatever the arguments are, and where there are none."""

    class Record(logging.LogRecord):
        def getMessage(self) -> str:  # noqa: N802 the name is logging's
            return "redacted"

    assert event_of(Record("shop", 20, "f", 1, "secret", args, None)).message == "redacted"


@pytest.mark.parametrize("more", [{}, {"a": 1}])
def test_a_filter_may_take_attributes_away_and_add_others(more: dict[str, int]) -> None:
    """However many a record then has."""
    record = _record("m", **more)
    del record.relativeCreated
    assert event_of(record).fields == (more or None)
    record.added = 2
    assert event_of(record).fields == {**more, "added": 2}
    del record.processName, record.module
    assert event_of(record).fields == {**more, "added": 2}


def test_private_and_colour_attributes_are_no_fields() -> None:
    """Attributes for other handlers stay off the line."""
    record = _record("x", color_message="\x1b[1mx", _private=1, kept=2)
    assert event_of(record).fields == {"kept": 2}


def test_structured_fields_may_have_any_name() -> None:
    """Even the names of record attributes."""
    record = _record("x", more=1)
    record.__dict__[FIELDS_ATTRIBUTE] = {"name": "n", "args": "a"}
    assert event_of(record).fields == {"name": "n", "args": "a", "more": 1}


def test_a_dict_message_is_fields() -> None:
    """As python-json-logger reads it; `message` inside is the message."""
    event = event_of(_record({"message": "m", "a": 1}))
    assert (event.message, event.fields) == ("m", {"a": 1})


@pytest.mark.parametrize(
    ("message", "args"), [("%d items", ("x",)), ("%s %s", (1,)), ("none", (1,)), ("%(a)s", (1,)), (7, (1,))]
)
def test_a_message_that_does_not_fit_is_kept_and_marked(message: object, args: tuple[object, ...]) -> None:
    """The text arrives with a field that says what is wrong."""
    event = event_of(_record(message, *args))
    assert event.message == str(message)
    assert (event.fields or {})["format_error"] == "the arguments do not fit the message"


def test_a_pickled_record_keeps_its_traceback_text() -> None:
    """A queue handler of another process sends text only."""
    record = _record("x")
    record.exc_text = "Traceback: gone by"
    assert event_of(record).fields == {"exc_text": "Traceback: gone by"}


def test_data_that_a_subclass_put_together_is_rendered() -> None:
    """The extension point of the base formatter works."""
    line = json.loads(FORMATTER.jsonify_log_record({"name": "shop", "levelno": 40, "created": 0.5, "a": 1}))
    assert (line["logger"], line["level"], line["a"]) == ("shop", "error", 1)
