"""Arguments of `init_telemetry` -> the table's dotted names, each with its value and origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.foreign import plain
from ameide_telemetry.settings.forms import shown
from ameide_telemetry.settings.records import (
    LogLimits,
    LogSettings,
    MetricSettings,
    OtlpSettings,
    SpanLimits,
    TraceSettings,
)
from ameide_telemetry.settings.secrets import PseudonymKey
from ameide_telemetry.settings.signals import SIGNALS
from ameide_telemetry.settings.spelling import nearest
from ameide_telemetry.settings.table import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RECORDS", "Given", "from_arguments", "from_record"]

_Record = TraceSettings | MetricSettings | LogSettings | OtlpSettings | SpanLimits | LogLimits
_GROUPS: Final[dict[str, type[_Record]]] = {
    "traces": TraceSettings,
    "metrics": MetricSettings,
    "logs": LogSettings,
    **{f"{signal}.otlp": OtlpSettings for signal in SIGNALS},
    "traces.limits": SpanLimits,
    "logs.limits": LogLimits,
}
RECORDS: Final = (TraceSettings, MetricSettings, LogSettings, OtlpSettings, SpanLimits, LogLimits)
"""The types that hold a part of the settings."""

_ARGUMENTS: Final = frozenset((*(name for name in BY_NAME if "." not in name), *SIGNALS, "resource"))


class Given:
    """What the arguments say.

    Attributes:
        values: dotted name -> value, unchecked, and origin.
        problems: arguments and options that do not exist.
    """

    __slots__ = ("problems", "values")

    def __init__(self) -> None:
        self.values: dict[str, tuple[object, str]] = {}
        self.problems: list[Finding] = []


def from_arguments(arguments: Mapping[str, object]) -> Given:
    """Flatten the arguments; None means that the environment decides.

    `resource` is left to the room of resource attributes.
    """
    given = Given()
    for name, value in arguments.items():
        if name not in _ARGUMENTS:
            given.problems.append(_unknown("arguments", name, _ARGUMENTS))
        elif value is None or name == "resource":
            continue
        elif name in _GROUPS:
            _group(given, name, value)
        else:
            given.values[name] = (value, f"argument {name}")
    return given


def from_record(
    record: object, names: Iterable[str], origins: Mapping[str, str]
) -> dict[str, tuple[object, str]]:
    """Flatten prebuilt settings: every field counts as said, with the origin that it had.

    Args:
        record: the whole of the settings.
        names: its fields that are to be read.
        origins: dotted name -> origin, as far as known.
    """
    given = Given()
    for name in names:
        value = plain(getattr(record, name), (*RECORDS, PseudonymKey))
        if name in _GROUPS:
            _group(given, name, value)
        else:
            given.values[name] = (value, "")
    return {
        name: (value, origins.get(name, "argument settings")) for name, (value, _) in given.values.items()
    }


def _group(given: Given, group: str, value: object) -> None:
    """Flatten one signal or one part of it: a record, a mapping of options, for a signal also a boolean."""
    if isinstance(value, _GROUPS[group]):
        _record(given, group, value)
    elif isinstance(value, bool) and group in SIGNALS:
        given.values[f"{group}.enabled"] = (value, f"argument {group}")
    elif isinstance(value, Mapping):
        _options(given, group, value)
    else:
        switch = "True, False, " if group in SIGNALS else ""
        hint = f"accepted: {switch}a mapping of options or {_GROUPS[group].__name__}"
        message = f"{shown(value)} is not accepted"
        given.problems.append(Finding(codes.BAD_VALUE, message, f"argument {group}", hint))


def _record(given: Given, group: str, record: object) -> None:
    for name in _fields(group):
        place, value = f"{group}.{name}", plain(getattr(record, name), RECORDS)
        if place not in _GROUPS:
            given.values[place] = (value, f"argument {place}")
        elif value is None:
            given.values[f"{place}.endpoint"] = (None, f"argument {place}")
        else:
            _group(given, place, value)


def _options(given: Given, group: str, options: Mapping[object, object]) -> None:
    known = _known(group)
    for option, value in options.items():
        place = known.get(option) if isinstance(option, str) else None
        if place is None:
            text = option if isinstance(option, str) else shown(option)
            given.problems.append(_unknown(f"argument {group}", text, known))
        elif value is None:
            continue
        elif place in _GROUPS:
            _group(given, place, value)
        else:
            given.values[place] = (value, f"argument {place}")


def _known(group: str) -> dict[str, str]:
    """Return option -> place; an OTLP option may stand directly in the mapping of its signal."""
    short = {
        name.removeprefix(f"{group}.otlp."): name for name in BY_NAME if name.startswith(f"{group}.otlp.")
    }
    return short | {name: f"{group}.{name}" for name in _fields(group)}


def _fields(group: str) -> tuple[str, ...]:
    return tuple(_GROUPS[group].__dataclass_fields__)


def _unknown(location: str, name: str, known: Iterable[str]) -> Finding:
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(known))}"
    return Finding(codes.UNKNOWN_OPTION, f"there is no option {shown(name)}", location, hint)
