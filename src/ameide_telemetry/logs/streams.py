"""Text that the service prints becomes lines too, so that stdout and stderr hold nothing but JSON.

`print`, `click.echo`, a traceback on stderr: each finished line of text is one record of the logger
`stdout` or `stderr`. Text that is a JSON object keeps its structure: its members become the fields.

Text without a newline is no line yet. It becomes one when its thread or the process ends; flushing does not
make it one, because libraries flush after every dot of a progress display. As on a terminal a carriage
return begins the line anew, so of a progress bar the last state is what becomes a line.
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TextIO, cast

from ameide_telemetry import guard
from ameide_telemetry.logs.event import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.logs.handler import LineWriter

__all__ = ["CapturedStreams", "LineStream", "StandardOutput", "standard_output"]

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERRORS: Final = "backslashreplace"
_MAX_PENDING: Final = 16_000
_SITE: Final = guard.site("logs.stream")
_KEY_MARK: Final = "-----BEGIN "
_KEY_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY(?: BLOCK)?-----\s*\Z")
_KEY_LINE: Final = re.compile(r"\s*(?:[A-Za-z0-9+/=]{0,128}|[A-Za-z-]{1,32}: [^\r\n]{0,128}|-----END .*)\s*")


class StandardOutput:
    """Whatever is stdout at the moment of a write: pytest puts another there for each phase of a test."""

    def write(self, text: str, /) -> object:
        """Write text to the stdout of this moment."""
        stream = _uncaptured(sys.stdout)
        return stream.write(text) if stream is not None else None

    def flush(self) -> object:
        """Hand on what that stream has buffered."""
        stream = _uncaptured(sys.stdout)
        return stream.flush() if stream is not None else None


def standard_output() -> StandardOutput | TextIO | None:
    """Return where lines go: what is stdout now; where that is pytest's, what is stdout at each moment."""
    stream = _uncaptured(sys.stdout)
    return StandardOutput() if type(stream).__module__.startswith("_pytest.") else stream


class _Unfinished(NamedTuple):
    """What a thread has written since its last newline.

    Attributes:
        text: characters.
        odd: the first bytes of one more.
    """

    text: str = ""
    odd: bytes = b""


_NOTHING: Final = _Unfinished()


class _ThreadEnd:
    """Has a stream finish a thread's line when the thread ends: thread-local values go with their thread."""

    def __init__(self, stream: LineStream) -> None:
        self._stream = stream
        self._key = _this_thread()

    def __del__(self) -> None:
        self._stream.finish_thread(self._key)


class LineStream(io.TextIOBase):
    """A text stream whose finished lines become log lines; everything else asks the original stream.

    Each thread has its own unfinished line, so that two threads that print never mix theirs.
    """

    def __init__(self, original: TextIO, name: str, level: int, writer: LineWriter) -> None:
        super().__init__()
        self.original = original
        self._name = name
        self._level = level
        self._writer = writer
        # Only threads with an unfinished line are in it. Taking one out is atomic and needs no lock.
        self._unfinished: dict[tuple[int, int], _Unfinished] = {}
        self._ends = threading.local()
        self._bytes = _ByteStream(self)

    @property
    def name(self) -> str:
        """The original's name, `<stdout>` or `<stderr>`."""
        return str(getattr(self.original, "name", f"<{self._name}>"))

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the bytes that leave the process."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """How characters that UTF-8 cannot hold are handled."""
        return _ERRORS

    @property
    def buffer(self) -> BinaryIO:
        """The binary side; what is written to it becomes lines as well."""
        return cast("BinaryIO", self._bytes)

    def write(self, text: str, /) -> int:
        """Take text; each line that it finishes is written at once."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        # The methods of a subclass are the caller's own and may fail.
        plain = str.__str__(text)
        with _SITE:
            before = self._taken()
            self._take(before.text + _decoded(before.odd) + plain)
        return len(plain)

    def write_bytes(self, data: bytes) -> None:
        """Take text as bytes; a character may be split between two calls."""
        with _SITE:
            before = self._taken()
            odd = before.odd + data
            text, used = codecs.utf_8_decode(odd, _ERRORS, False)
            self._take(before.text + text, odd[used:])

    def writelines(self, lines: Iterable[Any], /) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: finished lines are already out, an unfinished one waits for its end."""

    def finish(self) -> None:
        """Write out what every thread left unfinished."""
        for key in tuple(self._unfinished):
            self.finish_thread(key)

    def finish_thread(self, key: tuple[int, int]) -> None:
        """Write out what one thread left unfinished; what it was at a fork is the parent's."""
        rest = self._unfinished.pop(key, None)
        if rest is not None and key[0] == os.getpid():
            with _SITE:
                self._line(rest.text + _decoded(rest.odd))

    def isatty(self) -> bool:
        """Tell whether the original is a terminal."""
        return self.original.isatty()

    def fileno(self) -> int:
        """Return the original's descriptor, which child processes inherit."""
        return self.original.fileno()

    def writable(self) -> bool:
        """Return True."""
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def _taken(self) -> _Unfinished:
        """Take what this thread has not finished."""
        return self._unfinished.pop(_this_thread(), _NOTHING) if self._unfinished else _NOTHING

    def _take(self, text: str, odd: bytes = b"") -> None:
        """Write finished lines, and keep the rest."""
        *lines, rest = text.split("\n")
        rest = _shown(rest)
        if _KEY_MARK in text:
            lines, begun = _whole_keys(lines)
            rest = "\n".join((*begun, rest))
        for line in lines:
            self._line(line)
        if len(rest) > _MAX_PENDING:
            self._line(rest)
            rest = ""
        if rest or odd:
            self._unfinished[_this_thread()] = _Unfinished(rest, odd)
            if not hasattr(self._ends, "end"):
                self._ends.end = _ThreadEnd(self)

    def _line(self, text: str) -> None:
        text = _shown(_COLOURS.sub("", text)).rstrip()
        if not text:
            return
        fields = _object(text)
        message = text if fields is None else str(fields.pop("message", ""))
        self._writer.emit(
            logging.getLogger(self._name), Event(time.time(), self._level, self._name, message, fields)
        )


class _ByteStream(io.RawIOBase):
    """The `buffer` of a captured stream."""

    def __init__(self, stream: LineStream) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: Any, /) -> int:
        plain = memoryview(data).tobytes()
        self._stream.write_bytes(plain)
        return len(plain)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


class CapturedStreams:
    """Puts line streams in place of `sys.stdout` and `sys.stderr`, and takes them away again.

    Args:
        writer: the process's line writer.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._installed: dict[str, LineStream] = {}

    def install(self) -> None:
        """Capture both streams; one that the process does not have is left alone."""
        for name, level in (("stdout", logging.INFO), ("stderr", logging.WARNING)):
            original = getattr(sys, name)
            if original is None or isinstance(original, LineStream):
                continue
            _flush(original)
            self._installed[name] = LineStream(original, name, level, self._writer)
            setattr(sys, name, self._installed[name])

    def undo(self) -> None:
        """Write out unfinished text and restore what is still ours."""
        for name, stream in self._installed.items():
            stream.finish()
            if getattr(sys, name) is stream:
                setattr(sys, name, stream.original)
        self._installed.clear()

    def finish(self) -> None:
        """Write out unfinished text, at the end of the process."""
        for stream in self._installed.values():
            stream.finish()


def _this_thread() -> tuple[int, int]:
    """Return what tells this thread from every other, also from its copy in a forked child."""
    return os.getpid(), threading.get_ident()


def _decoded(odd: bytes) -> str:
    """Return the first bytes of a character that came to no end."""
    return odd.decode("utf-8", _ERRORS) if odd else ""


def _shown(text: str) -> str:
    """Return what a terminal would show: after a carriage return the line begins anew.

    One at the very end stays, because a newline may follow.
    """
    if "\r" not in text:
        return text
    shown = text.rstrip("\r")
    return shown.rpartition("\r")[2] + text[len(shown) :][:1]


def _uncaptured(stream: object) -> TextIO | None:
    return stream.original if isinstance(stream, LineStream) else cast("TextIO | None", stream)


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, ValueError):
        return


def _whole_keys(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return lines with those of a private key in one piece, and the lines of a key that goes on.

    A line of a key alone is a row of letters, and nothing would tell that it has to be redacted.
    """
    whole: list[str] = []
    key: list[str] = []
    for line in lines:
        if key and _KEY_LINE.fullmatch(line):
            key.append(line.rstrip("\r"))
            if "-----END " not in line:
                continue
            whole.append("\n".join(key))
            key = []
            continue
        if key:
            whole.append("\n".join(key))
            key = []
        if _KEY_BEGIN.search(line):
            key.append(line.rstrip("\r"))
        else:
            whole.append(line)
    return whole, key


def _object(text: str) -> dict[Any, object] | None:
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
