"""The formats by their names."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.as_json import as_json
from ameide_telemetry.reports.concise import concise
from ameide_telemetry.reports.full import full
from ameide_telemetry.reports.github import github
from ameide_telemetry.reports.gitlab import gitlab
from ameide_telemetry.reports.junit import junit
from ameide_telemetry.reports.sarif import sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.reports.model import Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["FORMATS"]

FORMATS: Final[Mapping[str, Callable[[Report, Style], str]]] = MappingProxyType(
    {
        "full": full,
        "concise": concise,
        "json": as_json,
        "github": github,
        "gitlab": gitlab,
        "sarif": sarif,
        "junit": junit,
    }
)
"""Name -> what turns a report into text that ends with a newline."""
