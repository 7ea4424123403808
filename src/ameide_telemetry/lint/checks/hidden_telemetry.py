"""TEL204: telemetry of the service's own, reached by a string."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.foreign_telemetry import FOREIGN, loaded
from ameide_telemetry.lint.checks.hand_rolled_logging import LOGGING
from ameide_telemetry.lint.checks.hand_rolled_sdk import SETTERS, is_sdk
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.known import LOADERS
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Use
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_GROUPS: Final = ("opentelemetry_", "opentelemetry.")
_ENTRY_POINTS: Final = frozenset({"importlib.metadata.entry_points", "pkg_resources.iter_entry_points"})
_BANNED: Final = SETTERS | LOGGING | FOREIGN
_HINT: Final = (
    "remove it, or import it by its name; what has to stay says why: "
    "`# telemetry: ignore[TEL204] <reason>` on this line"
)


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    told: set[ast.AST] = set()
    for use in names.uses:
        found = _found(use, file)
        if found is None:
            continue
        node, name = found
        if node not in told and runs(use.call.scope, use.call.block):
            told.add(node)
            message = f"`{name}` is reached by a string, so that no search finds it"
            yield problem("TEL204", file, node, message, _HINT, scope=use.call.scope)


def _found(use: Use, file: Parsed) -> tuple[ast.expr, str] | None:
    names = names_of(file)
    if use.meaning.hidden is not None and use.name in _BANNED:
        return use.meaning.hidden, use.name
    if use.name in LOADERS:
        text = names.beginning(argument(use.node, "name", 0), use.call).replace(":", ".")
        # To load `logging` or `structlog` proves nothing; what is called of it does.
        if is_sdk(text) or text in _BANNED or loaded(text):
            return use.node, text
    if use.name == "builtins.getattr" or use.name.startswith("operator.attrgetter("):
        known = next((each for each in names.of(use.node, use.call) if each.name in _BANNED), None)
        if known is not None:
            return use.node, known.name
    if use.name in _ENTRY_POINTS:
        group = names.beginning(argument(use.node, "group", 0), use.call)
        if group.startswith(_GROUPS):
            return use.node, group
    return None


CHECK: Final = FileCheck(
    "TEL204",
    _look,
    (
        *(b"getattr", b"import_module", b"__import__", b"import_string", b"resolve_name", b"__dict__"),
        *(b"sys.modules", b"import sys as", b"from sys import", b"entry_points", b"vars("),
        # Of the names that a getter of `operator` may be given; the other checks look for them in any case.
        *(b"basicConfig", b"dictConfig", b"fileConfig", b"addHandler"),
    ),
    packages=("opentelemetry", "loguru", "structlog", "ddtrace", "sentry_sdk", "logfire"),
)
