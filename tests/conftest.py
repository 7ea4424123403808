"""What every test stands on: no settings from outside, no wall-clock limits in property tests."""

from __future__ import annotations

import os

from hypothesis import settings

for _name in [name for name in os.environ if name.startswith(("OTEL_", "AMEIDE_TELEMETRY_"))]:
    del os.environ[_name]

pytest_plugins = ["support.percentages"]

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")
