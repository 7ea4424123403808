"""Variables that OpenTelemetry reads by itself and stumbles over when their value is wrong.

Whatever the settings say: its API loads `OTEL_PROPAGATORS` and the plug-ins of `PLUGINS` while it is imported
or first used, and its SDK reads the rest inside constructors. A wrong value raises there, so a lenient start
has to keep it from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.addresses import installed
from ameide_telemetry.settings.forms import Form, RefusedError, shown
from ameide_telemetry.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PLUGINS", "plugin_problems", "stumbling"]

PLUGINS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "OTEL_PYTHON_CONTEXT": ("opentelemetry_context", ("contextvars_context",)),
    "OTEL_PYTHON_METER_PROVIDER": (
        "opentelemetry_meter_provider",
        ("default_meter_provider", "sdk_meter_provider"),
    ),
    "OTEL_PYTHON_TRACER_PROVIDER": (
        "opentelemetry_tracer_provider",
        ("default_tracer_provider", "sdk_tracer_provider"),
    ),
}
"""Variable -> its entry-point group, and the names that the OpenTelemetry packages always bring."""

_VERBATIM: Final = frozenset(("OTEL_METRICS_EXEMPLAR_FILTER",))
_LISTS: Final = frozenset(("OTEL_PROPAGATORS",))
_SAMPLERS: Final = frozenset(("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"))


def _forms() -> dict[str, Form]:
    read_by_itself = _VERBATIM | _LISTS | _SAMPLERS
    return {
        source.variable: source.form or setting.form
        for setting in SETTINGS
        for source in setting.sources
        if source.variable in read_by_itself
        or (source.variable.startswith("OTEL_") and source.variable.endswith("_LIMIT"))
    }


_FORMS: Final = _forms()


def stumbling(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the set variables that OpenTelemetry would stumble over, sorted.

    An empty text is among them: to the specification it means unset, to `int` and the entry points it does
    not.

    Args:
        environ: the environment as it is; what an argument overrides counts too, for OpenTelemetry reads it.
    """
    broken = {
        name for name, form in _FORMS.items() if name in environ and _is_wrong(name, environ[name], form)
    }
    return tuple(sorted(broken.union(name for name in PLUGINS if not _is_loadable(name, environ))))


def plugin_problems(environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return a problem for each variable that names a plug-in of the API which is not installed.

    Args:
        environ: the variables that hold more than white space.
    """
    return tuple(
        Finding(
            codes.NOT_INSTALLED,
            f"{shown(environ[name])} is not accepted: it is misspelt or not installed",
            name,
            f"accepted: {', '.join(known)}, or the name of an installed entry point in {group}",
        )
        for name, (group, known) in PLUGINS.items()
        if not _is_loadable(name, environ)
    )


def _is_loadable(name: str, environ: Mapping[str, str]) -> bool:
    group, known = PLUGINS[name]
    wanted = environ.get(name)
    return wanted is None or wanted in known or wanted in installed(group)


def _is_wrong(name: str, text: str, form: Form) -> bool:
    if name in _LISTS and not all(part.strip() for part in text.split(",")):
        return True
    try:
        value = form.take(form.read(text.strip()))
    except RefusedError:
        return True
    return name in _VERBATIM and value != text
