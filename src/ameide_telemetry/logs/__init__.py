"""Log records of every front end -> one JSON line each on stdout."""

from ameide_telemetry.logs.formatter import JsonFormatter
from ameide_telemetry.logs.installation import LogInstallation, install, install_provisionally
from ameide_telemetry.logs.structured import BoundLogger, get_logger

__all__ = [
    "BoundLogger",
    "JsonFormatter",
    "LogInstallation",
    "get_logger",
    "install",
    "install_provisionally",
]
