"""The marker and the option: what is malformed is a usage error that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.testing.options import TelemetryOptions, options_of
from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_USAGE = 4
_MALFORMED = [
    (pytest.mark.telemetry(alow=["TEL512"]), "unknown option 'alow'; did you mean 'allow'?"),
    (pytest.mark.telemetry(allow="TEL512"), "allow takes a list of codes"),
    (
        pytest.mark.telemetry(allow=["TEL5122"]),
        "there is no check 'TEL5122' of lines; did you mean 'TEL512'?",
    ),
    (pytest.mark.telemetry(allow=["TEL010"]), "there is no check 'TEL010' of lines"),
    (pytest.mark.telemetry(allow=[["TEL512"]]), "there is no check ['TEL512'] of lines"),
    (pytest.mark.telemetry(allow=[7]), "there is no check 7"),
    (pytest.mark.telemetry(network="all"), "network is one of none, loopback, not 'all'"),
    (pytest.mark.telemetry(contract="no"), "contract is one of fail, warn, off, not 'no'"),
    (pytest.mark.telemetry(["TEL512"]), "takes names, such as allow=[...], not ['TEL512']"),
]


class _Item:
    """As much of a test as the options need."""

    nodeid = "test_it.py::test_it"

    def __init__(self, *marks: pytest.MarkDecorator) -> None:
        self.stash = pytest.Stash()
        self._marks = [each.mark for each in marks]

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return self._marks


def _options(*marks: Any) -> TelemetryOptions:
    item: Any = _Item(*marks)
    return options_of(item)


@pytest.mark.parametrize(("mark", "text"), _MALFORMED, ids=[text[:20] for _, text in _MALFORMED])
def test_malformed_marker_is_named(mark: pytest.MarkDecorator, text: str) -> None:
    """A malformed marker is a usage error with the test's id, and with what is accepted."""
    with pytest.raises(pytest.UsageError) as raised:
        _options(mark)
    assert "test_it.py::test_it: @pytest.mark.telemetry: " in str(raised.value)
    assert text in str(raised.value)


def test_markers_add_up() -> None:
    """Allowed codes of a test, its class and its module add up; for the rest the nearest one decides."""
    found = _options(
        pytest.mark.telemetry(allow=["TEL512"], contract="warn"),
        pytest.mark.telemetry(allow=["TEL520"], contract="off", network="loopback"),
    )
    expected = TelemetryOptions(allow=frozenset({"TEL512", "TEL520"}), contract="warn", network="loopback")
    assert found == expected
    assert _options() == TelemetryOptions()
    assert _options(pytest.mark.telemetry(expected)) == expected


def test_run_ends_with_a_usage_error(tmp_path: Path) -> None:
    """A run with a malformed marker or option ends with pytest's exit code for that, and runs no test."""
    source = "import pytest\n@pytest.mark.telemetry(alow=[])\ndef test_it(): raise OSError\n"
    (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == _USAGE, done.stdout
    assert "unknown option 'alow'" in done.stderr
    done = run_pytest(tmp_path, *ALONE, "--telemetry-contract=strict")
    assert done.returncode == _USAGE
    assert "--telemetry-contract" in done.stderr


def test_workers_say_what_is_malformed_too(tmp_path: Path) -> None:
    """By an error of the test: one while they collect ends xdist without a word."""
    source = (
        'import pytest\n@pytest.mark.telemetry(alow=["TEL512"])\ndef test_it(): pass\ndef test_two(): pass\n'
    )
    (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE, "-p", "xdist", "-n", "2")
    assert done.returncode == 1, done.stdout
    assert "unknown option 'alow'; did you mean 'allow'?" in done.stdout
    assert "1 passed, 1 error" in done.stdout
