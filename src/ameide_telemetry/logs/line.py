"""One event -> one JSON line. Every front end (stdlib, structlog, streams, access line) ends here.

The line is put together from parts that were rendered before: the process's own fields never change,
the context's fields change only when somebody binds, the second of the timestamp changes once a second.
What is left to encode per call is the message and the caller's fields.
"""

from __future__ import annotations

import json
import math
import re
import time
from itertools import islice
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.trace import INVALID_SPAN_CONTEXT, get_current_span

from ameide_telemetry.context import current_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.logs.event import context_of, level_name
from ameide_telemetry.logs.searched import searched, searched_field
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.values.failure import failure_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.plain import MAX_TEXT, plain
from ameide_telemetry.values.text import key_text, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from ameide_telemetry.context import Bindings
    from ameide_telemetry.logs.event import Event
    from ameide_telemetry.redaction import Found

__all__ = ["LineRenderer"]

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
# Private fields are passed over, but nobody looks for ever for one that is not.
_MAX_SEEN: Final = 2 * _MAX_FIELDS
_MAX_OWN: Final = 256
# How many rendered names are remembered, in case loggers or keys are made per request.
_MAX_KNOWN: Final = 1_000
# No server writes longer ones for terminals.
_MAX_TIDY: Final = 100_000
# The first second of the year 10,000, for which a timestamp of the contract has no room.
_MAX_SECOND: Final = 253_402_300_800
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_CUTS: Final = (2_000, 500, 120, 30)
# At the hardest cut as many of the caller's fields are kept as there is room for.
_HARDEST: Final = _CUTS[-1]
_FAILURE: Final = (names.LOG_EXCEPTION_TYPE, names.LOG_EXCEPTION_MESSAGE, names.LOG_EXCEPTION_STACKTRACE)
_MAX_INT: Final = 2**63
# Values that cannot change after they were bound; others are rendered anew for each line.
_CONSTANT: Final = (str, int, float, bool, type(None))


class LineRenderer:
    """Renders events of one process as JSON text, one line each.

    Args:
        service: `service.name`.
        version: `service.version`.
        environment: `deployment.environment.name`.
        redactor: takes out what must not leave the process; by default one that knows no settings.
    """

    __slots__ = ("_keys", "_levels", "_loggers", "_redactor", "_second", "_static", "_trace")

    def __init__(
        self, *, service: str, version: str, environment: str, redactor: Redactor | None = None
    ) -> None:
        self._redactor = redactor or Redactor(RedactionPolicy())
        own = {
            names.LOG_SERVICE: service,
            names.LOG_VERSION: version,
            names.LOG_ENV: environment,
            names.LOG_SCHEMA_VERSION: names.SCHEMA_VERSION,
        }
        texts = {key: encode_basestring(value[:_MAX_OWN]) for key, value in own.items()}
        self._static = "".join(f',"{key}":{text}' for key, text in texts.items())
        self._levels = {level: _level_text(level) for level in range(0, 60, 10)}
        self._loggers: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._second = (0, _second_text(0))
        self._trace: tuple[SpanContext, str] = (INVALID_SPAN_CONTEXT, "")

    def render(self, event: Event) -> bytes:
        """Return the event as UTF-8 JSON of at most `MAX_LINE_BYTES`, newline included."""
        message = event.message
        if (message.endswith("\n") or "\x1b" in message) and len(message) <= _MAX_TIDY:
            message = _tidy(message)
        found: Found = {}
        message = searched(message, self._redactor, found)
        context = context_of(event)
        bound = self._bound(context)
        if event.fields or event.exc_info or event.stack:
            parts = self._parts(event, bound, found)
            if bound.parts:
                parts = {**bound.parts, **parts}
            rest = None
        else:
            parts, rest = bound.parts, bound.text
        if found or bound.found:
            parts, rest = {**parts, names.LOG_REDACTED: _ENCODE(_sum(found, bound.found))}, None
        if rest is None:
            rest = bound.owned + self._joined(parts)
        text = f"{self._head(event, message, context)}{rest}}}\n"
        # str.isascii() is O(1) in CPython; DEL is the one unsafe character inside ASCII.
        data = (text if text.isascii() and "\x7f" not in text else _safe(text)).encode()
        if len(data) <= names.MAX_LINE_BYTES:
            return data
        size = len(data) + _cut_before(event)
        return self._shortened(event._replace(message=message), context, bound.owned, parts, size)

    def _head(self, event: Event, message: str, context: Context) -> str:
        return (
            f'{_BEGINNING}{self._timestamp(event.created)}Z"'
            f"{self._levels.get(event.level) or _level_text(event.level)}"
            f"{encode_basestring(message)}{self._logger(event.logger)}{self._static}{self._trace_text(context)}"
        )

    def _timestamp(self, created: float) -> str:
        second, prefix = self._second
        try:
            whole = math.floor(created)
            if whole != second:
                prefix = _second_text(whole)
                self._second = (whole, prefix)
            return "%s.%06d" % (prefix, (created - whole) * 1e6)  # noqa: UP031 a third cheaper than an f-string
        except (ValueError, TypeError, OverflowError):
            # A record can be made by hand, with a time that is none.
            return self._timestamp(time.time())

    def _logger(self, name: str) -> str:
        text = self._loggers.get(name)
        if text is None:
            text = f',"{names.LOG_LOGGER}":{encode_basestring(name[:256])}'
            if len(self._loggers) < _MAX_KNOWN:
                self._loggers[name] = text
        return text

    def _trace_text(self, context: Context) -> str:
        span = get_current_span(context).get_span_context()
        known, text = self._trace
        if span is not known:
            text = _ids_text(span) if span.is_valid else ""
            self._trace = (span, text)
        return text

    def _bound(self, context: Context) -> _Bound:
        bindings = current_bindings(context)
        if bindings is None:
            return _NOTHING_BOUND
        revision, rendered = bindings.rendered
        if revision == bindings.revision and isinstance(rendered, _Bound):
            return rendered
        revision, rendered = bindings.revision, self._bindings(bindings)
        if all(map(_is_constant, tuple(bindings.fields.values()))):
            bindings.rendered = (revision, rendered)
        return rendered

    def _bindings(self, bindings: Bindings) -> _Bound:
        owned = "".join(
            f',"{spelling}":{encode_basestring(value)}'
            for key, value in tuple(bindings.values.items())
            for spelling in names.CONTEXT_LOG_KEYS[key]
        )
        parts: dict[str, str] = {}
        taken: dict[str, object] = {}
        found: Found = {}
        self._add_fields(parts, taken, bindings.fields, found)
        if taken:
            parts[names.LOG_EXTRA] = self._value(names.LOG_EXTRA, taken, found)
        return _Bound(owned, parts, owned + self._joined(parts), taken, found)

    def _parts(self, event: Event, bound: _Bound, found: Found) -> dict[str, str]:
        parts: dict[str, str] = {}
        taken: dict[str, object] = {}
        if event.fields:
            self._add_fields(parts, taken, event.fields, found)
        if taken:
            parts[names.LOG_EXTRA] = self._value(names.LOG_EXTRA, {**bound.taken, **taken}, found)
        if event.exc_info:
            kind, message, stack = failure_of(event.exc_info)
            texts = (kind, self._redactor.text(message, found), self._redactor.text(stack, found))
            for key, text in zip(_FAILURE, texts, strict=True):
                parts[key] = encode_basestring(text)
        if event.stack:
            parts[names.LOG_STACK] = encode_basestring(searched(event.stack, self._redactor, found))
        return parts

    def _add_fields(
        self,
        parts: dict[str, str],
        taken: dict[str, object],
        fields: Mapping[Any, object],
        found: Found,
    ) -> None:
        """Render fields into `parts`, those with reserved names apart.

        The items are taken out first: a value that is looked at may change the mapping that it is in.
        """
        items = _items_of(fields) if type(fields) is dict else contained(_items_of, fields)
        known = self._keys
        for key, value in items or ():
            # A name that was rendered before is neither reserved nor private.
            if type(key) is str and key in known:
                parts[key] = self._value(key, value, found)
            else:
                name = key_text(key)
                if name in names.RESERVED_LOG_KEYS:
                    taken[name] = value
                    continue
                # As in logging and python-json-logger: private, for handlers and processors only.
                if name.startswith("_"):
                    continue
                parts[self._redactor.text(name, found)] = self._value(name, value, found)
            if len(parts) >= _MAX_FIELDS:
                break

    def _value(self, name: str, value: object, found: Found) -> str:
        """Render the value of a field, redacted before it is cut: half a secret gives nothing away."""
        kind = type(value)
        if kind is str:
            return encode_basestring(searched_field(name, value, self._redactor, found))  # type: ignore[arg-type]
        # By identity: a class may compare and hash as it likes.
        if not (kind is int or kind is float or kind is bool or value is None):
            value = plain(value)
        return _value_text(self._redactor.field(name, value, found))

    def _joined(self, parts: dict[str, str]) -> str:
        known = self._keys
        return "".join([f",{known.get(key) or self._key(key)}:{text}" for key, text in parts.items()])

    def _key(self, key: str) -> str:
        """Render a name, and remember it unless a field may not be called so."""
        text = encode_basestring(key)
        if key not in names.RESERVED_LOG_KEYS and len(self._keys) < _MAX_KNOWN:
            self._keys[key] = text
        return text

    def _shortened(
        self, event: Event, context: Context, owned: str, parts: dict[str, str], size: int
    ) -> bytes:
        """Cut texts inside the fields, harder each time, so that the line stays valid JSON with its ids.

        What was rendered is cut, not rendered again: no value of the caller's is looked at twice.
        """
        data = b""
        for limit in _CUTS:
            kept = {key: text if len(text) <= limit else _cut(text, limit) for key, text in parts.items()}
            head = f"{self._head(event, shorten(event.message, limit), context)}{owned}"
            if limit == _HARDEST:
                kept = self._fitting(kept, len(_safe(f"{head}{_truncated(size)}}}\n").encode()))
            data = _safe(f"{head}{self._joined(kept)}{_truncated(size)}}}\n").encode()
            if len(data) <= names.MAX_LINE_BYTES:
                break
        return data.replace(_truncated(size).encode(), _truncated(size - len(data)).encode(), 1)

    def _fitting(self, parts: dict[str, str], used: int) -> dict[str, str]:
        """Return the first parts for which there is room beside what is used; an exception goes first."""
        room = names.MAX_LINE_BYTES - used
        kept: dict[str, str] = {}
        for key, text in sorted(parts.items(), key=lambda item: item[0] not in _FAILURE):
            room -= len(_safe(self._joined({key: text})).encode())
            if room < 0:
                break
            kept[key] = text
        return kept


class _Bound(NamedTuple):
    """The rendering of what is bound to the context: the contract's values, the service's own, and both."""

    owned: str
    parts: dict[str, str]
    text: str
    taken: dict[str, object]
    found: Found


_NOTHING_BOUND: Final = _Bound("", {}, "", {}, {})


def _items_of(fields: Mapping[Any, object]) -> list[tuple[Any, object]]:
    # Only a dict says for certain how long it is.
    if type(fields) is dict and len(fields) <= _MAX_SEEN:
        return list(fields.items())
    return list(islice(fields.items(), _MAX_SEEN))


def _is_constant(value: object) -> bool:
    # Not by `in`: a class may compare as it likes.
    return any(type(value) is kind for kind in _CONSTANT)


def _tidy(message: str) -> str:
    """Take off what servers write for terminals: colours and a last newline."""
    return _COLOURS.sub("", message).rstrip("\n")


def _sum(found: Found, more: Found) -> Found:
    return {kind: found.get(kind, 0) + more.get(kind, 0) for kind in {**found, **more}}


def _second_text(second: int) -> str:
    if not 0 <= second < _MAX_SECOND:
        raise ValueError("outside of the years that a timestamp has room for")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _ids_text(span: SpanContext) -> str:
    return (
        f',"{names.LOG_TRACE_ID}":"{span.trace_id:032x}","{names.LOG_SPAN_ID}":"{span.span_id:016x}"'
        f',"{names.LOG_TRACE_FLAGS}":"{span.trace_flags:02x}"'
    )


def _cut_before(event: Event) -> int:
    """Return how many characters were left out of long texts before the line was measured."""
    fields = event.fields if type(event.fields) is dict else {}
    texts = [event.message, event.stack, *islice(fields.values(), _MAX_SEEN)]
    return sum(len(text) - MAX_TEXT for text in texts if type(text) is str and len(text) > MAX_TEXT)


def _cut(text: str, limit: int) -> str:
    """Shorten the JSON text of a value; what was no string becomes one."""
    return encode_basestring(shorten(json.loads(text) if text.startswith('"') else text, limit))


def _truncated(size: int) -> str:
    return f',"{names.LOG_TRUNCATED_BYTES}":{size}'


def _level_text(level: int) -> str:
    return f',"{names.LOG_LEVEL}":"{level_name(level)}","{names.LOG_MESSAGE}":'


def _value_text(value: object) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value if len(value) <= MAX_TEXT else shorten(value, MAX_TEXT))  # type: ignore[arg-type]
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is int and -_MAX_INT <= value < _MAX_INT:  # type: ignore[operator]
        return str(value)
    if kind is float and math.isfinite(value):  # type: ignore[arg-type]
        return repr(value)
    text = _ENCODE(plain(value))
    return text if len(text) <= MAX_TEXT else encode_basestring(shorten(text, MAX_TEXT))


def _safe(text: str) -> str:
    """Escape what JSON would let through raw; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if _FIRST_SURROGATE <= character <= _LAST_SURROGATE:
        return "\\ufffd"
    return f"\\u{ord(character):04x}"
