"""Process events: exit, fork, the end of a worker, and SIGTERM where the service asks for it.

- `process`: the hooks at exit and after a fork, one of each kind per process, and one budget for them all
- `sigterm`: the signal handler, for scripts that no server ends
- `holding`: what keeps a signal from being lost in a fork
- `surroundings`: ways to run a process that are not supported
"""

from ameide_telemetry.lifecycle.process import Watch, flush_now, resume, turn, watch
from ameide_telemetry.lifecycle.sigterm import Sigterm, handle_sigterm
from ameide_telemetry.lifecycle.surroundings import unsupported

__all__ = ["Sigterm", "Watch", "flush_now", "handle_sigterm", "resume", "turn", "unsupported", "watch"]
