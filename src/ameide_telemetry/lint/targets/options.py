"""Options of a command line, as argparse and click read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Options", "names", "read"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says.

    Attributes:
        words: what is no option, in order.
        values: option -> its values in order; a flag has an empty one each time.
        rest: what comes after the first word, where reading stops there.
    """

    words: tuple[str, ...] = ()
    values: dict[str, list[str]] = field(default_factory=dict)
    rest: tuple[str, ...] = ()

    def get(self, *names: str) -> str:
        """Return the last value of an option, empty if it was not given."""
        found = self.all(*names)
        return found[-1] if found else ""

    def all(self, *names: str) -> list[str]:
        """Return all values of an option that has several spellings."""
        return [value for name in names for value in self.values.get(name, ())]

    def has(self, *names: str) -> bool:
        """Return whether an option was given in any of its spellings."""
        return any(name in self.values for name in names)


def names(text: str) -> frozenset[str]:
    """Return the names of options that a text holds, with blanks between them."""
    return frozenset(text.split())


def read(
    args: Sequence[str],
    flags: Collection[str] = (),
    *,
    valued: Collection[str] | None = None,
    stop: bool = False,
) -> Options:
    """Return what a command line says.

    Args:
        args: without the program.
        flags: options that take no value.
        valued: options that take one; without it all that are no flags do.
        stop: whether the first word that is no option ends the options.
    """
    words: list[str] = []
    values: dict[str, list[str]] = {}
    position = 0
    while position < len(args):
        word = args[position]
        position += 1
        if word == "--":
            words += args[position:]
            position = len(args)
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            if stop:
                break
            continue
        is_whole = valued is not None and word in valued
        name, value, attached = (word, "", False) if is_whole else _split(word, flags)
        takes = name in valued if valued is not None else name not in flags
        if takes and not attached and position < len(args):
            value = args[position]
            position += 1
        values.setdefault(name, []).append(value)
    if stop:
        return Options(tuple(words[:1]), values, tuple(words[1:] or args[position:]))
    return Options(tuple(words), values)


def _split(word: str, flags: Collection[str]) -> tuple[str, str, bool]:
    """Return an option's name, its value, and whether the value is part of the word."""
    if word.startswith("--"):
        name, sign, value = word.partition("=")
        return name, value, bool(sign)
    # Flags of one letter may stand together, and the last letter may have a value: `-um module`.
    letters = word[1:]
    while len(letters) > 1 and f"-{letters[0]}" in flags:
        letters = letters[1:]
    value = letters[1:].removeprefix("=")
    return f"-{letters[0]}", value, len(letters) > 1
