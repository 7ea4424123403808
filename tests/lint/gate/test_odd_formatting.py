"""Cures in odd formatting: what is written runs, does what it did before, and is written once."""

from __future__ import annotations

import contextlib
import io
import logging
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.fixes import fix
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import GOOD
from lint.kit import lay_out, split_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.lint.model import Problem

_ODD: Final = Path(__file__).with_name("odd.txt")
_FILE: Final = "shop/work.py"
_SEED: Final = 11
_PARTS: Final = 8
_OF_EACH: Final = 13
_NEWLINES: Final = ("\n", "\n", "\r\n", "\r")
_ENCODINGS: Final = ("utf-8", "utf-8", "utf-8", "utf-8-sig")
# It has nothing to tell any more.
_FOR_TOOLS: Final = {b"# noqa: G004"}


class _Ran(NamedTuple):
    """What a module did: the calls in order, how many lines it wrote at which levels, how it ended."""

    seen: list[object]
    levels: list[str]
    printed: int
    error: str


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(0)
        self.levels: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()
        self.levels.append(record.levelname)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise AssertionError(record)


def _texts() -> Iterator[tuple[str, bytes, str]]:
    """Yield every call in every form, with a name, as bytes of a file that compiles, and their encoding."""
    _, given = split_files(_ODD.read_bytes().decode())
    parts: dict[str, dict[str, str]] = {"call": {}, "form": {}, "file": {}}
    for key, text in given.items():
        kind, _, name = key.partition(": ")
        parts[kind][name] = text.rstrip("\n")
    chosen = random.Random(_SEED)
    for call, text in parts["call"].items():
        for form, around in parts["form"].items():
            indent = chosen.choice(("    ", "\t"))
            rows = re.sub(r"(?m)^(?=[^\n\f])", indent, _put(around, text))
            source = f"{parts['file'][_FILE]}\n{rows}" + chosen.choice(("", "\n"))
            encoding = chosen.choice(_ENCODINGS)
            data = source.replace("\n", chosen.choice(_NEWLINES)).encode(encoding)
            with contextlib.suppress(SyntaxError):
                compile(data, _FILE, "exec", dont_inherit=True)
                yield f"{call}, {form}", data, encoding


def _put(form: str, call: str) -> str:
    """Return a form with a call in it; a further row of the call stands as far in as its first."""
    found = re.search(r"(?m)^([ \t]*)(.*)CALL", form)
    indent = found[1] if found else ""
    return form.replace("CALL", call.replace("\n", f"\n{indent}"))


_TEXTS: Final = random.Random(_SEED).sample(list(_texts()), _PARTS * _OF_EACH)


def _ran(data: bytes, encoding: str) -> _Ran:
    root, kept, out = logging.getLogger(), _Kept(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    names: dict[str, object] = {"__name__": "work"}
    error = ""
    root.handlers = [kept]
    root.setLevel(0)
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(data.decode(encoding), _FILE, "exec", dont_inherit=True), names)
            names["handle"]()  # type: ignore[operator]
    except (NameError, TypeError, KeyError, AttributeError, UnboundLocalError) as raised:
        error = repr(raised)
    finally:
        root.handlers, root.level = handlers, level
        names["pool"].shutdown()  # type: ignore[attr-defined]
    seen = names["seen"]
    assert isinstance(seen, list)
    return _Ran(seen, kept.levels, len(out.getvalue().splitlines()), error)


def _problems(folder: Path) -> Sequence[Problem]:
    return Linter(Tree.of(folder), read_config(folder, []), Store(None, "")).run().problems


def _check(data: bytes, encoding: str, folder: Path, *, unsafe: bool) -> bool:
    """Cure a file, and return whether there was something to cure."""
    path = lay_out(folder, GOOD) / _FILE
    path.write_bytes(data)
    found = _problems(folder)
    done = fix(found, lambda: _problems(folder), unsafe=unsafe)
    assert not done.refused
    after = path.read_bytes()
    if after == data:
        return False
    left = _problems(folder)
    assert len(left) == len(found) - len(done.done)
    assert not fix(left, lambda: _problems(folder), unsafe=unsafe).changed
    assert set(re.findall(rb"\r\n|\r|\n", after)) == set(re.findall(rb"\r\n|\r|\n", data))
    assert not {each for each in re.findall(rb"#[^\r\n]*", data) if each not in after} - _FOR_TOOLS
    before, now = _ran(data, encoding), _ran(after, encoding)
    assert (now.seen, now.error) == (before.seen, before.error)
    assert len(now.levels) + now.printed == len(before.levels) + before.printed
    assert now.levels[: len(before.levels)] == before.levels or before.printed
    return True


@pytest.mark.parametrize("part", range(_PARTS))
def test_what_is_cured_runs_as_before(part: int, tmp_path: Path) -> None:
    """The same calls in the same order, as many lines at the same levels, no comment lost, no second cure."""
    cured = 0
    for number, (name, data, encoding) in enumerate(_TEXTS[part::_PARTS]):
        for unsafe in (False, True):
            try:
                cured += _check(data, encoding, (tmp_path / f"{number}{unsafe}").resolve(), unsafe=unsafe)
            except AssertionError as error:
                error.add_note(name)
                raise
    assert cured > _OF_EACH // 3
