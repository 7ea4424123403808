"""Numbers of people in text: telephones, accounts, cards.

The patterns begin with the character that their numbers begin with and look back from there, so that all
other characters are passed over quickly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.checks import iban_length, is_card, is_iban, is_phone

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_numbers", "hide_phones", "may_hold_numbers"]

# What stands between the groups of a number.
_SPACES: Final = " \\-\u00a0\u2011\u202f"
# What every number of a card and of an account has: much without a space.
_DIGITS: Final = re.compile(rf"[0-9][0-9][0-9A-Z{_SPACES}]{{9}}").search
_GAP: Final = rf"[{_SPACES}+]|%20"
# In one piece behind a `/` it is rather an id, and behind a `+` a difference.
_CARD: Final = re.compile(
    rf"[0-9](?:(?<![\w.\-+%].)|(?<=\\[nrt].)|(?<=%[0-9A-Fa-f]{{2}}.)|(?<=[A-Za-z]\+.))(?:"
    rf"[0-9]{{3}}({_GAP})[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{1,7}}(?P<last>\1[0-9]{{1,3}})?"
    rf"|[0-9]{{3}}({_GAP})[0-9]{{6}}\3[0-9]{{4,5}}|(?<!/.)[0-9]{{12,18}})(?![\w\-]|\.[0-9])",
    re.ASCII,
)
# A number in a form, where a space is written otherwise.
_FORM_DIGITS: Final = re.compile(r"[0-9]{2}(?:\+|%20)[0-9A-Z]{4,6}(?:\+|%20)").search
_CARD_WORDS: Final = re.compile(
    r"(?<![A-Za-z])(?i:cards?|pan|visa|mastercard|amex|maestro|discover|jcb|cc|credit|debit|pay|paid|payment"
    r"|charged?|creditcard|ccnum)(?![a-z])|(?<=[a-z])(?:Card|Pan)(?![a-z])"
)
# Whatever else is said about it: `payment_id=`, `"cardId": "`, `id `.
_ID_BEFORE: Final = re.compile(
    r"(?:(?<![A-Za-z])[Ii][Dd]|(?<=[a-z])I[Dd]|(?<=[A-Z])ID)s?\\{0,3}(?:[\"']|%22)?\]?\s?(?:=>|:=|[=:#]|%3[AaDd])?\s?"
    r"\\{0,3}(?:[\"'\[(]|%22)?\Z"
)
_BEFORE: Final = 40
_AFTER: Final = 20
_IBAN: Final = re.compile(
    rf"[A-Z](?:(?<![A-Za-z0-9].)|(?<=%[0-9A-F]{{2}}.)|(?<=\\[nrt].))[A-Z][0-9]{{2}}(?=(?:{_GAP})?[A-Z0-9])"
)
# In small letters ids have such parts, too: of those that hexadecimal digits can spell, only digits follow.
_SMALL_IBAN: Final = re.compile(
    r"(?<![\w\-])(?:(?:gb|nl|ie|gi|lv|ro)[0-9]{2} ?[a-z]{4}|[a-z]{2}[0-9]{2} ?[0-9]{4})"
    r"(?: ?[0-9]{4}){1,6}+(?: ?[0-9]{1,3})?(?![\w\-])",
    re.ASCII,
)
_NO_GAPS: Final = dict.fromkeys(map(ord, " +-\u00a0\u2011\u202f"))
_IBAN_PIECE: Final = re.compile(rf"(?P<gap>{_GAP})|[A-Z0-9]{{1,4}}")
_MAX_IBAN: Final = 64
_PHONE: Final = re.compile(
    r"(?:\+(?:(?<![\w+].)|(?<=%2[02].)|(?<=\\[nrt].)|(?<=\+.)(?<![\w+]\+.))|%2[Bb](?:(?<![\w+]...)|(?<=%2[02]...)|(?<=\\[nrt]...)))"
    r"\(?[0-9]{1,15}+(?![0-9A-Za-wyz_])"
    r"(?:(?:[ .\-()/\u00a0\u2011]{1,2}|%20)[0-9]{1,14}+(?![0-9A-Za-wyz_])){0,7}+",
    re.ASCII,
)
_CURRENCY: Final = re.compile(
    r"\s?(?:EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|BRL|TRY|bytes|rows|[\u20ac$\u00a3\u00a5])"
    r"(?!\w)"
)
_AMOUNT: Final = re.compile(r"(?i:balance|amount|total|delta|diff|offset|drift)[ \t]?[=:]?[ \t]?\Z")
_BEFORE_AMOUNT: Final = 16
# The digits of an escaped space are none of the number.
_GROUP: Final = re.compile(r"(?:%20)?([0-9]+)")
_NOT_DIGITS: Final = re.compile(r"%20|[^0-9]+")


def may_hold_numbers(text: str) -> bool:
    """Tell whether there are as many digits as cards and accounts have; nearly all texts have fewer."""
    return _DIGITS(text) is not None


def hide_phones(text: str, hide: Hide) -> str:
    """Return text with telephone numbers hidden that begin with a plus."""
    return _PHONE.sub(lambda found: _phone(found, hide), text)


def hide_numbers(text: str, hide: Hide) -> str:
    """Return text with the numbers of accounts and cards hidden."""
    if not may_hold_numbers(text) and _FORM_DIGITS(text) is None:
        return text
    text = _hide_ibans(text, hide)
    return _CARD.sub(lambda found: _card(found, hide), text)


def _phone(found: re.Match[str], hide: Hide) -> str:
    """Hide as many of the groups of digits as make a number; what comes behind it may be another one."""
    text = found[0]
    front = 3 if text[0] == "%" else 1
    for group in reversed([*_GROUP.finditer(text, front)]):
        end = group.end()
        if is_phone(_NOT_DIGITS.sub("", text[front:end])):
            if end == len(text) and text[front:].isdigit() and _is_amount(found):
                break
            return hide("phone", text[:end]) + text[end:]
    return text


def _is_amount(found: re.Match[str]) -> bool:
    """Tell whether a number with a sign is one of money, or how much of something there is."""
    text, first = found.string, found.start()
    if _CURRENCY.match(text, found.end()) is not None:
        return True
    return _AMOUNT.search(text, max(0, first - _BEFORE_AMOUNT), first) is not None


def _hide_ibans(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    for begin in _IBAN.finditer(text):
        first = begin.start()
        last = _iban_end(text, first) if first >= done else 0
        if last:
            pieces.append(text[done:first])
            pieces.append(hide("iban", text[first:last]))
            done = last
    text = "".join((*pieces, text[done:])) if pieces else text
    return _SMALL_IBAN.sub(lambda found: _small_iban(found[0], hide), text)


def _small_iban(text: str, hide: Hide) -> str:
    return hide("iban", text) if is_iban(text.replace(" ", "").upper()) else text


def _iban_end(text: str, first: int) -> int:
    """Return where the IBAN ends that begins at `first`, spaces between its groups included; 0 for none."""
    left = iban_length(text[first : first + 2])
    # Nearly all that only begins like one is refused here, in a fraction of the time that its groups take.
    compact = text[first : first + _MAX_IBAN].replace("%20", "").translate(_NO_GAPS)[:left]
    if not left or not is_iban(compact):
        return 0
    characters = ""
    last = first
    while len(characters) < left:
        piece = _IBAN_PIECE.match(text, last, first + _MAX_IBAN)
        if piece is None or (piece["gap"] and len(characters) % 4):
            return 0
        part = "" if piece["gap"] else piece[0][: left - len(characters)]
        characters += part
        last += len(part or piece[0])
    return 0 if text[last : last + 1].isalnum() else last


def _card(found: re.Match[str], hide: Hide) -> str:
    digits = _NOT_DIGITS.sub("", found[0].replace("%20", " "))
    if not is_card(digits):
        return _shorter_card(found, hide)
    if len(digits) != len(found[0]):
        return hide("card", found[0])
    # Ids of other kinds are numbers as long; one in forty of them passes for a card.
    text, first, last = found.string, found.start(), found.end()
    before = text[max(0, first - _BEFORE) : first]
    if _ID_BEFORE.search(before) is not None:
        return found[0]
    around = f"{before} {text[last : last + _AFTER]}"
    return hide("card", found[0]) if _CARD_WORDS.search(around) else found[0]


def _shorter_card(found: re.Match[str], hide: Hide) -> str:
    """Hide the number without its last group, which may be the next number: when it expires, how often."""
    last = found["last"]
    if not last or last[0] == "-":
        return found[0]
    card = found[0].removesuffix(last)
    if not is_card(_NOT_DIGITS.sub("", card.replace("%20", " "))):
        return found[0]
    return hide("card", card) + last
