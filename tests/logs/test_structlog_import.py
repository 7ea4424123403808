"""structlog is taken over when the service imports it, and not imported for its sake."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.environment import service_environment

_START = "import sys; from ameide_telemetry import init_telemetry"
_IMPORT = "import structlog"
_USE = "import structlog; structlog.get_logger('shop').info('sold', sku='chair')"


def _run(*statements: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([_START, *statements])],
        env=service_environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode().splitlines()


def test_a_service_without_structlog_does_not_pay_for_it() -> None:
    """It takes as long to import as everything else that a start needs."""
    _run("init_telemetry('orders')", "assert 'structlog' not in sys.modules, sorted(sys.modules)")


@pytest.mark.parametrize(
    "statements",
    [
        (_IMPORT, "init_telemetry('orders')", _USE),
        ("init_telemetry('orders')", _USE),
        (
            "from ameide_telemetry import get_logger; log = get_logger('shop')",
            "init_telemetry('orders')",
            "log.info('sold', sku='chair')",
        ),
        (
            "init_telemetry('orders')",
            "from ameide_telemetry import get_logger",
            "get_logger('shop').info('sold', sku='chair')",
        ),
        # Without wrapt nobody can tell when it is imported.
        ("sys.modules['wrapt'] = None", "init_telemetry('orders', instrument=False)", _USE),
    ],
    ids=["imported before", "imported after", "logger before", "logger after", "no wrapt"],
)
def test_its_lines_are_ours_whenever_it_is_imported(statements: tuple[str, ...]) -> None:
    """One JSON line of the contract, with the fields of the call."""
    (line,) = [json.loads(each) for each in _run(*statements)]
    assert (line["message"], line["service"], line["sku"]) == ("sold", "orders", "chair")


def test_an_import_after_a_shutdown_changes_nothing() -> None:
    """The hook outlives the telemetry that asked for it."""
    (line,) = _run("init_telemetry('orders').shutdown()", _USE)
    assert "sold" in line
    assert not line.startswith("{")
