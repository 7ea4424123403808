"""Templates of Helm charts as YAML: what the values of the chart put in, without running them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.yamls import Items, Map, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["filled", "merged", "rounds"]

_ACTION: Final = re.compile(r"\{\{-?((?:(?!\{\{|\}\})[\s\S]){0,2000})\}\}")
_WORD: Final = re.compile(r"\s*(\$?\w+)\b\s*(.*)", re.DOTALL)
_PATH: Final = re.compile(
    r"(?:(?<![\w.)\"])(\$\w*)?((?:\.\w+)+))|(?<![\w.)\"])(\.)(?![\w.])|(?<![\w.\"])(\$\w+)"
)
_INDENT: Final = re.compile(r"\bn?indent\s+(\d{1,3})")
_QUOTED: Final = re.compile(r'"([\w.-]+)"')
_LITERAL: Final = re.compile(r'"([^"]*)"')
_ASKED: Final = re.compile(r"\s*(?:-\s*)?(?:command|args|containers|image)\s*:\s*")
_CONTROL: Final = re.compile(r"(?:if|else|end|with|range|define|block)\b|/\*|\$\w+\s*:?=")
_DEFAULT: Final = re.compile(r"\bdefault\s+\"([^\"]*)\"")
_OFF: Final = frozenset({"", "false", "0", "null", "~", "no", "off"})
_VALUES: Final = "Values"
_MOST_ROUNDS: Final = 20
_LONGEST_CONDITION: Final = 300
_PARTS: Final = re.compile(r"\s+(?![^()]*\))")
_DEEPEST: Final = 20
_UNKNOWN: Final = object()
_NOTHING: Final = object()


@dataclass(frozen=True)
class _Block:
    """A block of a template that is open.

    Attributes:
        live: whether what stands in it is printed; None if nobody can tell.
        done: whether a branch before was printed for certain.
        around: whether what is around it is printed.
        dot: what `.` stands for inside.
        names: variables that it sets.
    """

    live: bool | None
    done: bool
    around: bool
    dot: object
    names: dict[str, object]


def merged(under: Map, upper: Map, depth: int = 0) -> Map:
    """Return the values of a chart with those of another file over them."""
    whole = Map(under.line)
    whole.update(under)
    for key, value in upper.items():
        old = under.get(key)
        inner = isinstance(old, Map) and isinstance(value, Map) and depth < _DEEPEST
        whole[key] = merged(mapping(old), mapping(value), depth + 1) if inner else value
    return whole


def filled(text: str, values: Map, round_: int = 0) -> str:
    """Return a template as YAML with as many lines: what nobody can tell becomes `$name`.

    Args:
        text: of the template.
        values: of the chart; empty if it has none.
        round_: which item of a list is taken, in each of its loops.
    """
    scope = _Scope(values, round_)
    rows: list[str] = []
    for line in text.split("\n"):
        whole = _ACTION.fullmatch(line.strip()) if "{{" in line else None
        if whole is not None:
            rows.append(scope.control(_inside(whole), rows))
        elif scope.printed:
            rows.append(_ACTION.sub(lambda found: _printed(found, scope.now), line) if "{{" in line else line)
        else:
            rows.append("")
    # What is left are actions of several lines.
    return _ACTION.sub(lambda found: _printed(found, scope.start), "\n".join(rows))


class _Scope:
    def __init__(self, values: Map, round_: int = 0) -> None:
        top = Map(0)
        top[_VALUES] = values
        self.round = round_
        self.start = _Block(True, False, True, top, {"$": top})
        self.open = [self.start]

    @property
    def now(self) -> _Block:
        return self.open[-1]

    @property
    def printed(self) -> bool:
        return self.now.around and self.now.live is not False

    def control(self, action: str, rows: list[str]) -> str:
        """Return what a line prints that is an action only."""
        found = _WORD.match(action)
        word, rest = (found[1], found[2]) if found else ("", action)
        if word in {"if", "with", "range", "define", "block"}:
            self.open.append(self._opened(word, rest))
        elif word == "end":
            del self.open[max(1, len(self.open) - 1) :]
        elif word == "else":
            self.open[-1] = self._other(rest)
        elif self.printed and not action.startswith("/*"):
            return self._expression(action, rest if word.startswith("$") else "", rows)
        return ""

    def _opened(self, word: str, rest: str) -> _Block:
        now, around = self.now, self.printed
        if word in {"define", "block"}:
            return _Block(True, False, around, _UNKNOWN, {})
        names = dict(now.names)
        value = _value(rest, now)
        live = _truth(rest, now) if word == "if" else _is_on(value)
        dot = now.dot
        if word == "with":
            dot = value
        elif word == "range":
            dot, key = self._item(value)
            live = False if dot is _NOTHING else live
            given = re.match(r"(\$\w+)\s*(?:,\s*(\$\w+))?\s*:=", rest)
            if given:
                names |= {given[1]: key, given[2]: dot} if given[2] else {given[1]: dot}
        return _Block(live, live is True, around, dot, names)

    def _item(self, value: object) -> tuple[object, object]:
        """Return the item of this round with its key; nothing where the list is shorter."""
        if isinstance(value, Items):
            return (value[self.round] if self.round < len(value) else _NOTHING), _UNKNOWN
        if isinstance(value, Map):
            keys = list(value)
            return (value[keys[self.round]], keys[self.round]) if self.round < len(keys) else (_NOTHING, "")
        return _UNKNOWN, _UNKNOWN

    def _other(self, rest: str) -> _Block:
        now = self.now
        before = self.open[-2] if len(self.open) > 1 else now
        asked = rest.removeprefix("if").strip() if rest.startswith("if") else ""
        live = _truth(asked, before) if asked else True
        if now.done:
            live = False
        return _Block(live, now.done or live is True, now.around, before.dot, dict(before.names))

    def _expression(self, action: str, assigned: str, rows: list[str]) -> str:
        if assigned.startswith((":=", "=")):
            name = action.partition(":=")[0].partition("=")[0].strip()
            self.now.names[name] = _value(assigned, self.now)
            return ""
        value = _value(action, self.now)
        wanted = _INDENT.search(action)
        indent = " " * int(wanted[1]) if wanted else ""
        before = next((row for row in reversed(rows) if row.strip()), "")
        if _ASKED.fullmatch(before) is None:
            return ""  # what stands beside other keys, or is not looked at
        if value is _UNKNOWN:
            return f"{indent or '  '}{_name(action)}"
        return f"{indent or '  '}{json.dumps(value)}" if value else ""


def _inside(action: re.Match[str]) -> str:
    return action[1].strip().removesuffix("-").strip()


def _truth(text: str, block: _Block, depth: int = 0) -> bool | None:
    """Return what a condition comes to; None if nobody can tell."""
    text = text.strip()
    if len(text) > _LONGEST_CONDITION or depth > _DEEPEST:
        return None
    if text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1].strip()
    found = _WORD.match(text)
    word, rest = (found[1], found[2]) if found else ("", text)
    if word == "not":
        inner = _truth(rest, block, depth + 1)
        return None if inner is None else not inner
    if word in {"eq", "ne"}:
        return _compared(rest, block, is_same=word == "eq")
    parts = [part for part in _PARTS.split(text) if part]
    if word in {"and", "or"}:
        return _joined([_truth(part, block, depth + 1) for part in parts[1:]], decisive=word == "or")
    return _is_on(_value(text, block)) if len(parts) == 1 else None


def _compared(text: str, block: _Block, *, is_same: bool) -> bool | None:
    value, literal = _value(text, block), _LITERAL.search(text)
    if not isinstance(value, str) or literal is None or text.count(".Values") > 1:
        return None
    return (value == literal[1]) is is_same


def _joined(answers: list[bool | None], *, decisive: bool) -> bool | None:
    if decisive in answers:
        return decisive
    return None if None in answers or not answers else not decisive


def _is_on(value: object) -> bool | None:
    if value is _UNKNOWN:
        return None
    return bool(value) and not (isinstance(value, str) and value in _OFF)


def _value(text: str, block: _Block) -> object:
    """Return what the first path in an expression stands for; a key that is not there is an empty text."""
    if text.startswith(("include", "template")) and "tplvalues.render" not in text:
        return _UNKNOWN
    for found in _PATH.finditer(_LITERAL.sub('""', text)):
        root, path, dot, name = found.groups()
        if dot:
            return block.dot
        if name:
            if name in block.names:
                return block.names[name]
            continue
        node = block.names.get(root, _UNKNOWN) if root else block.dot
        return _below(node, path[1:].split("."), block.names.get("$"))
    return _UNKNOWN


def _below(node: object, keys: list[str], top: object) -> object:
    for key in keys:
        # Of the release or of the chart itself nothing is known, nor of values that no file gives.
        if not isinstance(node, Map) or (node is top and (key != _VALUES or not node.get(key))):
            return _UNKNOWN
        node = node.get(key, "")
    return node


def _printed(found: re.Match[str], block: _Block) -> str:
    """Return what an action beside other text most likely prints: a value, a text in it, or `$name`."""
    lines = "\n" * found[0].count("\n")
    action = _inside(found)
    if _CONTROL.match(action):
        return lines
    value = _value(action, block)
    if isinstance(value, (Map, Items)) and value:
        return json.dumps(value) + lines
    if isinstance(value, str) and value and "\n" not in value:
        return value + lines
    otherwise = _DEFAULT.search(action)
    if otherwise and value is not _UNKNOWN:
        return otherwise[1] + lines
    quoted: list[str] = _QUOTED.findall(action) if action.startswith("include") else []
    return (quoted[-1] if quoted[1:] else _name(action)) + lines


def _name(action: str) -> str:
    found = re.search(r"\.Values\.([\w.]+)", action)
    word = re.sub(r"\W+", "_", found[1] if found else action)[:60].strip("_")
    return f"${word or 'template'}"


def rounds(text: str, values: Map) -> Iterator[str]:
    """Yield a template as YAML, once for each round that its longest loop takes."""
    for number in range(_most_rounds(text, values)):
        yield filled(text, values, number)


def _most_rounds(text: str, values: Map) -> int:
    longest = 1
    for found in _ACTION.finditer(text):
        if _inside(found).startswith("range"):
            value = _value(_inside(found), _Scope(values).start)
            longest = max(longest, len(value) if isinstance(value, (Map, Items)) else 1)
    return min(longest, _MOST_ROUNDS)
