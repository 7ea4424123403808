"""TEL302: values are written into the event of a log call."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.constants import is_constant
from ameide_telemetry.lint.checks.fields import is_clashing, is_private, is_steady
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import NEEDLES, log_calls
from ameide_telemetry.lint.checks.making import fixed, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.edits import has_comment, replaced, source, span
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.checks.loggers import LogCall
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK", "alternatives", "parts_of", "without_values"]

_PLACEHOLDER: Final = re.compile(r"%(?:%|[sdrif])")
_BRACES: Final = re.compile(r"\{\{|\}\}|\{\}")
# A label in front of a value, such as `id=` or `, id:`, goes with the value.
_LABEL: Final = re.compile(r"(?:[\s,;|(\[]*\b\w+\s?=|[,;|(\[.]\s*\w+:)\s*\Z")
# What joins words and a value; an opening one goes with the closing one behind the value.
_JOINTS: Final = " \t\n:=-,;./#@|<>([{"
_QUOTES: Final = "'\"`"
_BEHIND: Final = frozenset(" \t\n:=-,;./#@|<>()[]{}'\"`!?")
_PAIRS: Final = ("()", "[]", "{}")
# What the methods of loggers call their own arguments, or what they take out of the fields.
_ARGUMENTS: Final = frozenset(
    {
        *("self", "cls", "event", "method_name", "level", "positional_args", "exc_info", "stack_info"),
        *("stacklevel", "stackLevel", "extra", "exception", "logger_name"),
    }
)
_ERRORS: Final = frozenset({"e", "ex", "exc", "err"})
_FORMATS: Final = frozenset({"format", "format_map"})
_TEXTS: Final = (ast.JoinedStr, ast.BinOp, ast.Call)
_MOST: Final = 8
_LONGEST: Final = 120


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for call in log_calls(file):
        if call.event is None or not runs(call.call.scope, call.call.block):
            continue
        forms = (parts_of(each, names, call.call) for each in alternatives(call.event, names, call.call))
        parts = next((each for each in forms if _varies(each, names, call.call)), None)
        if parts is None:
            continue
        message = "values are part of the event, so that equal events cannot be found together"
        text = _written(file, call, parts) if parts == parts_of(call.event, names, call.call) else None
        hint = f"write `{text}`" if text else _general(call)
        edit = replaced(file, call.event, text) if text and _stands_bare(file, call) else None
        fix = fixed("give the values as fields", edit, safe=True)
        yield problem("TEL302", file, call.event, message, hint, scope=call.call.scope, fix=fix)


def _general(call: LogCall) -> str:
    if not call.keeps:
        return "keep the event constant and give the values as fields, to a logger that keeps them"
    fields = 'extra={"name": value}' if call.library == "logging" else "name=value"
    return f"keep the event constant and give the values as fields: `{fields}`"


def _varies(parts: list[str | ast.expr], names: Names, call: Call) -> bool:
    return not all(isinstance(each, str) or is_constant(each, names, call) for each in parts)


def alternatives(node: ast.expr, names: Names, call: Call) -> list[ast.expr]:
    """Return the expressions of which an event may be one, such as those that a name was given."""
    found: list[ast.expr] = []
    todo = [node]
    while todo and len(found) < _MOST:
        each = todo.pop()
        if isinstance(each, ast.IfExp):
            todo += [each.orelse, each.body]
        elif isinstance(each, ast.BoolOp):
            todo += each.values[::-1]
        else:
            found.append(_given(each, names, call))
    return found


def _given(node: ast.expr, names: Names, call: Call) -> ast.expr:
    """Return what a name was given, if that is a text that is put together in the same function."""
    if not isinstance(node, ast.Name):
        return node
    binds = names.bound(node.id, call)
    bind = binds[0] if len(binds) == 1 and binds[0].how == "value" else None
    # What a module puts together once is the same in every line.
    if bind is None or bind.scope is not call.scope or bind.scope.kind == "module":
        return node
    return bind.node if isinstance(bind.node, _TEXTS) else node


def parts_of(node: ast.expr, names: Names, call: Call) -> list[str | ast.expr]:
    """Return the texts and values that a string is made of; nothing where it is none that is put together."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [_piece(each) for each in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sum(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = names.text(node.left, call)
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _filled(_PLACEHOLDER, text, values) if text is not None else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FORMATS:
        text = names.text(node.func.value, call)
        values = [*node.args, *(each.value for each in node.keywords)]
        return _filled(_BRACES, text, values) if text is not None else []
    return []


def _piece(node: ast.expr) -> str | ast.expr:
    if isinstance(node, ast.Constant):
        return str(node.value)
    plain = (
        isinstance(node, ast.FormattedValue)
        and node.format_spec is None
        and node.conversion in {-1, 115, 114}
    )
    # What has a form of its own is told as it is, and stays.
    return node.value if plain and isinstance(node, ast.FormattedValue) else node


def _sum(node: ast.BinOp) -> list[str | ast.expr]:
    parts: list[str | ast.expr] = []
    todo: list[ast.expr] = [node]
    while todo:
        each = todo.pop()
        if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Add):
            todo += [each.left, each.right][::-1]
        elif isinstance(each, ast.JoinedStr):
            parts += [_piece(value) for value in each.values]
        elif isinstance(each, ast.Constant):
            parts.append(each.value if isinstance(each.value, str) else each)
        else:
            parts.append(each)
    # Without a text among them they may as well be numbers.
    return parts if any(isinstance(each, str) for each in parts) else []


def _filled(pattern: re.Pattern[str], text: str, values: Sequence[ast.expr]) -> list[str | ast.expr]:
    if not values:
        return []
    plain = [each for each in pattern.finditer(text) if each[0] == "{}" or each[0][-1] in "sdrif"]
    if len(plain) != len(values) or (pattern is _BRACES and "{" in pattern.sub("", text)):
        # Too unusual to be taken apart, and values of an event all the same.
        return ["", *values, text]
    parts: list[str | ast.expr] = []
    at = 0
    for found, value in zip(plain, values, strict=True):
        parts += [text[at : found.start()], value]
        at = found.end()
    return [*parts, text[at:]]


def _stands_bare(file: Parsed, call: LogCall) -> bool:
    """Return whether the event stands right behind a bracket or comma: not in brackets of its own."""
    at = span(file, call.event)[0] if call.event is not None else 0
    before = max(end for each in (call.node.func, *call.node.args) if (end := span(file, each)[1]) <= at)
    return file.text[before:at].strip() in {"(", ","}


def _written(file: Parsed, call: LogCall, parts: list[str | ast.expr]) -> str | None:
    if call.library not in {"logging", "structlog"} or call.values or not call.keeps:
        return None
    taken = {each.arg for each in call.node.keywords}
    # `**fields` may hold anything; what is in `extra` already would have to be joined.
    if None in taken or "extra" in taken or isinstance(call.node.func, ast.Name):
        return None
    if call.event not in call.node.args or has_comment(source(file, call.event)):
        return None
    return without_values(file, parts, call.library, {each for each in taken if each})


def without_values(
    file: Parsed, parts: list[str | ast.expr], library: str, taken: Collection[str]
) -> str | None:
    """Return the arguments of a log call with a constant event and the values as fields.

    Returns:
        None where that takes a person: values amid the words, names that make no fields.
    """
    values = [each for each in parts if not isinstance(each, str)]
    event = _event(parts)
    keys = [_key(each) for each in values]
    usable = len(set(keys)) == len(keys) <= _MOST and not set(keys) & set(taken)
    if event is None or not usable or not all(map(_is_field, keys)):
        return None
    texts = [source(file, each) for each in values]
    if any(len(text) > _LONGEST or "\n" in text or "\r" in text for text in texts):
        return None
    if not all(map(_is_source_of, texts, values)):
        return None
    said = json.dumps(event, ensure_ascii=False)
    if not values:
        return said
    if library == "structlog":
        return ", ".join([said, *(f"{key}={text}" for key, text in zip(keys, texts, strict=True))])
    fields = ", ".join(f'"{key}": {text}' for key, text in zip(keys, texts, strict=True))
    return f"{said}, extra={{{fields}}}"


def _is_source_of(text: str, node: ast.expr) -> bool:
    """Return whether a text is what a node was read from: the places of what is in a string may be wrong."""
    try:
        return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError):
        return False


def _event(parts: list[str | ast.expr]) -> str | None:
    """Return the words in front of the first value, without what joins them; None where that loses some."""
    first = next((number for number, part in enumerate(parts) if not isinstance(part, str)), len(parts))
    words = "".join(part for part in parts[:first] if isinstance(part, str))
    behind = ""
    for number, part in enumerate(parts[first:], first):
        if isinstance(part, str):
            last = all(isinstance(each, str) for each in parts[number:])
            behind += part if last else _LABEL.sub("", part)
    if not _BEHIND.issuperset(behind):
        return None
    words = words if first == len(parts) else _unjoined(_LABEL.sub("", words), parts[first + 1 :])
    words = " ".join(words.split())
    # A lone `%` would be taken for the beginning of a placeholder, were arguments added later.
    usable = words.isprintable() and "%" not in words and any(map(str.isalnum, words))
    return words if usable and all(words.count(one) == words.count(other) for one, other in _PAIRS) else None


def _unjoined(words: str, behind: list[str | ast.expr]) -> str:
    """Return words without what joins them to a value; a quote goes if it is closed behind the value."""
    closing = next(iter(behind), "")
    words = words.rstrip(_JOINTS)
    if isinstance(closing, str) and words[-1:] and words[-1] in _QUOTES and closing.startswith(words[-1]):
        words = words[:-1].rstrip(_JOINTS)
    return words


def _key(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return "error" if node.id in _ERRORS else node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        own = node.value.id in {"self", "cls"}
        return node.attr if own else f"{node.value.id}_{node.attr}"
    return ""


def _is_field(key: str) -> bool:
    return (
        is_steady(key)
        and not is_clashing(key)
        and not is_private(key)
        and key not in _ARGUMENTS
        and not key.startswith("_")
        and len(key) > 1
    )


CHECK: Final = FileCheck("TEL302", _look, NEEDLES, served_only=True)
