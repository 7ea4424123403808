"""TEL202: a service configures logging by itself, in Python or by a file that its server is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from ameide_telemetry.lint.checks.django_logging import django_logging
from ameide_telemetry.lint.checks.handed_loggers import handed
from ameide_telemetry.lint.checks.kinds import EntrypointCheck, FileCheck
from ameide_telemetry.lint.checks.making import argument, fixed, problem
from ameide_telemetry.lint.checks.mappings import keywords
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.checks.starts import at_spot, set_in_config
from ameide_telemetry.lint.edits import has_comment, removed_statement, source, span
from ameide_telemetry.lint.model import Edit, Fix, Problem
from ameide_telemetry.lint.names import Meaning, Use, names_of
from ameide_telemetry.lint.scopes import Call
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Scope

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
# Loggers whose handlers the library replaces; the servers make them before the service is imported.
_SERVER_LOGGERS: Final = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "_granian"})
_OF_SERVERS: Final = frozenset(
    f"logging.getLogger().{each}"
    for each in ("addHandler", "handlers.append", "handlers.insert", "handlers.extend")
)
_SETTINGS: Final = ("logconfig_dict", "logconfig_json", "logconfig")
_LONGEST: Final = 60
_ADDS_HANDLER: Final = "addHandler"
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
_Assignment: TypeAlias = ast.Assign | ast.AugAssign | ast.AnnAssign
_HINT: Final = 'remove it; `init_telemetry("...")` of `ameide_telemetry` makes every line of the process'


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    told: set[ast.AST] = set()
    for use in (*names.uses, *names.handed(), *_handed_roots(names)):
        hidden = use.meaning.hidden is not None or use.node in told or use.name in scene.bootstrap
        if hidden or not runs(use.call.scope, use.call.block):
            continue
        for each in _of_call(file, names, use):
            told.add(use.node)
            yield each
    yield from (each for each in _classes(file, names, runs))
    if ".handlers" in file.text:
        yield from _assigned(file, names, runs)
    if (setting := django_logging(file, scene)) and not any(name in source(file, setting) for name in _OURS):
        message = "`LOGGING` of Django's settings configures logging by the service itself"
        hint = f"write `LOGGING_CONFIG = None` in its place; {_HINT.partition('; ')[2]}"
        yield problem("TEL202", file, setting, message, hint, scope=names.layout.module)


def _handed_roots(names: Names) -> Iterator[Use]:
    """Yield the calls that give handlers to a parameter for which the file gives the root logger."""
    for call in names.layout.calls:
        func = call.node.func
        if not isinstance(func, ast.Attribute) or func.attr != _ADDS_HANDLER:
            continue
        if any("logging.root" in names.named(each, there) for each, there in handed(func.value, names, call)):
            yield Use(call.node, call, Meaning(f"logging.root.{_ADDS_HANDLER}"))


def _of_call(file: Parsed, names: Names, use: Use) -> Iterator[Problem]:
    if use.name in LOGGING and not _is_harmless(use, names):
        message = f"`{use.name}` configures logging by the service itself"
        yield _problem(file, use.node, message, use.call.scope, _without(file, use.node))
    elif use.name.startswith(_FORMATTERS) and use.name.endswith("Formatter"):
        message = f"`{use.name}` makes lines of the service's own form"
        yield _problem(file, use.node, message, use.call.scope)
    elif use.name in _OF_SERVERS and _is_of_server(use.node.func, names, use.call):
        if not _is_harmless(use, names):
            message = "a server's logger is given handlers by the service itself"
            yield _problem(file, use.node, message, use.call.scope, _without(file, use.node))
    elif (keyword := _SERVERS.get(use.name)) and (given := _config(file, use, keyword)):
        message = f"`{keyword}` gives the server a logging configuration of its own"
        own = given if isinstance(given, ast.keyword) and given in use.node.keywords else None
        fix = _without_argument(file, use.node, own) if own is not None else None
        yield _problem(file, given, message, use.call.scope, fix)


def _problem(
    file: Parsed, node: ast.expr | ast.keyword | ast.stmt, message: str, scope: Scope, fix: Fix | None = None
) -> Problem:
    return problem("TEL202", file, node, message, _HINT, scope=scope, fix=fix)


def _is_harmless(use: Use, names: Names) -> bool:
    first = use.node.args[0] if use.node.args else None
    if use.name.endswith((".addHandler", ".handlers.append")):
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


def _config(file: Parsed, use: Use, keyword: str) -> ast.keyword | ast.expr | None:
    names = names_of(file)
    given = next((each for each in keywords(use.node, names, use.call) if each.key == keyword), None)
    if given is None or (isinstance(given.value, ast.Constant) and given.value.value is None):
        return None
    value = names.value(given.value, use.call)
    texts = [source(file, each) for each in (given.value, value) if isinstance(each, ast.expr)]
    return None if any(name in text for text in texts for name in _OURS) else given.node


def _is_of_server(node: ast.AST, names: Names, call: Call) -> bool:
    """Return whether an expression is, or is reached by, a logger that a server writes to."""
    while isinstance(node, ast.Attribute):
        node = node.value
    made = names.value(node, call)
    name = argument(made, "name", 0) if isinstance(made, ast.Call) else None
    return any(each.partition(".")[0] in _SERVER_LOGGERS for each in _texts(name, names, call))


def _texts(node: ast.expr | None, names: Names, call: Call) -> Iterator[str]:
    """Yield the texts that an expression may be, round by round where a loop gives them."""
    text = names.text(node, call)
    if text is not None:
        yield text
    elif isinstance(node, ast.Name):
        for bind in names.bound(node.id, call):
            if bind.how == "item" and isinstance(bind.node, ast.Tuple | ast.List | ast.Set):
                yield from filter(None, (names.text(each, call) for each in bind.node.elts))


def _classes(file: Parsed, names: Names, runs: Runs) -> Iterator[Problem]:
    for scope in names.layout.classes.values():
        node = scope.node
        if not isinstance(node, ast.ClassDef) or not node.bases or not runs(scope):
            continue
        bases = {each for base in node.bases for each in names.named(base)}
        foreign = any(each.startswith(_FORMATTERS) for each in bases)
        own = "json" in node.name.lower() or _dumps(names, scope)
        if foreign or ("logging.Formatter" in bases and own):
            message = f"class `{node.name}` makes lines of the service's own form"
            yield _problem(file, node, message, scope)


def _dumps(names: Names, scope: Scope) -> bool:
    return any(use.call.scope.name.startswith(f"{scope.name}.") for use in names.called(_DUMPS))


def _assigned(file: Parsed, names: Names, runs: Runs) -> Iterator[Problem]:
    """Yield assignments to the handlers of the root logger, or of a server's."""
    for node, scope in _assignments(names.layout.module, file.tree, names):
        whose = next((each for each in map(_owner, _targets(node)) if each is not None), None)
        empty = isinstance(node.value, ast.List | ast.Tuple) and not node.value.elts
        if whose is None or empty or node.value is None or not runs(scope):
            continue
        here = Call(ast.copy_location(ast.Call(whose, [], []), node), scope, scope.block)
        if "logging.root" in names.named_in(whose, scope):
            of = "the root logger"
        elif _is_given(node.value):
            # A worker passes on what its server made.
            continue
        elif "logging.getLogger()" in names.named_in(whose, scope) and _is_of_server(whose, names, here):
            of = "a server's logger"
        else:
            continue
        # What else it is assigned to is used elsewhere.
        alone = len(_targets(node)) == 1
        edit = fixed("remove the assignment", removed_statement(file, node)) if alone else None
        yield _problem(file, node, f"{of} is given handlers by the service itself", scope, edit)


def _is_given(value: ast.expr) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "handlers"


def _targets(node: _Assignment) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _owner(target: ast.expr) -> ast.expr | None:
    """Return the logger to whose handlers, or to a part of them, something is assigned."""
    if isinstance(target, ast.Subscript):
        target = target.value
    return target.value if isinstance(target, ast.Attribute) and target.attr == "handlers" else None


def _assignments(module: Scope, tree: ast.Module, names: Names) -> Iterator[tuple[_Assignment, Scope]]:
    todo: list[tuple[ast.AST, Scope]] = [(tree, module)]
    inner = {scope.node: scope for scope in names.layout.scopes()}
    while todo:
        node, scope = todo.pop()
        scope = inner.get(node, scope)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
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
    if has_comment(text[begin:end]):
        return None
    before = max((each for each in _ends(file, call) if each <= begin), default=begin)
    if text[before:begin].strip() == ",":
        return fixed("remove the argument", Edit(file.path, before, end, ""))
    rest = text[end : span(file, call)[1]]
    blanks = len(rest) - len(rest.lstrip(", \t"))
    return fixed("remove the argument", Edit(file.path, begin, end + blanks, ""))


def _ends(file: Parsed, call: ast.Call) -> Iterator[int]:
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    return (span(file, each)[1] for each in given)


def _look_at_command(judged: Judged, scene: Scene) -> Iterator[Problem]:
    target = judged.entrypoint.target
    if not target.log_config and target.server == "gunicorn":
        yield from _computed(judged, scene)
        return
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


def _computed(judged: Judged, scene: Scene) -> Iterator[Problem]:
    """Yield the setting of gunicorn's config file whose text does not tell which configuration it is."""
    for setting in _SETTINGS:
        spot = set_in_config(judged, scene, setting)
        file = scene.sources.get(spot.path) if spot else None
        given = _assigned_to(file.tree, setting) if isinstance(file, Parsed) else None
        if spot is None or given is None or isinstance(given, ast.Constant) or not isinstance(file, Parsed):
            continue
        text = " ".join(source(file, given).split())
        if any(each in text for each in _OURS):
            continue
        message = f"`gunicorn` is given a logging configuration of its own: {setting} = {_shortened(text)}"
        hint = f"take `{setting}` out of {spot.path.name}; for gunicorn: `logger_class` of "
        hint += "`ameide_telemetry.integrations.gunicorn`"
        yield at_spot("TEL202", judged, spot, (message, hint), scene)


def _assigned_to(tree: ast.Module, name: str) -> ast.expr | None:
    for each in tree.body:
        targets = each.targets if isinstance(each, ast.Assign) else ()
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return each.value if isinstance(each, ast.Assign) else None
    return None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


CHECK: Final = FileCheck(
    "TEL202",
    _look,
    (
        *(b"basicConfig", b"dictConfig", b"fileConfig", b"addHandler", b".handlers", b"log_config"),
        *(b"log_dictconfig", b"Formatter", b"setup_logging", b"LOGGING"),
    ),
    packages=("coloredlogs", "daiquiri", "json_logging", "loguru", "pythonjsonlogger", "structlog"),
)
ENTRYPOINT_CHECK: Final = EntrypointCheck("TEL202", _look_at_command)
