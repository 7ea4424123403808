"""URLs inside of text: user-info and the values of queries go, names of parameters and hosts stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]
    Shows = Callable[[str], bool]

__all__ = ["hide_in_urls", "hide_query"]

_MARK: Final = "://"
# Of a URL without an end only so much is looked at in one piece; the rest is looked at as text.
_REST: Final = re.compile(r"[^\s\"'<>`]{1,8192}")
_USER_INFO: Final = re.compile(r"[^\s/?#]{0,1024}@|[^\s/?#@:]{0,256}:(?![0-9]{1,5}[/?#])[^\s@]{1,1024}@")
_QUERY: Final = re.compile(r"\?(?=[^\s=?&\"'<>]{1,64}=)[^\s\"'<>`#]{1,8192}")
_FRAGMENT: Final = re.compile(r"#(?=[^\s=?&\"'<>]{1,64}=)[^\s\"'<>`]{1,8192}")
_NAME: Final = re.compile(r"[A-Za-z0-9._~\-\[\]$]{1,64}")
_MARKER: Final = re.compile(r"\[redacted:[a-z_]+\]")
_MAX_PARAMETERS: Final = 64


def hide_in_urls(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the credentials and query values of the URLs in it hidden."""
    if _MARK in text:
        text = _hide_authorities(text, hide)
    if "?" in text:
        text = _QUERY.sub(lambda found: f"?{hide_query(found[0][1:], hide, class_of)}", text)
    if "#" in text:
        text = _FRAGMENT.sub(lambda found: f"#{hide_query(found[0][1:], hide, class_of)}", text)
    return text


def hide_query(query: str, hide: Hide, class_of: ClassOf) -> str:
    """Return a query with all values hidden; what is no name is hidden too.

    Values go whatever they are called: links to reset a password, signed links and searches for people carry
    theirs under any name.
    """
    parts = query.split("&", _MAX_PARAMETERS)
    shown = [_hide_parameter(part, hide, class_of) for part in parts[:_MAX_PARAMETERS]]
    shown.extend(hide("query", part) for part in parts[_MAX_PARAMETERS:])
    return "&".join(shown)


def _hide_parameter(part: str, hide: Hide, class_of: ClassOf) -> str:
    name, mark, value = part.partition("=")
    if not part or _MARKER.fullmatch(value or name):
        return part
    if not mark or _NAME.fullmatch(name) is None:
        return hide("query", part)
    return f"{name}={hide(class_of(name) or 'query', value)}" if value else part


def _hide_authorities(text: str, hide: Hide) -> str:
    pieces = []
    done = 0
    at = text.find(_MARK)
    while at >= 0:
        begin = at + len(_MARK)
        rest = _REST.match(text, begin)
        found = _USER_INFO.match(text, begin, rest.end()) if rest is not None and "@" in rest[0] else None
        if found is not None and _MARKER.fullmatch(found[0][:-1]) is None:
            pieces.append(text[done:begin])
            pieces.append(hide("credentials", found[0][:-1]))
            done = found.end() - 1
        at = text.find(_MARK, max(begin, done))
    return "".join((*pieces, text[done:])) if pieces else text
