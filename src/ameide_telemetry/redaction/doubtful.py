"""Names that may be those of a secret or of a person: what stands under them is hidden when it looks like it.

`auth` is a token in one service and `basic` in another, `signature` one of a message or of a function, and
a peer of a connection is a person at home or a machine of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.redaction.hiding import Hide

    KindOf = Callable[[str], str | None]

__all__ = ["DOUBTFUL", "doubtful", "hide_in_doubtful_pairs", "hides", "sure"]

_MARK: Final = "?"

# The look behind lets a name begin at its beginning only, so that long runs of letters are read once.
_PAIR: Final = re.compile(
    r"(?<![\w.])(?<!\w-)(?P<name>[A-Za-z_][\w.\-]{0,95}+)(?:\\{0,7}[\"']|&quot;|%22)?[ \t]{0,8}"
    r"(?P<mark>=>|:=|=(?!=)|:|%3[ADad])[ \t]{0,8}(?P<quote>[bu]?\\{0,7}[\"']|&quot;|%22)?",
    re.ASCII,
)
# None of them goes beyond the next `=` or `:`: what stands there may be the value of the next name.
_TOKEN: Final = re.compile(r"(?:sha[0-9]{1,3}=)?[A-Za-z0-9+/_.~\-]{8,512}+={0,2}(?![(\[@:\w])", re.ASCII)
_CHOSEN: Final = re.compile(r"[^\s\"'<>\\,;&(){}\[\]=:]{6,128}+(?![(\[:=])")
_NUMBER: Final = re.compile(r"\+?\(?[0-9][0-9 ().\-/]{5,30}[0-9](?![\w.])")
_ADDRESSES: Final = re.compile(
    r"(?:(?i:for|by|proto|host)=(?:\\?\"[^\s\"\\]{1,64}\\?\"|[\w.:\[\]\-]{1,64})(?:[;,] ?)?){1,16}+"
    r"|\[?[0-9A-Fa-f:.]{2,45}(?<![:.])\]?(?::[0-9]{1,5})?(?![\w.\-/])"
)
_IN_TEXT: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("?token", "?secret", "?key", "?authorization", "?cookie"), _TOKEN),
    "?password": _CHOSEN,
    "?phone": _NUMBER,
    "?ip": _ADDRESSES,
}

_SEPARATORS: Final = re.compile(r"[+/_.~\-=]+")
_LEAST_TOKEN: Final = 12
_LEAST_PIECE: Final = 8
_LONG_PIECE: Final = 20
_TWO: Final = 2
_DIGIT_FIRST: Final = re.compile(r"[0-9][A-Za-z]")
_UUID: Final = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
# Ids of keys and of calls, which tell nobody how to use them.
_ID: Final = re.compile(rf"(?:key/)?{_UUID}|mrk-[0-9a-f]{{32}}|[A-Z]{{2}}[0-9a-f]{{32}}")
_QUANTITY: Final = re.compile(r"[0-9.,/:%\-]+[a-zA-Z%]{0,3}")
_COORDINATE: Final = re.compile(r"[+\-]?[0-9]{1,3}\.[0-9]{3,20}")
_TELEPHONE: Final = re.compile(r"\+?[0-9 ().\-/]{7,32}")
_LEAST_TELEPHONE: Final = 7
_MAILBOX: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LONGEST_ADDRESS: Final = 64
# RFC 7239.
_FOR: Final = re.compile(r"(?i:for)=\\{0,3}[\"']?(\[[0-9A-Fa-f:.]{2,45}|[0-9.]{7,15})")


def doubtful(kind: str) -> str:
    """Return what stands for a class in a table of names, when the name alone does not decide."""
    return _MARK + kind


def sure(kind: str) -> str:
    """Return the class behind it."""
    return kind.removeprefix(_MARK)


def hides(kind: str, value: object) -> bool:
    """Tell whether a text or number under a doubtful name is of the class that it may be of."""
    return _LOOKS[kind](str(value))


def hide_in_doubtful_pairs(text: str, hide: Hide, kind_of: KindOf) -> str:
    """Return text with the values behind doubtful names hidden that look like it."""
    pieces = []
    done = 0
    pair = _PAIR.search(text)
    while pair is not None:
        begin = pair.end()
        kind = kind_of(pair["name"]) or ""
        value = _IN_TEXT[kind].match(text, begin) if kind in _IN_TEXT else None
        if value is not None and _is_value(pair, kind, value[0]):
            pieces.append(text[done:begin])
            pieces.append(hide(sure(kind), value[0]))
            done = begin = value.end()
        pair = _PAIR.search(text, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _is_value(pair: re.Match[str], kind: str, value: str) -> bool:
    # `PASS: name_of_a_test2` is what runners of tests say.
    if kind == "?password" and pair["mark"] == ":" and not pair["quote"]:
        return False
    return hides(kind, value)


def _is_token(text: str) -> bool:
    """Tell whether it is one word in which letters and digits alternate, more than in `AWS4-HMAC-SHA256`."""
    if len(text) < _LEAST_TOKEN or _TOKEN.fullmatch(text) is None:
        return False
    return any(map(_is_random, _SEPARATORS.split(text)))


def _is_random(piece: str) -> bool:
    if len(piece) < _LEAST_PIECE or _DIGIT_FIRST.search(piece) is None:
        return False
    return len(piece) >= _LONG_PIECE or sum(map(str.isdigit, piece)) >= _TWO


def _is_token_and_no_id(text: str) -> bool:
    return _is_token(text) and _ID.fullmatch(text) is None


def _is_chosen(text: str) -> bool:
    """Tell whether it is one word that has a letter and a digit, as passwords have to."""
    if _CHOSEN.fullmatch(text) is None or _QUANTITY.fullmatch(text) is not None:
        return False
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _is_telephone(text: str) -> bool:
    return _TELEPHONE.fullmatch(text) is not None and sum(map(str.isdigit, text)) >= _LEAST_TELEPHONE


def _is_address(text: str) -> bool:
    """Tell whether it is an address in the internet; names of hosts and addresses of a cluster are not.

    A header of proxies has several, each behind `for=`.
    """
    if len(text) > _LONGEST_ADDRESS:
        return any(map(is_public, _FOR.findall(text)))
    return is_public(text) or any(map(is_public, _FOR.findall(text)))


_LOOKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "?token": _is_token,
    "?secret": _is_token,
    "?authorization": _is_token,
    "?key": _is_token_and_no_id,
    "?cookie": _is_token_and_no_id,
    "?password": _is_chosen,
    "?email": lambda text: _MAILBOX.fullmatch(text) is not None,
    "?phone": _is_telephone,
    "?location": lambda text: _COORDINATE.fullmatch(text) is not None,
    "?ip": _is_address,
}

DOUBTFUL: Final = frozenset(_LOOKS)
"""All that `doubtful` returns."""
