"""What does the pytest plugin cost: at the start of a run, and per test?

    python benchmarks/plugin.py

Whole runs of pytest, in turn, with and without it: one empty test, and many. The processor time of the
process counts, because other work on the machine disturbs it least. Every module but the test's own is
compiled beforehand, as after an installation, whatever the environment says about bytecode.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rounds import table

TESTS = 500
ROUNDS = 5
EMPTY = "import pytest\n@pytest.mark.parametrize('n', range({tests}))\ndef test_it(n): pass\n"
STARTED = "from ameide_telemetry import init_telemetry\ninit_telemetry('shop')\n" + EMPTY
FIXTURE = (
    "from ameide_telemetry import init_telemetry\nimport pytest\ninit_telemetry('shop')\n"
    "{give}@pytest.mark.parametrize('n', range({tests}))\ndef test_it(n, telemetry): pass\n"
)
GIVE = "@pytest.fixture\ndef telemetry(): pass\n"
WITHOUT = ("-p", "no:ameide_telemetry")
WITH = (*WITHOUT, "-p", "ameide_telemetry.testing.plugin")
VARIANTS = {
    "nothing of telemetry used": (EMPTY, EMPTY),
    "init_telemetry called": (STARTED, STARTED),
    "every test uses `telemetry`": (FIXTURE.replace("{give}", GIVE), FIXTURE.replace("{give}", "")),
}


def _seconds(source: str, tests: int, plugin: tuple[str, ...]) -> float:
    """Return the processor time of one run."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(source.format(tests=tests), encoding="utf-8")
        quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:logfire", "-p", "no:randomly", "-p", "no:xdist")
        command = [sys.executable, "-m", "pytest", *quiet, *plugin, "--rootdir", folder, folder]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _row(name: str, rounds: int) -> tuple[str, ...]:
    without, with_ = VARIANTS[name]
    runs = {(tests, plugin): [] for tests in (1, TESTS + 1) for plugin in (WITHOUT, WITH)}  # type: dict[tuple[int, tuple[str, ...]], list[float]]
    for _ in range(rounds):
        for (tests, plugin), found in runs.items():
            found.append(_seconds(with_ if plugin is WITH else without, tests, plugin) * 1e3)
    start = [on - off for on, off in zip(runs[1, WITH], runs[1, WITHOUT], strict=True)]
    many = [on - off for on, off in zip(runs[TESTS + 1, WITH], runs[TESTS + 1, WITHOUT], strict=True)]
    each = (statistics.median(many) - statistics.median(start)) / TESTS
    return name, f"{statistics.median(start):.0f}", f"{each:.3f}"


def main() -> None:
    """Run all variants in turn and print what the plugin adds."""
    with tempfile.TemporaryDirectory() as bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        for without, with_ in VARIANTS.values():
            _seconds(without, 1, WITHOUT)
            _seconds(with_, 1, WITH)
        rows = [_row(name, ROUNDS) for name in VARIANTS]
    print(table("The pytest plugin (medians, milliseconds added)", rows, ("run", "at start", "per test")))
    print("\naims: <= 30 ms at the start of a run that does not use it; <= 0.3 ms per test")


if __name__ == "__main__":
    main()
