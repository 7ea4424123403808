"""Tests that compare `telemetry.snapshot()` by libraries that keep snapshots, for the plugin matrix.

Each library writes what it compares with on a first run. After that the tests pass unchanged, in whatever
order and process, and fail when the service names a span otherwise.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testing.cases import CASES, TESTS, run_pytest, write_case

__all__ = ["SNAPSHOTS", "STEPS", "Library", "Step", "run_steps"]

_BY_SYRUPY: Final = """\
import app, pytest
@pytest.mark.parametrize("n", range({tests}))
def test_it(telemetry, snapshot, n):
    app.work(n)
    assert telemetry.snapshot() == snapshot
"""
_INLINE: Final = """
def test_{n}(telemetry):
    app.work({n})
    assert telemetry.snapshot() == snapshot()
"""
_BY_INLINE_SNAPSHOT: Final = "import app\nfrom inline_snapshot import snapshot\n" + "".join(
    _INLINE.format(n=n) for n in range(TESTS)
)
_COUNTED: Final = re.compile(r"\b(\d+) (passed|failed)\b")


@dataclass(frozen=True, slots=True)
class Library:
    """Tests that use a library, and the option with which it writes its snapshots."""

    tests: str
    write: str


@dataclass(frozen=True, slots=True)
class Step:
    """A run of the same tests, and how all of them must end."""

    arguments: tuple[str, ...] = ()
    ends: str = "passed"
    span: str = "outer"
    writes: bool = False


SNAPSHOTS: Final = {
    "syrupy": Library(_BY_SYRUPY.format(tests=TESTS), "--snapshot-update"),
    "inline-snapshot": Library(_BY_INLINE_SNAPSHOT, "--inline-snapshot=create"),
}
# In this order, in one folder; random order needs nothing but pytest-randomly.
STEPS: Final = {
    "snapshots written": Step(writes=True),
    "the same in random order": Step(("-p", "randomly", "-p", "no:xdist")),
    "the same on two workers": Step(("-n2",)),
    "a span renamed, each test fails": Step(("-n2",), ends="failed", span="outermost"),
}


def run_steps(name: str, python: str) -> dict[str, tuple[int, str]]:
    """Return for each step how many tests have ended as they must, and what pytest has printed."""
    library = SNAPSHOTS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_case(folder, CASES["ours at import, after the tracers"])
        (folder / "test_app.py").write_text(library.tests, encoding="utf-8")
        return {step: _run(folder, library, STEPS[step], python) for step in STEPS}


def _run(folder: Path, library: Library, step: Step, python: str) -> tuple[int, str]:
    app = folder / "app.py"
    app.write_text(app.read_text("utf-8").replace('"outer"', f'"{step.span}"'), encoding="utf-8")
    done = run_pytest(folder, *step.arguments, *([library.write] if step.writes else []), python=python)
    counts = {word: int(count) for count, word in _COUNTED.findall(done.stdout)}
    # inline-snapshot ends a run in which it has written something as one that failed.
    right = step.writes or done.returncode == int(step.ends == "failed")
    return counts.get(step.ends, 0) if right else 0, done.stdout + done.stderr
