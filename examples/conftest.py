"""What the examples' tests stand on: each example runs as the process that it is.

`telemetry_process` comes from the pytest plugin: every line of both streams is checked, and a test fails on
the first kind that breaks the contract.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.testing.process import Processes, TelemetryProcess

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))  # where the examples' commands run, so that their modules are found


@pytest.fixture
def run_example(telemetry_process: Processes) -> Callable[..., TelemetryProcess]:
    """Return a function that starts a command in this folder."""
    return partial(telemetry_process, cwd=_HERE)
