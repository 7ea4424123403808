"""The command line: `ameide-telemetry COMMAND`, one file per command.

main            the frame: parsing, exit codes, errors
surroundings    what a command finds around it: environment, terminal, store file
contract, settings, uvicorn, run, trace    the commands
"""

from ameide_telemetry.cli.main import main

__all__ = ["main"]
