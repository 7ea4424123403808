"""One event -> one JSON line. Every front end (stdlib, structlog, streams, access line) ends here.

The line is put together from parts that were rendered before: the process's own fields never change,
the context's fields change only when somebody binds, the second of the timestamp changes once a second.
What is left to encode per call is the message and the caller's fields.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, get_current_span

from ameide_telemetry.context import current_bindings, remembered
from ameide_telemetry.contract import names
from ameide_telemetry.logs.failure import failure_of, shorten
from ameide_telemetry.logs.sanitise import MAX_TEXT, key_text, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from ameide_telemetry.context import Bindings
    from ameide_telemetry.logs.failure import ExcInfo

__all__ = ["Event", "LineRenderer", "level_name"]

# What JSON allows inside a string but a terminal, a log viewer or a strict UTF-8 parser does not deserve:
# DEL and C1 controls, bidirectional overrides, line and paragraph separators, BOM, noncharacters, surrogates.
_UNSAFE: Final = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_LAST_SURROGATE: Final = "\udfff"
_FIRST_SURROGATE: Final = "\ud800"
_BEGINNING: Final = f'{{"{names.LOG_TIMESTAMP}":"'
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_MAX_FIELDS: Final = 128
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_CUTS: Final = (2_000, 500, 120, 30)
# At the hardest cut only the process's and the contract's own fields are left beside the message.
_BARE: Final = _CUTS[-1]
_MAX_INT: Final = 2**63
_THRESHOLDS: Final = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


class Event(NamedTuple):
    """What a front end knows of one log call; times are seconds since the epoch."""

    created: float
    level: int
    logger: str
    message: str
    fields: Mapping[Any, object] | None = None
    exc_info: ExcInfo | None = None
    stack: str | None = None


def level_name(level: int) -> str:
    """Return the contract's level for a stdlib level number; numbers in between round down."""
    return next((name for threshold, name in _THRESHOLDS if level >= threshold), "debug")


class LineRenderer:
    """Renders events of one process as JSON text, one line each, without the newline."""

    __slots__ = ("_keys", "_levels", "_loggers", "_second", "_static", "_trace")

    def __init__(self, *, service: str, version: str, environment: str) -> None:
        own = {
            names.LOG_SERVICE: service,
            names.LOG_VERSION: version,
            names.LOG_ENV: environment,
            names.LOG_SCHEMA_VERSION: names.SCHEMA_VERSION,
        }
        self._static = "".join(f',"{key}":{_safe(encode_basestring(value))}' for key, value in own.items())
        self._levels = {level: _level_text(level) for level in range(0, 60, 10)}
        self._loggers: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._second = (0, "")
        self._trace: tuple[SpanContext, str] = (INVALID_SPAN_CONTEXT, "")

    def render(self, event: Event) -> bytes:
        """Return the event as UTF-8 JSON of at most `MAX_LINE_BYTES`, newline included."""
        data = self._text(event, MAX_TEXT).encode()
        if len(data) <= names.MAX_LINE_BYTES:
            return data
        return self._shortened(event, len(data))

    def _text(self, event: Event, limit: int, note: str = "") -> str:
        message = event.message
        if message.endswith("\n") or "\x1b" in message:
            # Servers end messages with a newline and colour them; both only disturb a reader of lines.
            message = _COLOURS.sub("", message).rstrip("\n")
        if len(message) > limit:
            message = shorten(message, limit)
        context = otel_context.get_current()
        if event.exc_info and current_bindings(context) is None:
            context = remembered(event.exc_info[1]) or context
        text = (
            f'{_BEGINNING}{self._timestamp(event.created)}Z"'
            f"{self._levels.get(event.level) or _level_text(event.level)}"
            f"{encode_basestring(message)}{self._logger(event.logger)}{self._static}"
            f"{self._trace_text(context)}{self._context_text(context, limit)}"
        )
        if event.fields or event.exc_info or event.stack or note:
            text += self._fields_text(event, limit) + note
        text += "}\n"
        # str.isascii() is O(1) in CPython; DEL is the one unsafe character inside ASCII.
        if not text.isascii() or "\x7f" in text:
            text = _safe(text)
        return text

    def _timestamp(self, created: float) -> str:
        second, prefix = self._second
        whole = int(created)
        if whole != second:
            prefix = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
            self._second = (whole, prefix)
        return "%s.%06d" % (prefix, (created - whole) * 1e6)  # noqa: UP031 a third cheaper than an f-string

    def _logger(self, name: str) -> str:
        text = self._loggers.get(name)
        if text is None:
            text = f',"{names.LOG_LOGGER}":{encode_basestring(name[:256])}'
            if len(self._loggers) < 1_000:  # noqa: PLR2004 a bound, in case names are made per request
                self._loggers[name] = text
        return text

    def _trace_text(self, context: Context) -> str:
        span = get_current_span(context).get_span_context()
        known, text = self._trace
        if span is not known:
            text = _ids_text(span) if span.is_valid else ""
            self._trace = (span, text)
        return text

    def _context_text(self, context: Context, limit: int) -> str:
        bindings = current_bindings(context)
        if bindings is None:
            return ""
        if limit != MAX_TEXT:
            return self._bindings_text(bindings, limit)
        revision, text = bindings.rendered
        if revision != bindings.revision:
            revision = bindings.revision
            text = self._bindings_text(bindings, MAX_TEXT)
            bindings.rendered = (revision, text)
        return text

    def _bindings_text(self, bindings: Bindings, limit: int) -> str:
        owned = "".join(
            f',"{spelling}":{encode_basestring(value)}'
            for key, value in tuple(bindings.values.items())
            for spelling in names.CONTEXT_LOG_KEYS[key]
        )
        if not bindings.fields or limit == _BARE:
            return owned
        parts: dict[str, str] = {}
        self._add_fields(parts, dict(bindings.fields), limit)
        return owned + self._joined(parts)

    def _fields_text(self, event: Event, limit: int) -> str:
        parts: dict[str, str] = {}
        if event.fields:
            self._add_fields(parts, event.fields, limit)
        if event.exc_info:
            for key, value in failure_of(event.exc_info).fields().items():
                parts[key] = encode_basestring(shorten(str(value), limit))
        if event.stack:
            parts[names.LOG_STACK] = encode_basestring(shorten(event.stack, limit))
        return self._joined(parts)

    def _add_fields(self, parts: dict[str, str], fields: Mapping[Any, object], limit: int) -> None:
        taken: dict[object, object] = {}
        for key, value in fields.items():
            if key in names.RESERVED_LOG_KEYS:
                taken[key] = value
                continue
            name = key if type(key) is str else key_text(key)
            if name.startswith("_"):
                # As in logging and python-json-logger: private, for handlers and processors only.
                continue
            parts[name] = _value_text(value, limit)
            if len(parts) >= _MAX_FIELDS:
                break
        if taken:
            parts[names.LOG_EXTRA] = _value_text(taken, limit)

    def _joined(self, parts: dict[str, str]) -> str:
        return "".join([f",{self._key(key)}:{text}" for key, text in parts.items()])

    def _key(self, key: str) -> str:
        text = self._keys.get(key)
        if text is None:
            text = encode_basestring(key[:256])
            if len(self._keys) < 1_000:  # noqa: PLR2004 a bound, in case keys are made per request
                self._keys[key] = text
        return text

    def _shortened(self, event: Event, size: int) -> bytes:
        """Cut texts inside the fields, harder each time, so that the line stays valid JSON with its ids."""
        size += _cut_before(event)
        for limit in _CUTS:
            if limit == _BARE:
                event = event._replace(fields=None, stack=None)
            data = self._text(event, limit, _truncated(size)).encode()
            if len(data) <= names.MAX_LINE_BYTES:
                break
        return data.replace(_truncated(size).encode(), _truncated(size - len(data)).encode(), 1)


def _ids_text(span: SpanContext) -> str:
    return (
        f',"{names.LOG_TRACE_ID}":"{span.trace_id:032x}","{names.LOG_SPAN_ID}":"{span.span_id:016x}"'
        f',"{names.LOG_TRACE_FLAGS}":"{span.trace_flags:02x}"'
    )


def _cut_before(event: Event) -> int:
    """Return how many characters were left out of long texts before the line was measured."""
    texts = [event.message, event.stack, *(event.fields or {}).values()]
    return sum(len(text) - MAX_TEXT for text in texts if isinstance(text, str) and len(text) > MAX_TEXT)


def _truncated(size: int) -> str:
    return f',"{names.LOG_TRUNCATED_BYTES}":{size}'


def _level_text(level: int) -> str:
    return f',"{names.LOG_LEVEL}":"{level_name(level)}","{names.LOG_MESSAGE}":'


def _value_text(value: object, limit: int) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value if len(value) <= limit else shorten(value, limit))  # type: ignore[arg-type]
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is int and -_MAX_INT <= value < _MAX_INT:  # type: ignore[operator]
        return str(value)
    if kind is float and math.isfinite(value):  # type: ignore[arg-type]
        return repr(value)
    text = _ENCODE(plain(value))
    return text if len(text) <= limit else encode_basestring(shorten(text, limit))


def _safe(text: str) -> str:
    """Escape what JSON would let through raw; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if _FIRST_SURROGATE <= character <= _LAST_SURROGATE:
        return "\\ufffd"
    return f"\\u{ord(character):04x}"
