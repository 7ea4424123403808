"""What has to be in a file before it can matter: packages that it imports, bytes that stand in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from ameide_telemetry.lint.walk.tables import APPLICATIONS, CLIENTS, LOADERS, SERVERS, SERVING_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["AT_IMPORT", "STARTS", "Groups", "found_in", "grouped", "is_on_the_way"]

AT_IMPORT: Final = (
    *(b"\nlog.", b"\nlogger.", b"\nLOG", b"\n_log", b"\nlogging."),
    *(b"Thread(", b"Timer(", b"__import__"),
    *(b"sys.modules", b"sys.path", b"addsitedir", b"from sys import", b"meta_path", b"path_hooks"),
    *(each.encode() for each in sorted(SERVING_METHODS)),
)
"""Of what a walk looks for and no import of a package tells; statements at the margin run at import."""

STARTS: Final = re.compile(rb"subprocess|exec[vl]|spawn|os\.system|import system|popen")
"""What is in every file that starts another program."""

# What several needles have in them: where it is missing, none of those has to be looked for.
_STEMS: Final = (
    *(b"log", b"sys", b"__name__", b"import_", b"Config", b"andler", b"_application", b"_for", b"run_"),
    *(b"worker", b"path"),
)

Groups: TypeAlias = "tuple[tuple[bytes, tuple[bytes, ...]], ...]"
"""Needles, behind what all of a group have in them."""


def grouped(needles: Iterable[bytes]) -> Groups:
    """Return needles in groups, so that a file in which there are few is soon looked through."""
    groups: dict[bytes, list[bytes]] = {}
    for needle in dict.fromkeys(needles):
        groups.setdefault(next((stem for stem in _STEMS if stem in needle), needle), []).append(needle)
    return tuple((stem if len(some) > 1 else some[0], tuple(some)) for stem, some in groups.items())


def found_in(data: bytes, groups: Groups) -> Iterator[bytes]:
    """Yield the needles that are in the bytes of a file."""
    for stem, needles in groups:
        if stem in data:
            yield from needles if len(needles) == 1 else (each for each in needles if each in data)


_AT_IMPORT: Final = grouped(AT_IMPORT)

# Packages that half of all files import: one of these has to be there too.
_NAMES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "aiohttp": (b"ClientSession", b"run_app", b"Application"),
    "asyncio": (),
    "boto3": (),
    "builtins": (),
    "django": (b"get_asgi_application", b"get_wsgi_application", b"import_string"),
    "http": (),
    "httpx": (),
    "importlib": (b"import_module", b"find_spec"),
    "redis": (),
    "requests": (),
    "schedule": (),
    "socketserver": (),
    "sqlalchemy": (b"create_engine", b"create_async_engine"),
    "pkgutil": (b"resolve_name",),
    "pydoc": (b"locate",),
}
_PACKAGES: Final = frozenset(first for first, _ in (*APPLICATIONS, *CLIENTS, *LOADERS, *SERVERS))


def is_on_the_way(data: bytes, packages: Iterable[str], bootstrap: tuple[bytes, ...]) -> bool:
    """Return whether a walk that imports this file may find something in it.

    Args:
        data: bytes of the file.
        packages: outermost packages that it imports.
        bootstrap: last parts of the names of the functions that start telemetry.
    """
    if any(name in data for name in bootstrap) or any(found_in(data, _AT_IMPORT)):
        return True
    return any(
        package not in _NAMES or any(name in data for name in _NAMES[package])
        for package in _PACKAGES.intersection(packages)
    )
