"""Resource attributes: collected from the downward API, `OTEL_RESOURCE_ATTRIBUTES` and the argument."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ameide_telemetry.contract.names import RESOURCE_ENVIRONMENT
from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.foreign import type_name
from ameide_telemetry.settings.forms import shown, split
from ameide_telemetry.settings.rows import RESOURCE_VARIABLE
from ameide_telemetry.settings.secrets import has_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ACCEPTED_ARGUMENT", "ACCEPTED_VARIABLE", "AttributeValue", "Attributes", "collect"]

AttributeValue = (
    str | bool | int | float | tuple[str, ...] | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...]
)

ACCEPTED_VARIABLE: Final = "name=value,name2=value2, percent-encoded"
ACCEPTED_ARGUMENT: Final = "a mapping of names to a text, number, boolean or sequence of one of them"
# Each is a setting of its own, so it must not appear a second time with a second value.
_PROMOTED: Final = {
    "service.name": "service",
    "service.version": "version",
    "service.namespace": "namespace",
    "deployment.environment.name": "environment",
    "deployment.environment": "environment",
}
_LARGEST: Final = 1 << 63
_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Attributes:
    """What was collected.

    Attributes:
        variable: the content of `OTEL_RESOURCE_ATTRIBUTES`.
        promoted: setting -> value and origin, from the argument `resource`.
        merged: every other attribute; the argument wins over the variable, that over the downward API.
        origins: where the merged attributes come from, in words.
        problems: one finding for each broken entry.
    """

    __slots__ = ("merged", "origins", "problems", "promoted", "variable")

    def __init__(self) -> None:
        self.variable: dict[str, str] = {}
        self.promoted: dict[str, tuple[object, str]] = {}
        self.merged: dict[str, AttributeValue] = {}
        self.origins: list[str] = []
        self.problems: list[Finding] = []

    def merge(self, found: Mapping[str, AttributeValue], origin: str) -> None:
        """Lay `found` over what is there."""
        rest = {name: value for name, value in found.items() if name not in _PROMOTED}
        if rest:
            self.merged.update(rest)
            self.origins.append(origin)


def collect(argument: object, earlier: object, environ: Mapping[str, str]) -> Attributes:
    """Collect the resource attributes of all sources.

    Args:
        argument: the argument `resource`; None when it is left out.
        earlier: attributes of prebuilt settings, as pairs or a mapping; None without.
        environ: the environment; empty with prebuilt settings.
    """
    attributes = Attributes()
    for name, value, variable in _downward(environ):
        attributes.merge({name: value}, variable)
    attributes.variable = _parse(environ.get(RESOURCE_VARIABLE, ""), attributes.problems)
    attributes.merge(attributes.variable, RESOURCE_VARIABLE)
    for given, origin in ((earlier, "argument settings"), (argument, "argument resource")):
        if given is not None:
            checked = _checked(given, origin, attributes.problems)
            attributes.promoted.update(_promoted(checked, origin))
            attributes.merge(checked, origin)
    return attributes


def _downward(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, variables in RESOURCE_ENVIRONMENT.items():
        for variable in variables:
            if variable in environ and _is_text(environ[variable]):
                yield name, environ[variable], variable
                break


def _parse(text: str, problems: list[Finding]) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, entry in enumerate(split(text), 1):
        name, equals, value = entry.partition("=")
        if equals and _is_name(unquote(name.strip())) and _is_text(value):
            found[unquote(name.strip())] = unquote(value.strip())
        else:
            problems.append(
                _problem(
                    f"entry {index} has no name, no `=` or no valid UTF-8",
                    RESOURCE_VARIABLE,
                    ACCEPTED_VARIABLE,
                )
            )
    return {name: value for name, value in found.items() if value}


def _promoted(checked: Mapping[str, AttributeValue], origin: str) -> dict[str, tuple[object, str]]:
    # The older spelling stands last in the table, so that the newer one overwrites it here.
    return {
        _PROMOTED[name]: (checked[name], f"{origin} {name}")
        for name in reversed(_PROMOTED)
        if name in checked
    }


def _checked(given: object, origin: str, problems: list[Finding]) -> dict[str, AttributeValue]:
    pairs = _pairs(given)
    if pairs is None:
        problems.append(
            _problem(f"a value of type {type_name(given)} is not accepted", origin, ACCEPTED_ARGUMENT)
        )
        return {}
    found: dict[str, AttributeValue] = {}
    for name, value in pairs:
        kept = _value(value)
        if isinstance(name, str) and _is_name(name) and kept is not None:
            found[name] = kept
        elif value is not None:
            problems.append(_problem(f"attribute {shown(name)} is not accepted", origin, ACCEPTED_ARGUMENT))
    return found


def _pairs(given: object) -> list[tuple[object, object]] | None:
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in given):  # noqa: PLR2004
        return list(given)
    return None


def _value(value: object) -> AttributeValue | None:
    """Return the attribute's value, a list as a tuple; None when OpenTelemetry knows no such type."""
    if isinstance(value, str):
        return value if _is_text(value) else None
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if _fits(value) else None
    if not isinstance(value, list | tuple):
        return None
    alike = any(all(type(part) is kind for part in value) for kind in (str, bool, int, float))
    if not alike:
        return None
    whole = all(_is_text(part) if isinstance(part, str) else _fits(part) for part in value)
    return tuple(value) if whole else None


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not has_credentials(name)


def _fits(value: float) -> bool:
    """Return whether OTLP has room for a number."""
    return isinstance(value, float) or -_LARGEST <= value < _LARGEST


def _is_text(value: str) -> bool:
    """Return whether `value` can be sent: the environment may hold bytes that are no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(message: str, location: str, accepted: str) -> Finding:
    return Finding(codes.BAD_VALUE, message, location, f"accepted: {accepted}")
