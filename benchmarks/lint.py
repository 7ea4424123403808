"""How long does the lint take over a large repository, beside ruff on the same tree?

    python benchmarks/lint.py [--files COUNT] [--megabytes SIZE] [--rounds COUNT]

A repository of forty services is written into a temporary folder: each with a Dockerfile, a compose service,
an application of some tens of modules, tests and migrations; beside them shared libraries, scripts and large
generated clients. The bodies of the modules are those of the standard library, which are as long and as
crooked as code of people is. Both tools are whole processes; `cold` has no cache, `warm` has seen the tree,
`one changed` has seen all but one module on the way of an entrypoint.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Final

SERVICES: Final = 40
SERVED: Final = 45
TESTS: Final = 35
LIBRARIES: Final = 20


def bodies() -> list[str]:
    """Return the source of the modules of the standard library that parse, the short ones first."""
    folder = Path(sysconfig.get_path("stdlib"))
    found = []
    for path in sorted([*folder.glob("*.py"), *folder.glob("[a-z]*/*.py")]):
        if "site-packages" in path.parts or "lib2to3" in path.parts or "test" in path.parts:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        # Nothing of it begins to serve when it is started: the services of the tree are those it says.
        # An import from the future has to come first, and ours do.
        if "__main__" not in text and "__future__" not in text and len(text) > 300:
            found.append(text)
    return sorted(found, key=len)


class Repository:
    """A tree of services.

    Args:
        root: an empty folder.
        files: how many source files it gets.
        size: how many bytes they have together.
    """

    def __init__(self, root: Path, files: int, size: int) -> None:
        self.root = root
        self.files = 0
        self.size = 0
        self._random = Random(7)
        every = bodies()
        self._short = [text for text in every if len(text) < 9_000]
        self._long = [text for text in every if len(text) > 20_000]
        for number in range(SERVICES):
            self._service(f"service{number:02}")
        for number in range(LIBRARIES):
            for part in range(25):
                self._module(f"libs/library{number:02}/src/library{number:02}/part{part}.py", self._short)
        rest = files - self.files
        for number in range(rest):
            # What is left of the size, in as many files as are left.
            each = (size - self.size) // (rest - number)
            self._module(f"clients/generated{number % 50:02}/model{number}.py", self._short, each)

    def _service(self, name: str) -> None:
        base = f"services/{name}"
        command = f'CMD ["uvicorn", "{name}.asgi:app"]'
        self._text(f"{base}/Dockerfile", f"FROM python:3.14\nWORKDIR /app\nCOPY . /app\n{command}\n")
        self._text(
            f"{base}/pyproject.toml",
            f'[project]\nname = "{name}"\ndependencies = ["ameide-telemetry", "fastapi"]\n',
        )
        self._text(
            f"{base}/{name}/asgi.py",
            "from ameide_telemetry import init_telemetry\n\n"
            f'telemetry = init_telemetry("{name}")\n\n'
            f"from {name}.factory import create_app\n\napp = telemetry.instrument_app(create_app())\n",
        )
        routers = "".join(f"    app.include_router(part{part}.router)\n" for part in range(0, SERVED, 5))
        imports = "".join(f"from {name} import part{part}\n" for part in range(SERVED))
        self._text(
            f"{base}/{name}/factory.py",
            f"from fastapi import FastAPI\n\n{imports}\n\n"
            f"def create_app():\n    app = FastAPI()\n{routers}    return app\n",
        )
        self._text(f"{base}/{name}/__init__.py", "")
        for part in range(SERVED):
            head = "from fastapi import APIRouter\n\nrouter = APIRouter()\n" if part % 5 == 0 else ""
            library = self._random.randrange(LIBRARIES)
            head += f"from library{library:02} import part{part % 25}\n" if part % 3 == 0 else ""
            self._module(f"{base}/{name}/part{part}.py", self._short, head=head)
        for part in range(TESTS):
            self._module(f"{base}/tests/test_part{part}.py", self._short)

    def _module(self, path: str, bodies: list[str], size: int = 0, head: str = "") -> None:
        text = self._random.choice(bodies)
        while len(text) < size:
            text += "\n\n" + self._random.choice(self._long if size > 2 * len(text) else bodies)
        self._text(path, head + text)

    def _text(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if path.endswith(".py"):
            self.files += 1
            self.size += len(text.encode())

    def change(self, number: int) -> None:
        """Change one module on the way of an entrypoint."""
        name = f"service{number % SERVICES:02}"
        with (self.root / "services" / name / name / "factory.py").open("a", encoding="utf-8") as file:
            file.write(f"\n# {number}\n")


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds that a command takes, and the most memory of any of its processes in MB."""
    begun = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    seconds = time.perf_counter() - begun
    if ended.returncode not in {0, 1}:
        sys.exit(ended.stderr.decode()[-2000:])
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Write the tree, run both tools over it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=9_400)
    parser.add_argument("--megabytes", type=int, default=70)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree = Repository(root, arguments.files, arguments.megabytes * 1_000_000)
        print(
            f"{tree.files:,} files, {tree.size / 1e6:.1f} MB, {SERVICES} services,"
            f" {os.cpu_count()} processors"
        )
        lint = [sys.executable, "-m", "ameide_telemetry", "lint", "--format", "concise"]
        ruff = [
            shutil.which("ruff") or str(Path(sys.executable).with_name("ruff")),
            "check",
            "--quiet",
            "--select=F",
            "--exit-zero",
        ]
        rows: dict[str, list[float]] = {}
        most = 0.0
        for number in range(arguments.rounds):
            for cache in (root / ".telemetry_lint_cache", root / ".ruff_cache"):
                shutil.rmtree(cache, ignore_errors=True)
            for name, command in (("lint", lint), ("ruff", ruff)):
                for state in ("cold", "warm", "one changed"):
                    if state == "one changed":
                        tree.change(number)
                    seconds, memory = timed(command, root)
                    rows.setdefault(f"{name} {state}", []).append(seconds)
                    most = max(most, memory) if name == "lint" else most
        for name, seconds_of in rows.items():
            beside = statistics.median(rows[name.replace("lint", "ruff")])
            median = statistics.median(seconds_of)
            spread = f"min {min(seconds_of):.2f}  max {max(seconds_of):.2f}"
            print(f"{name:<18} {median:6.2f} s  {spread}  {median / beside:5.2f} x ruff")
        print(f"most memory of one process of the lint: {most:.0f} MB")


if __name__ == "__main__":
    main()
