"""Shell scripts: does a branch of one end with a line, or does the line only prepare what comes after it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.model import Evidence
    from ameide_telemetry.lint.projects import Projects

__all__ = ["ends_branch", "prepares"]

_EXEC: Final = re.compile(r"(^|[;&|({]|\bthen|\bdo|\belse|\))\s*exec\s")
_AFTER: Final = re.compile(r"\s*(;;|esac\b|wait\b|exit\b|\Z)")
_NOISE: Final = re.compile(r"\s*(#|$|fi\b|done\b|\})")
_RELEASE: Final = re.compile(r"\s*release\s*:")
_DOCUMENT: Final = re.compile(r"<<-?\s*[\"']?([A-Za-z_]\w*)")
_THEN: Final = re.compile(r"\s*(&&|;(?!;))\s*[^\s'\"\]]")


def prepares(evidence: Evidence, words: Sequence[str]) -> bool:
    """Return whether a command comes before others of its line, or is the `release` of a Procfile.

    Args:
        evidence: the line.
        words: of the command.
    """
    if evidence.kind == "procfile" and _RELEASE.match(evidence.text):
        return True
    at = evidence.text.find(words[-1]) if words else -1
    return at >= 0 and _THEN.match(evidence.text, at + len(words[-1])) is not None


def ends_branch(projects: Projects, evidence: Evidence) -> bool:
    """Return whether the command of a line replaces the shell, or is the last one of a role or of the script.

    Args:
        projects: read the script.
        evidence: the line.
    """
    if _EXEC.search(evidence.text):
        return True
    lines = projects.text(evidence.spot.path).splitlines()[max(evidence.spot.line - 1, 0) :]
    while lines and lines[0].rstrip().endswith("\\"):
        lines = lines[1:]
    at = lines[0].find(evidence.text) if lines and evidence.text else -1
    if at >= 0 and _THEN.match(lines[0], at + len(evidence.text)):
        return False
    if lines and lines[0].rstrip().endswith((";;", "&")):
        return True
    document = _DOCUMENT.search(lines[0]) if lines else None
    if document:
        ends = [number for number, line in enumerate(lines) if line.strip() == document[1]]
        lines = lines[ends[0] :] if ends else lines[:1]
    following = next((line for line in lines[1:] if not _NOISE.match(line)), "")
    return bool(_AFTER.match(following))
