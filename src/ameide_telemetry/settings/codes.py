"""The codes of the findings of this room. The first six are problems, the last three never raise."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BAD_ENDPOINT",
    "BAD_VALUE",
    "CODES",
    "CONTRADICTION",
    "MISSPELT",
    "NEVER_RAISED",
    "NOT_INSTALLED",
    "NO_DESTINATION",
    "UNKNOWN_OPTION",
    "UNREADABLE_FILE",
    "WITHOUT_EFFECT",
]

BAD_VALUE: Final = "TEL010"
UNKNOWN_OPTION: Final = "TEL011"
UNREADABLE_FILE: Final = "TEL012"
BAD_ENDPOINT: Final = "TEL013"
NOT_INSTALLED: Final = "TEL014"
CONTRADICTION: Final = "TEL015"
MISSPELT: Final = "TEL016"
WITHOUT_EFFECT: Final = "TEL017"
NO_DESTINATION: Final = "TEL018"

NEVER_RAISED: Final = frozenset((MISSPELT, WITHOUT_EFFECT, NO_DESTINATION))
"""The codes of findings that are warnings in strict mode too."""

CODES: Final[dict[str, str]] = {
    BAD_VALUE: "A value has the wrong type, range or form.",
    UNKNOWN_OPTION: "An argument, an option in a mapping or a variable of this library does not exist.",
    UNREADABLE_FILE: "A file that a setting names cannot be read.",
    BAD_ENDPOINT: "An endpoint is no address that anything can be sent to.",
    NOT_INSTALLED: "A setting asks for a package that is not installed.",
    CONTRADICTION: "Two settings exclude each other.",
    MISSPELT: "An `OTEL_*` variable has nearly the name of one that exists. Always a warning.",
    WITHOUT_EFFECT: "A setting has no effect, or a variable is not honoured. Always a warning.",
    NO_DESTINATION: "OTLP was asked for by name, but no endpoint is set. Always a warning.",
}
