"""What a finding is known by from one report to the next."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from ameide_telemetry.reports.words import fingerprint

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Report

__all__ = ["fingerprints"]


def fingerprints(report: Report) -> list[str]:
    """Return one fingerprint for each group of a report, no two alike, each as 64 hex digits.

    They stay the same when lines are added above a finding. Readers take findings with one fingerprint for
    one (GitLab shows the first), so the second that says the same of a file is told by its number.
    """
    seen: Counter[str] = Counter()
    found = []
    for group in report.groups:
        first = fingerprint(group)
        seen[first] += 1
        number = seen[first]
        found.append(sha256(f"{first}:{number}".encode()).hexdigest() if number > 1 else first)
    return found
