"""Redacts one line or span: by the contract, by the name of a field, by how a value looks. Never raises.

The order is that of certainty. What the contract names is settled by it. What is called like a secret is
hidden whatever it is. All other text is searched for values that give themselves away.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.redaction.classes import HELD_BY_NUMBERS, marker
from ameide_telemetry.redaction.doubtful import DOUBTFUL, hide_in_doubtful_pairs, hides, sure
from ameide_telemetry.redaction.hiding import MARKER, hiding
from ameide_telemetry.redaction.kept import Keeper
from ameide_telemetry.redaction.keys import NameTable, words
from ameide_telemetry.redaction.named_values import hide_named_values, may_hold_named_values
from ameide_telemetry.redaction.pairs import hide_in_pairs, may_hold_pairs
from ameide_telemetry.redaction.patterns import hide_values, may_hold
from ameide_telemetry.redaction.policy import policy_of
from ameide_telemetry.redaction.sql import (
    hide_in_command,
    hide_in_errors,
    hide_in_statements,
    may_hold_statements,
)
from ameide_telemetry.redaction.urls import hide_in_urls, hide_query
from ameide_telemetry.redaction.validation import hide_in_validation, may_hold_validation, named_by_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.redaction.hiding import Found, Hide
    from ameide_telemetry.redaction.policy import RedactionPolicy
    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["Redactor", "redactor_of"]

_SITE: Final = guard.site("redaction.text")
_KEPT: Final = "kept"
_ID: Final = "an id"
# Brokers and workers write theirs like e-mail addresses.
_LIKE_ADDRESSES: Final = frozenset(
    {"messaging.message.id", "service.instance.id", "ameide.service.instance.id", "service_instance_id"}
)
_SEARCHED: Final = "searched"
_QUERY: Final = "a query"
_STATEMENT: Final = "a statement"
_PARAMETERS: Final = ("db.query.parameter.", "db.operation.parameter.")
_QUERIES: Final = frozenset({("url", "query"), ("query", "string"), ("querystring",), ("http", "query")})
_STATEMENTS: Final = frozenset({("db", "statement"), ("db", "query", "text"), ("sql",), ("statement",)})
# Beyond it a text is searched in its first and last part, which are all that a line has room for.
_MAX_TEXT: Final = 131_072
_HALF: Final = _MAX_TEXT // 2 - 64
# Words at the cut are left out: a part of a secret is one that nothing tells.
_LAST_WORD: Final = re.compile(r"[^\s]{1,512}\Z")
_FIRST_WORD: Final = re.compile(r"[^\s]{1,4096}")
_MORE_ROUNDS: Final = 2
_BESIDE: Final = re.compile(
    r"\](?:[\w+%.?\-]|:/)|[\w+%.\]]\[[a-z]|[?#][^\s=]{0,64}\[[a-z]|//[^\s\[/?#]{0,64}\[(?!redacted:cred)"
    r"|-[uU][\"'= ]{1,3}\S{0,64}\["
)
_LONGEST_CACHED: Final = 256
_MAX_ITEMS: Final = 1_000
_TWO: Final = 2
_LEAST_NUMBER: Final = 1_000
_NAMES: Final = ("name", "key")
_VALUES: Final = frozenset({"value", "values"})
_MAX_NAMES: Final = 4_096
_MAX_DEPTH: Final = 12
_TOO_DEEP: Final = "<too deep>"
_PLAIN: Final = frozenset({int, float, bool, type(None)})


class Redactor:
    """Takes what must not leave the process out of text and fields. Shared by all threads.

    Args:
        policy: what the settings add to the built-in classes, and take from them.
    """

    __slots__ = (
        *("_clean", "_keeper", "_kept", "_kinds", "_may_hold", "_patterns", "_pseudonyms", "_shown"),
        "_table",
    )

    def __init__(self, policy: RedactionPolicy) -> None:
        exact: dict[str, str | None] = dict.fromkeys(names.KEPT_NAMES)
        exact.update(names.PERSONAL_NAMES)
        exact.update(dict.fromkeys(policy.kept))
        self._kept = _LIKE_ADDRESSES.union(each.lower() for each in policy.kept)
        self._keeper = Keeper(policy.kept) if policy.kept else None
        self._table = NameTable(exact, policy.names)
        self._patterns = policy.patterns
        # What a deployment's own patterns look for is not known here.
        self._may_hold: Callable[[str], object] = bool if policy.patterns else self._may_hold_known
        self._pseudonyms = policy.pseudonyms
        self._shown = policy.shown
        self._kinds: dict[str, str] = {}
        # Names in which nothing was found, so that they are searched once.
        self._clean: set[str] = set()

    def text(self, text: str, found: Found) -> str:
        """Return text without what must not be shown.

        Args:
            text: any text; it is searched whatever it is called.
            found: where what was redacted is counted, by class.
        """
        if not self._may_hold(text):
            return text
        redacted = _SITE.call(self._searched, text, found)
        return marker("custom") if redacted is None else redacted

    def field(self, name: str, value: Any, found: Found) -> Any:
        """Return the value of a field, redacted by the name of the field and by what it holds.

        Args:
            name: as it stands on the line or span.
            value: plain data, as JSON has it.
            found: as above.
        """
        try:
            kind = self._kinds[name]
        except KeyError:
            kind = self._kind(name)
        if type(value) is str:
            if kind is _SEARCHED:
                return self.text(value, found) if self._may_hold(value) else value
            if kind is _ID:
                # Programs take the address of somebody for an id.
                return self.text(value, found) if "@" in value else value
            if kind is _KEPT:
                return value
        elif kind is _SEARCHED or kind is _ID or kind is _KEPT:
            if type(value) in _PLAIN:
                return value
            kind = _SEARCHED
        redacted = _SITE.call(self._field, kind, value, found, 0)
        return marker("custom") if redacted is None and value is not None else redacted

    def name(self, name: str, found: Found) -> str:
        """Return the name of a field; programs use addresses and tokens as keys too."""
        if name in self._clean:
            return name
        shown = self.text(name, found)
        if shown == name and len(self._clean) < _MAX_NAMES and len(name) <= _LONGEST_CACHED:
            self._clean.add(name)
        return shown

    def statement(self, text: str, found: Found) -> str:
        """Return an SQL statement without literals."""
        redacted = _SITE.call(self._without_literals, text, found)
        return marker("literal") if redacted is None else redacted

    def query(self, text: str, found: Found) -> str:
        """Return the query of a URL with all values hidden."""
        redacted = _SITE.call(self._without_values, text, found)
        return marker("query") if redacted is None else redacted

    def _may_hold_known(self, text: str) -> bool:
        if may_hold(text):
            return True
        if (":" in text or "=" in text) and may_hold_pairs(text, self._telling):
            return True
        # All else that is found has quotes, or lines; single quotes are looked for above.
        if '"' in text:
            return may_hold_named_values(text) or may_hold_validation(text) or may_hold_statements(text)
        return "\n" in text and may_hold_validation(text)

    def _searched(self, text: str, found: Found) -> str:
        if len(text) > _MAX_TEXT:
            return self._ends(text, found)
        hide = self._hide(found)
        if self._keeper is not None:
            text, kept = self._keeper.take(text)
            return self._keeper.put(self._repeated(text, hide), kept)
        return self._repeated(text, hide)

    def _repeated(self, text: str, hide: Hide) -> str:
        shown = self._once(text, hide)
        # What stands beside a value or around it may be told only when that is gone.
        for _ in range(_MORE_ROUNDS):
            if shown == text or _BESIDE.search(shown) is None:
                break
            text, shown = shown, self._once(shown, hide)
        return shown

    def _once(self, text: str, hide: Hide) -> str:
        text = hide_in_errors(text, hide)
        text = hide_in_statements(text, hide)
        text = hide_in_urls(text, hide, self._class_of)
        if may_hold_named_values(text):
            text = hide_named_values(text, hide, self._class_of)
        if may_hold_validation(text):
            text = hide_in_validation(text, hide, self._class_of)
        if _escaped(text) or may_hold_pairs(text, self._suspected):
            text = hide_in_pairs(text, hide, self._class_of)
            text = hide_in_doubtful_pairs(text, hide, self._suspected)
        text = hide_values(text, hide)
        for kind, pattern in self._patterns:
            text = pattern.sub(lambda each, kind=kind: hide(kind, each[0]) if each[0] else "", text)  # type: ignore[misc]
        return text

    def _ends(self, text: str, found: Found) -> str:
        """Return the first and the last part of a text that is too long to be searched."""
        first = text[: _last_word(text)]
        last = text[_first_word(text) :]
        left_out = f"<{len(text) - len(first) - len(last)} characters left out>"
        return f"{self._searched(first, found)}\n{left_out}\n{self._searched(last, found)}"

    def _without_literals(self, text: str, found: Found) -> str:
        return self.text(hide_in_command(text[:_MAX_TEXT], self._hide(found)), found)

    def _without_values(self, text: str, found: Found) -> str:
        text, hide = text[:_MAX_TEXT], self._hide(found)
        if self._keeper is None:
            return hide_query(text, hide, self._class_of)
        text, kept = self._keeper.take(text)
        return self._keeper.put(hide_query(text, hide, self._class_of), kept)

    def _hide(self, found: Found) -> Hide:
        hide = hiding(found, self._pseudonyms)
        if not self._shown:
            return hide
        shown = self._shown
        return lambda kind, value: value if kind in shown else hide(kind, value)

    def _class_of(self, name: str) -> str | None:
        kind = self._kinds.get(name) or self._kind(name)
        return kind if kind not in _NO_CLASSES else None

    def _suspected(self, name: str) -> str | None:
        """Return the class that a name has, or may have."""
        kind = self._kinds.get(name) or self._kind(name)
        return kind if kind not in _SETTLED else None

    def _telling(self, name: str) -> str | None:
        """Return what a name says about its value: the class that it may have, or that it is a query."""
        kind = self._kinds.get(name) or self._kind(name)
        return kind if kind is _QUERY or kind not in _SETTLED else None

    def _kind(self, name: str) -> str:
        kind = _SITE.call(self._judged, name) or _SEARCHED
        if len(self._kinds) < _MAX_NAMES and len(name) <= _LONGEST_CACHED:
            self._kinds[name] = kind
        return kind

    def _judged(self, name: str) -> str:
        if "[" in name and MARKER.search(name) is not None:
            # What was hidden in it stood there for a value.
            return _SEARCHED
        kind = self._table.kind_of(name)
        if kind is not None:
            return kind
        if self._table.knows(name):
            return _KEPT if name.lower() in self._kept else _ID
        if name.startswith(_PARAMETERS):
            return "literal"
        ending = words(name)
        if ending[-2:] in _QUERIES or ending[-1:] in _QUERIES:
            return _QUERY
        return _STATEMENT if ending in _STATEMENTS or ending[-3:] in _STATEMENTS else _SEARCHED

    def _field(self, kind: str, value: Any, found: Found, depth: int) -> Any:
        if value is None or type(value) is bool or value == "":
            return value
        if kind in _NO_CLASSES:
            return self._inside(kind, value, found, depth)
        if isinstance(value, int | float):
            return self._hide(found)(kind, repr(value)) if _tells(kind, value) else value
        if isinstance(value, list | tuple) and depth < _MAX_DEPTH:
            return self._each(kind, value[:_MAX_ITEMS], found, depth + 1)
        text = str(value) if isinstance(value, str) else repr(value)
        # What stands there may have several parts; all of it is of that class.
        return value if value == {} or MARKER.fullmatch(text) is not None else self._hide(found)(kind, text)

    def _each(self, kind: str, items: Any, found: Found, depth: int) -> Any:
        """Hide a list item by item; of numbers all or none, for an attribute has values of one type."""
        tells = _TELLS.get(kind, _tells)
        if any(_is_number(item) and tells(kind, item) for item in items):
            items = _like(items, [str(item) if _is_number(item) else item for item in items])
        if kind in _NO_CLASSES:
            return _like(items, self._items(kind, items, found, depth))
        return _like(items, [self._field(kind, item, found, depth) for item in items])

    def _inside(self, kind: str, value: Any, found: Found, depth: int) -> Any:
        if isinstance(value, dict | list | tuple):
            return _TOO_DEEP if depth >= _MAX_DEPTH else self._nested(kind, value, found, depth + 1)
        if kind in DOUBTFUL and isinstance(value, str | int | float) and hides(kind, value):
            return self._hide(found)(sure(kind), str(value))
        if isinstance(value, str):
            return _TEXTS[kind](self, str(value), found)
        if isinstance(value, bytes):
            return _TEXTS[kind](self, value.decode("utf-8", "backslashreplace"), found)
        return value

    def _nested(self, kind: str, value: Any, found: Found, depth: int) -> Any:
        if not isinstance(value, dict):
            return self._each(kind, value[:_MAX_ITEMS], found, depth)
        named, keys = self._kind_of_named(value)
        return {
            self.text(key, found) if isinstance(key, str) else key: self._field(named, item, found, depth)
            if named and key in keys
            else self._member(str(key), item, found, depth)
            for key, item in islice(value.items(), _MAX_ITEMS)
        }

    def _items(self, kind: str, items: Any, found: Found, depth: int) -> list[Any]:
        """Redact a list; headers are pairs of a name and a value, and commands have options before values."""
        shown: list[Any] = []
        option: str | None = None
        for item in items:
            named = self._suspected(item[0]) if _is_pair(item) else None
            if named is None:
                shown.append(self._field(option or kind, item, found, depth))
            else:
                name, value = item
                shown.append(_like(item, [self.text(name, found), self._field(named, value, found, depth)]))
            option = self._suspected(item.lstrip("-")) if isinstance(item, str) and item[:1] == "-" else None
        return shown

    def _kind_of_named(self, value: Mapping[Any, Any]) -> tuple[str | None, frozenset[str]]:
        """Return the class of what an object holds apart from its name, and the keys that it stands under."""
        found = named_by_place(value, self._suspected)
        if found is not None:
            return found
        name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
        return (None if name is None else self._suspected(name)), _VALUES

    def _member(self, name: str, value: Any, found: Found, depth: int) -> Any:
        kind = self._kinds.get(name) or self._kind(name)
        # Only at the top are such names the contract's.
        return self._field(_SEARCHED if kind in _SHOWN else kind, value, found, depth)


def _like(items: object, shown: list[Any]) -> list[Any] | tuple[Any, ...]:
    """Return the items as a tuple where they were one; a tuple with names takes them one by one only."""
    return tuple(shown) if isinstance(items, tuple) else shown


def _is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _tells(kind: str, number: float) -> bool:
    """Tell whether a number under a name is the value itself, and not how many or which one of a few."""
    if kind == "password" or (kind == "location" and isinstance(number, float)):
        return True
    return kind in HELD_BY_NUMBERS and abs(number) >= _LEAST_NUMBER


def _is_pair(item: object) -> bool:
    return isinstance(item, list | tuple) and len(item) == _TWO and isinstance(item[0], str)


def _escaped(text: str) -> bool:
    """Tell whether names and values may be parted by more than `=` and `:`."""
    return "%" in text or "&" in text or "\\" in text or "<" in text or "--" in text or "', " in text


_SHOWN: Final = frozenset({_KEPT, _ID, _SEARCHED})
_SETTLED: Final = frozenset({_KEPT, _ID, _SEARCHED, _QUERY, _STATEMENT})
_NO_CLASSES: Final = _SETTLED | DOUBTFUL
_TELLS: Final[Mapping[str, Callable[[str, float], bool]]] = {
    **dict.fromkeys(_SETTLED, lambda *_: False),
    **dict.fromkeys(DOUBTFUL, hides),
}
_TEXTS: Final[Mapping[str, Callable[[Redactor, str, Found], str]]] = {
    **dict.fromkeys((_SEARCHED, *DOUBTFUL), Redactor.text),
    _QUERY: Redactor.query,
    _STATEMENT: Redactor.statement,
}


def _last_word(text: str) -> int:
    word = _LAST_WORD.search(text, _HALF - 512, _HALF)
    return _HALF if word is None else word.start()


def _first_word(text: str) -> int:
    begin = len(text) - _HALF
    word = _FIRST_WORD.match(text, begin)
    return begin if word is None else word.end()


@lru_cache(maxsize=8)
def redactor_of(settings: TelemetrySettings) -> Redactor:
    """Return the redactor of these settings, the same for all rooms."""
    return Redactor(policy_of(settings))
