"""Source files: read once, decoded as Python does, parsed when somebody asks."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.newer import grammar_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

__all__ = ["MAX_BYTES", "Parsed", "Sources", "Unreadable", "decoded", "parsed"]

MAX_BYTES: Final = 8 * 1024 * 1024
"""A source file longer than this is not parsed; the largest module of the standard library has 0.3 MB."""
_FRAMES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be read as Python here.

    Attributes:
        path: the file.
        line: where it goes wrong; 0 for the file as a whole.
        column: counted from 1; 0 where it does not matter.
        reason: why, in words.
    """

    path: Path
    line: int
    column: int
    reason: str


@dataclass(frozen=True)
class Parsed:
    """A file that was read as Python."""

    path: Path
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> list[str]:
        """The lines, as the numbers of `ast` count them, without their ends."""
        return io.StringIO(self.text, newline=None).read().split("\n")

    def line(self, number: int) -> str:
        """Return a line, counted from 1, stripped and with single blanks; empty where there is none."""
        return " ".join(self.lines[number - 1].split()) if 0 < number <= len(self.lines) else ""


class Sources:
    """The files of one run, each read and parsed at most once.

    Attributes:
        facts: what was found out of their nodes, by a word for it.
    """

    def __init__(self) -> None:
        self._known: dict[Path, Parsed | Unreadable] = {}
        self.facts: dict[tuple[str, ast.AST], bool] = {}

    @property
    def read(self) -> frozenset[Path]:
        """The files that were read so far."""
        return frozenset(self._known)

    def get(self, path: Path) -> Parsed | Unreadable:
        """Return what a file holds, or why it cannot be read."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = _read(path)
        return known

    def once(self, path: Path) -> Parsed | Unreadable:
        """Return what a file holds that nobody asks for again: a tree is large, and is not kept for that."""
        return self._known.get(path) or _read(path)


def _read(path: Path) -> Parsed | Unreadable:
    try:
        data = contents(path, MAX_BYTES + 1)
    except OSError as error:
        return Unreadable(path, 0, 0, f"it cannot be opened: {error.strerror}")
    return parsed(path, data)


def _reason(error: SyntaxError) -> str:
    known = grammar_of(error.text or "")
    return f"{error.msg}: {known}" if known else error.msg


def _encoding(data: bytes) -> str:
    """Return the encoding that a file declares; its lines may end as they did on old Macs."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    return tokenize.detect_encoding(io.BytesIO(lines).readline)[0]


def decoded(path: Path, data: bytes) -> str:
    """Return the text of a file, with the same offsets for everybody; what is no text is replaced."""
    encoding = "utf-8"
    if path.suffix in {".py", ".pyi", ".pyw"}:
        with suppress(SyntaxError):
            encoding = _encoding(data)
    return data.decode(encoding, "replace")


@contextmanager
def _room() -> Iterator[None]:
    """What can be parsed is the same everywhere: deep in a walk, which has a limit of its own, as well."""
    before, depth = sys.getrecursionlimit(), 0
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 `inspect` costs more than all of this
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + _FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parsed(path: Path, data: bytes) -> Parsed | Unreadable:
    """Return what the bytes of a file hold, or why they are no Python of this interpreter's grammar."""
    if len(data) > MAX_BYTES:
        return Unreadable(path, 0, 0, f"it has more than {MAX_BYTES:,} bytes")
    try:
        text = data.decode(_encoding(data))
        with warnings.catch_warnings():
            # An invalid escape is the business of other tools; as an error it would end the parser.
            warnings.simplefilter("ignore")
            with _room():
                tree = ast.parse(text, str(path))
    except SyntaxError as error:
        return Unreadable(path, error.lineno or 0, error.offset or 0, _reason(error))
    except (LookupError, UnicodeError, ValueError) as error:
        return Unreadable(path, 0, 0, str(error))
    except (MemoryError, RecursionError):
        return Unreadable(path, 0, 0, "its expressions are nested too deep")
    return Parsed(path, text, tree)
