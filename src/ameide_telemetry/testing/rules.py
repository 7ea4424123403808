"""What a project asks of its log lines: the section that `logs check` reads, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.logcheck.rules import Rules

__all__ = ["names_us", "project_file", "rules_in"]

_FILE: Final = "pyproject.toml"
_SECTION: Final = ("tool", "ameide_telemetry", "logs")
_CURE: Final = f"correct it: the lines of tests are judged by its [{'.'.join(_SECTION)}]"


def project_file(config: pytest.Config) -> Path:
    """Return the `pyproject.toml` of the project, as pytest sees it; it need not exist.

    Args:
        config: of the run: the file that pytest itself is configured by, else the one in its `rootdir`.
    """
    inside = config.inipath
    return inside if inside is not None and inside.name == _FILE else config.rootpath / _FILE


def names_us(file: Path) -> bool:
    """Return whether our name occurs in a file: one in which it does not is nothing to us, broken or not.

    Raises:
        pytest.UsageError: it cannot be read.
    """
    try:
        return _SECTION[1].encode() in file.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise pytest.UsageError(f"{file} cannot be read: {error.strerror}; {_CURE}") from None


def rules_in(file: Path) -> Rules:
    """Return what a file asks of lines; the default rules where it asks for nothing.

    Raises:
        pytest.UsageError: it cannot be read, is not TOML, or a key or a value of the section is wrong.
    """
    from ameide_telemetry.exceptions import TelemetryError  # noqa: PLC0415 not before lines are judged
    from ameide_telemetry.logcheck.config import read_config, rules_of  # noqa: PLC0415 likewise
    from ameide_telemetry.logcheck.rules import Rules  # noqa: PLC0415 likewise

    try:
        if not (names_us(file) and _has_section(file)):
            return Rules()
        return rules_of(read_config(str(file), file.parent))
    except TelemetryError as error:
        raise pytest.UsageError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise pytest.UsageError(f"{file} is not TOML: {error}; {_CURE}") from None


def _has_section(file: Path) -> bool:
    import tomllib  # noqa: PLC0415 see above

    found: object = tomllib.loads(file.read_text(encoding="utf-8"))
    for name in _SECTION:
        found = found.get(name) if isinstance(found, dict) else None
    return found is not None
