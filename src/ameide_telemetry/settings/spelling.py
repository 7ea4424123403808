"""Names that are nearly right: variables in the environment, arguments and options."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.honoured import IGNORED, LEFT_TO_OTHERS
from ameide_telemetry.settings.table import variables

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["misspelt", "nearest"]

_PREFIXES: Final = ("OTEL_", "AMEIDE_")
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
_NEAR: Final = 0.86
_VERY_NEAR: Final = 0.95
_MOST: Final = 20


def misspelt(environ: Iterable[str]) -> tuple[Finding, ...]:
    """Return a warning for each `OTEL_*` or `AMEIDE_*` name that nearly is one that exists."""
    known = {*variables(), *LEFT_TO_OTHERS, *IGNORED}
    unknown = sorted(
        name for name in environ if name.startswith(_PREFIXES) and name not in known and _is_name(name)
    )
    found = ((name, nearest(name, known, _needed(name))) for name in unknown[:_MOST])
    return tuple(
        Finding(codes.MISSPELT, "no such variable", name, f"did you mean {near}?", "warning")
        for name, near in found
        if near
    )


def nearest(name: str, known: Iterable[str], needed: float = 0.6) -> str:
    """Return the known name most like `name`, empty when none reaches the ratio `needed`.

    Args:
        name: what was written.
        known: what exists.
        needed: ratio of `difflib.SequenceMatcher` from 0 to 1.
    """
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name)
    best, ratio = "", needed
    for candidate in sorted(known):
        matcher.set_seq1(candidate)
        if (
            matcher.real_quick_ratio() >= ratio
            and matcher.quick_ratio() >= ratio
            and matcher.ratio() >= ratio
        ):
            best, ratio = candidate, matcher.ratio()
    return best


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _needed(name: str) -> float:
    return _VERY_NEAR if name.startswith(_FOREIGN) else _NEAR
