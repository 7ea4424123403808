"""Forms of what a deployment says about redaction: names, patterns, classes, the key of pseudonyms.

A wrong entry is off, and the others hold. An entry that is not even split where it should be is told by its
number alone: it may have been meant for another variable, and be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES, SECRET_CLASSES
from ameide_telemetry.nearness import nearest
from ameide_telemetry.settings.forms import Form, RefusedError, names, shown, split
from ameide_telemetry.settings.linear import checked
from ameide_telemetry.settings.secrets import PseudonymKey, concealed_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "ALL_CLASSES",
    "KEPT",
    "LEAST_SECRET",
    "PSEUDONYM_CLASSES",
    "PSEUDONYM_KEY",
    "REDACT_NAMES",
    "REDACT_PATTERNS",
    "key_of",
    "read_key",
]

KEPT: Final = "none"
"""Stands in the place of a class: what has this name is never redacted."""

LEAST_SECRET: Final = 16
"""Bytes that the secret of a key has at least."""

_ALL: Final = {**SECRET_CLASSES, **PERSONAL_CLASSES}
_NO_CLASSES: Final[Mapping[str, str]] = {}
_WITH_NONE: Final = {**_ALL, KEPT: ""}
_NAME: Final = re.compile(r"[A-Za-z0-9_.\- /]{1,128}")
_LETTER: Final = re.compile(r"[A-Za-z]")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
_WORD: Final = re.compile(r"[A-Za-z_ -]{1,24}")
_MOST_PATTERNS: Final = 64
_SHOWN_PATTERN: Final = 200
_ALONE: Final = "aAzZ059 -_.,:;=/\\'\"()[]{}"
_ORDINARY: Final = "order 4711 of 3 items was placed by worker-7 in 12.5 ms, next try at 09:30"
_LONGEST_FILE: Final = 4_096
_LONGEST_SECRET: Final = 1_024

_Pairs = tuple[tuple[str, str], ...]


def _listed(part: Callable[[str], Iterable[str]]) -> Callable[[str], object]:
    """Return what reads entries with one `=` each; one without it becomes a pair that is refused."""

    def read(text: str) -> object:
        entries = [entry.strip() for entry in part(text) if entry.strip()]
        pairs = [entry.partition("=") if "=" in entry else ("", "", "") for entry in entries]
        return tuple((left.strip(), right.strip()) for left, _, right in pairs)

    return read


def _pairs(value: object) -> list[tuple[object, object]]:
    if isinstance(value, dict):
        return list(value.items())
    if not isinstance(value, list | tuple):
        raise RefusedError
    return [tuple(pair) if isinstance(pair, list | tuple) and len(pair) == 2 else ("", "") for pair in value]  # noqa: PLR2004


def _texts(left: object, right: object, index: int, most: int) -> tuple[str, str]:
    if index > most:
        raise ValueError(f"is beyond the {most} that are possible")
    if not (isinstance(left, str) and isinstance(right, str) and left.strip() and right):
        raise ValueError("is no pair of texts with `=` between them")
    return left.strip(), right


def _entries(
    check: Callable[[str, str], tuple[str, str]], *, most: int = 1_000
) -> Callable[[object], _Pairs]:
    """Return what checks pairs one by one and keeps the good ones."""

    def take(value: object) -> _Pairs:
        kept: dict[tuple[str, str], None] = {}
        refused: list[str] = []
        for index, (left, right) in enumerate(_pairs(value), 1):
            try:
                kept[check(*_texts(left, right, index, most))] = None
            except ValueError as error:
                refused.append(f"entry {index} {error}")
        if refused:
            raise RefusedError(kept=tuple(kept) or None, entries=tuple(refused))
        return tuple(kept)

    return take


def _class(text: str, known: Mapping[str, str], refused: Mapping[str, str] = _NO_CLASSES) -> str:
    """Return a class in the contract's spelling.

    Raises:
        ValueError: there is no such class.
    """
    name = text.strip().lower()
    if name in known:
        return name
    if name in refused:
        raise ValueError(f"names {name}, a class of secrets, which get no pseudonym")
    said = (
        f"names the class {shown(text)}, which does" if _WORD.fullmatch(text) else "names a class that does"
    )
    # Never proposed is that nothing be redacted.
    near = nearest(name, known.keys() - {KEPT}) if _WORD.fullmatch(text) else ""
    raise ValueError(f"{said} not exist{f'; did you mean {near}?' if near else ''}")


def _words(known: Iterable[str]) -> str:
    return ", ".join(known)


def _name_entry(name: str, kind: str) -> tuple[str, str]:
    if not _NAME.fullmatch(name) or not _LETTER.search(name):
        raise ValueError(f"has the name {shown(name)}, which is none: letters, digits and `_ . - /`")
    try:
        return name, _class(kind, _WITH_NONE)
    except ValueError as error:
        raise ValueError(f"for {shown(name)} {error}") from None


def _pattern_entry(kind: str, pattern: str) -> tuple[str, str]:
    found = _class(kind, _ALL)
    try:
        _narrow(checked(pattern))
    except ValueError as error:
        said = repr(concealed_pattern(pattern[:_SHOWN_PATTERN]))
        more = "..." if len(pattern) > _SHOWN_PATTERN else ""
        raise ValueError(f"for {found}, {said}{more}, is not accepted: {error}") from None
    return found, pattern


def _narrow(pattern: re.Pattern[str]) -> None:
    """Refuse a pattern that fits nearly all text: the lines would say nothing any more.

    Raises:
        ValueError: the text says what it fits.
    """
    alone = next((letter for letter in _ALONE if pattern.fullmatch(letter)), "")
    if alone:
        raise ValueError(
            f"it fits a single {alone!r}, and so a part of nearly every line; ask for more, as in {{4,64}}"
        )
    fitted = sum(len(found[0]) for found in pattern.finditer(_ORDINARY))
    if 2 * fitted >= len(_ORDINARY):
        raise ValueError("it fits most of any ordinary line; add what only such values have")


_take_pairs: Final = _entries(_name_entry)


def _take_names(value: object) -> _Pairs:
    """Check the pairs; a name has one class."""
    refused: tuple[str, ...] = ()
    try:
        pairs = _take_pairs(value)
    except RefusedError as error:
        if not error.entries:
            raise
        pairs, refused = _kept(error.kept), error.entries
    classes: dict[str, str] = {}
    for name, kind in pairs:
        if classes.setdefault(name.lower(), kind) != kind:
            refused = (
                *refused,
                f"{shown(name)} has two classes, {classes[name.lower()]} and {kind}; write one",
            )
    kept = tuple((name, kind) for name, kind in pairs if classes[name.lower()] == kind)
    if refused:
        raise RefusedError(kept=kept or None, entries=refused)
    return kept


def _kept(kept: object) -> _Pairs:
    return kept if isinstance(kept, tuple) else ()


def _classes(known: Mapping[str, str], others: Mapping[str, str]) -> Form:
    def check(parts: tuple[str, ...]) -> tuple[str, ...]:
        kept, refused = [], []
        for index, part in enumerate(parts, 1):
            try:
                kept.append(_class(part, known, others))
            except ValueError as error:
                refused.append(f"entry {index} {error}")
        if refused:
            raise RefusedError(kept=tuple(dict.fromkeys(kept)) or None, entries=tuple(refused))
        return tuple(dict.fromkeys(kept))

    return names(f"classes: {_words(known)}", check)


def key_of(text: str) -> PseudonymKey:
    """Return the key that a text of the form `key-id:secret` holds.

    Raises:
        RefusedError: it holds none; the reason shows nothing of it.
    """
    if not text.strip():
        raise RefusedError("it is empty")
    key_id, colon, secret = text.strip().partition(":")
    if not colon:
        raise RefusedError("it has no `:` between the id of the key and the secret")
    try:
        return _whole(PseudonymKey(key_id, secret.encode()))
    except UnicodeEncodeError:
        raise RefusedError("the secret is no text in UTF-8") from None


def _whole(key: PseudonymKey) -> PseudonymKey:
    if type(key.key_id) is not str or not _KEY_ID.fullmatch(key.key_id):
        raise RefusedError("the id of the key is not 1 to 16 letters, digits, `_` or `-`")
    if type(key.secret) is not bytes or not LEAST_SECRET <= len(key.secret.strip()) <= _LONGEST_SECRET:
        raise RefusedError(f"the secret has less than {LEAST_SECRET} bytes or more than {_LONGEST_SECRET}")
    return key


def read_key(path: str) -> PseudonymKey:
    """Return the key in a file.

    Raises:
        RefusedError: the file cannot be read or holds none.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 pathlib costs start-up time
            data = file.read(_LONGEST_FILE + 1)
        return key_of(data.decode())
    except UnicodeDecodeError:
        raise RefusedError("the file is no text in UTF-8") from None
    except (OSError, ValueError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError("the file cannot be read") from None


def _take_key(value: object) -> PseudonymKey:
    if isinstance(value, PseudonymKey):
        return _whole(value)
    if not isinstance(value, str):
        raise RefusedError
    return key_of(value)


def _hidden(_: object) -> str:
    return "the value"


REDACT_NAMES: Final = Form(
    f"name=class,name2=class2; a mapping as an argument; classes: {_words(_WITH_NONE)}",
    _listed(split),
    _take_names,
    _hidden,
)
REDACT_PATTERNS: Final = Form(
    f"class=pattern, one per line; a mapping or pairs as an argument; classes: {_words(_ALL)}",
    _listed(str.splitlines),
    _entries(_pattern_entry, most=_MOST_PATTERNS),
    _hidden,
)
ALL_CLASSES: Final = _classes(_ALL, _NO_CLASSES)
PSEUDONYM_CLASSES: Final = _classes(PERSONAL_CLASSES, SECRET_CLASSES)
PSEUDONYM_KEY: Final = Form(
    f"key-id:secret, with 1 to 16 letters, digits, `_` or `-`, and at least {LEAST_SECRET} bytes",
    str,
    _take_key,
    _hidden,
)
