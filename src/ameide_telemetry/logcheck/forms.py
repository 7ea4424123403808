"""The patterns of the contract in words: what a value that does not match one has to look like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.contract.model import Contract
    from ameide_telemetry.findings import Finding

__all__ = ["FORMS", "Forms"]

FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "timestamp": (
        "RFC 3339 in UTC with six digits of a second's fraction and Z at the end",
        "2026-01-31T12:34:56.789012Z",
    ),
    "trace_id": ("32 hexadecimal digits in lower case", "0af7651916cd43dd8448eb211c80319c"),
    "span_id": ("16 hexadecimal digits in lower case", "b7ad6b7169203331"),
    "trace_flags": ("2 hexadecimal digits in lower case", "01"),
    "request_id": ("1 to 64 of A to Z, a to z, 0 to 9 and . _ -", "7f3c1d2e-9a41"),
    "tenant_id": ("1 to 150 of A to Z, a to z, 0 to 9 and ! - _ . * ' ( )", "acme"),
    "session_id": ("1 to 150 of A to Z, a to z, 0 to 9 and ! - _ . * ' ( )", "s-5d0c2f"),
}
"""Pattern of the contract -> its form in words, and an example of it."""


class Forms:
    """Says in words what a finding says as a regular expression.

    Args:
        contract: whose patterns they are.
    """

    __slots__ = ("_by_key",)

    def __init__(self, contract: Contract) -> None:
        self._by_key = {
            key: (field.regex, FORMS[field.pattern])
            for field in contract.fields
            for key in field.log
            if field.pattern in FORMS
        }

    def in_words(self, finding: Finding) -> Finding:
        """Return a finding about the form of a value with a hint that people can follow; any other as is."""
        known = self._by_key.get(finding.location)
        if known is None or known[0] not in finding.hint:
            return finding
        words, example = known[1]
        return replace(finding, hint=f"write {words}, such as {example}")
