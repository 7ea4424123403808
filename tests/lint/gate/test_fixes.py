"""Cures written into files: what holds is kept, what does not is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.fixes import fix
from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot
from lint.gate.shop import lay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _cures(path: Path, put: dict[str, str], *, safe: bool = True) -> Callable[[], list[Problem]]:
    """Return a check that complains of each of some words, and would put another in its place."""

    def look() -> list[Problem]:
        text = path.read_bytes().decode("utf-8-sig")
        found = []
        for word, other in put.items():
            at = text.find(word)
            while at >= 0:
                edit = Edit(path, at, at + len(word), other)
                found.append(
                    Problem(
                        "TEL301",
                        word,
                        Spot(path, text.count("\n", 0, at) + 1),
                        "",
                        fix=Fix((edit,), safe, ""),
                    )
                )
                at = text.find(word, at + 1)
        return found

    return look


def _fixed(path: Path, put: dict[str, str], *, unsafe: bool = False, safe: bool = True) -> tuple[int, int]:
    look = _cures(path, put, safe=safe)
    outcome = fix(look(), look, unsafe=unsafe)
    return len(outcome.done), len(outcome.refused)


def test_what_is_written(tmp_path: Path) -> None:
    """Several in one file, ends of lines and mark kept; a second run changes nothing; unsafe ones wait."""
    path = lay(tmp_path, {"a.py": b"\xef\xbb\xbfx = old\r\ny = 'b\xc3\xa9'; z = old\r\n"}) / "a.py"
    before = path.read_bytes()
    assert _fixed(path, {"old": "new\nw = 1"}, safe=False) == (0, 0)
    assert path.read_bytes() == before
    assert _fixed(path, {"old": "new\nw = 1"}, safe=False, unsafe=True) == (2, 0)
    assert path.read_bytes() == before.replace(b"old", b"new\r\nw = 1")
    after = path.stat().st_mtime_ns
    assert _fixed(path, {"old": "new"}) == (0, 0)
    assert path.stat().st_mtime_ns == after


def test_a_bad_one_does_not_keep_the_others_away(tmp_path: Path) -> None:
    """What would not parse, or would bring something new, is taken back; the rest is written."""
    text = "".join(f"a{number} = one\n" for number in range(20)) + "b = two\nc = three\n"
    path = lay(tmp_path, {"a.py": text}) / "a.py"
    assert _fixed(path, {"one": "longer_than_1", "two": "(", "three": "two"}) == (20, 2)
    assert path.read_text() == text.replace("one", "longer_than_1")


def test_of_some_that_are_alike_only_the_bad_one_is_left(tmp_path: Path) -> None:
    """Problems that nothing but their place tells apart are tried one after the other, each once."""
    path = lay(tmp_path, {"a.py": "def one(): ...\na = one\nb = one\nc = one\n"}) / "a.py"
    assert _fixed(path, {"one": "1"}) == (3, 1)
    assert path.read_text() == "def one(): ...\na = 1\nb = 1\nc = 1\n"


def test_what_is_not_touched(tmp_path: Path) -> None:
    """A file that does not parse, cannot be decoded or may not be written stays as it is, and says so."""
    bodies = {"a.py": b"x = old\ndef (\n", "b.py": b"x = old\n\x00", "c.py": b"x = old\n"}
    lay(tmp_path, bodies)
    (tmp_path / "c.py").chmod(0o444)
    for name, body in bodies.items():
        assert _fixed(tmp_path / name, {"old": "new"}) == (0, 1), name
        assert (tmp_path / name).read_bytes() == body
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(bodies)


def test_overlapping_ones(tmp_path: Path) -> None:
    """Of two that touch each other, the first is written; the other is for the next round."""
    path = lay(tmp_path, {"a.py": "x = old_name\n"}) / "a.py"
    assert _fixed(path, {"old_name": "new", "name": "word"}) == (1, 0)
    assert path.read_text() == "x = new\n"


def test_a_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    """A cure changes what stands in a file, and nothing else about it."""
    lay(tmp_path, {"real/a.py": "x = old\n"})
    (tmp_path / "real/a.py").chmod(0o755)
    (tmp_path / "a.py").symlink_to("real/a.py")
    assert _fixed(tmp_path / "a.py", {"old": "new"}) == (1, 0)
    assert (tmp_path / "a.py").is_symlink()
    assert (tmp_path / "real/a.py").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "real/a.py").read_text() == "x = new\n"
