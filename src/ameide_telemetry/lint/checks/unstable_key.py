"""TEL303: a field of a log call has a name that is taken, or a form of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.bound_fields import bound_fields
from ameide_telemetry.lint.checks.fields import clash, is_steady
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import log_calls
from ameide_telemetry.lint.checks.making import problem
from ameide_telemetry.lint.checks.mappings import entries, keywords
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.checks.loggers import LogCall
    from ameide_telemetry.lint.checks.mappings import Entry
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_OPTIONS: Final = frozenset({"exc_info", "stack_info", "stacklevel", "extra", "event", "msg", "level"})
# What loguru is given goes into its text.
_LIBRARIES: Final = frozenset({"logging", "structlog", "unknown"})
_BOUND: Final = frozenset({"tenant_id", "request_id", "ameide_session_id", "session_id"})
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9.]+")


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    given: list[tuple[Call, str, list[Entry]]] = [
        *((each.call, each.library, _fields(each, names)) for each in log_calls(file)),
        *((each.call, each.library, each.fields) for each in bound_fields(file) if each.library != "unknown"),
    ]
    told: set[ast.expr | ast.keyword] = set()
    for call, library, fields in given:
        if library not in _LIBRARIES or not runs(call.scope, call.block):
            continue
        for node, key, _ in fields:
            found = _wrong(key, library) if key not in _OPTIONS and node not in told else None
            if found is not None:
                told.add(node)
                yield problem("TEL303", file, node, *found, scope=call.scope)


def _wrong(key: str, library: str) -> tuple[str, str] | None:
    """Return what is wrong with a key, and what to do; None where nothing is."""
    taken = clash(key, record=library == "logging")
    if taken:
        return f"`{key}` is {taken}", _other(key)
    if key and not is_steady(key):
        return f"`{key}` is no name in snake_case", f"call it `{_snake(key)}`"
    return None


def _fields(call: LogCall, names: Names) -> list[Entry]:
    found = list(keywords(call.node, names, call.call))
    extra = next((each.value for each in found if each.key == "extra"), None)
    own = found if call.library == "structlog" else []
    return [*own, *entries(extra, names, call.call)]


def _other(key: str) -> str:
    if key in _BOUND:
        return f"bind it where the unit of work begins: `bound_context({key.removeprefix('ameide_')}=...)`"
    return f"call it something that says what it is of, such as `order_{key}`"


def _snake(key: str) -> str:
    words = _NO_WORD.sub("_", _HUMP.sub("_", key)).strip("_").lower()
    return f"n_{words}" if words[:1].isdigit() or not words else words


CHECK: Final = FileCheck(
    "TEL303", _look, (b"extra", b"structlog", b"get_logger", b"LoggerAdapter"), served_only=True
)
