"""Names that are nearly right: variables in the environment, arguments and options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.nearness import nearest
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.honoured import IGNORED, LEFT_TO_OTHERS
from ameide_telemetry.settings.rows import OWN
from ameide_telemetry.settings.table import variables

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["misspelt", "nearest", "unknown"]

_HOUSE: Final = "AMEIDE_"
# Documented names of other languages, instrumentations and signals: right as they are, near to ours or not.
_FOREIGN: Final = tuple(
    f"OTEL_{name}_"
    for name in (
        *("COLLECTOR", "CPP", "DOTNET", "EBPF", "ENTITIES", "ERLANG", "EXPERIMENTAL", "EXPORTER_JAEGER"),
        *("EXPORTER_OTLP_PROFILES", "GO", "INSTRUMENTATION", "JAVA", "JAVAAGENT", "JS", "K8S", "LAMBDA"),
        *("NODE", "OPERATOR", "PHP", "PYTHON", "RESOURCE_DISABLED", "RESOURCE_PROVIDERS", "RUBY", "RUST"),
        "SWIFT",
    )
)
# Kubernetes sets these in every pod of a namespace for a Service called `ameide-telemetry` or alike.
_SERVICE_LINK: Final = re.compile(
    r"\w+_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)"
)
_NEAR: Final = 0.86
_VERY_NEAR: Final = 0.95
_MOST: Final = 20


def misspelt(environ: Iterable[str]) -> tuple[Finding, ...]:
    """Return a warning for each `OTEL_*` name that nearly is one that exists."""
    known = {*variables(), *LEFT_TO_OTHERS, *IGNORED}
    found = ((name, nearest(name, known, _needed(name))) for name in _strangers(environ, "OTEL_", known))
    return tuple(
        Finding(codes.MISSPELT, "no such variable", name, f"did you mean {near}?", "warning")
        for name, near in found
        if near
    )


def unknown(environ: Iterable[str]) -> tuple[Finding, ...]:
    """Return a problem for each name with this library's prefix, or nearly so, that it does not know.

    Other `AMEIDE_*` names belong to others unless they are near misses.
    """
    known = {name for name in variables() if name.startswith(OWN)}
    short = sorted(name.removeprefix(OWN) for name in known)
    found: list[Finding] = []
    for name in _strangers(environ, _HOUSE, known):
        ours = name.startswith(OWN)
        near = nearest(name.removeprefix(OWN), short) if ours else nearest(name, known, _NEAR)
        if near:
            hint = f"did you mean {OWN}{near.removeprefix(OWN)}?"
        else:
            hint = f"known, after {OWN}: {', '.join(short)}"
        if ours or near:
            found.append(Finding(codes.UNKNOWN_OPTION, "no such variable", name, hint))
    return tuple(found)


def _strangers(environ: Iterable[str], prefix: str, known: set[str]) -> list[str]:
    names = (name for name in environ if name.startswith(prefix) and name not in known)
    return sorted(name for name in names if _is_name(name))[:_MOST]


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not _SERVICE_LINK.fullmatch(name)


def _needed(name: str) -> float:
    return _VERY_NEAR if name.startswith(_FOREIGN) else _NEAR
