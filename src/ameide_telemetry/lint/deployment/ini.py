"""Files of sections and `key = value` lines, as supervisord and systemd write them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Entry", "entries"]

_SECTION: Final = re.compile(r"\[([^\]]+)\]")
_COMMENT: Final = re.compile(r"\s;.*")
_MOST: Final = 50_000


class Entry(NamedTuple):
    """One setting; a section without settings has an entry without a key."""

    section: str
    key: str
    value: str
    line: int


def entries(text: str, *, folded: bool) -> list[Entry]:
    """Return the settings of a file in order.

    Args:
        text: of the file.
        folded: whether a value goes on in lines that begin with blanks, as `configparser` has it; otherwise a
            backslash at the end of the line says so, as systemd has it.
    """
    found: list[Entry] = []
    section = ""
    goes_on = False
    for number, line in enumerate(text.split("\n")[:_MOST], 1):
        stripped = (_COMMENT.sub("", line) if folded else line).strip()
        if stripped.startswith(("#", ";")) or not stripped:
            continue
        if goes_on or (folded and line[0].isspace() and found and found[-1].key):
            last = found.pop()
            joined = f"{last.value.removesuffix(chr(92)).rstrip()} {stripped}"
            found.append(last._replace(value=joined))
        elif head := _SECTION.match(stripped):
            section = head[1].strip()
            found.append(Entry(section, "", "", number))
        else:
            key, sign, value = stripped.partition("=")
            if folded and ":" in key and (not sign or key.index(":") < len(key)):
                key, sign, value = stripped.partition(":")
            found.append(Entry(section, key.strip(), value.strip(), number))
        goes_on = not folded and stripped.endswith("\\")
    return found
