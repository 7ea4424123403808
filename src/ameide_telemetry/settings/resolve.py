"""From arguments and the environment to checked values: the first source that speaks wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.agreements import agree
from ameide_telemetry.settings.arguments import from_arguments
from ameide_telemetry.settings.attributes import Attributes, collect
from ameide_telemetry.settings.forms import Form, RefusedError
from ameide_telemetry.settings.hidden import plugin_problems
from ameide_telemetry.settings.honoured import IGNORED
from ameide_telemetry.settings.resolution import DEFAULT, Resolution
from ameide_telemetry.settings.spelling import misspelt, unknown
from ameide_telemetry.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.settings.rows import Setting, Source

__all__ = ["resolve"]


def resolve(
    arguments: Mapping[str, object],
    environ: Mapping[str, str],
    earlier: Mapping[str, tuple[object, str]] | None = None,
) -> Resolution:
    """Return every value of the table, checked, with its origin.

    Args:
        arguments: by their names in `init_telemetry`; None means that the environment decides.
        environ: the environment; an empty text counts as unset, as OpenTelemetry says.
        earlier: values and origins of prebuilt settings; they take the place of the environment.
    """
    variables = (
        {name: text for name, text in environ.items() if text and not text.isspace()}
        if earlier is None
        else {}
    )
    given = from_arguments(arguments)
    attributes = collect(arguments.get("resource"), _earlier_attributes(earlier), variables)
    said = {**(earlier or {}), **attributes.promoted, **given.values}
    resolution = Resolution(
        problems=[*given.problems, *attributes.problems], from_settings=earlier is not None
    )
    texts = _Variables(variables, attributes)
    for setting in SETTINGS:
        _settle(resolution, setting, said, texts)
    _put_attributes(resolution, attributes)
    agree(resolution)
    resolution.problems.extend(plugin_problems(variables))
    _remark(resolution, variables)
    return resolution


class _Variables:
    """The environment, with the attributes inside `OTEL_RESOURCE_ATTRIBUTES` as variables of their own."""

    __slots__ = ("_attributes", "_environ")

    def __init__(self, environ: Mapping[str, str], attributes: Attributes) -> None:
        self._environ = environ
        self._attributes = attributes.variable

    def text(self, source: Source) -> str:
        if source.attribute:
            return self._attributes.get(source.attribute, "")
        return self._environ.get(source.variable, "")


class _Claim(NamedTuple):
    """A value that somebody said: the form it should have, the value as written, its origin."""

    form: Form
    value: object
    origin: str


def _settle(
    resolution: Resolution, setting: Setting, said: Mapping[str, tuple[object, str]], variables: _Variables
) -> None:
    """Find the value of one setting: said in code, in a variable, for its parent, or the default."""
    if setting.name in said:
        claim = _Claim(setting.form, *said[setting.name])
        _accept(resolution, setting, claim, claim.value)
    elif not any(_speak(resolution, setting, source, variables) for source in setting.sources):
        parent = setting.inherits
        if parent and resolution.said(parent):
            resolution.put(setting.name, resolution.values[parent], resolution.origins[parent])
        else:
            resolution.put(setting.name, setting.default, DEFAULT)


def _speak(resolution: Resolution, setting: Setting, source: Source, variables: _Variables) -> bool:
    """Take the value from one variable; return whether it says anything."""
    text = variables.text(source).strip()
    if not text:
        return False
    claim = _Claim(source.form or setting.form, text, str(source))
    try:
        value = claim.form.read(text)
    except RefusedError as refused:
        _refuse(resolution, setting, claim, refused)
        return True
    if value is not None:
        _accept(resolution, setting, claim, value)
    return value is not None


def _accept(resolution: Resolution, setting: Setting, claim: _Claim, value: object) -> None:
    """Keep a value; a wrong one becomes a problem and the default."""
    if _is_default(setting, value):
        resolution.put(setting.name, value, claim.origin)
        return
    try:
        resolution.put(setting.name, setting.form.take(value), claim.origin)
    except RefusedError as refused:
        _refuse(resolution, setting, claim, refused)


def _is_default(setting: Setting, value: object) -> bool:
    """Return whether no form needs to be asked, as for None and the empty namespace."""
    if value is None:
        return setting.optional
    return type(value) is type(setting.default) and value == setting.default


def _refuse(resolution: Resolution, setting: Setting, claim: _Claim, refused: RefusedError) -> None:
    reason = f": {refused.reason}" if refused.reason else ""
    messages = refused.entries or (f"{claim.form.show(claim.value)} is not accepted{reason}",)
    hint = f"accepted: {claim.form.accepted}"
    for each in messages:
        resolution.object(Finding(refused.code, each, claim.origin, hint), refused.instead)
    resolution.refused.add(setting.name)
    if refused.kept is None:
        resolution.put(setting.name, setting.default, DEFAULT)
    else:
        resolution.put(setting.name, refused.kept, claim.origin)


def _earlier_attributes(earlier: Mapping[str, tuple[object, str]] | None) -> object:
    return earlier["resource_attributes"][0] if earlier is not None else None


def _put_attributes(resolution: Resolution, attributes: Attributes) -> None:
    pairs = tuple((name, attributes.merged[name]) for name in sorted(attributes.merged))
    origins = ", ".join(dict.fromkeys(attributes.origins))
    resolution.put("resource_attributes", pairs, origins or DEFAULT)


def _remark(resolution: Resolution, variables: Mapping[str, str]) -> None:
    for name in sorted(IGNORED.keys() & variables.keys()):
        resolution.warn(codes.WITHOUT_EFFECT, "this variable is not honoured", name, IGNORED[name])
    resolution.warnings.extend(misspelt(variables))
    resolution.problems.extend(unknown(variables))
