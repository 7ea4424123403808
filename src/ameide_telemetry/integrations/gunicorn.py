"""gunicorn: what the master and the workers write is lines too, and workers flush when they end.

    gunicorn --logger-class ameide_telemetry.integrations.gunicorn.Logger orders:app
    gunicorn -c python:ameide_telemetry.integrations.gunicorn orders:app

The master never imports the application, so its lines take the service's name from `OTEL_SERVICE_NAME`.
In the second form gunicorn reads this module as its config file: `logger_class` is one of its settings.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from ameide_telemetry.logs.installation import install_provisionally

__all__ = ["Logger", "logger_class"]


class Logger(GunicornLogger):  # type: ignore[misc, unused-ignore]
    """gunicorn's own logger whose console handlers are replaced by JSON lines, before any worker exists."""

    def setup(self, cfg: Any) -> None:
        """Configure as gunicorn does, then put the lines in force."""
        super().setup(cfg)
        install_provisionally()


logger_class = Logger
