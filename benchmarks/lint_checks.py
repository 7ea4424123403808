"""What all checks of a file cost, beside parsing it: `python benchmarks/lint_checks.py FOLDER...`.

Without a folder it reads the packages that are installed here. Both times are of one run and one thread.
"""

from __future__ import annotations

import sys
import sysconfig
import time
from pathlib import Path

from ameide_telemetry.lint.checks.bootstrap_calls import OURS
from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.table import FILE_CHECKS
from ameide_telemetry.lint.source import Parsed, Sources, parsed


def main(folders: list[str]) -> None:
    paths = sorted(path for each in folders for path in Path(each).rglob("*.py"))
    scene = Scene(tuple(sorted(OURS)), Sources(), served=dict.fromkeys(paths, ("it",)))
    parsing = checking = 0.0
    files = problems = 0
    for path in paths:
        data = path.read_bytes()
        begin = time.perf_counter()
        file = parsed(path, data)
        between = time.perf_counter()
        if not isinstance(file, Parsed):
            continue
        for check in FILE_CHECKS:
            if any(needle in data for needle in check.needles):
                problems += sum(1 for _ in check.look(file, scene))
        end = time.perf_counter()
        parsing += between - begin
        checking += end - between
        files += 1
    print(f"{files} files, {problems} findings")
    print(f"parse {parsing:.2f} s, all checks {checking:.2f} s, ratio {checking / parsing:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:] or [sysconfig.get_path("purelib")])
