"""Everything that has to stand on the providers of this process so that a test sees what it emits."""

from __future__ import annotations

from ameide_telemetry.testing.routes import lines, network, points, spans

__all__ = ["attach_lines", "attach_signals"]


def attach_lines() -> None:
    """Tap the lines, and refuse connections; done when the service imports `ameide_telemetry`."""
    lines.attach()
    network.refuse_ours()


def attach_signals() -> None:
    """Attach the routers for spans and metrics; done when a test asks for them."""
    spans.attach()
    points.attach()
