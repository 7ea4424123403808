"""Log records of every front end -> one JSON line each on stdout."""

from ameide_telemetry.logs.formatter import JsonFormatter
from ameide_telemetry.logs.installation import LogInstallation, install, install_provisionally

__all__ = [
    "JsonFormatter",
    "LogInstallation",
    "install",
    "install_provisionally",
]
