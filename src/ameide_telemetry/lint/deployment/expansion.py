"""Shell words: quotes taken off, variables put in, as POSIX sh and bash do it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ameide_telemetry.lint.deployment.scan import after_dollar, after_double, after_single

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GUESS", "UNKNOWN", "Scope", "Value", "certain", "expand", "joined", "plain"]

UNKNOWN: Final = "\ue000"
"""Stands for the `$` of a variable that nobody gives a value; a private character, so never in a file."""
GUESS: Final = "\ue001"
"""Stands behind a value that is a default which a deployment may override."""

Value = str | tuple[str, ...]

_BRACED: Final = re.compile(
    r"(?P<mark>[#!]?)(?P<name>[A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[(?P<index>[^\]]*)\])?(?P<rest>.*)", re.DOTALL
)
_DEFAULT: Final = re.compile(r"(:?)([-=+?])(.*)", re.DOTALL)
_SLICE: Final = re.compile(r":\s*(\d+)(?::(\d+))?")
_PLAIN: Final = re.compile(r"[^'\"\\$`]+")
_MAX_DEPTH: Final = 20
_MAX_LENGTH: Final = 64 * 1024


class Scope(Protocol):
    """What a word is expanded with."""

    @property
    def guess(self) -> bool:
        """Whether defaults are marked as guesses."""

    def value(self, name: str) -> Value | None:
        """Return the value of a variable; None if nobody gives it one."""

    def assign(self, name: str, value: str) -> None:
        """Give a variable a value, for `${NAME:=value}`."""

    def output(self, command: str) -> str | None:
        """Return what a command prints, where that is known."""


class _Piece(NamedTuple):
    values: tuple[str, ...]
    split: bool


def plain(text: str) -> str:
    """Return an expanded word as people read it: `$NAME` where no value is known."""
    return text.replace(UNKNOWN, "$").replace(GUESS, "")


def certain(text: str) -> bool:
    """Return whether an expanded word has that value wherever it is deployed."""
    return UNKNOWN not in text and GUESS not in text


def joined(raw: str, scope: Scope) -> str:
    """Return what a word stands for where it is not split into fields, as in an assignment."""
    return " ".join(_pieces(raw, scope, quoted=True, depth=0))


def expand(raw: str, scope: Scope) -> list[str]:
    """Return the fields that a word stands for: none, one or several."""
    return _pieces(raw, scope, quoted=False, depth=0)


class _Fields:
    """Collects fields: text joins the last one, blanks of unquoted values begin another."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.open: list[str] = []
        self.there = False
        self.length = 0

    def add(self, text: str) -> None:
        self.length += len(text)
        if self.length <= _MAX_LENGTH:
            self.open.append(text)
        self.there = True

    def close(self) -> None:
        text = "".join(self.open)
        if self.there:
            self.done.append(text)
        self.open, self.there = [], False

    def piece(self, piece: _Piece) -> None:
        for number, value in enumerate(piece.values):
            if number:
                self.close()
            if piece.split:
                self._split(value)
            else:
                self.add(value)

    def _split(self, value: str) -> None:
        if not value.strip(" \t\n" + GUESS):
            return
        if value[0].isspace():
            self.close()
        for number, text in enumerate(value.split()):
            if number:
                self.close()
            self.add(text)
        if value[-1].isspace():
            self.close()


def _pieces(raw: str, scope: Scope, *, quoted: bool, depth: int) -> list[str]:
    """Expand one word; `quoted` keeps values whole, quotes are taken off all the same."""
    fields = _Fields()
    at = 0
    while at < len(raw):
        at = _step(raw, at, fields, scope, (quoted, depth))
    fields.close()
    return fields.done or ([""] if quoted else [])


def _step(raw: str, at: int, fields: _Fields, scope: Scope, how: tuple[bool, int]) -> int:
    match raw[at]:
        case "'":
            end = after_single(raw, at)
            fields.add(raw[at + 1 : end - 1])
        case '"':
            end = after_double(raw, at)
            _inside(raw[at + 1 : end - 1], fields, scope, how[1])
        case "\\":
            end = at + 2
            fields.add("" if raw[at + 1 : end] == "\n" else raw[at + 1 : end])
        case "$" | "`":
            end, piece = _dollar(raw, at, scope, how[1])
            fields.piece(piece._replace(split=not how[0] and piece.split))
        case _:
            plain_run = _PLAIN.match(raw, at)
            end = plain_run.end() if plain_run else at + 1
            fields.add(raw[at:end])
    return end


def _inside(text: str, fields: _Fields, scope: Scope, depth: int) -> None:
    """Expand what stands between double quotes: `""` is an empty field, `"$@"` without arguments is none."""
    at = 0
    if not text:
        fields.add("")
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\", "$", "`", "\n"}:
            fields.add("" if text[at + 1] == "\n" else text[at + 1])
            at += 2
        elif text[at] in "$`":
            at, piece = _dollar(text, at, scope, depth)
            fields.piece(piece._replace(split=False))
        else:
            run = re.compile(r"[^\\$`]+").match(text, at)
            end = run.end() if run else at + 1
            fields.add(text[at:end])
            at = end


def _dollar(raw: str, at: int, scope: Scope, depth: int) -> tuple[int, _Piece]:
    end = after_dollar(raw, at)
    text = raw[at:end]
    if text == "$":
        return end, _Piece(("$",), split=False)
    if text.startswith(("$'", '$"')):
        return end, _Piece((text[2:-1],), split=False)
    if text.startswith("$((") or depth > _MAX_DEPTH:
        return end, _unknown(text[1:])
    if text.startswith(("$(", "`")):
        output = scope.output(text[2:-1] if text[0] == "$" else text[1:-1])
        return end, _unknown(text.removeprefix("$")) if output is None else _Piece((output,), split=True)
    if text.startswith("${"):
        return end, _braced(text[2:-1], scope, depth)
    return end, _named(text[1:], scope)


def _unknown(text: str) -> _Piece:
    return _Piece((UNKNOWN + text,), split=False)


def _named(name: str, scope: Scope) -> _Piece:
    value = scope.value(name)
    if value is None:
        return _unknown(name)
    if isinstance(value, str):
        return _Piece((value,), split=True)
    if name == "@":
        return _Piece(value, split=False)
    return _Piece((" ".join(value),) if name == "*" else value[:1], split=name == "*")


def _braced(text: str, scope: Scope, depth: int) -> _Piece:
    found = _BRACED.fullmatch(text)
    if found is None or found["mark"] == "!":
        return _unknown("{" + text + "}")
    name, rest = found["name"], found["rest"]
    value = _indexed(name, found["index"], scope)
    if found["mark"] == "#":
        return _unknown("{" + text + "}") if value is None else _Piece((str(len(value)),), split=False)
    if isinstance(value, tuple):
        return _list(value, found["index"] or name, rest)
    default = _DEFAULT.fullmatch(rest)
    if default:
        return _default(name, value, default, scope, depth)
    if value is None:
        return _unknown("{" + text + "}" if rest else name)
    return _Piece((_edited(value, rest, scope),), split=True)


def _indexed(name: str, index: str | None, scope: Scope) -> Value | None:
    """Return the value of a variable, or of the item of it that has a name."""
    if index and index not in {"@", "*"} and not index.isdecimal():
        item = scope.value(f"{name}[{joined(index, scope)}]")
        return item if item is not None or not isinstance(scope.value(name), tuple) else None
    return scope.value(name)


def _list(value: tuple[str, ...], index: str, rest: str) -> _Piece:
    """Return `${LIST[@]}`, `${LIST[1]}`, `${@:2}`."""
    if index.isdigit():
        return _Piece(value[int(index[:4]) : int(index[:4]) + 1], split=False)
    cut = _SLICE.fullmatch(rest)
    if cut:
        first = max(0, int(cut[1][:4]) - (index == "@"))
        value = value[first : first + int(cut[2][:4]) if cut[2] else None]
    if rest.startswith(":+"):
        return _Piece(value, split=False)
    return _Piece((" ".join(value),) if index == "*" else value, split=index == "*")


def _default(name: str, value: str | None, found: re.Match[str], scope: Scope, depth: int) -> _Piece:
    colon, sign, word = found.groups()
    missing = value is None or (bool(colon) and not value.strip(GUESS))
    if sign == "+":
        return _Piece(
            () if missing else tuple(_pieces(word, scope, quoted=True, depth=depth + 1)), split=True
        )
    if not missing:
        return _Piece((value or "",), split=True)
    if sign == "?":
        return _unknown(name)
    text = " ".join(_pieces(word, scope, quoted=True, depth=depth + 1))
    text += GUESS if scope.guess else ""
    if sign == "=":
        scope.assign(name, text)
    return _Piece((text,), split=True)


def _edited(value: str, rest: str, scope: Scope) -> str:
    """Return a value after `%`, `#`, `/`, `^^`, `,,` and `:n:m`; as it is after anything else."""
    if not rest:
        return value
    cut = _SLICE.fullmatch(rest)
    if cut:
        first = int(cut[1][:6])
        return value[first : first + int(cut[2][:6]) if cut[2] else None]
    for sign, edit in _EDITS:
        if rest.startswith(sign):
            return edit(value[:4096], joined(rest[len(sign) :], scope))
    return value


def _without_begin(value: str, pattern: str, *, longest: bool) -> str:
    ends = range(len(value), -1, -1) if longest else range(len(value) + 1)
    return next((value[end:] for end in ends if fnmatchcase(value[:end], pattern)), value)


def _without_end(value: str, pattern: str, *, longest: bool) -> str:
    begins = range(len(value) + 1) if longest else range(len(value), -1, -1)
    return next((value[:begin] for begin in begins if fnmatchcase(value[begin:], pattern)), value)


def _replaced(value: str, pattern: str, count: int) -> str:
    old, _, new = pattern.partition("/")
    return value.replace(old, new, count) if old else value


_EDITS: Final[tuple[tuple[str, Callable[[str, str], str]], ...]] = (
    ("%%", lambda value, pattern: _without_end(value, pattern[:256], longest=True)),
    ("%", lambda value, pattern: _without_end(value, pattern[:256], longest=False)),
    ("##", lambda value, pattern: _without_begin(value, pattern[:256], longest=True)),
    ("#", lambda value, pattern: _without_begin(value, pattern[:256], longest=False)),
    ("//", lambda value, pattern: _replaced(value, pattern, -1)),
    ("/", lambda value, pattern: _replaced(value, pattern, 1)),
    ("^^", lambda value, _: value.upper()),
    (",,", lambda value, _: value.lower()),
    ("^", lambda value, _: value[:1].upper() + value[1:]),
    (",", lambda value, _: value[:1].lower() + value[1:]),
)
