"""Printed text becomes lines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
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
