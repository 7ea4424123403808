"""Tests that compare `telemetry.snapshot()` by libraries that keep snapshots, for the plugin matrix.

    python -m testing.snapshots NAME PYTHON

Each library writes what it compares with on a first run. After that the tests pass unchanged, in whatever
order and process, and fail when the service names a span otherwise. Prints for each of these runs how many
tests have ended as they must, and exits 1 where one has not.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testing.cases import CASES, TESTS, run_pytest, write_case

__all__ = ["LIBRARIES", "STEPS", "Library", "Step", "main"]

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


LIBRARIES: Final = {
    "syrupy": Library(_BY_SYRUPY.format(tests=TESTS), "--snapshot-update"),
    "inline-snapshot": Library(_BY_INLINE_SNAPSHOT, "--inline-snapshot=create"),
}
# In this order, in one folder. Workers must agree on an order, so there its seed is given.
_SHUFFLED: Final = ("-n2", "--random-order-seed=7")
STEPS: Final = {
    "snapshots written": Step(writes=True),
    "the same in random order": Step(("--random-order",)),
    "the same on two workers": Step(_SHUFFLED),
    "a span renamed, each test fails": Step(_SHUFFLED, ends="failed", span="outermost"),
}


def main(name: str, python: str) -> int:
    """Run every step, and print a row for each."""
    # Not resolved: the link is what makes it the interpreter of its environment.
    results = _results(LIBRARIES[name], str(Path(python).absolute()))
    for step, (right, output) in results.items():
        print(f"{name:<34} {step:<36} {right:>3} of {TESTS} {right / TESTS:>5.0%}")
        if right != TESTS:
            print(output)
    return int(any(right != TESTS for right, _ in results.values()))


def _results(library: Library, python: str) -> dict[str, tuple[int, str]]:
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


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
