"""TEL202: a service configures logging by itself, in Python or by a file that its server is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck, FileCheck
from ameide_telemetry.lint.checks.making import argument, fixed, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.checks.starts import at_spot, set_in_config
from ameide_telemetry.lint.edits import removed_statement, source, span
from ameide_telemetry.lint.model import Edit, Fix, Problem
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged
    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.scopes import Call, Scope
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK", "ENTRYPOINT_CHECK", "LOGGING"]

LOGGING: Final = frozenset(
    {
        *("logging.basicConfig", "logging.config.dictConfig", "logging.config.fileConfig"),
        *("logging.config.listen", "logging.root.addHandler", "logging.root.handlers.append"),
        *("logging.root.handlers.insert", "logging.root.handlers.extend"),
        *("logging.config.dictConfigClass", "logging.config.DictConfigurator"),
        *(
            "picologging.basicConfig",
            "picologging.config.dictConfig",
            "coloredlogs.install",
            "daiquiri.setup",
        ),
        *("structlog.configure", "structlog.configure_once", "structlog.stdlib.recreate_defaults"),
        *("loguru.logger.add", "loguru.logger.configure", "google.cloud.logging.Client().setup_logging"),
        *("google.cloud.logging.handlers.setup_logging", "json_logging.init_fastapi"),
        *("json_logging.init_flask", "json_logging.init_quart", "json_logging.init_non_web"),
    }
)
"""Functions that say where lines go and what they look like."""
_FORMATTERS: Final = (
    *("pythonjsonlogger.", "json_log_formatter.", "ecs_logging.", "logstash_formatter.", "jsonformatter."),
    *("logstash_async.formatter.",),
)
_SERVERS: Final = {
    "uvicorn.run": "log_config",
    "uvicorn.main.run": "log_config",
    "uvicorn.Config": "log_config",
    "uvicorn.config.Config": "log_config",
    "granian.Granian": "log_dictconfig",
}
_DUMPS: Final = frozenset(
    {
        "json.dumps",
        "orjson.dumps",
        "ujson.dumps",
        "simplejson.dumps",
        "rapidjson.dumps",
        "json.JSONEncoder().encode",
    }
    | {"msgspec.json.encode", "flask.json.dumps"}
)
_ADDS: Final = frozenset({"processors", "cache_logger_on_first_use", "context_class"})
_OURS: Final = ("ameide_telemetry", "ameide-telemetry")
_HINT: Final = 'remove it; `init_telemetry("...")` of `ameide_telemetry` makes every line of the process'


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for use in names.uses:
        if use.meaning.hidden is None and runs(use.call.scope, use.call.block):
            yield from _of_call(file, names, use)
    yield from (each for each in _classes(file, names, runs))
    if ".handlers" in file.text:
        yield from _assigned(file, names, runs)


def _of_call(file: Parsed, names: Names, use: Use) -> Iterator[Problem]:
    if use.name in LOGGING and not _is_harmless(use, names):
        message = f"`{use.name}` configures logging by the service itself"
        yield _problem(file, use.node, message, use.call.scope, _without(file, use.node))
    elif use.name.startswith(_FORMATTERS) and use.name.endswith("Formatter"):
        message = f"`{use.name}` makes lines of the service's own form"
        yield _problem(file, use.node, message, use.call.scope)
    elif (keyword := _SERVERS.get(use.name)) and (given := _config(file, use, keyword)):
        message = f"`{keyword}` gives the server a logging configuration of its own"
        yield _problem(file, given, message, use.call.scope, _without_argument(file, use.node, given))


def _problem(
    file: Parsed, node: ast.expr | ast.keyword | ast.stmt, message: str, scope: Scope, fix: Fix | None = None
) -> Problem:
    return problem("TEL202", file, node, message, _HINT, scope=scope, fix=fix)


def _is_harmless(use: Use, names: Names) -> bool:
    first = use.node.args[0] if use.node.args else None
    if use.name in {"logging.root.addHandler", "logging.root.handlers.append"}:
        return "logging.NullHandler()" in names.named(first, use.call)
    if use.name in {"structlog.configure", "structlog.configure_once"}:
        return _only_adds(use, names)
    # Called without anything, it says where those that were made are.
    return use.name == "daiquiri.setup" and not (use.node.args or use.node.keywords)


def _only_adds(use: Use, names: Names) -> bool:
    """Return whether structlog is given processors of which none makes the line: those are kept and run."""
    if use.node.args or not {each.arg for each in use.node.keywords} <= _ADDS:
        return False
    processors = names.value(argument(use.node, "processors"), use.call)
    return isinstance(processors, ast.List) and all(_adds(each, names, use.call) for each in processors.elts)


def _adds(node: ast.expr, names: Names, call: Call) -> bool:
    if isinstance(node, ast.Starred):
        return False
    made = node.func if isinstance(node, ast.Call) else node
    last = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
    known = (*names.named(node, call), last)
    return not any("render" in name.lower() or "ProcessorFormatter" in name for name in known)


def _config(file: Parsed, use: Use, keyword: str) -> ast.keyword | None:
    given = next((each for each in use.node.keywords if each.arg == keyword), None)
    if given is None or (isinstance(given.value, ast.Constant) and given.value.value is None):
        return None
    value = names_of(file).value(given.value, use.call)
    texts = [source(file, each) for each in (given.value, value) if isinstance(each, ast.expr)]
    return None if any(name in text for text in texts for name in _OURS) else given


def _classes(file: Parsed, names: Names, runs: Runs) -> Iterator[Problem]:
    for scope in names.layout.classes.values():
        node = scope.node
        if not isinstance(node, ast.ClassDef) or not node.bases or not runs(scope):
            continue
        bases = {each for base in node.bases for each in names.named(base)}
        foreign = any(each.startswith(_FORMATTERS) for each in bases)
        if foreign or ("logging.Formatter" in bases and _dumps(names, scope)):
            message = f"class `{node.name}` makes lines of the service's own form"
            yield _problem(file, node, message, scope)


def _dumps(names: Names, scope: Scope) -> bool:
    return any(use.call.scope.name.startswith(f"{scope.name}.") for use in names.called(_DUMPS))


def _assigned(file: Parsed, names: Names, runs: Runs) -> Iterator[Problem]:
    """Yield assignments to the handlers of the root logger."""
    for node, scope in _assignments(names.layout.module, file.tree, names):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr == "handlers" and runs(scope):
                empty = isinstance(node.value, ast.List) and not node.value.elts
                if not empty and "logging.root" in names.named_in(target.value, scope):
                    edit = fixed("remove the assignment", removed_statement(file, node))
                    yield _problem(
                        file, node, "the root logger is given handlers by the service itself", scope, edit
                    )


def _assignments(module: Scope, tree: ast.Module, names: Names) -> Iterator[tuple[ast.Assign, Scope]]:
    todo: list[tuple[ast.AST, Scope]] = [(tree, module)]
    inner = {scope.node: scope for scope in names.layout.scopes()}
    while todo:
        node, scope = todo.pop()
        scope = inner.get(node, scope)
        if isinstance(node, ast.Assign):
            yield node, scope
        else:
            todo += [(each, scope) for each in ast.iter_child_nodes(node)]


def _without(file: Parsed, call: ast.Call) -> Fix | None:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Expr) and node.value is call:
            return fixed("remove the call", removed_statement(file, node))
    return None


def _without_argument(file: Parsed, call: ast.Call, given: ast.keyword) -> Fix | None:
    begin, end = span(file, given)
    text = file.text
    before = text[:begin].rstrip()
    if before.endswith(","):
        return fixed("remove the argument", Edit(file.path, len(before) - 1, end, ""))
    rest = text[end : span(file, call)[1]]
    blanks = len(rest) - len(rest.lstrip(", \t"))
    return fixed("remove the argument", Edit(file.path, begin, end + blanks, ""))


def _look_at_command(judged: Judged, scene: Scene) -> Iterator[Problem]:
    target = judged.entrypoint.target
    # What a variable holds that nobody says is not known.
    if not target.log_config or "$" in target.log_config or any(each in target.log_config for each in _OURS):
        return
    evidence = judged.entrypoint.evidence[0]
    message = (
        f"`{target.server or target.name}` is given a logging configuration of its own: {target.log_config}"
    )
    hint = (
        "take it out of the command; where uvicorn has several workers: "
        '`--log-config "$(ameide-telemetry uvicorn-log-config)"`, for gunicorn: '
        "`--logger-class ameide_telemetry.integrations.gunicorn.Logger`"
    )
    text = " ".join(evidence.text.split())
    made = Problem("TEL202", message, evidence.spot, hint, text=text, service=judged.entrypoint.service)
    config = None if target.log_config in evidence.text else set_in_config(judged, scene, "logconfig")
    cure = hint.replace("the command", config.path.name) if config else hint
    yield at_spot("TEL202", judged, config, (message, cure), scene) if config else made


CHECK: Final = FileCheck(
    "TEL202",
    _look,
    (
        *(b"basicConfig", b"dictConfig", b"fileConfig", b"addHandler", b".handlers", b"log_config"),
        *(b"log_dictconfig", b"Formatter", b"setup_logging"),
    ),
    packages=("coloredlogs", "daiquiri", "json_logging", "loguru", "pythonjsonlogger", "structlog"),
)
ENTRYPOINT_CHECK: Final = EntrypointCheck("TEL202", _look_at_command)
