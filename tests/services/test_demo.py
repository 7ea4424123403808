"""The demo as a real program: what it proves, what it does when something is broken, how it ends."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLES = Path(__file__).parents[2] / "examples"
_SECONDS = 90
_MARK = "DEMO_TEST_MARK"
_VERDICT = re.compile(r"^  (ok  |FAIL)  (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Demo:
    """Starts demos, each in a copy of the examples that a test may break."""

    examples: Path
    environ: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the demo without a terminal."""
        return subprocess.Popen(
            [sys.executable, str(self.examples / "demo.py"), *arguments],
            cwd=self.examples.parent,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run the demo to its end and return exit code, standard output and standard error."""
        process = self.start(*arguments)
        try:
            printed, complained = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
        return process.returncode, printed, complained

    def replace(self, path: str, old: str, new: str) -> None:
        """Change one place of the examples' source."""
        source = (self.examples / path).read_text()
        assert source.count(old) == 1, f"{path} has no single {old!r} any more"
        (self.examples / path).write_text(source.replace(old, new))

    def left_running(self) -> list[str]:
        """Return the command line of every process that a demo of this test left behind."""
        mark = f"{_MARK}={self.environ[_MARK]}".encode()
        return [_read(each, "cmdline").decode() for each in _processes() if mark in _read(each, "environ")]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """Yield a copy of the examples to run; whatever a demo left behind is reported, then killed."""
    ignored = shutil.ignore_patterns("__pycache__", "test_*", "conftest.py")
    shutil.copytree(_EXAMPLES, tmp_path / "examples", ignore=ignored)
    (tmp_path / "tmp").mkdir()
    own = {"HOME": str(tmp_path), "PWD": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}
    environ = {**os.environ, _MARK: uuid.uuid4().hex, **own}
    found = Demo(tmp_path / "examples", environ)
    yield found
    mark = f"{_MARK}={environ[_MARK]}".encode()
    for process in [each for each in _processes() if mark in _read(each, "environ")]:
        os.kill(int(process.name), signal.SIGKILL)


def test_check_proves_everything(demo: Demo) -> None:
    """On a healthy tree every proof holds, in plain text, and nothing is left running."""
    code, printed, complained = demo.run("--check")
    verdicts = _VERDICT.findall(printed)
    assert (code, complained) == (0, ""), printed + complained
    assert [verdict for verdict, _ in verdicts] == ["ok  "] * 10
    assert re.search(r"^demo --check: ok, 10 proofs, \d+\.\d s$", printed, re.MULTILINE)
    assert "\x1b" not in printed
    assert demo.left_running() == []
    assert list(Path(demo.environ["TMPDIR"]).iterdir()) == []


def test_check_finds_what_is_broken(demo: Demo) -> None:
    """A worker that forgets its caller and stray text fail the proofs that they break, and no others."""
    demo.replace("worker/app.py", "extract(job.headers)", "extract({})")
    demo.replace("backend/app.py", "    time.sleep(", '    os.write(1, b"plain text\\n")\n    time.sleep(')
    code, printed, _ = demo.run("--check", "--keep")
    failed = [claim for verdict, claim in _VERDICT.findall(printed) if verdict == "FAIL"]
    assert code == 1
    assert [claim.split()[0] for claim in failed] == ["each", "parents:", "one", "every"], printed
    assert "backend, stdout: expected a line that the schema accepts, found plain text" in printed
    assert re.search(r"^demo --check: FAILED, 4 of 10 proofs, ", printed, re.MULTILINE)
    assert (demo.examples.parent / "build" / "demo.sqlite3").stat().st_size > 0
    assert demo.left_running() == []


def test_service_that_cannot_start_is_shown(demo: Demo) -> None:
    """The demo says which service ended and what it wrote last, and stops the others."""
    demo.replace("worker/app.py", "tracer = ", 'raise RuntimeError("no database")\ntracer = ')
    code, _, complained = demo.run("--check")
    assert code == 1
    assert complained.startswith("demo: worker ended by itself with exit code 1; its last lines:\n")
    assert "no database" in complained
    assert demo.left_running() == []


@pytest.mark.parametrize(
    ("shown", "number", "code"),
    [
        ("[1/3]", signal.SIGINT, 130),
        ("Send an order yourself", signal.SIGINT, 0),
        ("[2/3]", signal.SIGTERM, 130),
    ],
)
def test_signal_stops_everything(demo: Demo, shown: str, number: signal.Signals, code: int) -> None:
    """Ctrl+C and a plain kill end every process that was started, on the way as well as at the end."""
    process = demo.start("--seconds", "60")
    try:
        assert process.stdout is not None
        assert any(shown in line for line in process.stdout)
        process.send_signal(number)
        process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
    assert process.returncode == code
    assert demo.left_running() == []


def test_reader_that_goes_away_stops_everything(demo: Demo) -> None:
    """With standard output closed (`demo | head`) the demo ends quietly."""
    process = demo.start("--seconds", "60")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdout.readline()
        process.stdout.close()
        complained = process.stderr.read()
        process.wait(_SECONDS)
    finally:
        process.stderr.close()
        process.kill()
    assert (process.returncode, complained) == (141, "")
    assert demo.left_running() == []


def test_shown_commands_work_afterwards(demo: Demo) -> None:
    """Every command under "Where to look next" runs as it is written, after the demo ended."""
    code, printed, complained = demo.run()
    assert (code, complained) == (0, ""), printed + complained
    rows = printed.partition("Where to look next\n")[2].partition("\n\n")[0].splitlines()
    commands = [re.split(r"\s{2,}", row.strip())[1] for row in rows]
    assert len(commands) == 5
    results = [_shell(command, demo.environ) for command in commands]
    assert [result.returncode for result in results] == [0] * 5, results
    assert "LookupError" in results[0].stdout
    assert "initech" in results[1].stdout


def _shell(command: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shlex.split(command),
        cwd=environ["PWD"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _processes() -> list[Path]:
    proc = Path("/proc")
    if not (proc / "self" / "environ").exists():
        pytest.skip("needs /proc to see what is left running")
    return [each for each in proc.iterdir() if each.name.isdecimal()]


def _read(process: Path, what: str) -> bytes:
    try:
        return (process / what).read_bytes()
    except OSError:  # it ended in the meantime, or is another user's
        return b""
