"""What must not be shown: header values, keys, credentials and queries in URLs, text that looks secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.settings.attributes import AttributeValue

__all__ = [
    "HIDDEN",
    "PseudonymKey",
    "concealed_headers",
    "concealed_pairs",
    "concealed_pattern",
    "concealed_text",
    "concealed_url",
    "has_credentials",
]

HIDDEN: Final = "***"
_WORDS: Final = re.compile(
    r"bearer|basic |passw|pwd|secret|token|api.?key|private.?key|authorization|cookie|credential",
    re.IGNORECASE,
)
_USER_INFO: Final = re.compile(r"[^\s:@]:[^\s@]{1,256}@(?!sha[0-9]{3}:)")
# What machines make: long, without a space, of letters and digits; and what issuers begin their keys with.
_RUN: Final = re.compile(r"[A-Za-z0-9_+=~-]{20,}")
_ISSUED: Final = re.compile(
    r"-----BEGIN|eyJ|(?:AKIA|ASIA|AIza|gh[opsur]_|github_pat_|glpat-|[rsp]k_|sk-|xox)\w"
)

# In a pattern, what a class or a repetition follows is how such a key looks, and none.
_ISSUED_RUN: Final = re.compile(rf"(?:{_ISSUED.pattern})[A-Za-z0-9_+=~/-]{{7,}}")


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """The key that pseudonyms are made with; `repr` shows its id only.

    Attributes:
        key_id: stands in every pseudonym, so that those of an older key can be told.
        secret: at least 16 bytes.
    """

    key_id: str
    secret: bytes = field(repr=False)


def concealed_url(url: str) -> str:
    """Return `url` with its credentials, query and fragment replaced; never raises.

    Everything up to the last `@` counts as credentials: a password may hold `/`, `?` and `@` when
    somebody forgot to encode it, and hiding too much is the smaller harm.
    """
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    _, at, place = rest.rpartition("@")
    path = place.partition("?")[0].partition("#")[0]
    hidden_query = f"?{HIDDEN}" if path != place else ""
    return f"{scheme}{mark}{HIDDEN if at else ''}{at}{path}{hidden_query}"


def has_credentials(text: str) -> bool:
    """Tell whether text holds a URL with a user, or a user with a password; no name of an image does."""
    return "@" in text.partition("://")[2] or _USER_INFO.search(text) is not None


def concealed_text(text: str) -> str:
    """Return what can be shown of a wrong `text`: it may have been meant for another variable."""
    if _WORDS.search(text) or _ISSUED.search(text):
        return HIDDEN
    if "://" in text or "@" in text:
        text = concealed_url(text)
    return _RUN.sub(_concealed_run, text)


def concealed_pattern(pattern: str) -> str:
    """Return what can be shown of a pattern: all but what looks like a secret itself.

    Words such as `password` and signs such as `@` are what a pattern looks for, and who has to mend it has
    to find it.
    """
    return _RUN.sub(_concealed_run, _ISSUED_RUN.sub(HIDDEN, pattern))


def concealed_pairs(
    pairs: Iterable[tuple[str, AttributeValue]],
) -> tuple[tuple[str, AttributeValue], ...]:
    """Return resource attributes without the credentials of URLs."""
    return tuple(
        (name, concealed_url(value) if isinstance(value, str) and has_credentials(value) else value)
        for name, value in pairs
    )


def concealed_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers with every value replaced."""
    return tuple((name, HIDDEN) for name, _ in headers)


def _concealed_run(found: re.Match[str]) -> str:
    run = found[0]
    mixed = any(letter.isdigit() for letter in run) and any(letter.isalpha() for letter in run)
    return HIDDEN if mixed else run
