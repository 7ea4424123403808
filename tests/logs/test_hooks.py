"""Uncaught errors and warnings are one line each, and nothing else changes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.lines import installed

if TYPE_CHECKING:
    import pytest

    from support.lines import InstalledLines

TESTS = Path(__file__).parent.parent
PRELUDE = """
import sys
from support.lines import log_settings
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs.installation import LogInstallation
LogInstallation(log_settings(), Ledger()).install()
"""


def _script(code: str) -> tuple[int, list[dict[str, Any]], bytes]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], cwd=TESTS, capture_output=True, timeout=60, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_crash_is_one_line_and_the_exit_code_stays() -> None:
    """On stdout, with type and stack; nothing on stderr."""
    code, lines, errors = _script("raise ValueError('boom')")
    assert (code, errors) == (1, b"")
    assert [(line["level"], line["logger"], line["exception_message"]) for line in lines] == [
        ("critical", "uncaught", "boom")
    ]


def test_an_interrupt_is_a_warning() -> None:
    """Ctrl+C is no failure of the service; the exit status is the interpreter's own."""
    code, lines, errors = _script("raise KeyboardInterrupt")
    assert (code, errors) == (-2, b"")
    assert [(line["level"], line["message"]) for line in lines] == [("warning", "uncaught KeyboardInterrupt")]


def test_an_exit_with_a_message_is_a_line() -> None:
    """`sys.exit("text")` prints to stderr, which is captured; the code stays 1."""
    code, lines, errors = _script("sys.exit('no database')")
    assert (code, errors) == (1, b"")
    assert lines[0]["message"] == "no database"


def test_errors_in_threads_and_tasks_are_lines() -> None:
    """A thread's, a forgotten task's, and one in `__del__`."""
    code, lines, errors = _script(
        "import threading, asyncio, gc\n"
        "def fail(): raise ValueError('thread')\n"
        "t = threading.Thread(target=fail, name='worker-1'); t.start(); t.join()\n"
        "t = threading.Thread(target=sys.exit); t.start(); t.join()\n"
        "async def main():\n"
        "    async def lost(): raise ValueError('task')\n"
        "    task = asyncio.ensure_future(lost()); await asyncio.sleep(0.01); del task; gc.collect()\n"
        "asyncio.run(main())\n"
        "class Dying:\n"
        "    def __del__(self): raise ValueError('del')\n"
        "Dying()\n"
    )
    assert (code, errors) == (0, b"")
    found = [(line["logger"], line["exception_message"]) for line in lines]
    assert found == [("uncaught", "thread"), ("asyncio", "task"), ("unraisable", "del")]
    assert "in thread worker-1" in lines[0]["message"]


def test_an_error_whose_truth_is_none_is_a_line() -> None:
    """An exception may have a length of nothing, or refuse to be asked, and need arguments to be made."""
    code, lines, errors = _script(
        "import threading\n"
        "class Empty(Exception):\n"
        "    def __init__(self, a, b): super().__init__(a, b)\n"
        "    def __len__(self): return 0\n"
        "class Refusing(Exception):\n"
        "    def __bool__(self): raise ValueError('no truth')\n"
        "def run(error):\n"
        "    def fail(): raise error\n"
        "    t = threading.Thread(target=fail); t.start(); t.join()\n"
        "run(Empty(1, 2)); run(Refusing('x'))\n"
        "threading.excepthook(threading.ExceptHookArgs((Empty, None, None, None)))\n"
    )
    assert (code, errors) == (0, b"")
    assert [(line["logger"], line.get("exception_message")) for line in lines] == [
        ("uncaught", "(1, 2)"),
        ("uncaught", "x"),
        ("uncaught", None),
    ]


def test_what_cannot_be_said_is_said_by_who_was_there_before() -> None:
    """The interpreter's own hooks print what a line could not be made of."""
    code, _, errors = _script(
        "import threading, warnings\n"
        "from ameide_telemetry.logs.handler import LineWriter\n"
        "def refuse(*_): raise RuntimeError('no line')\n"
        "LineWriter.emit = refuse\n"
        "sys.stderr = sys.__stderr__\n"
        "def fail(): raise ValueError('thread')\n"
        "t = threading.Thread(target=fail); t.start(); t.join()\n"
        "class Dying:\n"
        "    def __del__(self): raise ValueError('del')\n"
        "Dying()\n"
        "warnings.showwarning('careful', UserWarning, 'shop.py', 7)\n"
        "raise ValueError('main')\n"
    )
    assert code == 1
    for said in (b"ValueError: thread", b"ValueError: del", b"UserWarning: careful", b"ValueError: main"):
        assert said in errors


def test_warnings_are_lines(lines: InstalledLines) -> None:
    """With category and place; one that has a file of its own goes there."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("careful", UserWarning, "shop.py", 7)
        with (Path(lines.path.parent) / "warnings").open("w") as file:
            warnings.showwarning("elsewhere", UserWarning, "shop.py", 8, file)
    line = lines.one()
    assert (line["logger"], line["message"], line["warning"], line["line"]) == (
        "py.warnings",
        "careful",
        "UserWarning",
        7,
    )


def test_hooks_that_were_there_are_called_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's crash reporter still hears of it."""
    heard: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: heard.append(error))
    monkeypatch.setattr(threading, "excepthook", lambda arguments: heard.append(arguments.exc_value))
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: heard.append(unraisable.exc_value))
    error = ValueError("boom")
    with installed(tmp_path, capture_streams=False) as lines:
        sys.excepthook(ValueError, error, None)
        threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))
        sys.unraisablehook(type("U", (), {"exc_value": error, "err_msg": None, "object": 1})())
        assert len(lines.all()) == 3
    assert heard == [error, error, error]


def test_undo_restores_the_hooks_but_not_a_later_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody put on top stays."""
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    with installed(tmp_path, capture_streams=False):
        assert sys.excepthook is not before[0]
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning) == before
    monkeypatch.setattr(sys, "excepthook", before[0])
    with installed(tmp_path, capture_streams=False):
        monkeypatch.setattr(sys, "excepthook", later := lambda *_: None)
    assert sys.excepthook is later


def test_a_hook_that_somebody_kept_says_nothing_after_undo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands on to who was there before, and a second installation above it writes one line."""
    heard: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: heard.append(error))
    with installed(tmp_path, capture_streams=False):
        ours = sys.excepthook
    monkeypatch.setattr(sys, "excepthook", partial(ours))
    with installed(tmp_path, capture_streams=False) as lines:
        sys.excepthook(ValueError, error := ValueError("boom"), None)
        assert [line["message"] for line in lines.all()] == ["uncaught ValueError"]
    assert heard == [error]
