"""TEL305: a log call is given data about a person, a secret, or an object that is full of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.vocabulary import SECRET_CLASSES
from ameide_telemetry.lint.checks.fields import private_class
from ameide_telemetry.lint.checks.interpolated_event import parts_of
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import NEEDLES, log_calls
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.checks.loggers import LogCall
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_WHOLE: Final = {
    **dict.fromkeys(("request", "req", "http_request"), "request"),
    **dict.fromkeys(("headers", "request_headers"), "headers"),
    **dict.fromkeys(("user", "current_user", "customer"), "user"),
    **dict.fromkeys(("cookies", "request_cookies"), "cookies"),
    "environ": "environment",
}
# Of objects that are called `request`: what they hold as a whole.
_OF_REQUEST: Final = frozenset(
    {"form", "body", "json", "data", "values", "META", "POST", "GET", "environ", "args"}
)
_REQUESTS: Final = frozenset({"request", "req"})
_ALL_LOCALS: Final = frozenset({"builtins.locals", "builtins.vars", "builtins.globals"})
_AS_TEXT: Final = frozenset({"builtins.str", "builtins.repr", "builtins.dict", "json.dumps"})
_OPTIONS: Final = frozenset({"exc_info", "stack_info", "stacklevel", "extra", "event", "msg", "level"})
_HINT: Final = "log an id of it instead, or leave it out"


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for call in log_calls(file):
        if not runs(call.call.scope, call.call.block):
            continue
        told: set[int] = set()
        for key, value in _given(call, names):
            found = _by_key(key, value) or _by_value(value, names, call)
            if found and value.lineno not in told:
                told.add(value.lineno)
                yield problem("TEL305", file, value, found, _HINT, scope=call.call.scope)


def _given(call: LogCall, names: Names) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a log call is given, with the key that it is told under."""
    for part in parts_of(call.event, names, call.call) if call.event is not None else ():
        if isinstance(part, ast.expr):
            yield "", part.value if isinstance(part, ast.FormattedValue) else part
    for value in call.values:
        yield "", value
    fields = call.library != "logging"
    for each in call.node.keywords:
        if each.arg is None or (fields and each.arg not in _OPTIONS):
            yield each.arg or "", each.value
    yield from _extra(names.value(argument(call.node, "extra"), call.call))


def _extra(extra: ast.AST | None) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(extra, ast.Dict):
        for key, value in zip(extra.keys, extra.values, strict=True):
            text = key.value if isinstance(key, ast.Constant) else ""
            yield text if isinstance(text, str) else "", value
    elif isinstance(extra, ast.expr):
        yield "", extra


def _by_key(key: str, value: ast.expr) -> str:
    kind = private_class(key) if key else None
    if kind is None or isinstance(value, ast.Constant) or _is_question(value):
        return ""
    return _said(key, kind)


def _said(name: str, kind: str) -> str:
    what = f"a secret ({kind})" if kind in SECRET_CLASSES else f"data about a person ({kind})"
    return f"`{name}` is {what} by its name"


def _is_question(value: ast.expr) -> bool:
    """Return whether a value only says whether or how much there is, or was made unreadable before."""
    if isinstance(value, ast.Compare) or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)):
        return True
    # What a function makes of it may be a mask, a digest or a count.
    return isinstance(value, ast.Call)


def _by_value(value: ast.expr, names: Names, call: LogCall) -> str:
    if isinstance(value, ast.Call):
        return _of_call(value, names, call)
    if isinstance(value, ast.Await):
        return _by_value(value.value, names, call)
    name = _name(value)
    kind = private_class(name) if name and not name.isupper() else None
    if kind is not None:
        return _said(name, kind)
    if isinstance(value, ast.Name | ast.Attribute):
        whole = _WHOLE.get(name)
        if whole is None and isinstance(value, ast.Attribute) and name in _OF_REQUEST:
            whole = "request" if _name(value.value) in _REQUESTS else None
        if whole is not None and not _is_plain(value, call, names):
            return f"the whole {whole} is logged, with whatever is in it"
    return ""


def _of_call(value: ast.Call, names: Names, call: LogCall) -> str:
    called = names.named(value.func, call.call)
    if _ALL_LOCALS.intersection(called):
        return f"`{ast.unparse(value.func)}()` logs every variable, with whatever is in it"
    if _AS_TEXT.intersection(called) and len(value.args) == 1:
        return _by_value(value.args[0], names, call)
    func = value.func
    of_request = (
        isinstance(func, ast.Attribute) and func.attr in _OF_REQUEST and _name(func.value) in _REQUESTS
    )
    return "the whole request is logged, with whatever is in it" if of_request else ""


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else ""
    return ""


def _is_plain(value: ast.expr, call: LogCall, names: Names) -> bool:
    """Return whether a name was declared, or given, as a text or a number: then it is an id or a name."""
    if isinstance(value, ast.Attribute):
        return False
    return bool(
        {"builtins.str()", "builtins.int()", "uuid.UUID()"}.intersection(names.named(value, call.call))
    )


CHECK: Final = FileCheck("TEL305", _look, NEEDLES, served_only=True)
