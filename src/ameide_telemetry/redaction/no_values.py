"""What stands behind the name of a secret and is none: words that say how it went, templates, source code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    ClassOf = Callable[[str], str | None]

__all__ = ["NO_WORDS", "is_label", "is_no_value", "is_place", "is_prose", "is_said_in_quotes", "is_template"]

_NO_WORDS: Final = """
none null nil true false undefined empty missing invalid expired not required incorrect wrong is was
must cannot no yes unknown unset expected unexpected found str string int bytes bool optional str|none
any failed error rejected denied refused revoked ok changed set reset updated accepted redacted hidden
filtered masked object number boolean char varchar text secretstr the this that too field value a an n/a
<nil> - ? ?? secret[str] secretstr|none disabled enabled nan on off present absent provided given
supplied mismatch mismatched matched stale skipped ignored granted allowed blocked succeeded passed
pending enforced are has does did will should may can could please
"""
NO_WORDS: Final = frozenset(_NO_WORDS.split())
"""Words behind a name that tell about the value."""

# In quotes only what programs put there for nothing at all, or for a switch.
_IN_QUOTES: Final = frozenset(
    {
        "-",
        "none",
        "null",
        "nil",
        "undefined",
        "true",
        "false",
        "n/a",
        "<nil>",
        "on",
        "off",
        "enabled",
        "disabled",
    }
)
# Code, as in the lines of a traceback: what is called or looked up there is no value.
_CODE: Final = re.compile(
    r"(?:self|cls)\.[A-Za-z_]|(?:await |not |lambda[ :])|[A-Za-z_]\w{0,64}+(?:\.\w{1,64}+){0,8}+"
    r"(?:\((?:[A-Za-z_\"'.*][^()\n]{0,256}+(?:\([^()\n]{0,256}+\)[^()\n]{0,256}+){0,4}+)?\)|\[[^\]\n]{0,256}+\])"
    r"(?=[\s,;:.)\]}\[(]|\Z)|[A-Za-z_][\w.]{0,64}+[(\[]\s{0,8}(?:\n|\Z)"
)
_TEMPLATE: Final = re.compile(
    r"(?:(?:Bearer|Basic|Token) )?(?:\{(?P<place>[\w.!:\[\]'\"]{0,128}+)\}(?!\w)|%[sdr](?!\w)"
    r"|%\(\w{1,64}+\)[sdr]|\$\{[^}\n]{0,256}+\}|\$\([^)\n]{0,256}+\)|\?(?=[\s,)]|\Z)|\$[0-9]{1,2}(?!\w))"
)
# What stands in braces for a value that is put in later; ODBC puts passwords in braces.
_PLACE: Final = re.compile(r"[0-9]?(?:[a-z_]+(?:[.\[][a-z_'\"\]]*)*)?(?:![rsa])?(?::[\w.]{0,8})?")
_PLACE_NAME: Final = re.compile(r"[A-Za-z_][\w.\-]*")
# Objects as the Java world writes them, numbers of versions and codes of mail servers.
_OBJECT: Final = re.compile(
    r"[A-Za-z_$][\w.$]*@[0-9a-f]{1,16}(?!\w)|[A-Z]\w*\{|[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?![\w.])"
)
# Where a secret lies, and what Kubernetes calls the object that holds it.
_PATH: Final = re.compile(r"/(?:etc|run|var|opt|home|srv|mnt|usr|tmp|secrets|certs)/[a-z0-9_./\-]{1,200}")
_IN_NAMESPACE: Final = re.compile(r"[a-z][a-z\-]{0,62}/[a-z][a-z0-9.\-]{0,252}")
_REFERENCE: Final = re.compile(
    r"\{ ?\\{0,3}\"name(?:space)?\\{0,3}\": ?\\{0,3}\"[\w.\-]{0,253}\\{0,3}\""
    r"(?:, ?\\{0,3}\"name(?:space)?\\{0,3}\": ?\\{0,3}\"[\w.\-]{0,253}\\{0,3}\")? ?\}"
)
# What shells call the directory that they are in.
_DIRECTORIES: Final = frozenset({"PWD", "OLDPWD"})
_DIRECTORY: Final = re.compile(r"/[\w./\-]{0,256}")
# The pins of a board; versions of Erlang's library.
_TWO_DIGITS: Final = re.compile(r"(?:GPIO_?|P?[A-K])?[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}\.?")
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)++\Z")
_TYPE: Final = re.compile(r"(?:[A-Z][a-z]+){2,}\Z")
_PROSE: Final = re.compile(r"[A-Za-z]+\Z")
_NEXT_WORD: Final = re.compile(r" [a-z']+(?![\w.\-]*[=:])")
_DOMAIN: Final = re.compile(r"(?<![\w./:@\-])[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,5}/\Z")
_LABEL: Final = re.compile(r"[\"']?[=:] ?[\"']?[A-Za-z0-9][\w.\-]{0,62}(?![\w/+=])")
_MOST_BEFORE: Final = 256
_SOURCE: Final = "    "
_FILE: Final = 'File "'
_NEWLINES: Final = ("\n", "\\n")
_MOST_LINES: Final = 1_024


def is_no_value(text: str, pair: re.Match[str], word: re.Match[str], kind: str, class_of: ClassOf) -> bool:
    """Tell whether the bare word behind a name is none of what the name promises."""
    value = word[0]
    if value.rstrip(".!:").lower() in NO_WORDS or is_place(pair["name"], value):
        return True
    if is_template(text, word.start(), kind, class_of):
        return True
    if _CODE.match(text, word.start()) is not None or (value == pair["name"] and kind == "password"):
        return kind != "password" or _is_source(text, pair)
    if kind == "password":
        return _TWO_DIGITS.fullmatch(value) is not None or _is_known_name(value, class_of)
    if _OBJECT.match(text, word.start()) is not None or value == pair["name"]:
        return True
    return _is_known_name(value, class_of)


def _is_known_name(value: str, class_of: ClassOf) -> bool:
    return _DOTTED.match(value) is not None and class_of(value) is not None


def is_template(text: str, begin: int, kind: str, class_of: ClassOf, *, whole: bool = False) -> bool:
    """Tell whether a template stands where a value would.

    Args:
        text: what it stands in.
        begin: where.
        kind: the class of the value.
        class_of: tells the class of a name.
        whole: the template must be all of the text.
    """
    found = _TEMPLATE.fullmatch(text, begin) if whole else _TEMPLATE.match(text, begin)
    if found is None or not found["place"] or kind != "password":
        return found is not None
    place: str = found["place"]
    if _PLACE.fullmatch(place) is not None:
        return True
    return _PLACE_NAME.fullmatch(place) is not None and class_of(place) is not None


def is_place(name: str, value: str) -> bool:
    """Tell whether a value says where the secret lies: a path, an object of Kubernetes."""
    if _PATH.fullmatch(value) is not None or _REFERENCE.fullmatch(value) is not None:
        return True
    if name in _DIRECTORIES:
        return _DIRECTORY.fullmatch(value) is not None
    return name.lower() == "secret" and _IN_NAMESPACE.fullmatch(value) is not None


def is_said_in_quotes(inner: str) -> bool:
    """Tell whether the text in quotes behind a name says that there is no value."""
    return inner.lower() in _IN_QUOTES


def is_prose(text: str, word: re.Match[str]) -> bool:
    """Tell whether a sentence goes on behind a colon, or a type stands there."""
    if _TYPE.match(word[0]) is not None:
        return True
    return _PROSE.match(word[0]) is not None and _NEXT_WORD.match(text, word.end()) is not None


def is_label(text: str, pair: re.Match[str], kind: str) -> bool:
    """Tell whether a name is the end of a label's, such as `kubernetes.io/secret=...`."""
    first = pair.start("name")
    if kind == "password" or text[first - 1 : first] != "/":
        return False
    if _DOMAIN.search(text, max(0, first - _MOST_BEFORE), first) is None:
        return False
    return _LABEL.match(text, pair.end("name")) is not None


def _is_source(text: str, pair: re.Match[str]) -> bool:
    """Tell whether a pair stands in a line of source, in an assignment or between the arguments of a call.

    What looks like code elsewhere is a password with brackets or dots.
    """
    if pair["quote"] or not pair["mark"]:
        return bool(pair["quote"])
    if text[pair.start("mark") - 1].isspace() or pair["mark"] == ":":
        return True
    first = pair.start("name")
    before = text[max(0, first - _MOST_BEFORE) : first]
    line = max((before.rfind(end) + len(end) for end in _NEWLINES if end in before), default=0)
    if before.startswith(_SOURCE, line) and (line or first < _MOST_BEFORE):
        begin = first - len(before) + line
        return begin == 0 or _FILE in text[max(0, begin - _MOST_LINES) : begin]
    return _is_argument(before[line:])


def _is_argument(before: str) -> bool:
    """Tell whether the innermost open bracket is that of a call."""
    depth = 0
    for index in range(len(before) - 1, 0, -1):
        if before[index] in ")]}":
            depth += 1
        elif before[index] in "([{":
            if depth == 0:
                return before[index] == "(" and (before[index - 1].isalnum() or before[index - 1] in "_])")
            depth -= 1
    return False
