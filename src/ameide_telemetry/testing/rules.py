"""What a project asks of its log lines: the section that `logs check` reads, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.logcheck.rules import Rules

__all__ = ["default_rules", "rules_of_project"]

_FILE: Final = "pyproject.toml"
_OURS: Final = b"tool.ameide_telemetry"


def rules_of_project(root: Path) -> Rules | None:
    """Return the rules of the nearest `[tool.ameide_telemetry.logs]`; None where there is no such section.

    Args:
        root: where to begin to look, upwards.

    Raises:
        pytest.UsageError: a key or a value of the section is wrong.
    """
    # Nearly all projects have none, and none of what reads it is imported for them.
    if not any(_OURS in _content(folder / _FILE) for folder in (root, *root.parents)):
        return None
    from ameide_telemetry.exceptions import TelemetryError  # noqa: PLC0415 seldom needed
    from ameide_telemetry.logcheck.config import read_config, rules_of  # noqa: PLC0415

    try:
        section = read_config(None, root)
    except TelemetryError as error:
        raise pytest.UsageError(str(error)) from None
    return rules_of(section) if section else None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        # There is none, or it is none of ours.
        return b""


def default_rules() -> Rules:
    """Return the rules of a project that asks for nothing."""
    from ameide_telemetry.logcheck.rules import Rules  # noqa: PLC0415 not before lines are judged

    return Rules()
