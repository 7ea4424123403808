"""The isolation matrix with other plugins really installed: `nox -s plugin-matrix` gives it environments.

    python -m testing.matrix NAME PYTHON [pytest arguments]

Runs every case with that interpreter and prints what was captured of what was emitted. Exits 1 where
anything is missing, or anything of another test was seen.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testing.cases import CASES, EXPECTED, TESTS, captured, run_pytest, write_case

__all__ = ["main"]

_AT_ONCE = 2


def main(name: str, python: str, *arguments: str) -> int:
    """Run all cases, two at a time, and print a row for each."""
    # Not resolved: the link is what makes it the interpreter of its environment.
    python = str(Path(python).absolute())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = dict(zip(CASES, pool.map(lambda case: _run(case, python, arguments), CASES), strict=True))
    for case, (found, output) in results.items():
        emitted = TESTS * sum(EXPECTED.values())
        print(f"{name:<34} {case:<36} {found:>3} of {emitted} {found / emitted:>5.0%}")
        if found != emitted:
            print(output)
    return int(any(found != TESTS * sum(EXPECTED.values()) for found, _ in results.values()))


def _run(case: str, python: str, arguments: tuple[str, ...]) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as folder:
        write_case(Path(folder), CASES[case])
        done = run_pytest(Path(folder), *arguments, python=python)
        tests = captured(Path(folder))
    # What is seen twice, or of another test, is as wrong as what is missing.
    found = sum(value for each in tests for name, value in EXPECTED.items() if each[name] == value)
    return found if done.returncode == 0 else 0, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
