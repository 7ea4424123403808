"""Cures written into files: what holds is kept, what does not is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

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


def test_what_comes_up_with_a_cure_is_cured_with_it(tmp_path: Path) -> None:
    """A chain of cures is one attempt, in several files too; where its end is not clean, all is as before."""
    chain = {"one": "two", "two": "three", "three": "ok"}
    path = lay(tmp_path, {"a.py": "x = one\n"}) / "a.py"
    assert _fixed(path, chain) == (3, 0)
    assert path.read_text() == "x = ok\n"
    for last in ({"three": "("}, {"three": "four", "four": "ok"}, {"three": "one"}):
        lay(tmp_path, {"a.py": "x = one\n"})
        assert _fixed(path, {**chain, **last}) == (0, 1), last
        assert path.read_text() == "x = one\n"


def test_what_comes_up_unsafe_keeps_a_safe_cure_away(tmp_path: Path) -> None:
    """Nobody is given an unsafe cure who asked for the safe ones."""
    path = lay(tmp_path, {"a.py": "x = one\n"}) / "a.py"
    safe, unsafe = _cures(path, {"one": "two"}), _cures(path, {"two": "ok"}, safe=False)

    def look() -> list[Problem]:
        return safe() + unsafe()

    assert [reason for _, reason in fix(look(), look).refused] == ["a.py would have TEL301 afterwards"]
    assert path.read_text() == "x = one\n"
    assert len(fix(look(), look, unsafe=True).done) == 2
    assert path.read_text() == "x = ok\n"


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


@pytest.mark.parametrize(
    "put",
    [
        "import b\nfrom __future__ import annotations",
        "return",
        "x = [await y]",
        "# coding: latin-1",
    ],
)
def test_what_python_would_not_run_as_before(put: str, tmp_path: Path) -> None:
    """To be read by the parser is not enough: the compiler has to take it, in the encoding that it had."""
    path = lay(tmp_path, {"a.py": "old\nx = 'é'\n"}) / "a.py"
    assert _fixed(path, {"old": put}) == (0, 1)
    assert path.read_text(encoding="utf-8") == "old\nx = 'é'\n"


_TAKERS: Final = (
    "from shop.a import one",
    "from .a import (\n    two,\n    one,\n)",
    "from shop.a import *",
    "from shop import a\nprint(a.one)",
    "import shop.a as it\nprint(it.one)",
    'mock.patch("shop.a.one")',
)
_OTHERS: Final = ("from shop.a import two", "from shop.b import one", "import shop.a", "one = 1", "(")


def test_a_name_that_another_file_takes_stays(tmp_path: Path) -> None:
    """A cure that would take a name from others is not written, and says who needs it."""
    before = "from x import one\ntwo = 1\n"
    for number, taker in enumerate((*_TAKERS, *_OTHERS)):
        top = lay(tmp_path / str(number), {"pyproject.toml": "", "shop/a.py": before, "other/b.py": taker})
        look = _cures(top / "shop/a.py", {"from x import one\n": ""})
        outcome = fix(look(), look)
        reasons = ["b.py may take `one` from a.py"] if taker in _TAKERS else []
        assert [reason for _, reason in outcome.refused] == reasons, taker
        assert (top / "shop/a.py").read_text() == (before if reasons else "two = 1\n")
