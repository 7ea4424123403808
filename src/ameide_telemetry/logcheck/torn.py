"""Tells a piece of a record, or more than one, from text that was never one.

Two processes on one pipe, a line that was cut in transport and a worker that died in the middle of one leave
such pieces behind. Whoever writes plain text to the stream has another problem with another cure.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ameide_telemetry.contract import names

__all__ = ["is_torn"]

_DECODE: Final = json.JSONDecoder(strict=False).raw_decode
# What all records begin with.
_BEGINNING: Final = re.compile(rf'\{{\s*"{re.escape(names.LOG_TIMESTAMP)}"\s*:')
_OPENS: Final = re.compile(r'\s*\{\s*(?:"|\Z)')
# Of a whole line something ends behind whatever is wrong with it.
_ENDS: Final = re.compile(r'[",:}\]]').search
# The end of one field and the name of the next, as in the middle of a record.
_MIDDLE: Final = re.compile(r'(?:["\]}0-9]|true|false|null)\s*,\s*"[^"\\]{1,128}"\s*:')
_TAIL: Final = re.compile(r'["\]}0-9el]\s*\}\s*\Z')
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def is_torn(text: str, position: int) -> bool:
    """Tell whether text that is not JSON is made of records.

    Args:
        text: the line.
        position: where the parser gave up.
    """
    if _BEGINNING.search(text, 1) is not None:
        return True
    if _OPENS.match(text) is not None:
        return _ENDS(text, position) is None or _ends_in_string(text, position) or _goes_on(text)
    return _MIDDLE.search(text) is not None or _is_tail(text)


def _ends_in_string(text: str, position: int) -> bool:
    """Tell whether the parser gave up at a string that nothing ends."""
    return text[position : position + 1] == '"' and _STRING.match(text, position) is None


def _goes_on(text: str) -> bool:
    """Tell whether something stands behind a whole object."""
    try:
        _DECODE(text.lstrip())
    except (ValueError, RecursionError):
        return False
    return True


def _is_tail(text: str) -> bool:
    return _TAIL.search(text) is not None and text.count("}") > text.count("{")
