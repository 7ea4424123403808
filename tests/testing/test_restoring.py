"""What a test leaves behind is taken back; what a wider fixture or telemetry itself does stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = """\
import logging
import warnings

import pytest
import structlog
from opentelemetry import context, trace
from ameide_telemetry import bind_context, current_context, init_telemetry

LEFT = logging.StreamHandler()
WIDE = logging.NullHandler()
root = logging.getLogger()
COUNTS = []


@pytest.fixture(autouse=True)
def count():
    COUNTS.append(len([each for each in root.handlers if "pytest" in type(each).__module__]))
    COUNTS.append(len(warnings.filters))


@pytest.fixture(scope="module")
def wide():
    init_telemetry("shop")
    root.addHandler(WIDE)
    yield
    root.removeHandler(WIDE)


def test_messes_up(wide, telemetry):
    root.addHandler(LEFT)
    root.setLevel(logging.CRITICAL)
    logging.getLogger("shop").setLevel(logging.ERROR)
    logging.disable(logging.ERROR)
    warnings.filterwarnings("ignore", message="left behind")
    bind_context(tenant_id="left")
    structlog.contextvars.bind_contextvars(left="behind")
    context.attach(trace.set_span_in_context(trace.NonRecordingSpan(trace.SpanContext(1, 1, False))))


def test_finds_it_as_it_was(wide, telemetry):
    assert LEFT not in root.handlers
    assert WIDE in root.handlers
    assert root.level == logging.INFO
    assert logging.getLogger("shop").level == logging.NOTSET
    assert logging.root.manager.disable == 0
    assert not any(each[1] and each[1].pattern == "left behind" for each in warnings.filters)
    assert current_context().get("tenant_id") is None
    assert structlog.contextvars.get_contextvars() == {}
    assert not trace.get_current_span().get_span_context().is_valid
    logging.getLogger("shop").info("still rendered")
    assert telemetry.logs.one("still rendered")


def test_forces_its_own_logging(telemetry):
    logging.basicConfig(force=True, level=logging.ERROR, handlers=[LEFT])


def test_has_lines_again(telemetry, caplog):
    logging.getLogger("shop").info("rendered again")
    assert telemetry.logs.one("rendered again")
    assert COUNTS == COUNTS[:2] * 4
    assert "rendered again" in caplog.text
"""


def test_state_is_restored(tmp_path: Path) -> None:
    """Handlers, levels, filters and context of one test are not seen by the next one."""
    (tmp_path / "test_it.py").write_text(_SOURCE, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_tests_without_telemetry_are_left_alone(tmp_path: Path) -> None:
    """Where nobody uses telemetry the plugin takes nothing back."""
    source = """\
import logging
LEFT = logging.NullHandler()
def test_one():
    logging.getLogger().addHandler(LEFT)
def test_two():
    assert LEFT in logging.getLogger().handlers
"""
    (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
    assert run_pytest(tmp_path, *ALONE).returncode == 0


_WIDER = """
import logging, warnings, pytest
from ameide_telemetry import init_telemetry

@pytest.fixture(scope="module", autouse=True)
def verbose():
    root, handler = logging.getLogger(), logging.StreamHandler()
    before = root.level
    root.setLevel(5); root.addHandler(handler); logging.disable(10)
    yield
    root.setLevel(before); root.removeHandler(handler); logging.disable(0)

def test_first():
    assert logging.getLogger().level == 5

def test_second():
    logging.getLogger("of.the.test").setLevel(7)
    assert logging.root.manager.disable == 10
"""
_AFTER = """
import logging

def test_third():
    root = logging.getLogger()
    assert root.level != 5 and logging.root.manager.disable == 0
    assert not any(type(each) is logging.StreamHandler for each in root.handlers)
    assert logging.getLogger("of.the.test").level == 0
"""


def test_what_a_wider_fixture_restores_stays_restored(tmp_path: Path) -> None:
    """What it has set is in force until it is finalised, and not a test longer."""
    (tmp_path / "test_1.py").write_text(_WIDER, encoding="utf-8")
    (tmp_path / "test_2.py").write_text(_AFTER, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
