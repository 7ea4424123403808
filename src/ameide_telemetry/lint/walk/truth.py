"""Whether a value is true, where that is known before the process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Choice,
    Class,
    Constant,
    External,
    Function,
    Group,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.lint.walk.values import Value

__all__ = ["OPTIMIZED", "is_there", "truth"]

OPTIMIZED: Final = "builtins.__debug__"
"""The name that is false where `assert` statements are left out."""

_KNOWN: Final = {
    "typing.TYPE_CHECKING": False,
    "typing_extensions.TYPE_CHECKING": False,
    OPTIMIZED: True,
}


def truth(value: Value) -> bool | None:
    """Return whether a value is true; None if that depends."""
    if isinstance(value, Constant):
        return bool(value.value)
    if isinstance(value, External):
        return _KNOWN.get(value.name)
    if isinstance(value, (Function, Class)):
        return True
    if isinstance(value, Choice):
        answers = {truth(option) for option in value.options}
        return answers.pop() if len(answers) == 1 else None
    # What is empty now may be filled by what was not walked.
    return True if isinstance(value, (Group, Table)) and any(map(is_there, _items(value))) else None


def _items(value: Group | Table) -> Iterable[Value]:
    return value.items if isinstance(value, Group) else value.items.values()


def is_there(item: Value) -> bool:
    """Return whether an item is certainly there: one that may be gone is known as perhaps something else."""
    return not (isinstance(item, Choice) and UNKNOWN in item.options)
