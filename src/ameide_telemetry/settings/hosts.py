"""The form of a list of hosts: names, suffixes of names, addresses, networks, and two words for many."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from ameide_telemetry.settings.forms import RefusedError, names, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HOSTS"]

_WORDS: Final = frozenset({"internal", "*"})
_NONE: Final = "none"
_LONGEST: Final = 253
# Underscores are in no name of the public tree, and in many of compose files.
_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORT: Final = re.compile(r"[^:]+:[0-9]*")

# What people write instead, each with the edit; the first that fits is said.
_MISTAKES: Final[tuple[tuple[Callable[[str], object], str], ...]] = (
    (_NONE.__eq__, "`none` stands alone, for no host at all"),
    (lambda entry: "://" in entry or "@" in entry, "it is a URL; write the host alone"),
    (lambda entry: entry.startswith("*."), "write `.example.com` for the names below example.com"),
    (lambda entry: "*" in entry, "`*` stands alone, for every host; a suffix is written `.example.com`"),
    (_PORT.fullmatch, "it has a port; write the host alone"),
    (lambda entry: any(letter.isspace() for letter in entry), "entries are parted by commas"),
    (lambda entry: not entry.isascii(), "write the name as DNS has it, `xn--...`"),
)


def _check(parts: tuple[str, ...]) -> tuple[str, ...]:
    if [part.lower() for part in parts] == [_NONE]:
        return ()
    kept: list[str] = []
    refused: list[str] = []
    for index, part in enumerate(parts, 1):
        try:
            kept.append(_host(part.lower()))
        except ValueError as error:
            refused.append(f"entry {index}, {shown(part)}, is not accepted: {error}")
    if refused:
        raise RefusedError(kept=tuple(dict.fromkeys(kept)) or None, entries=tuple(refused))
    return tuple(dict.fromkeys(kept))


def _host(entry: str) -> str:
    """Return one entry in the one spelling that is compared later.

    Raises:
        ValueError: it is none; the text says why.
    """
    if entry in _WORDS:
        return entry
    for applies, cure in _MISTAKES:
        if applies(entry):
            raise ValueError(cure)
    if "/" in entry:
        return _network(entry)
    bare = entry.removeprefix("[").removesuffix("]")
    if ":" in bare or _ENDS_IN_NUMBER.fullmatch(bare.removesuffix(".")):
        return _address(bare)
    suffix = entry.startswith(".")
    name = entry.removeprefix(".").removesuffix(".")
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise ValueError("it is neither a name nor an address")
    return f".{name}" if suffix else name


def _network(entry: str) -> str:
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        raise ValueError("it is no network such as 10.0.0.0/8; write the host without a path") from None
    if ip_address(entry.partition("/")[0]) != network.network_address:
        raise ValueError(f"it is an address within a network; write {network} for all of it")
    return str(network)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("it is no IP address") from None


HOSTS: Final = names(
    "internal, *, none, names, IP addresses, suffixes such as .example.com, networks such as 10.0.0.0/8",
    _check,
)
