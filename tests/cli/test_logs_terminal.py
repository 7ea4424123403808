"""`logs check` and `explain` on a real terminal: width, colour, progress."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from support.log_lines import BAD, GOOD

if TYPE_CHECKING:
    from pathlib import Path

_SGR = re.compile("\x1b\\[[0-9;]*m")
_CLEARED = "\r\x1b[K"
_ROWS = 24
_SECONDS = 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of bad lines and one that takes a while."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.log").write_text(BAD, encoding="utf-8")
    return tmp_path


def _shown(*arguments: str, width: int, **variables: str) -> tuple[int, str]:
    """Run a command with a terminal on its standard streams; return its exit code and what it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, width, 0, 0))
    environ = {
        key: value for key, value in os.environ.items() if key not in {"COLUMNS", "FORCE_COLOR", "NO_COLOR"}
    }
    environ |= {"TERM": "xterm", "PYTHONUTF8": "1", **variables}
    command = [sys.executable, "-m", "ameide_telemetry", *arguments]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
    )
    os.close(theirs)
    written = bytearray()
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # Linux says so when nobody has the other end any more
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    return process.wait(_SECONDS), written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_fits_the_terminal(width: int) -> None:
    """Rows use the width that there is and no more, and the key is marked by colour."""
    code, shown = _shown("logs", "check", "bad.log", width=width)
    widest = max(len(_SGR.sub("", row)) for row in shown.splitlines())
    assert code == 1
    assert width - 8 <= widest <= width
    assert '\x1b[31;1;4m"level":"INFO"\x1b[0m' in shown
    assert "\u203e" not in shown


def test_no_color_marks_with_a_second_row() -> None:
    """With `NO_COLOR` nothing but text is written, and the key is marked below."""
    code, shown = _shown("logs", "check", "bad.log", width=80, NO_COLOR="1")
    rows = shown.splitlines()
    at = next(index for index, row in enumerate(rows) if '"level":"INFO"' in row)
    assert code == 1
    assert "\x1b" not in shown
    assert rows[at + 1].index("\u203e") == rows[at].index('"level"')
    assert rows[at + 1].count("\u203e") == len('"level":"INFO"')


def test_a_page_is_wrapped_and_light() -> None:
    """`explain` on a terminal wraps its page and takes the marks of Markdown away."""
    code, shown = _shown("explain", "TEL532", width=80)
    assert code == 0
    assert shown.startswith("\x1b[1mTEL532 wrong-value\x1b[0m\n")
    assert max(len(_SGR.sub("", row)) for row in shown.splitlines()) <= 80
    assert "```" not in shown


def test_a_terminal_has_no_lines_to_check() -> None:
    """Somebody who forgot the file is told at once, instead of a command that waits."""
    code, shown = _shown("logs", "check", width=80)
    assert code == 2
    assert shown.splitlines()[-1] == "  pipe lines in: CMD | ameide-telemetry logs check"


def test_progress_is_told_and_taken_away(folder: Path) -> None:
    """What takes long says how far it is; nothing of that is left when the report comes."""
    (folder / "long.log").write_text(GOOD * 1_000, encoding="utf-8")
    patch = (
        "import sys; from ameide_telemetry.cli import log_check, main\n"
        "log_check._PATIENCE_SECONDS = 0.0\n"
        "sys.exit(main(['logs', 'check', 'long.log', '--format', 'concise']))\n"
    )
    (folder / "at_once.py").write_text(patch, encoding="utf-8")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "at_once.py"], stdout=subprocess.PIPE, stderr=theirs)
    out, _ = process.communicate(timeout=_SECONDS)
    os.close(theirs)
    said = os.read(ours, 65_536).decode()
    os.close(ours)
    assert (process.returncode, out) == (0, b"nothing wrong in 10,000 lines\n")
    assert said.startswith("\r4,096 lines\r8,192 lines")
    assert said.endswith(_CLEARED)
