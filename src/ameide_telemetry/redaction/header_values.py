"""What stands behind `Authorization:` and `Cookie:` in text: several words, and where they end."""

from __future__ import annotations

import re
from typing import Final

from ameide_telemetry.redaction.no_values import NO_WORDS

__all__ = ["IN_HEADERS", "header_value"]

IN_HEADERS: Final = frozenset({"authorization", "cookie"})
"""The classes of values that have several words."""

_NAME: Final = r"[A-Za-z_][\w.\-]{0,63}"
# What a line says besides: where one of these follows a comma, it is no part of a header.
_FACT: Final = (
    r"(?:\w{0,64}(?:session|trace|span|request|correlation|tenant|order|user|job|task|pod|event|message)[_.\-]?id"
    r"|(?:http[_.])?(?:status|route|method|host|path|url)(?:[_.]code)?|duration\w{0,16}|level|region|service"
    r"|took|elapsed|attempt|retries|error|reason)="
)
_STOP: Final = rf"(?!(?<![;,]) {_NAME}=(?![=\s]|\Z)|, {{0,4}}{_FACT}|[,;]? {_NAME}: |\\{{1,7}}[\"'rn])"
# Cookies and the parameters of a scheme have quotes, and words have apostrophes.
_QUOTED: Final = (
    r"(?:(?<==)|(?<=[Bb]earer )|(?<=[Bb]asic )|(?<=[Tt]oken ))"
    r"(?:\"[^\"\r\n]{0,2048}\"|'[^'\r\n]{0,2048}'|\\\"[^\"\r\n]{0,2048}\")|(?<=\w)'(?=\w)"
)
_SCHEME: Final = (
    r"(?:(?i:digest|aws4-[\w\-]{1,32}|oauth|hawk|signature|hmac[\w\-]{0,32}|mac|googlelogin|sharedkey(?:lite)?"
    r"|token|scram-sha-[0-9]{1,3}|apikey|vapid|mutual|mediabrowser|ntlm|gnap|psk|negotiate|basic) {1,4})?"
)
_VALUE: Final = re.compile(rf"(?:{_SCHEME})(?:{_QUOTED}|{_STOP}[^\r\n\"'])++")
_VALUE_IN_PAIRS: Final = re.compile(rf"(?:{_SCHEME})(?:{_QUOTED}|{_STOP}(?!\?\w{{1,64}}=)[^\r\n\"'<>])++")
_IN_QUOTES: Final = {quote: re.compile(rf"(?:(?!\\{{1,7}}[\"'rn])[^\r\n{quote}])++") for quote in ("'", '"')}
_FIRST_WORD: Final = re.compile(r"[A-Za-z]{1,32}(?![\w=+/.\-])")
_SCHEMES: Final = frozenset(
    {
        "basic",
        "bearer",
        "token",
        "digest",
        "negotiate",
        "ntlm",
        "apikey",
        "oauth",
        "hawk",
        "signature",
        "mac",
        "key",
    }
)
# What is said about a header besides: how it is checked, where it was seen.
_SAID: Final = frozenset(
    {
        *(
            "rbac",
            "abac",
            "webhook",
            "mtls",
            "sent",
            "received",
            "forwarded",
            "stripped",
            "removed",
            "header",
        ),
        *("headers", "token", "tokens", "authentication", "scheme", "auth", "attached", "cleared", "deleted"),
    }
)
_COUNT: Final = re.compile(r"[0-9]{1,3}(?![\w.=+/\-])")
_AFTER_SCHEME: Final = re.compile(r" {0,4}(?:(?=[,;)\]\r\n])|\Z)|(?=[\"'])| ([a-z]{1,32})(?![\w=+/.~\-])")
_PROSE: Final = re.compile(r"(?: [a-z']{1,32}(?![\w.\-+/=:])){2}")
_TEMPLATE: Final = re.compile(
    r"(?:[A-Z][A-Za-z]{1,15} )?(?:\$[A-Z_]{1,64}|\$?\{\w{0,64}\}|%s|%\(\w{1,64}\)s|<[\w \-]{1,64}>)"
    r"(?=[\s\"',;)]|\Z)"
)


def header_value(text: str, pair: re.Match[str]) -> re.Match[str] | None:
    """Return what of a text is the value of a header; None where only something is said about it."""
    begin = pair.end()
    if _is_said(text, begin) or _TEMPLATE.match(text, begin) is not None:
        return None
    if pair["mark"] not in (":", None):
        return _VALUE_IN_PAIRS.match(text, begin)
    first = pair.start("name")
    within = _IN_QUOTES.get(text[first - 1 : first])
    return (within or _VALUE).match(text, begin)


def _is_said(text: str, begin: int) -> bool:
    """Tell whether prose stands there: `denied for user 7`, `the jar is full`."""
    word = _FIRST_WORD.match(text, begin)
    if word is None:
        return _COUNT.match(text, begin) is not None
    if word[0].lower() in _SCHEMES:
        after = _AFTER_SCHEME.match(text, word.end())
        return after is not None and (after[1] is None or after[1] in NO_WORDS or after[1] in _SAID)
    first = word[0].lower()
    return first in NO_WORDS or first in _SAID or _PROSE.match(text, word.end()) is not None
