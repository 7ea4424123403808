"""Text that the service prints becomes lines too, so that stdout and stderr hold nothing but JSON.

`print`, `click.echo`, a traceback on stderr: each finished line of text is one record of the logger
`stdout` or `stderr`. Text that is a JSON object keeps its structure: its members become the fields.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO, cast

from ameide_telemetry import guard
from ameide_telemetry.logs.line import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.logs.handler import LineWriter

__all__ = ["CapturedStreams", "LineStream", "StandardOutput", "standard_output"]

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MAX_PENDING: Final = 16_000
_SITE: Final = guard.site("logs.stream")


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
        self._pending = threading.local()
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
        return "backslashreplace"

    @property
    def buffer(self) -> BinaryIO:
        """The binary side; what is written to it becomes lines as well."""
        return cast("BinaryIO", self._bytes)

    def write(self, text: str, /) -> int:
        """Take text; each line that it finishes is written at once."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with _SITE:
            self._take(text)
        return len(text)

    def writelines(self, lines: Iterable[Any], /) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: finished lines are already out, an unfinished one waits for its end."""

    def finish(self) -> None:
        """Write out what this thread left unfinished."""
        rest = getattr(self._pending, "text", "")
        self._pending.text = ""
        if rest:
            self._line(rest)

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

    def _take(self, text: str) -> None:
        text = getattr(self._pending, "text", "") + text
        self._pending.text = ""
        *lines, rest = text.replace("\r\n", "\n").split("\n")
        for line in lines:
            self._line(line)
        if len(rest) > _MAX_PENDING:
            self._line(rest)
        else:
            self._pending.text = rest

    def _line(self, text: str) -> None:
        text = _COLOURS.sub("", text).rstrip()
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
        self._stream.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

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
        """Write out unfinished text of this thread, at the end of the process."""
        for stream in self._installed.values():
            stream.finish()


def _uncaptured(stream: object) -> TextIO | None:
    return stream.original if isinstance(stream, LineStream) else cast("TextIO | None", stream)


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, ValueError):
        return


def _object(text: str) -> dict[Any, object] | None:
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
