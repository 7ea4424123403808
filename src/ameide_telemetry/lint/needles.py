"""What has to be in a file before it can matter: packages that it imports, bytes that stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.tables import APPLICATIONS, CLIENTS, LOADERS, SERVERS, SERVING_METHODS

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["AT_IMPORT", "is_on_the_way"]

AT_IMPORT: Final = (
    *(b"\nlog.", b"\nlogger.", b"\nLOG", b"\n_log", b"\nlogging."),
    *(b"Thread(", b"Timer(", b"__import__"),
    *(each.encode() for each in sorted(SERVING_METHODS)),
)
"""Of what a walk looks for and no import of a package tells; statements at the margin run at import."""

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


def is_on_the_way(data: bytes, packages: Container[str], bootstrap: tuple[bytes, ...]) -> bool:
    """Return whether a walk that imports this file may find something in it.

    Args:
        data: bytes of the file.
        packages: outermost packages that it imports.
        bootstrap: last parts of the names of the functions that start telemetry.
    """
    if any(name in data for name in bootstrap) or any(needle in data for needle in AT_IMPORT):
        return True
    return any(
        package in packages and (package not in _NAMES or any(name in data for name in _NAMES[package]))
        for package in _PACKAGES
    )
