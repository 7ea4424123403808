"""What an application of celery says of its own settings, as far as it stands there as text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.targets.outline import called, outline, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Call

__all__ = ["included", "settings"]

_OLD: Final = {"CELERYD_POOL": "worker_pool", "CELERY_IMPORTS": "imports", "CELERY_INCLUDE": "include"}
_LISTS: Final = ("imports", "include")
_Pairs = list[tuple[str, str]]


def settings(call: Call, roots: Roots, module: str, attribute: str) -> Mapping[str, str]:
    """Return the settings of the application of a module, by their names in lower case; the last counts."""
    found: dict[str, str] = {}
    for path in _paths(call, roots, module, attribute):
        for node in _top(call, path):
            found.update(_said(call, roots, path, node))
    return found


def included(call: Call, roots: Roots, module: str, attribute: str, said: Mapping[str, str]) -> list[str]:
    """Return the modules that every process of an application imports, by its settings and by its calls."""
    names = [each for setting in _LISTS for each in said.get(setting, "").split(",") if each]
    for path in _paths(call, roots, module, attribute):
        parsed = call.sight.sources.get(path)
        for node in ast.walk(parsed.tree) if isinstance(parsed, Parsed) else ():
            if isinstance(node, ast.Call) and called(node).endswith(".autodiscover_tasks"):
                names += _discovered(node, _top(call, path))
            elif isinstance(node, ast.Call) and called(node).rpartition(".")[2] == "Celery":
                given = (_list(each.value) for each in node.keywords if each.arg == "include")
                names += [each for text in given for each in text.split(",")]
    return [each for each in dict.fromkeys(names) if each and roots.find(each).path]


def _discovered(node: ast.Call, top: Iterable[ast.stmt]) -> list[str]:
    """Return the modules of tasks in the packages that a call names."""
    named = {each.arg: each.value for each in node.keywords}
    given = node.args[0] if node.args else named.get("packages")
    if isinstance(given, ast.Lambda):
        given = given.body
    if isinstance(given, ast.Name):
        name = given.id
        made = [
            each.value
            for each in top
            if isinstance(each, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == name for target in each.targets)
        ]
        given = made[-1] if made else given
    last = node.args[1] if len(node.args) > 1 else named.get("related_name")
    tasks = "tasks" if last is None else _text(last)
    packages = [each for each in _list(given).split(",") if each]
    return [each for one in packages for each in (one, f"{one}.{tasks}" if tasks else "") if each]


def _paths(call: Call, roots: Roots, module: str, attribute: str) -> list[Path]:
    paths = [roots.find(module).path, _path_of(call, roots, module, attribute)]
    return list(dict.fromkeys(path for path in reversed(paths) if path))


def _path_of(call: Call, roots: Roots, module: str, attribute: str) -> Path | None:
    """Return the file that a name of a module is imported from, one step away."""
    first = roots.find(module)
    bound = outline(call.sight.sources, first.path).names.get(attribute.partition(".")[0])
    if bound is None or bound.kind != "import":
        return None
    name = bound.module
    level = len(name) - len(name.lstrip("."))
    parts = module.split(".")
    kept = parts[: len(parts) - level + (first.kind == "package")] if level else []
    return roots.find(".".join([*kept, *filter(None, [name[level:]])])).path


def _top(call: Call, path: Path | None) -> list[ast.stmt]:
    parsed = call.sight.sources.get(path) if path else None
    return list(statements(parsed.tree.body)) if isinstance(parsed, Parsed) else []


def _said(call: Call, roots: Roots, path: Path, node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the settings that a statement makes."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs([(_setting(target), node.value)])
    value = getattr(node, "value", None)
    if not isinstance(value, ast.Call):
        return
    last = called(value).rpartition(".")[2]
    if last.endswith("Celery") or called(value).endswith("conf.update"):
        yield from _pairs([(each.arg or "", each.value) for each in value.keywords])
        for each in value.args:
            if isinstance(each, ast.Dict):
                keys = [_text(key) if key else "" for key in each.keys]
                yield from _pairs(list(zip(keys, each.values, strict=True)))
    elif last == "config_from_object" and value.args:
        yield from _of_object(call, roots, path, value)


def _setting(target: ast.expr) -> str:
    """Return the name of a setting that is assigned to, of `app.conf`; empty for anything else."""
    holder = target.value if isinstance(target, ast.Attribute | ast.Subscript) else None
    if holder is None or not (called(holder) == "conf" or called(holder).endswith(".conf")):
        return ""
    return target.attr if isinstance(target, ast.Attribute) else _text(getattr(target, "slice", None))


def _of_object(call: Call, roots: Roots, path: Path, node: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield the settings of a module, or of a class in it, that is named by a text or by its own name."""
    given = node.args[0]
    written = _text(given)
    name, _, inner = written.partition(":")
    if not written:
        bound = outline(call.sight.sources, path).names.get(called(given).partition(".")[0])
        if bound is None or bound.module.startswith("."):
            return
        name = ".".join(filter(None, [bound.module, bound.name])) if bound.module else ""
        inner = "" if name else called(given)
    body = _top(call, roots.find(name).path if name else path)
    if name and not body and "." in name:
        name, _, inner = name.rpartition(".")
        body = _top(call, roots.find(name).path)
    if inner:
        classes = [each for each in body if isinstance(each, ast.ClassDef) and each.name == inner]
        body = [each for one in classes for each in one.body]
    prefix = next((_text(each.value) for each in node.keywords if each.arg == "namespace"), "")
    for each in body:
        if isinstance(each, ast.Assign):
            names = [target.id for target in each.targets if isinstance(target, ast.Name)]
            own = [name for name in names if not prefix or name.startswith(f"{prefix}_")]
            yield from _pairs([(name.removeprefix(f"{prefix}_"), each.value) for name in own])


def _pairs(given: list[tuple[str, ast.expr]]) -> _Pairs:
    """Return the settings whose values are texts, or lists of texts."""
    named = ((_OLD.get(name, name).lower(), _text(value) or _list(value)) for name, value in given)
    return [(name, text) for name, text in named if name and text]


def _list(node: ast.expr | None) -> str:
    items = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return ",".join(filter(None, map(_text, items))) or _text(node)


def _text(node: object) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
