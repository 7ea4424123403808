"""Files that reports are written into: refused before any work is done, written after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.terminal import PLAIN, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ameide_telemetry.reports.model import Report

__all__ = ["must_be_writable", "write_reports"]


def must_be_writable(outputs: Sequence[tuple[str, str]], inputs: Iterable[Path]) -> None:
    """Refuse what cannot become a report, or is one or an input already, before hours are spent on it.

    Args:
        outputs: format and file of each report.
        inputs: files that are read.

    Raises:
        TelemetryError: a file cannot be a report.
    """
    taken = list(inputs) if outputs else []
    for _, file in outputs:
        _must_be_writable(Path(file), taken)
        taken.append(Path(file))


def write_reports(report: Report, outputs: Sequence[tuple[str, str]]) -> None:
    """Write a report into files, each in its format.

    Raises:
        TelemetryError: a file cannot be written.
    """
    for name, file in outputs:
        text = FORMATS[name](report, PLAIN)
        try:
            Path(file).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise TelemetryError(
                f"{printable(file)} cannot be written: {error.strerror}; name another file"
            ) from None


def _must_be_writable(path: Path, taken: Iterable[Path]) -> None:
    if any(
        path.absolute() == each.absolute() or (path.exists() and each.exists() and path.samefile(each))
        for each in taken
    ):
        raise TelemetryError(f"{path} is read already, or the file of another report: name another one")
    if path.is_dir():
        raise TelemetryError(f"{path} is a directory: name a file in it, such as {path / 'report'}")
    if not path.parent.is_dir():
        raise TelemetryError(f"the directory of {path} does not exist: mkdir -p {path.parent}")
