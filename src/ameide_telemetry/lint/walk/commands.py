"""Other programs that a program starts: the words of their commands, as far as the source says them."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Spot
from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.tables import key
from ameide_telemetry.lint.walk.values import (
    NEVER,
    UNKNOWN,
    Constant,
    Group,
    Opaque,
    Setting,
    Table,
    options,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.tables import Key
    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["SPAWNERS", "Begun", "spawn"]

_LIST: Final = "subprocess.Popen subprocess.run subprocess.call subprocess.check_call subprocess.check_output"
_WORDS: Final = "asyncio.create_subprocess_exec"
_LINE: Final = "os.system os.popen asyncio.create_subprocess_shell subprocess.getoutput"
_VECTOR: Final = "os.execv os.execve os.execvp os.execvpe os.posix_spawn os.posix_spawnp"
_LATER: Final = "os.spawnv os.spawnve os.spawnvp os.spawnvpe"
_SPREAD: Final = "os.execl os.execle os.execlp os.execlpe"
_SPREAD_LATER: Final = "os.spawnl os.spawnle os.spawnlp os.spawnlpe"
SPAWNERS: Final[Mapping[Key, str]] = {
    key(name): form
    for form, names in (
        ("list", _LIST),
        ("words", _WORDS),
        ("line", _LINE),
        ("vector", _VECTOR),
        ("later", _LATER),
        ("spread", _SPREAD),
        ("spread later", _SPREAD_LATER),
    )
    for name in names.split()
}
"""Functions that start another program -> how they are given its words."""
_COMMAND: Final = re.compile(r"the command is `(.+)`")
_PYTHON: Final = "sys.executable"
_FOUND: Final = re.compile(r"(?:shutil\.)?which\(\W?([\w.-]+)|(?:os\.)?path\.join\(.*'([\w.-]+)'\)$")
_VARIABLE: Final = re.compile(r"(?:os\.)?(?:environ\[|environ\.get\(|getenv\()'(\w+)'")
_PLACES: Final = {"vector": 0, "spread": 0, "later": 1, "spread later": 1}


@dataclass(frozen=True, slots=True)
class Begun:
    """Another program that is started.

    Attributes:
        words: of its command; `$name` for a part that the source does not say; empty if it says nothing.
        spot: where.
        text: the call, in one row.
        instead: whether it takes the place of this one.
        environment: variables that it is given besides.
        command: the word of the command line that has it started; empty if any does.
    """

    words: tuple[str, ...]
    spot: Spot
    text: str
    instead: bool
    environment: tuple[tuple[str, str], ...] = ()
    command: str = ""


def spawn(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """Note that another program is started; one that takes the place of this one ends it."""
    name = dotted(called)
    instead = name.startswith("os.exec")
    if isinstance(node, ast.Call) and scope.module.path:
        whole = _command_of(name, node)
        words = _words(name, given, node) or _built(machine, whole, scope)
        choices = [words] if words else _choices(machine, whole, scope)
        folder = texts(given.names.get("cwd"))
        spot = Spot(scope.module.path, node.lineno, node.col_offset + 1)
        text = " ".join(ast.unparse(node).split())
        command = next((found[1] for found in map(_COMMAND.match, _tests(machine)) if found), "")
        for each in choices:
            moved = ["env", "-C", folder[0], *each] if each and folder and len(folder) == 1 else each
            machine.begun.append(Begun(tuple(moved), spot, text, instead, _environment(given), command))
    return NEVER if instead else None


def _choices(machine: Machine, node: ast.expr | None, scope: Scope) -> list[list[str]]:
    """Return the words of each of several lines, as a loop over them gives one after the other."""
    if isinstance(node, ast.Name):
        return _of_name(machine, node, scope)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return [_split([_of_expression(node)])] if isinstance(node, ast.BinOp) else [[]]
    if node.func.attr != "split":
        return [_split([_of_expression(node)])]
    base = node.args[0] if ast.unparse(node.func) == "shlex.split" and node.args else node.func.value
    lines = texts(machine.evaluate(machine, base, scope)) if isinstance(base, ast.Name) else None
    return [_split([line]) for line in lines or ()] or [[]]


def _of_name(machine: Machine, node: ast.Name, scope: Scope) -> list[list[str]]:
    """Return the words of each value that a name may have; without any, of how it is made."""
    given = options(machine.evaluate(machine, node, scope))
    known = [_items(each, None) or _split(_all([each], [])) for each in given]
    made = None if any(known) else _made(node.id, scope)
    if made is None:
        return [each for each in known if each] or [[]]
    return [_built(machine, made, scope) or _split([_of_expression(made)])]


def _made(name: str, scope: Scope) -> ast.expr | None:
    """Return the one expression that a name is bound to in a module; None if there are several."""
    source = scope.module.source
    found = [
        each.value
        for each in (ast.walk(source.tree) if source else ())
        if isinstance(each, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in each.targets)
    ]
    return found[0] if len(found) == 1 else None


def _tests(machine: Machine) -> list[str]:
    return [each.test for each in machine.conditions if isinstance(each.test, str)]


def _words(name: str, given: Arguments, node: ast.Call) -> list[str]:
    form = SPAWNERS[key(name)]
    first = _PLACES.get(form, 0)
    if form == "line":
        return _line(_all(given.places[:1], node.args[:1]))
    if form == "words":
        return _all(given.places, node.args)
    if form in {"spread", "spread later"}:
        # The name that the program is told that it has is none of its arguments.
        return [*_all(given.places[first : first + 1], node.args[first:]), *_rest(given.places, node, first)]
    place = first + (form != "list")
    value = given.get(place, "args", "argv")
    expression = node.args[place] if place < len(node.args) else None
    words = _items(value, expression)
    if form == "list" and isinstance(value, Constant | Opaque) and not words:
        shell = given.names.get("shell")
        line = _all([value], [expression])
        return _line(line) if isinstance(shell, Constant) and shell.value else _split(line)
    return (
        [*_all(given.places[first:place], node.args[first:place]), *words[1:]] if place and words else words
    )


def _rest(places: Sequence[Value], node: ast.Call, first: int) -> list[str]:
    """Return the arguments behind the name, without the environment that some are given last."""
    last = -1 if _has_environment(node) else None
    return _all(places[first + 2 : last], node.args[first + 2 : last])


def _has_environment(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name.endswith("e")


def _items(value: Value | None, expression: ast.expr | None) -> list[str]:
    """Return the words of a list."""
    if isinstance(value, Group):
        parts = expression.elts if isinstance(expression, ast.List | ast.Tuple) else []
        return _all(value.items, parts if len(parts) == len(value.items) else [])
    if isinstance(expression, ast.List | ast.Tuple):
        return _all([UNKNOWN] * len(expression.elts), expression.elts)
    return []


def _all(values: Sequence[Value], expressions: Sequence[ast.expr | None]) -> list[str]:
    padded = [*expressions, *[None] * len(values)]
    return [_word(value, expression) for value, expression in zip(values, padded, strict=False)]


def _word(value: Value, expression: ast.expr | None) -> str:
    """Return one word; what is not known of it is a variable."""
    said = texts(value)
    if said and len(said) == 1:
        return said[0]
    if isinstance(value, Setting):
        return f"${value.name}"
    if dotted(value) == _PYTHON:
        return "python"
    if isinstance(value, Constant):
        return str(value.value)
    return _of_expression(expression) if expression is not None else "$unknown"


def _of_expression(node: ast.expr) -> str:
    """Return the text of an expression, with variables for what it does not say."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_of_expression(each) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        return _of_expression(node.value)
    return _formatted(node) or _of_text(ast.unparse(node))


def _of_text(text: str) -> str:
    found, variable = _FOUND.match(text), _VARIABLE.match(text)
    if found:
        return found[1] or found[2]
    if variable:
        return f"${variable[1]}"
    return "python" if text == _PYTHON else f"${re.sub(r'[^0-9A-Za-z]+', '_', text).strip('_') or 'unknown'}"


def _command_of(name: str, node: ast.Call) -> ast.expr | None:
    """Return the expression of the whole command, where it is one."""
    place = _PLACES.get(SPAWNERS[key(name)], -1) + 1
    named = (each.value for each in node.keywords if each.arg == "args")
    return next(named, None) if place >= len(node.args) else node.args[place]


def _built(machine: Machine, node: ast.expr | None, scope: Scope) -> list[str]:
    """Return the words of a command that is put together where it is started."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        before = _built(machine, node.left, scope)
        after = _built(machine, node.right, scope) if before else []
        return [*before, *(after or [_of_expression(node.right)])] if before else []
    if isinstance(node, ast.List | ast.Tuple | ast.Name):
        return _items(machine.evaluate(machine, node, scope), node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _of_method(machine, node, node.func, scope)
    return []


def _of_method(machine: Machine, node: ast.Call, method: ast.Attribute, scope: Scope) -> list[str]:
    """Return the words that `split` and `join` of a text give."""
    if method.attr == "join" and node.args and isinstance(method.value, ast.Constant):
        return _line([" ".join(_built(machine, node.args[0], scope))])
    if method.attr != "split":
        return []
    parts = node.args[:1] if ast.unparse(method) == "shlex.split" else [method.value]
    plain = [each for each in parts if isinstance(each, ast.Constant | ast.JoinedStr | ast.Name)]
    if parts and not plain:
        return _split([_of_expression(parts[0])])
    return _split(_all([machine.evaluate(machine, each, scope) for each in plain], plain))


def _formatted(node: ast.expr) -> str:
    """Return a text that is filled in by `%` or `format`, with variables for what is."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
        return f"{node.left.value!s}{_of_expression(node.right)}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        base, gap = node.left, r"%\w"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        base, gap = node.func.value, r"\{[^}]*\}"
    else:
        return ""
    text = base.value if isinstance(base, ast.Constant) else None
    return re.sub(gap, "$unknown", text) if isinstance(text, str) else ""


def _line(words: Sequence[str]) -> list[str]:
    return ["sh", "-c", words[0]] if words and not words[0].startswith("$") else []


def _split(words: Sequence[str]) -> list[str]:
    if not words or words[0].startswith("$"):
        return []
    try:
        return shlex.split(words[0])
    except ValueError:  # a quote that is never closed
        return words[0].split()


def _environment(given: Arguments) -> tuple[tuple[str, str], ...]:
    table = given.names.get("env")
    items = table.items if isinstance(table, Table) else {}
    found = ((name, texts(value)) for name, value in items.items() if isinstance(name, str))
    return tuple((name, text[0]) for name, text in found if text and len(text) == 1)
