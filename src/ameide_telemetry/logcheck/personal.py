"""Data of people and secrets in values: told by class and field, never quoted.

Only what the library's own redactor would take out is told, so that whoever logs through it has nothing to
fear from this check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import names
from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES, SECRET_CLASSES
from ameide_telemetry.findings import Finding
from ameide_telemetry.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ameide_telemetry.redaction import Found, RedactionPolicy

__all__ = ["PersonalData"]

# A count by class, of what was taken out before.
_COUNTS: Final = names.LOG_REDACTED
_HINT: Final = "log an id instead, or log through the library, which redacts it"

# One of each kind that is found wherever it stands.
_PROBES: Final = ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "password=hunter2")
_PLAIN_WORD: Final = "x"
_ODD_TEXTS: Final = ("a=1", "select 1")


class PersonalData:
    """Looks for what must not be on a line.

    Args:
        policy: what a deployment says about it.
    """

    __slots__ = ("_redactor", "counts")

    def __init__(self, policy: RedactionPolicy) -> None:
        self._redactor = Redactor(policy)
        self.counts: dict[str, int] = {}

    def findings(self, record: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield the classes of what was found, each once for each field."""
        for key, value in record.items():
            if key != _COUNTS:
                found: Found = {}
                shown = self._redactor.name(key, found)
                self._redactor.field(key, value, found)
                if found:
                    yield from self._told(found, shown)

    def is_clean_text(self, text: str) -> bool:
        """Tell whether there is nothing to find in text, for certain and quickly; False: look closer."""
        found: Found = {}
        return self._redactor.text(text, found) == text and not found

    def shown(self, key: str, value: Any) -> Any:
        """Return a value as it may be shown."""
        return value if key == _COUNTS else self._redactor.field(key, value, {})

    def shown_text(self, text: str) -> str:
        """Return text, or the name of a field, as it may be shown."""
        return self._redactor.text(text, {})

    def treatment(self, key: str) -> str:
        """Return what the name of a field makes of text under it: `kept`, `searched` or `hidden`."""
        field = self._redactor.field
        if key == _COUNTS:
            return "kept"
        if self._redactor.name(key, {}) != key or any(
            field(key, text, {}) != text for text in (_PLAIN_WORD, *_ODD_TEXTS)
        ):
            return "hidden"
        # In ids, an address is all that is looked for: lines with its sign are not told quickly.
        return "kept" if all(field(key, text, {}) == text for text in _PROBES) else "searched"

    def _told(self, found: Found, key: str) -> Iterator[Finding]:
        for kind, count in found.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
            secret = SECRET_CLASSES.get(kind)
            code = "TEL520" if secret is None else "TEL521"
            meaning = PERSONAL_CLASSES.get(kind, "what must not be shown") if secret is None else secret
            yield Finding(code, f"holds {meaning} ({kind})", key, _HINT)
