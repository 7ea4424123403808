"""The state of one resolving: values, origins, problems and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEFAULT", "Resolution"]

DEFAULT = "default"


class Resolution:
    """What is known so far.

    Attributes:
        values: dotted name -> checked value.
        origins: dotted name -> where it comes from.
        problems: wrong values; they raise in strict mode.
        refused: dotted names of the settings that somebody said wrongly, wholly or in part.
        warnings: what is said in either mode and never raises.
        instead: what happens where a problem does not raise, for those that are not merely ignored.
        from_settings: whether prebuilt settings took the place of the environment.
    """

    __slots__ = ("from_settings", "instead", "origins", "problems", "refused", "values", "warnings")

    def __init__(self, problems: Iterable[Finding] = (), *, from_settings: bool = False) -> None:
        self.values: dict[str, object] = {}
        self.origins: dict[str, str] = {}
        self.problems = list(problems)
        self.refused: set[str] = set()
        self.warnings: list[Finding] = []
        self.instead: dict[Finding, str] = {}
        self.from_settings = from_settings

    def put(self, name: str, value: object, origin: str) -> None:
        """Set a value and its origin."""
        self.values[name] = value
        self.origins[name] = origin

    def said(self, name: str) -> bool:
        """Return whether somebody said the value of this setting."""
        return self.origins[name] != DEFAULT

    def object(self, problem: Finding, instead: str = "ignored") -> None:
        """Add a problem, and what happens in lenient mode."""
        self.problems.append(problem)
        self.instead[problem] = instead

    def warn(self, code: str, message: str, location: str, hint: str) -> None:
        """Add a warning that never raises."""
        self.warnings.append(Finding(code, message, location, hint, "warning"))

    def findings(self) -> tuple[Finding, ...]:
        """Return what is to be said; each finding once, though three signals may share its cause.

        Raises:
            SettingsError: in strict mode, when there is a problem; it lists all of them, and the warnings.
        """
        problems, warnings = tuple(dict.fromkeys(self.problems)), tuple(dict.fromkeys(self.warnings))
        if problems and self.values["strict"]:
            beside = (replace(each, message=f"{each.message}; a warning") for each in warnings)
            heading = f"{len(problems)} wrong setting{'s' * (len(problems) > 1)}"
            raise SettingsError(heading, (*problems, *beside))
        lenient = (
            replace(each, message=f"{each.message}; {self.instead.get(each, 'ignored')}", level="warning")
            for each in problems
        )
        return (*lenient, *warnings)
