"""Samplers by name."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision

from ameide_telemetry.settings import TraceSettings
from ameide_telemetry.traces.sampler import SwitchableSampler, sampler_of


@pytest.mark.parametrize(
    ("name", "ratio", "description"),
    [
        ("always_on", None, "AlwaysOnSampler"),
        ("always_off", None, "AlwaysOffSampler"),
        ("traceidratio", 0.25, "TraceIdRatioBased{0.25}"),
        ("traceidratio", None, "TraceIdRatioBased{1.0}"),
        ("parentbased_always_on", None, "ParentBased{root:AlwaysOnSampler"),
        ("parentbased_always_off", None, "ParentBased{root:AlwaysOffSampler"),
        ("parentbased_traceidratio", 0.0, "ParentBased{root:TraceIdRatioBased{0.0}"),
    ],
)
def test_every_name_of_the_specification(name: Any, ratio: float | None, description: str) -> None:
    """Each of the six names gives its sampler; a ratio of zero is not taken for none."""
    sampler = sampler_of(TraceSettings(sampler=name, sampler_arg=ratio))
    assert sampler.get_description().startswith(description)


def test_the_sampler_can_be_exchanged() -> None:
    """Who holds the switchable one gets the decisions of the current one."""
    switch = SwitchableSampler(ALWAYS_ON)
    assert switch.should_sample(None, 1, "a").decision is Decision.RECORD_AND_SAMPLE
    switch.current = ALWAYS_OFF
    assert switch.should_sample(None, 1, "a").decision is Decision.DROP
    assert switch.get_description() == "AlwaysOffSampler"
