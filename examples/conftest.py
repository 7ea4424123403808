"""What the examples' tests stand on: each example runs as the process that it is."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ameide_telemetry.local.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))  # where the examples' commands run, so that their modules are found
_WAIT_SECONDS = 30.0
_SCHEMA = files("ameide_telemetry.contract").joinpath("log-line.schema.json").read_text(encoding="utf-8")


class Program:
    """One running example and the lines that it wrote, each one valid against the contract's schema."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._written: list[bytes] = []
        tool = str(Path(sys.executable).parent / command[0])
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        self.child = Child(
            [tool, *command[1:]],
            on_lines=lambda lines, _: self._written.extend(lines),
            environ={**kept, "PYTHONUNBUFFERED": "1", **environ},
            directory=str(_HERE),
        )

    def wait_for(self, message: str, count: int = 1) -> dict[str, Any]:
        """Wait until `count` lines have this message and return the last of them."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            found = [line for line in self._read() if line["message"] == message]
            if len(found) >= count:
                return found[-1]
            time.sleep(0.02)
        pytest.fail(f"no line {message!r} in {self._written}")

    def stop(self) -> int:
        """End it as an operator would, and return its exit code."""
        code = self.child.stop()
        self._read()
        return code

    def _read(self) -> list[dict[str, Any]]:
        validator = Draft202012Validator(json.loads(_SCHEMA))
        for raw in self._written[len(self.lines) :]:
            line = json.loads(raw)
            validator.validate(line)
            self.lines.append(line)
        return self.lines


@pytest.fixture
def run_example() -> Iterator[Callable[..., Program]]:
    """Return a function that starts a command of `.venv/bin`; whatever it started is ended."""
    with ExitStack() as stack:

        def run(*command: str, **environ: str) -> Program:
            program = Program(command, environ)
            stack.enter_context(program.child)
            return program

        yield run


@pytest.fixture
def port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])
