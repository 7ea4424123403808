"""gunicorn: what the master and the workers write is lines too, and workers flush when they end.

    gunicorn --logger-class ameide_telemetry.integrations.gunicorn.Logger orders:app
    gunicorn -c python:ameide_telemetry.integrations.gunicorn orders:app

The master never imports the application, so its lines take the service's name from `OTEL_SERVICE_NAME`.
In the second form gunicorn reads this module as its config file: `logger_class`, `post_fork`, `worker_exit`
are settings of it. A config file of one's own imports them from here.
"""

from __future__ import annotations

import os
from typing import Any, Final

from gunicorn.glogging import Logger as GunicornLogger

from ameide_telemetry import guard, lifecycle
from ameide_telemetry.logs.installation import install_provisionally

__all__ = ["Logger", "logger_class", "post_fork", "worker_exit"]

_HOOK: Final = guard.site("gunicorn.hook")


class Logger(GunicornLogger):  # type: ignore[misc, unused-ignore]
    """gunicorn's own logger whose console handlers are replaced by JSON lines, before any worker exists."""

    def setup(self, cfg: Any) -> None:
        """Configure as gunicorn does, then put the lines in force."""
        super().setup(cfg)
        install_provisionally()


logger_class = Logger


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 gunicorn looks at the number of arguments
    """Start the workers' own threads where `--preload` has started telemetry in the master."""
    with _HOOK:
        lifecycle.resume()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 the same
    """Send what waits when a worker ends, a recycled one too."""
    with _HOOK:
        # The master calls this as well, for a worker that it finds gone.
        if worker.pid == os.getpid():
            lifecycle.flush_now()
