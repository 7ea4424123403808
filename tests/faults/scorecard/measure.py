"""What is measured: a figure, the target it is held against, and one row of the scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Everything",
    "Exactly",
    "Figure",
    "Fraction",
    "Least",
    "Measure",
    "Most",
    "Number",
    "Row",
    "Several",
    "Target",
    "measured",
]

NOT_MEASURED: Final = "not measured"
_SHOWN: Final = 160


class Figure(Protocol):
    """Something that was measured, or several things."""

    def __str__(self) -> str: ...

    def as_json(self) -> Any:
        """Return it as plain data."""


class Target(Protocol):
    """What a figure must be."""

    def __str__(self) -> str: ...

    def met_by(self, figure: Any) -> bool:
        """Return whether a figure is good enough."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number with its unit.

    Attributes:
        value: in `unit`.
        unit: shown behind it.
        beyond: whether the truth is worse than `value`, because waiting ended there.
        remark: shown in brackets.
    """

    value: float
    unit: str = ""
    beyond: bool = False
    remark: str = ""

    def __str__(self) -> str:
        text = f"{self.value:,.0f}" if self.value == int(self.value) else f"{self.value:,.3g}"
        if abs(self.value) >= 1000:
            text = f"{self.value:,.0f}"
        sign = "more than " if self.beyond else ""
        return f"{sign}{text} {self.unit}".strip() + _bracketed(self.remark)

    def as_json(self) -> dict[str, Any]:
        """Return value and unit, and whether it is a lower bound."""
        return {"value": self.value, "unit": self.unit, "beyond": self.beyond, "remark": self.remark}


@dataclass(frozen=True, slots=True)
class Fraction:
    """How many of how many."""

    good: int
    total: int
    remark: str = ""

    def __str__(self) -> str:
        return f"{self.good:,} of {self.total:,}" + _bracketed(self.remark)

    def as_json(self) -> dict[str, Any]:
        """Return both counts."""
        return {"good": self.good, "total": self.total, "remark": self.remark}


@dataclass(frozen=True, slots=True)
class Several:
    """Figures of several peers, by name."""

    figures: Mapping[str, Figure]

    def __str__(self) -> str:
        return ", ".join(f"{name} {figure}" for name, figure in self.figures.items())

    def as_json(self) -> dict[str, Any]:
        """Return each under its name."""
        return {name: figure.as_json() for name, figure in self.figures.items()}


@dataclass(frozen=True, slots=True)
class Most:
    """A number that may not be exceeded."""

    limit: float
    unit: str = ""
    below: bool = False

    def __str__(self) -> str:
        return f"{'<' if self.below else '<='} {self.limit:,.10g} {self.unit}".strip()

    def met_by(self, figure: Any) -> bool:
        """Return whether the number is known and small enough."""
        if not isinstance(figure, Number) or figure.beyond:
            return False
        return figure.value < self.limit if self.below else figure.value <= self.limit


@dataclass(frozen=True, slots=True)
class Least:
    """A number that must be reached."""

    limit: float
    unit: str = ""

    def __str__(self) -> str:
        return f">= {self.limit:,.10g} {self.unit}".strip()

    def met_by(self, figure: Any) -> bool:
        """Return whether the number is known and large enough."""
        return isinstance(figure, Number) and figure.value >= self.limit


@dataclass(frozen=True, slots=True)
class Exactly:
    """The one number that is right."""

    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value:,.10g} {self.unit}".strip()

    def met_by(self, figure: Any) -> bool:
        """Return whether it is that."""
        return isinstance(figure, Number) and figure.value == self.value and not figure.beyond


@dataclass(frozen=True, slots=True)
class Everything:
    """All of them, and no fewer than so many."""

    least: int = 1

    def __str__(self) -> str:
        return "all" if self.least == 1 else f"all, >= {self.least:,}"

    def met_by(self, figure: Any) -> bool:
        """Return whether nothing is missing."""
        return isinstance(figure, Fraction) and figure.good == figure.total >= self.least


@dataclass(frozen=True, slots=True)
class Measure:
    """A question, how it is answered for the hand-wired peer and for ours, and the target of ours.

    Attributes:
        key: names it on the command line and in the JSON form.
        name: of the row.
        target: of ours.
        ours: measures; what it raises becomes the row's text and misses the target.
        baseline: the same work with the parts wired by hand; None where there is nothing to compare.
    """

    key: str
    name: str
    target: Target
    ours: Callable[[], Figure]
    baseline: Callable[[], Figure] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One answered question."""

    key: str
    name: str
    baseline: Figure | str
    ours: Figure | str
    target: str
    met: bool
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "key": self.key,
            "measure": self.name,
            "baseline": _plain(self.baseline),
            "ours": _plain(self.ours),
            "target": self.target,
            "met": self.met,
            "seconds": round(self.seconds, 1),
        }


def measured(measure: Measure, clock: Callable[[], float]) -> Row:
    """Answer one question; whatever fails on the way is a missed target, never a gap in the table."""
    began = clock()
    baseline = "" if measure.baseline is None else _figure(measure.baseline)
    ours = _figure(measure.ours)
    met = not isinstance(ours, str) and measure.target.met_by(ours)
    return Row(measure.key, measure.name, baseline, ours, str(measure.target), met, clock() - began)


def _figure(measure: Callable[[], Figure]) -> Figure | str:
    try:
        return measure()
    except Exception as error:  # noqa: BLE001 the reason belongs into the table
        # What a program says last is what it ended for.
        return f"{NOT_MEASURED}: {type(error).__name__}: {' '.join(str(error).split())[-_SHOWN:]}"


def _plain(figure: Figure | str) -> Any:
    return figure if isinstance(figure, str) else figure.as_json()


def _bracketed(remark: str) -> str:
    return f" ({remark})" if remark else ""
