"""`ameide-telemetry uvicorn-log-config`: the path of the log config that uvicorn's parent process needs."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["register", "run"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "uvicorn-log-config",
        description="With --workers, uvicorn's parent process writes lines but never imports the application."
        ' Start it with: uvicorn --workers 4 --log-config "$(ameide-telemetry uvicorn-log-config)" app:app',
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the path; the file is part of the installed package."""
    del arguments
    print(files("ameide_telemetry.logs").joinpath("uvicorn.json"))
    return 0
