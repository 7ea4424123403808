"""One shape for everything that a check has to say: settings, contract, log lines, lint, platform files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Level"]

Level = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check.

    Attributes:
        code: stable identifier of the check, such as `TEL010`.
        message: what is wrong, in one sentence, without secrets.
        location: where it comes from: a variable, an argument, `file:line`.
        hint: the edit, value or command that cures it.
        level: `error`, `warning` or `info`.
    """

    code: str
    message: str
    location: str = ""
    hint: str = ""
    level: Level = "error"

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        cure = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{cure} [{self.code}]"
