"""TEL302: values are written into the event of a log call."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.fields import is_clashing, is_private, is_steady
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import NEEDLES, log_calls
from ameide_telemetry.lint.checks.making import fixed, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.edits import replaced, source
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.checks.loggers import LogCall
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK", "parts_of", "without_values"]

_PLACEHOLDER: Final = re.compile(r"%(?:%|[sdrif])")
_BRACES: Final = re.compile(r"\{\{|\}\}|\{\}")
# A label in front of a value, such as `id=` or `, id:`, goes with the value.
_LABEL: Final = re.compile(r"(?:[\s,;|(\[]*\b\w+\s?=|[,;|(\[.]\s*\w+:)\s*\Z")
_EDGES: Final = " \t\n:=-,;.([{'\"`<>|)]}/#@"
_ERRORS: Final = frozenset({"e", "ex", "exc", "err"})
_MOST: Final = 8
_LONGEST: Final = 120


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for call in log_calls(file):
        if call.event is None or not runs(call.call.scope, call.call.block):
            continue
        parts = parts_of(call.event, names, call.call)
        if not parts or all(isinstance(each, str) or _is_constant(each) for each in parts):
            continue
        message = "values are part of the event, so that equal events cannot be found together"
        text = _written(file, call, parts)
        hint = f"write `{text}`" if text else _general(call)
        fix = (
            fixed("give the values as fields", replaced(file, call.event, text), safe=True) if text else None
        )
        yield problem("TEL302", file, call.event, message, hint, scope=call.call.scope, fix=fix)


def _general(call: LogCall) -> str:
    fields = 'extra={"name": value}' if call.library == "logging" else "name=value"
    return f"keep the event constant and give the values as fields: `{fields}`"


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
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
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


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.FormattedValue):
        node = node.value
    last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return last.isupper() or (last.startswith("__") and last.endswith("__")) or isinstance(node, ast.Constant)


def _written(file: Parsed, call: LogCall, parts: list[str | ast.expr]) -> str | None:
    if call.library not in {"logging", "structlog"} or call.values:
        return None
    taken = {each.arg for each in call.node.keywords}
    # `**fields` may hold anything; what is in `extra` already would have to be joined.
    if None in taken or "extra" in taken or isinstance(call.node.func, ast.Name):
        return None
    if call.event not in call.node.args or "#" in source(file, call.event):
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
    said = json.dumps(event, ensure_ascii=False)
    if not values:
        return said
    if library == "structlog":
        return ", ".join([said, *(f"{key}={text}" for key, text in zip(keys, texts, strict=True))])
    fields = ", ".join(f'"{key}": {text}' for key, text in zip(keys, texts, strict=True))
    return f"{said}, extra={{{fields}}}"


def _event(parts: list[str | ast.expr]) -> str | None:
    words = ""
    behind = False
    for number, part in enumerate(parts):
        if not isinstance(part, str):
            behind = True
            continue
        follows = any(not isinstance(each, str) for each in parts[number + 1 :])
        text = _LABEL.sub("", part) if follows else part
        if behind and any(char.isalnum() for char in text):
            return None
        words += "" if behind else text
    words = " ".join(words.split()).strip(_EDGES)
    # A lone `%` would be taken for the beginning of a placeholder, were arguments added later.
    return words if words and "%" not in words and words.isprintable() else None


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
        and not key.startswith("_")
        and len(key) > 1
    )


CHECK: Final = FileCheck("TEL302", _look, NEEDLES, served_only=True)
