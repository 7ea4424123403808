"""TEL303: a field of a log call has a name that is taken, or a form of its own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.fields import clash, is_steady
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import log_calls
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

_OPTIONS: Final = frozenset({"exc_info", "stack_info", "stacklevel", "extra", "event", "msg", "level"})
_BOUND: Final = frozenset({"tenant_id", "request_id", "ameide_session_id", "session_id"})
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9.]+")


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for call in log_calls(file):
        if not runs(call.call.scope, call.call.block):
            continue
        for node, key in _keys(call, names):
            taken = clash(key, record=call.library == "logging")
            if taken:
                message, hint = f"`{key}` is {taken}", _other(key)
            elif not is_steady(key):
                message, hint = f"`{key}` is no name in snake_case", f"call it `{_snake(key)}`"
            else:
                continue
            yield problem("TEL303", file, node, message, hint, scope=call.call.scope)


def _keys(call: LogCall, names: Names) -> Iterator[tuple[ast.expr | ast.keyword, str]]:
    if call.library == "structlog":
        for each in call.node.keywords:
            if each.arg is not None and each.arg not in _OPTIONS:
                yield each, each.arg
    extra = names.value(argument(call.node, "extra"), call.call) if call.library != "loguru" else None
    if isinstance(extra, ast.Dict):
        for key in extra.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key, key.value


def _other(key: str) -> str:
    if key in _BOUND:
        return f"bind it where the unit of work begins: `bound_context({key.removeprefix('ameide_')}=...)`"
    return f"call it something that says what it is of, such as `order_{key}`"


def _snake(key: str) -> str:
    words = _NO_WORD.sub("_", _HUMP.sub("_", key)).strip("_").lower()
    return f"n_{words}" if words[:1].isdigit() or not words else words


CHECK: Final = FileCheck("TEL303", _look, (b"extra", b"structlog", b"get_logger"), served_only=True)
