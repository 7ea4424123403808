"""TEL201: a service puts OpenTelemetry's SDK together by itself."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.making import fixed, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.edits import removed_statement, removed_statements
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Fix, Problem
    from ameide_telemetry.lint.scopes import Import
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK", "SETTERS", "is_sdk"]

_PARTS: Final = (
    "opentelemetry.sdk",
    "opentelemetry.exporter",
    "opentelemetry.instrumentation",
    "opentelemetry.distro",
    "opentelemetry.processor",
)
# Beside the instrumentors, for other purposes: to say what shall not be traced.
_ALLOWED: Final = ("opentelemetry.instrumentation.utils", "opentelemetry.instrumentation.version")
SETTERS: Final = frozenset(
    {
        "opentelemetry.trace.set_tracer_provider",
        "opentelemetry.metrics.set_meter_provider",
        "opentelemetry.metrics._internal.set_meter_provider",
        "opentelemetry._logs.set_logger_provider",
        "opentelemetry._logs._internal.set_logger_provider",
        "opentelemetry._events.set_event_logger_provider",
        "opentelemetry.trace._set_tracer_provider",
        "opentelemetry.metrics._internal._set_meter_provider",
        "opentelemetry._logs._internal._set_logger_provider",
        "opentelemetry.trace.get_tracer_provider().add_span_processor",
        "opentelemetry._logs.get_logger_provider().add_log_record_processor",
        "opentelemetry.propagate.set_global_textmap",
    }
)
"""Functions of the API that put an SDK, or parts of one, in force."""
_WORDS: Final = re.compile(r"\w+")
_HINT: Final = (
    'remove it; `init_telemetry("...")` of `ameide_telemetry` makes providers, exporters and instrumentors'
)


def is_sdk(name: str) -> bool:
    """Return whether a dotted name belongs to the SDK, an exporter or an instrumentor."""
    if not name.startswith("opentelemetry."):
        return False
    return _below(name, _PARTS) and not _below(name, _ALLOWED)


def _below(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    found = [each for each in names.imports if _is_told(each, scene) and runs(each.scope)]
    uses = _Uses(file) if found else None
    told: set[ast.AST] = set()
    for each in found:
        if each.node in told or (uses is not None and uses.only_types(each)):
            continue
        told.add(each.node)
        statement = [other for other in found if other.node is each.node]
        fix = uses.fix(each.node, statement) if uses is not None else None
        message = f"`{each.name}` is set up by the service itself"
        yield problem("TEL201", file, each.node, message, _HINT, scope=each.scope, fix=fix)
    # What an import of the SDK binds is told there, and so is what became of it.
    others = {each.local for each in names.imports} - {each.local for each in found}
    for use in (*names.uses, *names.handed()):
        hidden = use.meaning.hidden is not None or use.node in told or use.name in scene.bootstrap
        if hidden or not runs(use.call.scope, use.call.block):
            continue
        if use.name in SETTERS:
            told.add(use.node)
            fix = _without(file, use.node)
            message = f"`{use.name.rpartition('.')[2]}` puts an SDK of the service's own in force"
            yield problem("TEL201", file, use.node, message, _HINT, scope=use.call.scope, fix=fix)
        elif is_sdk(use.name.split("()")[0]) and "()" not in use.name and _root(use.node.func) in others:
            message = f"`{use.name}` is used by the service itself"
            yield problem("TEL201", file, use.node, message, _HINT, scope=use.call.scope)


def _is_told(each: Import, scene: Scene) -> bool:
    """Return whether an import is of an SDK, and not of the bootstrap that was agreed on."""
    agreed = any(f"{name}.".startswith(f"{each.name}.") for name in scene.bootstrap)
    return is_sdk(each.name) and not each.typing and not agreed


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _without(file: Parsed, call: ast.Call) -> Fix | None:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Expr) and node.value is call:
            return fixed("remove the call", removed_statement(file, node))
    return None


class _Uses:
    """Where the names of a file stand: in declared types, in calls for their effect only, or elsewhere."""

    def __init__(self, file: Parsed) -> None:
        self._file = file
        self._loads: dict[str, list[ast.Name]] = {}
        self._types: set[ast.AST] = set()
        self._words: set[str] = set()
        self._effects: dict[ast.AST, ast.Expr] = {}
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Name):
                self._loads.setdefault(node.id, []).append(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                # `__all__`, quoted types and `globals()[...]` name it too.
                self._words.update(_WORDS.findall(node.value))
            elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
                self._types.update(ast.walk(node.annotation))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                self._types.update(ast.walk(node.returns))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                self._effects.update(dict.fromkeys(_spine(node.value), node))

    def only_types(self, each: Import) -> bool:
        """Return whether a name is imported for declared types and nothing else."""
        loads = self._loads.get(each.local, [])
        return bool(loads) and each.alias.name != "*" and all(load in self._types for load in loads)

    def fix(self, statement: ast.stmt, imports: list[Import]) -> Fix | None:
        """Return the fix that takes out an import and the calls for which it is there, if that is all."""
        loads = [load for each in imports for load in self._loads.get(each.local, [])]
        whole = len(getattr(statement, "names", ())) == len(imports)
        names = {each.local for each in imports}
        # What is used nowhere here is imported for others, or for what the import does.
        unused = any(name not in self._loads for name in names)
        if not whole or unused or names & self._words or not all(load in self._effects for load in loads):
            return None
        gone = dict.fromkeys(self._effects[load] for load in loads)
        edits = removed_statements(self._file, [statement, *gone])
        return None if None in edits else fixed("remove the import and its calls", *edits)


def _spine(node: ast.expr) -> Iterator[ast.AST]:
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    yield node


CHECK: Final = FileCheck("TEL201", _look, (), packages=("opentelemetry",))
