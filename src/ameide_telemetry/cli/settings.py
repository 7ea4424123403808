"""`ameide-telemetry settings`: the effective settings of the current environment, or their reference page."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.redaction.status import shown_settings
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.reference import reference

if TYPE_CHECKING:
    import argparse

__all__ = ["register", "run"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Print the effective settings of this environment, and where each value comes from."
    parser = subparsers.add_parser("settings", description=text)
    parser.add_argument("page", nargs="?", choices=("reference",), help="print the reference page instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for; findings go to stderr.

    Returns:
        0; 1 when the environment is wrong and strict mode is on.
    """
    if arguments.page:
        print(reference(), end="")
        return 0
    try:
        settings = TelemetrySettings.resolve()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    _print(settings, as_json=arguments.json)
    return 0


def _print(settings: TelemetrySettings, *, as_json: bool) -> None:
    status = shown_settings(settings)
    if as_json:
        print(
            json.dumps({"settings": status, "warnings": [str(each) for each in settings.warnings]}, indent=2)
        )
        return
    width = max(map(len, status))
    for name, entry in status.items():
        print(f"{name:<{width}}  {_text(entry['value'])}  ({entry['origin']})")
    for finding in settings.warnings:
        print(f"warning: {finding}", file=sys.stderr)


def _text(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
