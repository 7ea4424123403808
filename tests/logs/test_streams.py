"""Printed text becomes lines."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.lines import installed

TESTS = Path(__file__).parent.parent


def test_each_finished_line_is_a_record(tmp_path: Path) -> None:
    """stdout at info, stderr at warning; parts wait for their end; empty lines are nothing."""
    with installed(tmp_path, capture_streams=True) as printed:
        print("one", "two")
        print("three", end="")
        print()
        print()
        print("a\nb\r\nc")
        print("\x1b[31mred\x1b[0m", file=sys.stderr)
        found = [(line["logger"], line["level"], line["message"]) for line in printed.all()]
        assert found == [
            ("stdout", "info", "one two"),
            ("stdout", "info", "three"),
            ("stdout", "info", "a"),
            ("stdout", "info", "b"),
            ("stdout", "info", "c"),
            ("stderr", "warning", "red"),
        ]


def test_a_printed_object_keeps_its_structure(tmp_path: Path) -> None:
    """Its members are fields, its message the message, and the reserved keys stay ours."""
    with installed(tmp_path, capture_streams=True) as printed:
        print(json.dumps({"message": "m", "a": [1], "service": "fake"}))
        line = printed.one()
        assert (line["message"], line["a"], line["service"], line["extra"]) == (
            "m",
            [1],
            "orders",
            {"service": "fake"},
        )


@pytest.mark.parametrize("text", ["{not json}", "{" * 50_000 + "}", "[1]"])
def test_other_text_in_braces_is_text(tmp_path: Path, text: str) -> None:
    """Only an object is an object."""
    with installed(tmp_path, capture_streams=True) as printed:
        print(text)
        assert printed.all()[0]["message"][:5] == text[:5]


def test_a_text_without_end_is_not_kept_for_ever(tmp_path: Path) -> None:
    """A long unfinished line is written when it grows too long."""
    with installed(tmp_path, capture_streams=True) as printed:
        sys.stdout.write("x" * 20_000)
        assert len(printed.raw()) == 1


def test_threads_do_not_mix_their_unfinished_lines(tmp_path: Path) -> None:
    """Each has its own."""
    with installed(tmp_path, capture_streams=True) as printed:

        def work(name: str) -> None:
            for _ in range(50):
                sys.stdout.write(f"{name}-start ")
                sys.stdout.write(f"{name}-end\n")

        threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        messages = [line["message"] for line in printed.all()]
        assert len(messages) == 200
        assert {tuple(part.split("-")[0] for part in message.split(" ")) for message in messages} == {
            (f"t{number}", f"t{number}") for number in range(4)
        }


def test_it_behaves_as_a_text_stream(tmp_path: Path) -> None:
    """What libraries ask of `sys.stdout` has an answer."""
    with installed(tmp_path, capture_streams=True) as printed:
        stream = sys.stdout
        stream.writelines(["a\n", "b\n"])
        stream.buffer.write(b"bytes \xff\n")
        stream.flush()
        assert stream.writable()
        assert stream.buffer.writable()
        assert not stream.isatty()
        assert stream.encoding == "utf-8"
        assert stream.errors == "backslashreplace"
        assert stream.name.endswith("stdout")
        assert stream.fileno() == stream.buffer.fileno()
        assert stream.mode == "w"
        with pytest.raises(TypeError, match="must be str"):
            stream.write(b"bytes")  # type: ignore[arg-type]
        with pytest.raises(io.UnsupportedOperation):
            stream.read()
        assert [line["message"] for line in printed.all()] == ["a", "b", "bytes \\xff"]


def test_unfinished_text_comes_out_at_the_end(tmp_path: Path) -> None:
    """At undo and at the end of the process."""
    with installed(tmp_path, capture_streams=True) as lines:
        sys.stdout.write("first")
        lines.installation.finish()
        sys.stdout.write("second")
    assert [line["message"] for line in lines.all()] == ["first", "second"]


def test_unfinished_text_of_a_thread_comes_out_at_its_end(tmp_path: Path) -> None:
    """Flushed or not; and what a thread that goes on has not finished comes out at the end of the process."""
    with installed(tmp_path, capture_streams=True) as lines:
        thread = threading.Thread(target=lambda: print("ended", end="", flush=True))
        thread.start()
        thread.join(10)
        # Python before 3.13 lets `join` return a moment before the thread's values go.
        for _ in range(1_000):
            if lines.raw():
                break
            time.sleep(0.005)
        assert lines.one()["message"] == "ended"
        printed, over = threading.Event(), threading.Event()

        def go_on() -> None:
            sys.stdout.write("goes on")
            printed.set()
            over.wait(30)

        thread = threading.Thread(target=go_on)
        thread.start()
        printed.wait(30)
        lines.installation.finish()
        assert [line["message"] for line in lines.all()] == ["ended", "goes on"]
        over.set()
        thread.join(10)


def test_unfinished_text_at_a_fork_is_the_parents(tmp_path: Path) -> None:
    """Once, and not by every child again."""
    with installed(tmp_path, capture_streams=True) as lines:
        sys.stdout.write("par")
        pid = os.fork()
        if pid == 0:
            sys.stdout.write("child")
            lines.installation.finish()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print("ent")
        # Processors of other libraries may have a word to say in a child.
        printed = [line["message"] for line in lines.all() if line["logger"] == "stdout"]
        assert printed == ["child", "parent"]


def test_a_character_may_be_split_between_two_writes(tmp_path: Path) -> None:
    """Of the binary side; one that never ends is shown as what it is."""
    with installed(tmp_path, capture_streams=True) as printed:
        for byte in "héllo \N{SNOWMAN}\n".encode():
            sys.stdout.buffer.write(bytes([byte]))
        sys.stdout.buffer.write(memoryview(b"\xe2\x98"))
        print("text")
        sys.stdout.buffer.write(b"\xe2\x98")
        printed.installation.finish()
        with pytest.raises(TypeError, match="bytes-like"):
            sys.stdout.buffer.write(5)  # type: ignore[call-overload]
        messages = [line["message"] for line in printed.all()]
        assert messages == ["héllo \N{SNOWMAN}", "\\xe2\\x98text", "\\xe2\\x98"]


class _Odd(str):
    __slots__ = ()

    def __len__(self) -> int:
        raise ValueError

    def __radd__(self, _other: object) -> str:
        raise ValueError

    def __str__(self) -> str:
        return self


def test_a_text_with_odd_methods_is_text(tmp_path: Path) -> None:
    """Subclasses may do what they like; a print raises nothing that it would not raise elsewhere."""
    with installed(tmp_path, capture_streams=True) as printed:
        print(_Odd("odd"))
        assert printed.one()["message"] == "odd"


def test_of_a_progress_display_the_last_state_is_a_line(tmp_path: Path) -> None:
    """A carriage return begins the line anew, as on a terminal, however it is cut; flushing ends no line."""
    with installed(tmp_path, capture_streams=True) as printed:
        for percent in range(0, 101, 10):
            print(f"\r{percent} %", end="", flush=True)
        assert printed.raw() == []
        print()
        for dot in "...":
            print(dot, end="", flush=True)
        print("\r\n1\r", end="")
        print("2\r", end="")
        print("\n", end="")
        print("bar \r    \r", end="")
        printed.installation.finish()
        assert [line["message"] for line in printed.all()] == ["100 %", "...", "2"]


def test_a_stream_that_somebody_replaced_is_left(tmp_path: Path) -> None:
    """Undo does not throw out another owner."""
    before = sys.stderr
    other = io.StringIO()
    with installed(tmp_path, capture_streams=True):
        sys.stderr = other
    assert sys.stderr is other
    sys.stderr = before


def test_a_process_without_streams_starts() -> None:
    """As under pythonw or a closed descriptor."""
    code = (
        "import sys; sys.stdout = sys.stderr = None\n"
        "from support.lines import log_settings\n"
        "from ameide_telemetry.ledger import Ledger\n"
        "from ameide_telemetry.logs.installation import LogInstallation\n"
        "import logging\n"
        "ledger = Ledger(); i = LogInstallation(log_settings(), ledger); i.install()\n"
        "logging.getLogger('x').error('nowhere'); i.undo()\n"
        "assert ledger.counts()['lines']['dropped_by_reason'] == {'stream_closed': 1}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=TESTS, timeout=60, check=False)
    assert done.returncode == 0
