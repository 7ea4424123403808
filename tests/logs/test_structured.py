"""structlog and stdlib logging give the same line."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import UserDict
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.lines import InstalledLines

from support.lines import installed


@pytest.fixture(autouse=True)
def _default_structlog() -> Iterator[None]:
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    yield
    structlog.reset_defaults()


def _without_time(line: bytes) -> bytes:
    return re.sub(rb'"timestamp":"[^"]*"', b"", line, count=1)


def _fail() -> BaseException:
    try:
        raise ValueError("boom")
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    ("message", "args", "fields"),
    [
        ("hello", (), {}),
        ("hello %s and %d", ("you", 2), {}),
        ("hello", (), {"sku": 7, "nested": {"a": [1, None]}, "text": "é\u202e"}),
        ("bad %d", ("x",), {}),
        ("reserved", (), {"service": "fake", "trace_id": "fake", "level": "fake"}),
    ],
)
def test_both_front_ends_give_the_same_bytes(
    tmp_path: Path, message: str, args: tuple[object, ...], fields: dict[str, Any]
) -> None:
    """Byte for byte, but for the time."""
    with installed(tmp_path, capture_streams=False) as lines:
        logging.getLogger("shop").warning(message, *args, extra=fields)
        structlog.get_logger("shop").warning(message, *args, **fields)
        first, second = lines.raw()
    assert _without_time(first) == _without_time(second)


def test_errors_give_the_same_bytes(lines: InstalledLines) -> None:
    """Type, message and stack too."""
    error = _fail()
    logging.getLogger("shop").error("failed", exc_info=error)
    structlog.get_logger("shop").error("failed", exc_info=error)
    first, second = lines.raw()
    assert _without_time(first) == _without_time(second)
    assert json.loads(first)["exception_type"] == "ValueError"


def test_loggers_made_before_take_part(tmp_path: Path) -> None:
    """Lazy, bound and cached loggers from before the call."""
    lazy = structlog.get_logger("lazy")
    bound = structlog.get_logger("bound").bind(step=1)
    structlog.configure(cache_logger_on_first_use=True)
    cached = structlog.get_logger("cached")
    cached.bind()
    with installed(tmp_path, capture_streams=False) as lines:
        lazy.info("one")
        bound.info("two")
        cached.info("three")
        found = lines.all()
    assert [line["message"] for line in found] == ["one", "two", "three"]
    assert found[1]["step"] == 1


def test_a_logger_without_a_name_is_named_after_its_module(lines: InstalledLines) -> None:
    """As structlog's own stdlib factory does."""
    structlog.get_logger().info("hello")
    assert lines.one()["logger"] == __name__


def test_levels_follow_the_stdlib_logger(lines: InstalledLines) -> None:
    """`logging.getLogger(name).setLevel` rules both front ends."""
    logger = logging.getLogger("quiet")
    logger.setLevel(logging.ERROR)
    try:
        log = structlog.get_logger("quiet")
        log.info("not this")
        log.log("warning", "nor this")
        log.log(logging.ERROR, "this")
        log.critical("and this")
        log.fatal("and that")
    finally:
        logger.setLevel(logging.NOTSET)
    assert [line["level"] for line in lines.all()] == ["error", "critical", "critical"]


def test_no_call_raises(lines: InstalledLines) -> None:
    """Odd arguments give a line, never an exception."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("repr")

    log = structlog.get_logger("shop")
    log.info("with event", event="field")
    log.info(Hostile())
    log.info()
    log.info("%s", Hostile())
    log.info("%(a)s", {"a": 1})
    log.exception("no error here")  # noqa: LOG004
    log.info("x", exc_info=7, stack_info=Hostile(), positional_args=3, method_name="m")  # noqa: LOG014
    found = lines.all()
    assert found[0]["event"] == "field"
    messages = [line["message"] for line in found]
    assert messages == ["with event", "<unprintable Hostile>", "", "%s", "1", "no error here", "x"]


def test_exception_carries_the_current_error(lines: InstalledLines) -> None:
    """Without being told."""
    log = structlog.get_logger("shop")
    try:
        raise KeyError("k")
    except KeyError:
        log.exception("failed")
    assert lines.one()["exception_type"] == "KeyError"


def test_structlogs_own_context_variables_are_merged(lines: InstalledLines) -> None:
    """Services that use them keep them."""
    with structlog.contextvars.bound_contextvars(order=7):
        structlog.get_logger("shop").info("hello")
    assert lines.one()["order"] == 7


def test_the_services_own_processors_run(tmp_path: Path) -> None:
    """Renderers and what a line has anyway give way; the rest stays, also when configured later."""

    def mask(_: Any, __: str, event: Any) -> Any:
        event["masked"] = True
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            mask,
            structlog.processors.JSONRenderer(),
        ]
    )
    with installed(tmp_path, capture_streams=False) as lines:
        structlog.get_logger("shop").info("one")
        structlog.configure(processors=[mask, structlog.processors.KeyValueRenderer()])
        structlog.get_logger("shop").info("two", event2=1)
        found = lines.all()
    assert [(line["message"], line["masked"]) for line in found] == [("one", True), ("two", True)]
    assert "extra" not in found[0]


def _broken(_: Any, __: str, event: Any) -> Any:
    event["half"] = "done"
    raise RuntimeError("processor")


def test_a_processor_that_fails_loses_the_fields_and_no_line(tmp_path: Path) -> None:
    """It may have been there to hide them; its name is said once, and the exception stays."""
    guard.reset()
    structlog.configure(processors=[_broken])
    with installed(tmp_path, capture_streams=False) as lines:
        log = structlog.get_logger("shop").bind(token="t")
        log.warning("kept %s", "secret", password="secret")
        log.error({"message": "m", "password": "secret"})
        log.error("failed", password="secret", exc_info=_fail())
        said, *found = lines.all()
    assert said["logger"] == "ameide_telemetry"
    assert "_broken" in said["message"]
    assert [line["message"] for line in found] == ["kept %s", "", "failed"]
    assert found[2]["exception_message"] == "boom"
    for line in found:
        assert line["failed_processor"] == "_broken"
        assert not line.keys() & {"half", "token", "password"}
        assert "secret" not in json.dumps(line)
    assert guard.counts() == {"logs.fields_withheld": 3, "logs.structlog_processor": 3}


def test_a_processor_that_fails_after_shutdown_shows_no_fields(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A logger that was cached meanwhile then has the service's own chain."""
    structlog.configure(processors=[_broken, structlog.processors.JSONRenderer()])
    log = structlog.get_logger("shop")
    with installed(tmp_path, capture_streams=False):
        log.info("cached")
    log.warning("after", password="secret")
    assert "after" in caplog.text
    assert "secret" not in caplog.text


def test_a_mapping_that_cannot_be_read_is_withheld(tmp_path: Path) -> None:
    """What a processor returns may be of a class of its own."""

    class Unreadable(UserDict[str, Any]):
        def __iter__(self) -> Any:
            raise RuntimeError("keys")

    structlog.configure(processors=[lambda *_: Unreadable(event="x", a=1)])
    with installed(tmp_path, capture_streams=False) as lines:
        structlog.get_logger("shop").info("said")
        line = lines.all()[-1]
    assert (line["message"], line["failed_processor"], line["level"]) == ("", "Terminal", "info")


def test_a_filter_that_fails_writes_nothing_unfiltered(lines: InstalledLines) -> None:
    """Nor does it reach the caller."""

    def refuse(_: logging.LogRecord) -> bool:
        raise RuntimeError("filter")

    logging.getLogger("shop").addFilter(refuse)
    try:
        structlog.get_logger("shop").info("secret", password="secret")
    finally:
        logging.getLogger("shop").removeFilter(refuse)
    assert lines.all() == []


def test_lines_of_one_template_are_of_one_kind(tmp_path: Path) -> None:
    """The storm limit counts them together, also where another handler wants a record."""
    with installed(tmp_path, capture_streams=False, storm_limit=2) as lines:
        for handlers in ([], [logging.NullHandler()]):
            logger = logging.getLogger(f"shop{len(handlers)}")
            logger.handlers = [*handlers]
            for number in range(10):
                structlog.get_logger(logger.name).info("order %d", number)
                structlog.get_logger(logger.name).info("total %(n)d", {"n": number})
            logger.handlers = []
        messages = [line["message"] for line in lines.all()]
    assert messages == ["order 0", "total 0", "order 1", "total 1"] * 2


def test_fields_that_are_called_as_structlogs_own_are_fields(lines: InstalledLines) -> None:
    """Whether the call has arguments or not."""
    log = structlog.get_logger("shop")
    log.info("100% done", positional_args=("x",))
    log.bind(positional_args=1, event="bound").info("%s items", 2, exc_info="text", event="field")
    log.info(event="the message", _set_aside=3)
    found = lines.all()
    assert [line["message"] for line in found] == ["100% done", "2 items", "the message"]
    assert found[0]["positional_args"] == ["x"]
    assert "format_error" not in found[0]
    assert (found[1]["positional_args"], found[1]["event"], found[1]["exc_info"]) == (1, "field", "text")


def test_arguments_of_a_class_of_their_own_raise_nothing(tmp_path: Path) -> None:
    """What a processor makes of them may refuse to be counted."""

    class Odd(tuple[Any, ...]):
        __slots__ = ()

        def __len__(self) -> int:
            raise SystemExit(3)

    def replace(_: Any, __: str, event: Any) -> Any:
        event["positional_args"] = Odd((1,))
        return event

    structlog.configure(processors=[replace])
    with installed(tmp_path, capture_streams=False) as lines:
        structlog.get_logger("shop").info("one %d", 2)
        assert lines.one()["message"] == "one 1"


def test_awaited_calls_take_any_field_and_the_error_of_their_caller(lines: InstalledLines) -> None:
    """Though they write on another thread, where no exception is current."""

    async def main() -> None:
        log = structlog.get_logger("shop")
        await log.ainfo("one", event=1, level="x")
        await log.alog(logging.WARNING, "two", event=2)
        try:
            raise KeyError("k")
        except KeyError:
            await log.aerror("three", exc_info=True)
            await log.aexception("four", event=4)

    asyncio.run(main())
    found = lines.all()
    assert [(line["message"], line["level"]) for line in found] == [
        ("one", "info"),
        ("two", "warning"),
        ("three", "error"),
        ("four", "error"),
    ]
    assert [line.get("event") for line in found] == [1, 2, None, 4]
    assert [line.get("exception_type") for line in found] == [None, None, "KeyError", "KeyError"]


def test_a_processor_may_drop_an_event(tmp_path: Path) -> None:
    """DropEvent means what it means in structlog."""

    def drop(_: Any, __: str, ___: Any) -> Any:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])
    with installed(tmp_path, capture_streams=False) as lines:
        structlog.get_logger("shop").info("gone")
        assert lines.all() == []


def test_undo_restores_structlog(tmp_path: Path) -> None:
    """Configuration, default state and the function itself."""
    configure = structlog.configure
    default = list(structlog.get_config()["processors"])
    with installed(tmp_path, capture_streams=False):
        assert structlog.is_configured()
    assert structlog.configure is configure
    assert not structlog.is_configured()
    assert [type(each) for each in structlog.get_config()["processors"]] == [type(each) for each in default]
    marker = structlog.processors.JSONRenderer()
    structlog.configure(processors=[marker], cache_logger_on_first_use=False)
    with installed(tmp_path, capture_streams=False):
        pass
    config = structlog.get_config()
    assert config["processors"] == [marker]
    assert config["cache_logger_on_first_use"] is False


def test_a_logger_cached_meanwhile_works_afterwards(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After undo it does what structlog's configuration then says, and raises nothing."""
    log = structlog.get_logger("later")
    with installed(tmp_path, capture_streams=False) as lines:
        log.info("a line")
        assert lines.one()["message"] == "a line"
    log.warning("after")
    log.bind(a=1).info("below the level that is now in force")
    assert "after" in caplog.text


def test_capture_logs_still_captures(lines: InstalledLines) -> None:
    """structlog's own test helper works while telemetry is on."""
    log = structlog.get_logger("shop")
    with structlog.testing.capture_logs() as captured:
        log.info("seen", a=1)
    assert captured == [{"event": "seen", "a": 1, "log_level": "info"}]
    assert lines.all() == []


def test_other_handlers_see_the_record(lines: InstalledLines) -> None:
    """A handler on the way to the root gets a record with the fields' message."""

    class Keep(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def emit(self, record: logging.LogRecord) -> None:
            self.seen.append(record.getMessage())

    keep = Keep()
    logging.getLogger("shop").addHandler(keep)
    try:
        structlog.get_logger("shop").info("for both", a=1)
    finally:
        logging.getLogger("shop").removeHandler(keep)
    assert keep.seen == ["for both"]
    assert lines.one()["a"] == 1


@pytest.mark.parametrize("call", ["dict", "stack", "private"])
def test_odd_calls_give_the_same_bytes_too(tmp_path: Path, call: str) -> None:
    """A mapping as message, a stack on request, private fields."""
    with installed(tmp_path, capture_streams=False) as lines:
        log, structured = logging.getLogger("shop"), structlog.get_logger("shop")
        if call == "dict":
            log.warning({"message": "m", "a": 1})
            structured.warning({"message": "m", "a": 1})
        elif call == "stack":
            for each in (log, structured):
                each.warning("here", stack_info=True)
        else:
            log.warning("x", extra={"_private": 1, "b": 2})
            structured.warning("x", _private=1, b=2)
        first, second = lines.raw()
    assert _without_time(first) == _without_time(second)


def test_a_level_number_is_checked_as_such(lines: InstalledLines) -> None:
    """`log(5, ...)` is below `debug`, as on the stdlib side."""
    logger = logging.getLogger("numbers")
    logger.setLevel(logging.DEBUG)
    try:
        structlog.get_logger("numbers").log(5, "too low")
        structlog.get_logger("numbers").log(15, "kept")
    finally:
        logger.setLevel(logging.NOTSET)
    assert lines.one()["message"] == "kept"


def test_every_method_of_structlogs_loggers_is_there(lines: InstalledLines) -> None:
    """What worked before the call works after it."""
    log = structlog.get_logger("shop")
    for name in (
        "debug",
        "info",
        "msg",
        "warning",
        "warn",
        "error",
        "err",
        "failure",
        "critical",
        "fatal",
        "exception",
    ):
        getattr(log, name)("said")
    assert len(lines.all()) == 10


def test_reset_defaults_keeps_the_lines(lines: InstalledLines) -> None:
    """structlog's own way back leads to its default processors, not to its default output."""
    structlog.reset_defaults()
    structlog.get_logger("shop").info("still a line", a=1)
    assert lines.one()["a"] == 1
