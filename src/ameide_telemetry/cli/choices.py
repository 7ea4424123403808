"""Arguments that are one of several names, for the commands that write reports."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ameide_telemetry.nearness import nearest
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.model import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["format_name", "level_name", "output"]


def format_name(text: str) -> str:
    """Return the name of a format of reports."""
    return _one_of("format", text, FORMATS)


def level_name(text: str) -> str:
    """Return the name of a level."""
    return _one_of("level", text, LEVELS)


def output(text: str) -> tuple[str, str]:
    """Return the format and the file of `FORMAT=FILE`."""
    name, found, file = text.partition("=")
    if not found or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is no FORMAT=FILE, such as sarif=report.sarif")
    return format_name(name), file


def _one_of(noun: str, text: str, known: Iterable[str]) -> str:
    names = list(known)
    if text in names:
        return text
    near = nearest(text, names)
    question = f"did you mean {near}? " if near else ""
    raise argparse.ArgumentTypeError(f"unknown {noun} {text!r}: {question}one of {', '.join(names)}")
