"""Values behind the name of a secret that have several words or several lines."""

from __future__ import annotations

import re
from typing import Final

from ameide_telemetry.redaction.no_values import NO_WORDS

__all__ = ["end_of_words", "value_below", "value_in_line"]

_NO_NAME: Final = r"(?![A-Za-z_][\w.\-]{0,63}[\"']?[=:])"
# Lower case goes on with prose; ids and routes are longer, or have dashes and slashes.
_MORE_WORDS: Final = re.compile(
    rf"(?: {{1,2}}{_NO_NAME}"
    r"(?=[^\s]{0,14}[A-Z0-9!@#$%^*+~])[A-Za-z0-9!@#$%^*_+?~]{1,15}(?![^\s,;.!?])){1,5}+"
)
_TO_SEMICOLON: Final = re.compile(r"(?: {1,2}[^\s;=\"']{1,64}){1,6}+(?=;)")
_PHRASE: Final = re.compile(rf"(?: {_NO_NAME}[A-Za-z]{{2,16}}(?![\w.])){{2,23}}+")
_PHRASES: Final = "phrase"
# A YAML block, or one word in a line of its own; within a string the end of a line is written `\n`.
_BLOCK: Final = re.compile(r"[|>][+\-]?[0-9]?[ \t]{0,8}(?:\r?\n|\\n)(?P<indent>[ \t]{1,32})(?=[^\s])")
_LINES: Final = {"\n": re.compile(r"[^\n]*+"), "\\n": re.compile(r"(?:[^\n\\\"']|\\(?![n\"']))*+")}
_WORD: Final = re.compile(
    rf"[ \t]{{0,8}}(?:\r?\n|\\n)(?P<indent>[ \t]{{1,32}}(?:- )?){_NO_NAME}(?P<word>[^\s\\\"'\[{{]{{1,512}}+)"
    r"(?=[ \t]{0,8}(?:\r?\n|\\n|[\"']|\Z))"
)
# A line of YAML: nothing before the name, nothing behind the value.
_LINE_BEGIN: Final = re.compile(r"(?:\A|\n|\\n)[ \t]{0,16}(?:- )?\Z")
_LINE: Final = re.compile(r"(?P<value>[^\s\\:=\[{][^\n\\:=]{0,127})(?P<end>[ \t]{0,8}(?:\r?\n|\\n|[\"']?\Z))")
_STATEMENTS: Final = frozenset({"pass", "return", "continue", "break", "raise", "..."})
_CONDITION: Final = re.compile(r"(?<![\w.])(?:if|elif|while|not|and|or|in|is|for|with|else)[ \t(]{1,4}\Z")
_MOST_LINES: Final = 64
_LOOK_BACK: Final = 16


def end_of_words(text: str, pair: re.Match[str], word: re.Match[str]) -> int:
    """Return where a password of several words ends; where its first word does, if it has only one."""
    end = word.end()
    name = pair.start("name")
    if pair["name"].lower().endswith(_PHRASES):
        more = _PHRASE.match(text, end) or _MORE_WORDS.match(text, end)
    elif pair["mark"] == ":":
        more = _MORE_WORDS.match(text, end)
    else:
        more = _TO_SEMICOLON.match(text, end) if ";" in text[max(0, name - 2) : name] else None
    return end if more is None else more.end()


def value_below(text: str, pair: re.Match[str]) -> tuple[int, int] | None:
    """Return where a value stands that begins in the line below its name."""
    begin = pair.end()
    block = _BLOCK.match(text, begin)
    if block is not None:
        return block.end(), _end_of_block(text, block)
    word = _WORD.match(text, begin)
    if word is None or _is_code(text, pair, word["word"]):
        return None
    return word.start("word"), _end_of_list(text, word)


def value_in_line(text: str, pair: re.Match[str]) -> tuple[int, int] | None:
    """Return where a value of several words stands that has a line of its own with its name."""
    first = pair.start()
    begins = _LINE_BEGIN.search(text, max(0, first - _LOOK_BACK - 4), first)
    line = None if begins is None else _LINE.match(text, pair.end())
    if begins is None or line is None:
        return None
    # One line alone is a sentence.
    ends = begins[0] + line["end"]
    return line.span("value") if any(end in ends for end in _LINES) else None


def _is_code(text: str, pair: re.Match[str], word: str) -> bool:
    first = pair.start()
    if word in _STATEMENTS or word.rstrip(".!").lower() in NO_WORDS:
        return True
    return _CONDITION.search(text, max(0, first - _LOOK_BACK), first) is not None


def _end_of_block(text: str, block: re.Match[str]) -> int:
    """Return the end of the last line that is indented like the first."""
    newline = "\n" if "\n" in block[0] else "\\n"
    indent = f"{newline}{block['indent']}"
    line = _LINES[newline].match(text, block.end())
    end = block.end()
    for _ in range(_MOST_LINES):
        if line is None:
            break
        end = line.end()
        line = _LINES[newline].match(text, end + len(indent)) if text.startswith(indent, end) else None
    return end


def _end_of_list(text: str, word: re.Match[str]) -> int:
    end = word.end("word")
    if not word["indent"].endswith("- "):
        return end
    for _ in range(_MOST_LINES):
        item = _WORD.match(text, end)
        if item is None or item["indent"] != word["indent"]:
            break
        end = item.end("word")
    return end
