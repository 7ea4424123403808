"""The one variable of gRPC that decides whether a child may use it."""

from __future__ import annotations

import pytest

from ameide_telemetry.settings.grpc_forks import survives_forks


@pytest.mark.parametrize("value", ["0", "false", "False", "no", "N", "f", " 0"])
def test_what_grpc_takes_for_false(value: str) -> None:
    """Then its children crash."""
    assert not survives_forks({"GRPC_ENABLE_FORK_SUPPORT": value})


@pytest.mark.parametrize("value", [None, "", "1", "true", "yes", "off", "2"])
def test_anything_else_leaves_it_on(value: str | None) -> None:
    """It is on by default, also where the value is none that gRPC can read."""
    assert survives_forks({} if value is None else {"GRPC_ENABLE_FORK_SUPPORT": value})
