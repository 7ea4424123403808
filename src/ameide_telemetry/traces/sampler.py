"""Settings -> sampler, behind one that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.settings import TraceSettings

__all__ = ["SwitchableSampler", "sampler_of"]

_SAMPLERS: Final[Mapping[str, Callable[[float], Sampler]]] = {
    "always_on": lambda _: ALWAYS_ON,
    "always_off": lambda _: ALWAYS_OFF,
    "traceidratio": TraceIdRatioBased,
    "parentbased_always_on": lambda _: DEFAULT_ON,
    "parentbased_always_off": lambda _: DEFAULT_OFF,
    "parentbased_traceidratio": ParentBasedTraceIdRatio,
}


class SwitchableSampler(Sampler):
    """Asks another sampler, which can be exchanged: tracers keep the sampler that they were made with.

    Attributes:
        current: the sampler that decides.
    """

    def __init__(self, current: Sampler) -> None:
        self.current = current

    def should_sample(self, *arguments: Any, **named: Any) -> SamplingResult:
        """Return the decision of the current sampler; the arguments are those of `Sampler`."""
        return self.current.should_sample(*arguments, **named)

    def get_description(self) -> str:
        """Return the description of the current sampler."""
        return self.current.get_description()


def sampler_of(settings: TraceSettings) -> Sampler:
    """Return the sampler that the settings name; a ratio that is not set means everything, as in the SDK."""
    ratio = 1.0 if settings.sampler_arg is None else settings.sampler_arg
    return _SAMPLERS[settings.sampler](ratio)
