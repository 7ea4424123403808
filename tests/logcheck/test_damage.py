"""Packed files that are not whole, and text in other encodings: what it is, where, and the cure."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import main
from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck.packed import DamagedError, unpacked
from ameide_telemetry.logcheck.source import lines_of
from support.log_lines import BAD, GOOD, line

if TYPE_CHECKING:
    from pathlib import Path

_TEXT = "".join(f"{line(order_id=number)}\n" for number in range(2_000)).encode()
_WHOLE = gzip.compress(_TEXT, 1)
# Bytes that no compressor can make smaller stand in the file as they are.
_STORED = gzip.compress(_TEXT, 0)
_CRC = len(_WHOLE) - 8
_DAMAGED = [
    (_WHOLE[:-1], f"ends in the middle, after {len(_WHOLE) - 1:,} bytes", len(_TEXT)),
    (_WHOLE[:-9], f"ends in the middle, after {len(_WHOLE) - 9:,} bytes", len(_TEXT) - 999),
    (_STORED[:50_000], "ends in the middle, after 50,000 bytes", 49_900),
    (_WHOLE[:10], "ends in the middle, after 10 bytes", 0),
    (b"\x1f\x8b", "ends in the middle, after 2 bytes", 0),
    (_WHOLE + _WHOLE[:100], f"ends in the middle, after {len(_WHOLE) + 100:,} bytes", len(_TEXT)),
    (_WHOLE[:_CRC] + b"\0" * 8, "its CRC is wrong, what is in it is not what was packed", len(_TEXT)),
    (_WHOLE[:-4] + b"\0" * 4, f"is corrupt at byte {len(_WHOLE):,}: its length is wrong", len(_TEXT)),
    (_WHOLE + b"more", f"is corrupt at byte {len(_WHOLE) + 1:,}: what stands there is not gzip", len(_TEXT)),
    (
        _WHOLE + b"\x1fore",
        f"is corrupt at byte {len(_WHOLE) + 2:,}: what stands there is not gzip",
        len(_TEXT),
    ),
    (b"\x1f\x8b\x07" + _WHOLE[3:], "is corrupt at byte 4: what stands there is not gzip", 0),
    (_WHOLE + b"\0" * 7 + b"x", f"is corrupt at byte {len(_WHOLE) + 8:,}", len(_TEXT)),
]


def _unpacked(content: bytes, size: int) -> tuple[bytes, str]:
    found: list[bytes] = []
    try:
        found.extend(unpacked(content[at : at + size] for at in range(0, len(content), size)))
    except DamagedError as error:
        return b"".join(found), str(error)
    return b"".join(found), ""


def _lines(content: bytes) -> tuple[list[bytes], str]:
    found: list[bytes] = []
    try:
        found.extend(lines_of("-", io.BytesIO(content)))
    except UnusableInput as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("size", [1, 777, 1 << 20])
@pytest.mark.parametrize(
    "content", [_WHOLE, _STORED, _WHOLE + _STORED, _WHOLE + b"\0" * 99 + _WHOLE, _WHOLE + b"\0"], ids=range(5)
)
def test_a_whole_file_is_unpacked(content: bytes, size: int) -> None:
    """Several behind each other too, with nulls between and behind them, in pieces of any size."""
    assert _unpacked(content, size) == (gzip.decompress(content), "")


def test_a_small_file_that_unpacks_to_much_is_unpacked_in_pieces() -> None:
    """What one piece of a file becomes is bounded, whatever is packed."""
    bomb = gzip.compress(bytes(20_000_000))
    pieces = [len(piece) for piece in unpacked([bomb])]
    assert sum(pieces) == 20_000_000
    assert max(pieces) <= 1 << 17


@pytest.mark.parametrize("size", [1, 777, 1 << 20])
@pytest.mark.parametrize(("content", "said", "least"), _DAMAGED, ids=range(len(_DAMAGED)))
def test_what_stands_before_the_damage_is_kept(content: bytes, said: str, least: int, size: int) -> None:
    """However the file is read, all that can be unpacked is; the damage is told with its place."""
    found, told = _unpacked(content, size)
    assert said in told
    assert least <= len(found)
    assert (_TEXT + _TEXT).startswith(found)


def test_lines_before_the_damage_are_lines() -> None:
    """A block in the middle that cannot be unpacked takes away what stands behind it alone."""
    blocks = zlib.compressobj(1, wbits=31)
    packed = blocks.compress(_TEXT) + blocks.flush(zlib.Z_FULL_FLUSH)
    found, told = _lines(packed + b"\xff" * 100)
    assert found == _TEXT.splitlines()
    assert f"is corrupt at byte {len(packed) + 1:,}: what stands there cannot be unpacked" in told


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_the_place_of_the_damage_is_that_of_the_byte(size: int) -> None:
    """It is the same however the file is read."""
    wrong = _STORED[:40_000] + b"\xff" * 60_000
    pieces = [_unpacked(wrong, each)[1] for each in (size, 3_333)]
    assert pieces[0] == pieces[1]
    assert "is corrupt at byte " in pieces[0]


@pytest.mark.parametrize(
    ("content", "said", "cure"),
    [
        (
            gzip.compress(BAD.encode() * 400)[:-12],
            "the compressed file ends in the middle",
            "`gzip -t` tells",
        ),
        (gzip.compress(BAD.encode() * 400)[:-8] + b"\0" * 8, "its CRC is wrong", "`gzip -t` tells"),
        (b"<html>gone</html>\n", "is not gzip, whatever its name says", "name it without .gz"),
        (b"\n", "is not gzip", "name it without .gz"),
    ],
    ids=range(4),
)
def test_the_command_says_what_and_reports_what_it_read(
    content: bytes, said: str, cure: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the findings of the lines before, how many those were, and the cure last."""
    file = tmp_path / "app.log.gz"
    file.write_bytes(content)
    assert main(["logs", "check", str(file)]) == 2
    shown = capsys.readouterr()
    first, last = shown.err.splitlines()
    assert first.startswith(f"ameide-telemetry: {file}: ")
    assert said in first
    assert cure in last
    packed = content.startswith(b"\x1f\x8b")
    assert ("TEL501" in shown.out) is packed
    assert ("; before that, " in first and first.endswith(" lines could be checked")) is packed


def test_a_plain_file_may_be_called_gz(tmp_path: Path) -> None:
    """Some that fetch a file unpack it and keep its name; lines of JSON are lines."""
    file = tmp_path / "app.log.gz"
    file.write_text(GOOD, encoding="utf-8")
    assert main(["logs", "check", str(file)]) == 0
