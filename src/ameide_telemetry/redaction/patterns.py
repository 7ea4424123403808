"""Values that are what they are whatever they are called: addresses, tokens, keys, numbers of cards.

Each kind has a gate, a test that is cheap and that nearly all texts fail; only what passes is searched. Every
search takes time in proportion to the text: repetitions are bounded or possessive, and begin where a word
begins.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.emails import hide_emails, may_hold_emails
from ameide_telemetry.redaction.numbers import hide_numbers, hide_phones, may_hold_numbers
from ameide_telemetry.redaction.vendors import hide_keys

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_values", "may_hold"]


# What forms write for a space.
_SPACE: Final = r"(?: |\+|%20)"
_PEM_LABEL: Final = rf"{_SPACE}(?:[A-Z0-9]{{1,12}}{_SPACE}){{0,3}}PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)?-----"
# The label behind the body may be cut.
_PEM: Final = re.compile(
    rf"-----BEGIN{_PEM_LABEL}(?:(?!-----END[ +%]).){{0,16384}}+"
    rf"(?:-----END(?:{_SPACE}[A-Z0-9]{{1,12}}+){{0,5}}+-{{0,5}})?",
    re.DOTALL,
)
# Only its end is there when a text was cut; what stands before it is read backwards, line by line.
_PEM_END: Final = re.compile(rf"-----END{_PEM_LABEL}")
_BREAK: Final = r"(?:[ \t]{0,16}[\r\n]|[rn]\\|[ADad]0%)"
_BASE64: Final = rf"(?:(?!{_BREAK})[A-Za-z0-9+/%])"
_PEM_BODY: Final = re.compile(
    rf"{_BREAK}*+(?:={{0,2}}|(?:D3%){{0,2}}){_BASE64}++"
    rf"(?:{_BREAK}++{_BASE64}{{16,}}+| {_BASE64}{{40,}}+|{_BREAK}++{_BASE64}++\Z)*+"
)
_MAX_PEM: Final = 16_384
_JWT: Final = re.compile(r"(?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]{7,}+(?:\.[A-Za-z0-9_\-]*+){1,4}")
_LEAST_HEADER: Final = 10
_LEAST_CLAIMS: Final = 16
_SCHEME: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:bearer|basic)(?: {1,3}|\t|\+|%20|:)(?=[^\s]{8})", re.IGNORECASE
)
_NOT_SCHEME: Final = " \t+%20:"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/\-]{8,}+=*+")
_LONG_TOKEN: Final = 32
# No number of a card or of an account is shorter.
_LEAST_DIGITS: Final = 13
# Every key has as much without a space.
_LONG: Final = re.compile(r"[A-Za-z0-9_\-]{20}").search
_LEAST_LONG: Final = 20
# Of all that can be found, nearly everything has one of these, or a telling name before `=` or `:`.
_SIGN: Final = re.compile(r"[@?+%'\\\uff20]").search


def may_hold(text: str) -> bool:
    """Tell whether text can hold any of what is told by how it looks.

    Nearly all texts of a service cannot, and a few tests for single characters say so.
    """
    if (
        _SIGN(text) is not None
        or "--" in text
        or "</" in text
        or "&#" in text
        or "&q" in text
        or " -u" in text
        or " -U" in text
    ):
        return True
    size = len(text)
    if size < _LEAST_DIGITS:
        return False
    if " FROM " in text or " INTO " in text or " SET " in text or _names_driver(text):
        return True
    if may_hold_numbers(text) or _names_scheme(text):
        return True
    return size >= _LEAST_LONG and (_LONG(text) is not None or "eyJ" in text)


def _names_driver(text: str) -> bool:
    return "row contains (" in text or "Key (" in text or "[parameters: " in text or "[SQL: " in text


def _names_scheme(text: str) -> bool:
    return "earer" in text or "asic" in text or "EARER" in text or "ASIC" in text


def hide_values(text: str, hide: Hide) -> str:
    """Return text with everything hidden that is told by how it looks."""
    if "-----" in text:
        text = _PEM.sub(lambda found: hide("private_key", found[0]), text)
        if "-----END" in text:
            text = _hide_ends_of_keys(text, hide)
    if "eyJ" in text:
        text = _JWT.sub(lambda found: _jwt(found, hide), text)
    if _names_scheme(text):
        text = _hide_schemes(text, hide)
    if _LONG(text) is not None:
        text = hide_keys(text, hide)
    if may_hold_emails(text):
        text = hide_emails(text, hide)
    if "+" in text or "%2" in text:
        text = hide_phones(text, hide)
    return hide_numbers(text, hide)


def _hide_ends_of_keys(text: str, hide: Hide) -> str:
    pieces = []
    done = begin = 0
    for label in _PEM_END.finditer(text):
        before = text[max(begin, label.start() - _MAX_PEM) : label.start()]
        begin = label.end()
        body = _PEM_BODY.match(before[::-1])
        if body is not None:
            first = label.start() - body.end()
            pieces.append(text[done:first])
            pieces.append(hide("private_key", text[first:begin]))
            done = begin
    return "".join((*pieces, text[done:])) if pieces else text


def _jwt(found: re.Match[str], hide: Hide) -> str:
    """Hide a token from where it begins in a run of its characters, of which the front may be another's."""
    text = found[0]
    header, _, rest = text.partition(".")
    begin = header.find("eyJ")
    if begin < 0 or len(header) - begin < _LEAST_HEADER:
        return text
    if begin and not rest.startswith("eyJ") and len(rest) < _LEAST_CLAIMS:
        return text
    end = len(text.rstrip("."))
    return text[:begin] + hide("jwt", text[begin:end]) + text[end:]


def _hide_schemes(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for scheme in _SCHEME.finditer(text):
        token = _TOKEN.match(text, scheme.end())
        if (
            token is not None
            and scheme.start() >= done
            and _is_credential(scheme[0].rstrip(_NOT_SCHEME).lower(), token[0])
        ):
            pieces.append(text[done : token.start()])
            pieces.append(hide("authorization", token[0]))
            done = token.end()
    return "".join((*pieces, text[done:])) if pieces else text


def _is_credential(scheme: str, token: str) -> bool:
    if scheme == "basic":
        try:
            return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        except (binascii.Error, ValueError):
            return False
    # A word of prose has no digit.
    return len(token) >= _LONG_TOKEN or any(each.isdigit() for each in token)
