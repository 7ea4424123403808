"""What every test stands on: no settings from outside, no wall-clock limits in property tests."""

from __future__ import annotations

import os

from hypothesis import settings

for _name in [name for name in os.environ if name.startswith(("OTEL_", "AMEIDE_TELEMETRY_"))]:
    del os.environ[_name]

pytest_plugins = ["support.percentages"]

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a bytes parameter by its length: compressed bytes hold the time, and workers must agree on ids."""
    return f"{len(val)}bytes" if isinstance(val, bytes) else None
