"""Values that stand apart from their names: `{"name": "password", "value": "..."}`, and parts of a form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.hiding import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_named_values", "may_hold_named_values"]

_MEMBERS: Final = re.compile(
    r"[\"'](?:name|key)[\"']: ?[\"'](?P<name>[\w.\-]{1,96})[\"'], ?[\"']values?[\"']: ?"
    r"(?:\"(?P<double>(?:[^\"\\]++|\\.)*+)\"|'(?P<single>(?:[^'\\]++|\\.)*+)')",
    re.DOTALL,
)
# The same as attributes of a tag: `<add key="password" value="..."/>`.
_ATTRIBUTES: Final = re.compile(
    r"<[\w.\-:]{1,64}(?:\s[^<>]{0,128}?)?\s(?:name|key|id)=\\?[\"'](?P<name>[\w.\-\[\]]{1,96})\\?[\"'](?:\s[^<>]{0,128}?)?"
    r"\svalue=(?:\\?\"(?P<double>[^\"\\]{1,4096}+)\\?\"|\\?'(?P<single>[^'\\]{1,4096}+)\\?')"
)
# RFC 7578: the headers of a part, an empty line, the value, the boundary. The ends of lines may be escaped.
_PART: Final = re.compile(
    r"\bname=\\?\"(?P<name>[\w.\-\[\]]{1,96})\\?\"(?:(?!\bname=)[^\r\n\\]){0,128}+"
    r"(?P<end>\r?\n|\\r\\n|\\n)(?:[A-Za-z\-]{1,32}:[^\r\n\\]{0,256}+(?P=end))?(?P=end)"
    r"(?P<value>(?:(?!(?P=end)--).){1,4096}+)",
    re.DOTALL,
)


def may_hold_named_values(text: str) -> bool:
    """Tell whether a text may hold such a value; nearly all texts do not."""
    if "value" in text and ("name" in text or "key" in text or "id=" in text):
        return True
    return "name" in text and ('name="' in text or 'name=\\"' in text)


def hide_named_values(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the values hidden whose names are those of a secret or of a person's data."""

    def shown(found: re.Match[str]) -> str:
        group = found.lastgroup or ""
        kind = class_of(found["name"])
        value = found[group]
        if kind is None or not value or MARKER.fullmatch(value) is not None:
            return found[0]
        begin, end = found.span(group)
        first = found.start()
        return f"{found[0][: begin - first]}{hide(kind, value)}{found[0][end - first :]}"

    if "<" in text:
        text = _ATTRIBUTES.sub(shown, text)
    return _PART.sub(shown, _MEMBERS.sub(shown, text))
