"""Files, pipes and compressed files become lines; what cannot be read is said in words."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.line import LONGEST
from ameide_telemetry.logcheck.source import lines_of

_LINES = [b'{"message":"%d"}' % number for number in range(50_000)]
_TEXT = b"\n".join(_LINES) + b"\n"
_PACKED = gzip.compress(_TEXT, 1)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (_TEXT, _LINES),
        (_TEXT[:-1], _LINES),
        (_PACKED, _LINES),
        (_PACKED + _PACKED, _LINES * 2),
        (_PACKED + b"\0" * 512, _LINES),
        (b"\n", [b""]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\r\nb\r\n", [b"a\r", b"b\r"]),
        (b"a", [b"a"]),
        (b'\0\0\0{"message":"after a hole"}\n', [b'\0\0\0{"message":"after a hole"}']),
        (b"x" * (LONGEST * 3) + b"\nnext\n", [b"x" * (LONGEST + 1), b"next"]),
        (b"x" * (LONGEST * 3), [b"x" * (LONGEST + 1)]),
        (b"x" * LONGEST + b"\n", [b"x" * LONGEST]),
        (b"x" * (LONGEST + 50) + b"\nnext\n", [b"x" * (LONGEST + 1), b"next"]),
    ],
    ids=range(14),
)
def test_a_file_becomes_its_lines(content: bytes, lines: list[bytes], tmp_path: Path) -> None:
    """As a file and as standard input; of what is too long only the beginning is kept."""
    file = tmp_path / "lines"
    file.write_bytes(content)
    assert [*lines_of(str(file))] == lines
    assert [*lines_of("-", io.BytesIO(content))] == lines


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (_PACKED[:-100], "ends in the middle"),
        (_PACKED[:20_000] + b"\x55" * 64 + _PACKED[20_064:], "is corrupt"),
        (_PACKED[:-8] + b"\0" * 8, "is corrupt"),
        (b"\x1f\x8b", "ends in the middle"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "is a binary file"),
        (gzip.compress(b"\x7fELF\x02\x01\x01\0\0\0"), "is a binary file"),
        (bz2.compress(b"x"), "is compressed; read it through `bzip2 -dc`"),
        (lzma.compress(b"x"), "is compressed; read it through `xz -dc`"),
        (b"PK\x03\x04rest", "is compressed; read it through `unzip -p`"),
    ],
    ids=range(11),
)
def test_what_cannot_be_used_says_why(content: bytes, reason: str, tmp_path: Path) -> None:
    """The error begins with the name of the file."""
    file = tmp_path / "lines"
    file.write_bytes(content)
    with pytest.raises(UnusableInput) as refused:
        [*lines_of(str(file))]
    assert str(refused.value).startswith(f"{file}: ")
    assert reason in str(refused.value)
    with pytest.raises(UnusableInput, match=r"^standard input: "):
        [*lines_of("-", io.BytesIO(content))]


def test_what_is_no_file_says_so(tmp_path: Path) -> None:
    """A missing file, a directory, a name that no file can have, and a closed standard input."""
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(UnusableInput, match=r"missing: cannot be read: No such file"):
        [*lines_of(str(tmp_path / "missing"))]
    with pytest.raises(UnusableInput, match=r"cannot be read: Is a directory"):
        [*lines_of(str(tmp_path))]
    with pytest.raises(UnusableInput, match=r"cannot be read: embedded null"):
        [*lines_of("a\0b")]
    with pytest.raises(UnusableInput, match=r"cannot be read: .*closed"):
        [*lines_of("-", closed)]


def test_without_a_name_the_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the process, as bytes; where it was started without one, the error says so."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    assert [*lines_of()] == [b"a", b"\xff"]
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnusableInput, match=r"^standard input: is closed$"):
        [*lines_of()]


def test_what_was_there_before_the_break_is_judged() -> None:
    """The lines of a compressed file that ends in the middle come before the error."""
    lines = lines_of("-", io.BytesIO(_PACKED[: len(_PACKED) // 2]))
    seen: list[bytes] = []
    with pytest.raises(UnusableInput):
        seen.extend(lines)
    read = 0
    for read, line in enumerate(lines_of("-", io.BytesIO(_PACKED)), 1):
        assert line == _LINES[read - 1]
    assert read == len(_LINES)


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """Lines come as they are written, not only when the writer goes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    go_on = threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as stream:
            stream.write(b"fir")
            stream.write(b"st\nsecond\nth")
            go_on.wait(20)
            stream.write(b"ird\n")

    writer = threading.Thread(target=write)
    writer.start()
    lines = lines_of(str(pipe))
    assert [next(lines), next(lines)] == [b"first", b"second"]
    go_on.set()
    assert [*lines] == [b"third"]
    writer.join(20)


def test_a_file_that_grows_is_read_as_far_as_it_is_there(tmp_path: Path) -> None:
    """Nobody waits for more of it, and what came meanwhile is read."""
    file = tmp_path / "lines"
    file.write_bytes(_TEXT)
    lines = lines_of(str(file))
    assert next(lines) == _LINES[0]
    with file.open("ab") as stream:
        stream.write(b"late\n")
    assert [*lines][-1] == b"late"


_CHILD = """
import resource, sys
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.source import lines_of
inspector = Inspector(engine=sys.argv[1])
marks = []
def watched():
    for number, line in enumerate(lines_of("-"), 1):
        yield line
        if number in (int(sys.argv[2]) // 10, int(sys.argv[2])):
            marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
inspector.inspect_all(watched())
print(inspector.examined, *marks)
"""
_WRITER = """
import sys
from random import Random
sys.path.insert(0, sys.argv[2])
from logcheck.line_flood import flood
flood(Random(sys.argv[1]), int(sys.argv[3]), sys.stdout.buffer)
"""


def _memory(engine: str, count: int) -> tuple[int, int]:
    tests = str(Path(__file__).parent.parent)
    command = [sys.executable, "-c", _WRITER, engine, tests, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        checked = subprocess.run(
            [sys.executable, "-c", _CHILD, engine, str(count)],
            stdin=writer.stdout,
            capture_output=True,
            check=True,
            timeout=3_000,
        )
    examined, early, late = map(int, checked.stdout.split())
    assert examined == count
    return early, late


def test_memory_does_not_grow_with_the_stream() -> None:
    """New keys, services, loggers, shapes and faults on every line: bounded after the first ones."""
    early, late = _memory("standard", 60_000)
    assert late < early * 1.5


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["standard", "jsonschema-rs"])
def test_memory_does_not_grow_with_ten_million_lines(engine: str) -> None:
    """The same for 10,000,000 lines through a pipe."""
    early, late = _memory(engine, 10_000_000)
    assert late < early * 1.1


def test_nothing_examined_is_not_clean() -> None:
    """A report says how many lines it is about."""
    report = Inspector().report()
    assert (report.examined, report.groups, report.facts["clean"]) == (0, (), 0)
