"""The frame of the command line: help, version, exit codes, errors that end with a cure."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import main
from ameide_telemetry.cli import trace as trace_command
from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_MODULE = [sys.executable, "-m", "ameide_telemetry"]
_COMMANDS = ("run", "trace", "logs", "explain", "settings", "contract", "uvicorn-log-config")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists what there is and exits with 0."""
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"    {command}" in shown for command in _COMMANDS)


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command explains itself."""
    assert main([command, "--help"]) == 0
    assert command in capsys.readouterr().out


def test_help_is_light() -> None:
    """Help and version need neither the SDK nor the protocol nor a database."""
    code = (
        "import sys; before = set(sys.modules); from ameide_telemetry.cli import main; main(['--help'])\n"
        "heavy = ('opentelemetry', 'google', 'sqlite3', 'http', 'structlog', 'subprocess', 'asyncio')\n"
        "sys.exit(','.join(name for name in heavy if name in set(sys.modules) - before) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the installed one."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ameide-telemetry 0.")


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["trace"], ["trace", "--last", "--list"], ["run", "--port", "x"]]
)
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2 and shows the right one."""
    assert main(argv) == 2
    assert "usage: ameide-telemetry" in capsys.readouterr().err


def test_errors_are_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of the package is a text with a cure, not a traceback."""
    assert main(["trace", "--last", "--store", str(tmp_path / "none")]) == 2
    shown = capsys.readouterr().err
    assert shown.splitlines()[-1] == "  run a service first: ameide-telemetry run -- CMD ..."
    assert "Traceback" not in shown


def test_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C exits as a shell expects it."""

    def interrupted(arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(trace_command, "run", interrupted)
    assert main(["trace", "--last"]) == 130


def test_module_and_script_are_the_same() -> None:
    """`python -m ameide_telemetry` is the command."""
    done = subprocess.run([*_MODULE, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ameide-telemetry ")


def test_reader_that_has_had_enough() -> None:
    """A closed pipe ends the command quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*_MODULE, "contract", "schema"], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")


_WRITERS = (["contract", "schema"], ["settings"], ["trace", "--list"], ["run", "--", "echo", "x"])


def _shell(arguments: list[str], redirection: str, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    store = ["--store", str(tmp_path / "s")] if arguments[0] in {"run", "trace"} else []
    command = shlex.join([*_MODULE, arguments[0], *store, *arguments[1:]])
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["/bin/sh", "-c", f"{command} {redirection}"],
        env=environ,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", _WRITERS)
@pytest.mark.parametrize(
    ("redirection", "reason"), [(">&-", b"there is no standard output"), (">/dev/full", b"cannot go on: ")]
)
def test_output_that_cannot_be_written(
    arguments: list[str], redirection: str, reason: bytes, tmp_path: Path
) -> None:
    """A full disk or a closed standard output is said in one line, not with a traceback."""
    with Store(tmp_path / "s") as store:
        store.add_lines([parse(json.dumps({"trace_id": "a" * 32}))])
    done = _shell(arguments, redirection, tmp_path)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (2, b"")
    assert last.startswith(b"ameide-telemetry: " + reason)
    assert b"Traceback" not in done.stderr
    assert arguments[0] == "run" or done.stderr.splitlines() == [last]
    quiet = _shell(arguments, f"{redirection} 2{redirection}", tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (2, b"", b"")


def test_errors_without_a_standard_error(tmp_path: Path) -> None:
    """With standard error closed, what is meant for it does not come out elsewhere."""
    done = _shell(["trace", "zz"], "2>&-", tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")


def test_output_that_cannot_be_encoded() -> None:
    """A terminal that knows only ASCII gets escapes instead of a failure."""
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [*_MODULE, "trace", "東京"]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"\\u6771\\u4eac is neither" in done.stderr
