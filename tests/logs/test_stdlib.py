"""Console handlers give way to lines, before and after the call; the rest stays."""

from __future__ import annotations

import io
import logging
import logging.config
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from rich.logging import RichHandler

from ameide_telemetry import get_logger, guard
from ameide_telemetry.export.quiet import quiet
from ameide_telemetry.logs.handler import LineHandler
from support.lines import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.lines import InstalledLines


@pytest.fixture(autouse=True)
def _clean_loggers() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    guard.reset()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "server", "late", "werkzeug"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.filters.clear()
        logger.propagate, logger.disabled = True, False
        logger.setLevel(logging.NOTSET)


def test_a_console_handler_from_before_is_replaced_and_restored(tmp_path: Path) -> None:
    """Its level and filters stay in force, and it comes back."""
    logger = logging.getLogger("server")
    logger.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    logger.addHandler(handler)
    with installed(tmp_path, capture_streams=False) as lines:
        logger.info("too low")
        logger.error("a secret")
        logger.error("kept")
        assert lines.one()["message"] == "kept"
    assert logger.handlers == [handler]


def _root_console() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: "health" not in record.getMessage())
    return handler


def test_a_console_handler_on_the_root_keeps_back_what_it_kept_back(tmp_path: Path) -> None:
    """No handler of ours stands beside it and writes what its level and filters drop."""
    root = logging.getLogger()
    handler = _root_console()
    root.addHandler(handler)
    with installed(tmp_path, capture_streams=False) as lines:
        for log in (logging.getLogger("shop"), get_logger("shop")):
            log.info("too low")
            log.warning("health")
            log.warning("kept")
        assert [line["message"] for line in lines.all()] == ["kept", "kept"]
        handler.addFilter(lambda record: "later" not in record.getMessage())
        logging.getLogger("shop").warning("a filter from later")
        assert len(lines.all()) == 2
    assert handler in root.handlers


def test_a_console_handler_on_the_root_keeps_back_no_printed_text(tmp_path: Path) -> None:
    """Nor a crash or an access line: without telemetry none of them would have passed the handler."""
    root = logging.getLogger()
    handler = _root_console()
    root.addHandler(handler)
    elsewhere = io.StringIO()
    root.addHandler(logging.StreamHandler(elsewhere))
    with installed(tmp_path) as lines:
        print("health")
        lines.installation.access(logging.INFO, "GET /health", {})
        sys.excepthook(ValueError, ValueError("health"), None)
        messages = [line["message"] for line in lines.all()]
    assert messages == ["health", "GET /health", "uncaught ValueError"]
    assert elsewhere.getvalue().splitlines()[:2] == messages[:2]


def test_what_is_configured_later_keeps_back_too(lines: InstalledLines) -> None:
    """A root handler of `dictConfig` with a level and a filter; and ours returns where none is left."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"no_health": {"()": lambda: lambda record: "health" not in record.getMessage()}},
            "handlers": {
                "console": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "level": "WARNING",
                    "filters": ["no_health"],
                }
            },
            "root": {"level": "INFO", "handlers": ["console"]},
        }
    )
    for message in ("health", "kept"):
        logging.getLogger("shop").info(message)
        logging.getLogger("shop").warning(message)
    assert lines.one()["message"] == "kept"
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"handlers": []}})
    logging.getLogger("shop").info("all lines again")
    assert [line["message"] for line in lines.all()] == ["kept", "all lines again"]


def test_a_record_is_written_once(lines: InstalledLines) -> None:
    """However many of our handlers it passes."""
    logging.getLogger("server").addHandler(logging.StreamHandler())
    logging.getLogger("server").error("once")
    assert lines.one()["logger"] == "server"


def test_a_console_handler_from_later_is_replaced_too(lines: InstalledLines) -> None:
    """Servers and libraries that bring their own after the call."""
    logger = logging.getLogger("late")
    handler = logging.StreamHandler(sys.stdout)
    logger.handlers = [handler]
    logger.error("line")
    assert lines.one()["message"] == "line"


def test_rich_handlers_are_console_handlers(tmp_path: Path) -> None:
    """They keep their stream one step further away."""
    logger = logging.getLogger("server")
    logger.addHandler(RichHandler())
    with installed(tmp_path, capture_streams=False) as lines:
        assert [type(each) for each in logger.handlers] == [LineHandler]
        logger.error("line")
        assert lines.one()["message"] == "line"


def test_handlers_that_write_elsewhere_stay(lines: InstalledLines, tmp_path: Path) -> None:
    """Files and memory streams are somebody's wish."""
    logger = logging.getLogger("late")
    memory = io.StringIO()
    logger.addHandler(logging.StreamHandler(memory))
    file_handler = logging.FileHandler(tmp_path / "kept.log")
    logger.addHandler(file_handler)
    logger.error("both")
    file_handler.close()
    assert memory.getvalue() == "both\n"
    assert (tmp_path / "kept.log").read_text() == "both\n"
    assert lines.one()["message"] == "both"


def test_basic_config_with_force_keeps_the_lines(lines: InstalledLines) -> None:
    """It removes every root handler; ours returns."""
    before = list(logging.getLogger().handlers)
    logging.basicConfig(force=True, level=logging.INFO)
    logging.getLogger("shop").info("still a line")
    assert lines.one()["message"] == "still a line"
    logging.getLogger().handlers[:] = before


def test_dict_config_keeps_the_lines_and_says_so(lines: InstalledLines) -> None:
    """uvicorn's own config after the call; loggers that it would disable stay on."""
    early = logging.getLogger("server")
    logging.config.dictConfig(
        {
            "version": 1,
            "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
            "loggers": {"uvicorn": {"handlers": ["console"], "level": "INFO", "propagate": False}},
            "root": {"level": "DEBUG"},
        }
    )
    early.info("not disabled")
    logging.getLogger("uvicorn.error").info("started")
    messages = [line["message"] for line in lines.all()]
    assert messages[1:] == ["not disabled", "started"]
    assert "stay JSON" in messages[0]
    assert guard.counts() == {"logs.reconfigured": 1}


def test_file_config_keeps_the_lines(lines: InstalledLines, tmp_path: Path) -> None:
    """The old ini form too."""
    config = tmp_path / "logging.ini"
    config.write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=console\n[formatters]\nkeys=\n"
        "[logger_root]\nlevel=INFO\nhandlers=console\n"
        "[handler_console]\nclass=StreamHandler\nargs=(sys.stdout,)\n"
    )
    before = list(logging.getLogger().handlers)
    logging.config.fileConfig(config, disable_existing_loggers=False)
    logging.getLogger("shop").info("still a line")
    assert lines.one()["message"] == "still a line"
    logging.getLogger().handlers[:] = before


def test_server_access_lines_are_dropped_on_request(lines: InstalledLines) -> None:
    """werkzeug's other messages stay."""
    lines.installation.silence_server_access()
    lines.installation.silence_server_access()
    logging.getLogger("uvicorn.access").info("GET /")
    werkzeug = logging.getLogger("werkzeug")
    werkzeug.info('127.0.0.1 - - [22/Nov/2026 08:00:00] "%s" %s %s', "GET / HTTP/1.1", "200", "-")
    werkzeug.info(" * Running on http://127.0.0.1:5000")
    assert lines.one()["message"] == " * Running on http://127.0.0.1:5000"


def test_undo_restores_everything(tmp_path: Path) -> None:
    """Functions, handlers, filters and the root level."""
    emit, basic = logging.StreamHandler.emit, logging.basicConfig
    configure = logging.config.DictConfigurator.configure
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with installed(tmp_path, capture_streams=False) as lines:
        lines.installation.silence_server_access()
        assert root.level == logging.INFO
    assert logging.StreamHandler.emit is emit
    assert logging.basicConfig is basic
    assert logging.config.DictConfigurator.configure is configure
    assert (list(root.handlers), root.level) == (handlers, level)
    assert not logging.getLogger("uvicorn.access").filters


def test_records_of_export_workers_are_left_out(lines: InstalledLines) -> None:
    """Their libraries' retry noise is not the service's; our own outage line is."""

    def work() -> None:
        with quiet():
            logging.getLogger("urllib3").warning("retrying")
            logging.getLogger("ameide_telemetry").warning("collector refused")

    thread = threading.Thread(target=work, name="ameide-telemetry-traces")
    thread.start()
    thread.join(10)
    assert lines.one()["message"] == "collector refused"


def test_client_libraries_do_not_log_whole_urls(tmp_path: Path) -> None:
    """Their line per call repeats the span and shows the query; a level of the service's own stays."""
    httpx, httpx2 = logging.getLogger("httpx"), logging.getLogger("httpx2")
    httpx2.setLevel(logging.INFO)
    try:
        with installed(tmp_path, capture_streams=False) as lines:
            for logger in (httpx, httpx2):
                logger.info("HTTP Request: GET http://orders/?token=secret")
            assert lines.one()["logger"] == "httpx2"
        assert httpx.level == logging.NOTSET
    finally:
        httpx2.setLevel(logging.NOTSET)
