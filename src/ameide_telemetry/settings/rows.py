"""One row of the table of settings, and the variables it is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ameide_telemetry.settings.forms import Form

__all__ = ["LARGEST", "LARGEST_SIZE", "OWN", "RESOURCE_VARIABLE", "Setting", "Source", "own"]

RESOURCE_VARIABLE: Final = "OTEL_RESOURCE_ATTRIBUTES"
LARGEST: Final = 1_000_000
LARGEST_SIZE: Final = 1 << 40
OWN: Final = "AMEIDE_TELEMETRY_"


class Source(NamedTuple):
    """One variable that a setting is read from.

    Attributes:
        variable: the name in the environment.
        form: how its text is read; None: like the setting itself.
        attribute: for `OTEL_RESOURCE_ATTRIBUTES`, the attribute in it.
    """

    variable: str
    form: Form | None = None
    attribute: str = ""

    def __str__(self) -> str:
        return f"{self.variable} {self.attribute}".rstrip()


class Setting(NamedTuple):
    """One row.

    Attributes:
        name: dotted place in `TelemetrySettings`.
        form: what is accepted as an argument, and in a variable unless its source says otherwise.
        default: the value when nobody says one.
        doc: its meaning in one sentence.
        sources: variables, the first one that is set wins.
        optional: whether a record may hold None for it.
        inherits: the setting whose given value counts when this one has none of its own.
    """

    name: str
    form: Form
    default: object
    doc: str
    sources: tuple[Source, ...] = ()
    optional: bool = False
    inherits: str = ""


def own(name: str) -> tuple[Source, ...]:
    """Return the variable of this library called `name` as the only source."""
    return (Source(OWN + name),)
