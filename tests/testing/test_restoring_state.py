"""Loggers and context variables of a service go back to what they were, and what cannot is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE: Final = """\
import contextvars, logging
from ameide_telemetry import init_telemetry

user = contextvars.ContextVar("user", default="nobody")
cart = contextvars.ContextVar("cart")
order = contextvars.ContextVar("order")
region = contextvars.ContextVar("region")
early = contextvars.ContextVar("early", default=None)
early.set("import")
own = logging.StreamHandler()
quiet = logging.getLogger("shop.quiet")
quiet.addHandler(own)
quiet.propagate = False

def handlers(logger):
    return [each for each in logger.handlers if not type(each).__module__.startswith("_pytest")]
"""
_LOGGERS: Final = """\
import logging, logging.config, sys
import pytest, shop

log = logging.getLogger("shop.orders")
LEFT = logging.NullHandler()
accept = lambda record: False
handle = shop.init_telemetry("shop")

def state(logger):
    return logger.level, logger.propagate, logger.disabled, shop.handlers(logger), logger.filters[:]

QUIET, UVICORN = state(shop.quiet), state(logging.getLogger("uvicorn.access"))

@pytest.fixture(scope="module")
def wide():
    log.addFilter(accept)
    log.propagate = False
    yield
    assert log.filters == [accept] and not log.propagate
    log.removeFilter(accept)
    log.propagate = True

def test_messes_up():
    for logger in (log, shop.quiet, logging.getLogger("made.here")):
        logger.setLevel(7)
        logger.propagate = not logger.propagate
        logger.disabled = True
        logger.handlers[:] = [LEFT]
        logger.addFilter(accept)
    logging.root.addFilter(accept)
    logging.root.setLevel(3)
    handle.instrument_app(lambda environ, start_response: [])

def test_finds_it_as_it_was():
    fresh = (0, True, False, [], [])
    assert (state(log), state(logging.getLogger("made.here"))) == (fresh, fresh)
    assert state(shop.quiet) == QUIET
    assert logging.root.filters == [] and logging.root.level == logging.INFO
    assert len(logging.getLogger("uvicorn.access").filters) > len(UVICORN[4]), "our own filter stays"

def test_begins_what_is_wider(wide):
    assert not log.propagate
    log.propagate, log.filters[:] = True, []

def test_finds_what_is_wider(wide):
    assert not log.propagate and log.filters == [accept]
"""
_LATER: Final = """\
import logging
import shop

log = logging.getLogger("shop.orders")

def test_after_the_wider_fixture():
    assert log.propagate and log.filters == []
"""
_STARTED_LATE: Final = """\
import logging, pytest, shop
console = logging.StreamHandler()
logging.root.addHandler(console)
WARNING = logging.WARNING

def level():
    return logging.getLogger("httpx").level

@pytest.fixture(scope="module")
def wide():
    logging.getLogger("wide").setLevel(7)
    yield

def test_stands_in(telemetry, wide):
    assert level() == WARNING

def test_stand_in_has_left_nothing():
    assert logging.root.handlers.count(console) == 1 and level() == 0
    assert logging.root.level == WARNING
    assert not [each for each in logging.root.handlers if "ameide" in type(each).__module__]
    assert logging.getLogger("wide").level == 7

def test_starts(telemetry):
    shop.init_telemetry("shop")
    logging.getLogger("shop").warning("once")

def test_it_stays_started(telemetry):
    logging.getLogger("shop").warning("once")
    assert len(telemetry.logs.all("once")) == 1
    assert console not in logging.root.handlers and level() == WARNING
    assert shop.own not in shop.quiet.handlers and len(shop.handlers(shop.quiet)) == 1
    shop.init_telemetry("shop").shutdown()

def test_it_stays_ended():
    assert console in logging.root.handlers and shop.own in shop.quiet.handlers and level() == 0
"""
_VARIABLES: Final = """\
import asyncio, contextvars
import pytest, shop

shop.init_telemetry("shop")

@pytest.fixture
def left():
    shop.user.set("fixture")
    shop.cart.set("fixture")

@pytest.fixture(scope="module")
def wide():
    token = shop.region.set("eu")
    yield
    assert shop.region.get() == "eu"
    shop.region.reset(token)

def test_sets(wide, left):
    shop.user.set("test")
    shop.early.set("test")
    shop.region.set("us")
    shop.order.reset(shop.order.set("test"))

def test_sees_nothing_of_it(wide):
    assert (shop.user.get(), shop.early.get(), shop.region.get()) == ("nobody", "import", "eu")
    assert shop.order.get(None) is None
    assert shop.cart.get(None) == "fixture", "cannot be unset: pytest's summary says so"

def test_an_event_loop(wide):
    async def inside():
        shop.user.set("loop")
    asyncio.run(inside())
"""
_VARIABLES_LATER: Final = """\
import shop

def test_after_the_wider_fixture():
    assert shop.user.get() == "nobody" and shop.region.get(None) is None
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [(_LOGGERS, _LATER), (_STARTED_LATE, ""), (_VARIABLES, _VARIABLES_LATER)],
    ids=["loggers", "started in a test", "context variables"],
)
def test_the_next_test_sees_nothing_of_it(tmp_path: Path, first: str, second: str) -> None:
    """Loggers and variables are as before the test; fixtures and telemetry keep what is theirs."""
    (tmp_path / "shop.py").write_text(_SERVICE, encoding="utf-8")
    (tmp_path / "test_1.py").write_text(first, encoding="utf-8")
    (tmp_path / "test_2.py").write_text(second, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
    told = "context variable shop.cart stays set after test_1.py::test_sets: it has no default"
    assert (told in done.stdout) == (first is _VARIABLES), done.stdout
    assert done.stdout.count("context variable ") == int(first is _VARIABLES), done.stdout


def test_workers_tell_what_stays_set(tmp_path: Path) -> None:
    """What a worker could not take back stands in the controller's summary."""
    (tmp_path / "shop.py").write_text(_SERVICE, encoding="utf-8")
    (tmp_path / "test_1.py").write_text(_VARIABLES, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE, "-n1")
    assert done.returncode == 0, done.stdout
    assert "context variable shop.cart stays set after test_1.py::test_sets" in done.stdout
