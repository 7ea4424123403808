"""What a command finds around it: the environment, the terminal, the file of the store."""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from ameide_telemetry.local.errors import StoreError
from ameide_telemetry.local.style import Style

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["environment", "existing_store", "store_for_writing", "style_of"]

_STORE_NAME: Final = "telemetry.sqlite3"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def environment() -> dict[str, str]:
    """Return the environment, for a child to inherit and a terminal to be judged by; no settings."""
    return dict(os.environ)


def style_of(stream: TextIO) -> Style:
    """Return how `stream` wants to be written to."""
    return Style.of(stream, environment())


def store_for_writing(given: str | None) -> Path:
    """Return the store's file: the one given, or a default whose directory is made where it is missing.

    Raises:
        StoreError: the given file's directory does not exist, or no default can be written.
    """
    if given is not None:
        return _in_existing_directory(Path(given))
    for candidate in _defaults():
        if _is_ours(candidate.parent):
            return candidate
    raise StoreError(
        "no place for the store: neither the home directory nor the temporary one can be written",
        cure="name a file: --store FILE",
    )


def existing_store(given: str | None) -> Path:
    """Return the store's file: the one given, or the default that a `run` would have written.

    Raises:
        StoreError: there is no such file, or others can open the directory of the default one.
    """
    candidates = [Path(given)] if given is not None else list(_defaults())
    found = [candidate for candidate in candidates if candidate.is_file()]
    for candidate in found:
        if given is not None or _is_private(candidate.parent):
            return candidate
    if found:
        raise StoreError(
            f"the store {found[0]} is not used: its directory is not ours alone",
            cure=f"chmod 700 {shlex.quote(str(found[0].parent))}; or name the file: --store FILE",
        )
    raise StoreError(
        f"there is no store at {candidates[0]}", cure="run a service first: ameide-telemetry run -- CMD ..."
    )


def _defaults() -> Iterator[Path]:
    """Yield the user's state directory (XDG Base Directory Specification), then a place for those without."""
    with suppress(RuntimeError):  # there are users without a home
        yield Path.home() / ".local" / "state" / "ameide-telemetry" / _STORE_NAME
    import tempfile  # noqa: PLC0415 most have a home

    yield Path(tempfile.gettempdir()) / f"ameide-telemetry-{os.getuid()}" / _STORE_NAME


def _is_ours(directory: Path) -> bool:
    """Make the directory if need be; return whether it is private."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return _is_private(directory)


def _is_private(directory: Path) -> bool:
    """Return whether the directory is there, only we can look into it, and we can write there."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & _OTHERS
    return private and os.access(directory, os.W_OK)


def _in_existing_directory(path: Path) -> Path:
    if not path.parent.is_dir():
        raise StoreError(f"the directory of {path} does not exist", cure=f"mkdir -p {path.parent}")
    return path
