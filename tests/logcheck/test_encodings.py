"""Text in another encoding is told as such, once, with the command that converts it."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import main
from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck.encodings import foreign_encoding
from ameide_telemetry.logcheck.source import lines_of
from support.log_lines import GOOD

if TYPE_CHECKING:
    from pathlib import Path

# Codec of Python -> mark at the beginning, and the name that is told.
_ENCODINGS = {
    "utf-16-le": (b"\xff\xfe", "UTF-16"),
    "utf-16-be": (b"\xfe\xff", "UTF-16"),
    "utf-32-le": (b"\xff\xfe\0\0", "UTF-32"),
    "utf-32-be": (b"\0\0\xfe\xff", "UTF-32"),
}
_FILES = [
    *((mark + GOOD.encode(codec), name) for codec, (mark, name) in _ENCODINGS.items()),
    *((mark + "Köln\n".encode(codec), name) for codec, (mark, name) in _ENCODINGS.items()),
    *((mark, name) for mark, name in _ENCODINGS.values()),
    *((GOOD.encode(codec), codec.upper().replace("-LE", "LE").replace("-BE", "BE")) for codec in _ENCODINGS),
]


@pytest.mark.parametrize(("content", "name"), _FILES, ids=range(len(_FILES)))
def test_another_encoding_is_named_with_its_cure(
    content: bytes, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One error of two rows and exit code 2, also when it is packed; no finding."""
    file = tmp_path / "app's.log"
    packed = tmp_path / "app.log.gz"
    file.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    quoted = f"'{tmp_path}/app'\"'\"'s.log'"
    commands = {
        file: f"iconv -f {name} -t UTF-8 -- {quoted} | ameide-telemetry logs check",
        packed: f"gzip -dc -- {packed} | iconv -f {name} -t UTF-8 | ameide-telemetry logs check",
    }
    for path, command in commands.items():
        assert main(["logs", "check", str(path)]) == 2
        assert capsys.readouterr() == (
            "",
            f"ameide-telemetry: {path}: is {name}, and log lines are UTF-8\n  convert it: {command}\n",
        )


def test_the_command_that_is_told_works(tmp_path: Path) -> None:
    """A shell that is given the cure finds nothing wrong with the lines."""
    file = tmp_path / "app.log"
    file.write_bytes(b"\xff\xfe" + GOOD.encode("utf-16-le"))
    with pytest.raises(UnusableInput) as refused:
        [*lines_of(str(file))]
    (cure,) = refused.value.__notes__
    command = cure.removeprefix("convert it: ").replace(
        "ameide-telemetry", f"{sys.executable} -m ameide_telemetry"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("✓ nothing wrong in 10 lines\n")


def test_a_pipe_is_converted_in_the_pipe() -> None:
    """Also where it brings one byte at a time."""
    content = b"\xff\xfe" + GOOD.encode("utf-16-le")
    with pytest.raises(UnusableInput, match=r"^standard input: is UTF-16") as refused:
        [*lines_of("-", _Slow(content))]
    assert refused.value.__notes__ == [
        "convert it: CMD | iconv -f UTF-16 -t UTF-8 | ameide-telemetry logs check"
    ]


class _Slow(io.BytesIO):
    """Gives one byte at a time, as a pipe may."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(size or 1, 1))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b'{"message":"x"}\n',
        b'\0\0\0{"message"',
        b"\0\0\0\0\0\0\0\0",
        b"\xef\xbb\xbf{}",
        b"a\0",
        b"\xff",
    ],
)
def test_what_is_no_other_encoding_is_none(head: bytes) -> None:
    """UTF-8 with a mark, a hole of nulls before a line, and too little to tell."""
    assert foreign_encoding(head) == ""
    assert foreign_encoding(head[:1] + b"\n") == ""
