"""The sections of `[tool.ameide_telemetry]`: what nobody reads there is a mistake, and is told."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.nearness import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["SECTIONS", "mentions", "must_be_known"]

SECTIONS: Final = ("lint", "logs", "services")
"""Names of the tables that some command reads."""
_TOP: Final = "ameide_telemetry"
_MENTION: Final = re.compile(rb"ameide_telemetry|tool[ \t]*\.[ \t]*[\"']?ameide", re.IGNORECASE)
_LONGEST: Final = 100
# Two names that are alike but for this are one to people.
_JOINTS: Final = str.maketrans("", "", "-_.")


def mentions(path: Path) -> bool:
    """Return whether a file has to be understood; a broken one with nothing for us is nobody's loss."""
    try:
        return _MENTION.search(contents(path)) is not None
    except OSError:
        return False


def must_be_known(path: Path, keys: Iterable[str]) -> None:
    """Refuse what stands below `[tool.ameide_telemetry]` and is read by no command.

    Args:
        path: of the TOML file; one that cannot be read is left to who asks for its sections.
        keys: of the section of the lint, which are one level too high there.

    Raises:
        TelemetryError: a section is unknown, or a key stands outside of one.
    """
    tool = _tool(path)
    for name in tool:
        if name != _TOP and _joined(name) == _joined(_TOP):
            raise TelemetryError(f"{path}: [tool.{name}] is read by nobody: write [tool.{_TOP}]")
    ours = tool.get(_TOP, {})
    if not isinstance(ours, dict):
        raise TelemetryError(f"{path}: tool.{_TOP} is no table: write [tool.{_TOP}.lint] above its keys")
    for name in ours:
        if name not in SECTIONS:
            raise TelemetryError(f"{path}: {_advice(name, ours[name], keys)}")
        if not isinstance(ours[name], dict):
            raise TelemetryError(
                f"{path}: tool.{_TOP}.{name} is no table: write [tool.{_TOP}.{name}] above its keys"
            )


def _tool(path: Path) -> Mapping[str, Any]:
    try:
        found = tomllib.loads(contents(path).decode("utf-8")).get("tool")
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _advice(name: str, value: object, keys: Iterable[str]) -> str:
    if not isinstance(value, dict) and name in keys:
        return f"{name} stands outside of a section: write it below [tool.{_TOP}.lint]"
    near = nearest(name, SECTIONS)
    question = f"did you mean [tool.{_TOP}.{near}]? " if near else ""
    return (
        f"[tool.{_TOP}] has no section {name[:_LONGEST]!r}: {question}the sections are {', '.join(SECTIONS)}"
    )


def _joined(name: str) -> str:
    return name.lower().translate(_JOINTS)
