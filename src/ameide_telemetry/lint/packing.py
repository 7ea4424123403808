"""Values of the lint's model as what `marshal` can hold, and back."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from ameide_telemetry.lint import model

__all__ = ["packed", "path_of", "unpacked"]

_CLASSES: Final = {
    name: getattr(model, name)
    for name in (
        *("Edit", "Entrypoint", "Event", "Evidence", "Fix", "Problem", "Spot", "Step", "Target", "Trail"),
        "Verdict",
    )
}
_FIELDS: Final = {name: tuple(each.name for each in fields(kind)) for name, kind in _CLASSES.items()}
_PATH: Final = "Path"
_MAPPING: Final = "Mapping"
_paths: dict[str, Path] = {}


def packed(value: Any) -> Any:
    """Return a value of the lint's model, or a tuple of some, as what `marshal` can hold."""
    if isinstance(value, tuple):
        return ("", *map(packed, value))
    name = type(value).__name__
    if name in _FIELDS:
        return (name, *(packed(getattr(value, each)) for each in _FIELDS[name]))
    if isinstance(value, Path):
        return (_PATH, str(value))
    if isinstance(value, dict):
        return (_MAPPING, dict(value))
    return value


def unpacked(value: Any) -> Any:
    """Return what `packed` was given."""
    if not isinstance(value, tuple):
        return value
    name = value[0]
    if name == _PATH:
        return path_of(value[1])
    if name == _MAPPING:
        return value[1]
    rest = map(unpacked, value[1:])
    return _CLASSES[name](*rest) if name else tuple(rest)


def path_of(text: str) -> Path:
    """Return a path; the same object each time, for most of them are in many trails."""
    known = _paths.get(text)
    if known is None:
        known = _paths[text] = Path(text)
    return known
