"""celery: `-A` before or after the verb; an attribute, `app`, `celery`, the submodule, any instance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, astray
from ameide_telemetry.lint.targets.celery_settings import included, settings
from ameide_telemetry.lint.targets.options import names, read
from ameide_telemetry.lint.targets.outline import origin, outline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.lint.roots import Roots
    from ameide_telemetry.lint.targets.call import Aim, Call
    from ameide_telemetry.lint.targets.options import Options

__all__ = ["celery", "find_app"]

_FLAGS: Final = names(
    "-C --no-color -q --quiet --version --skip-checks -D --detach -E --task-events --events -B --beat "
    "--purge --discard --without-gossip --without-mingle --without-heartbeat --disable-prefetch --help -h "
    "--enable-remote-control --no-enable-remote-control --no-execv"
)
_VERBS: Final = frozenset({"worker", "beat"})
_FORKING: Final = frozenset({"", "prefork", "processes", "celery.concurrency.prefork:TaskPool"})
_NAMES: Final = ("app", "celery")


def celery(call: Call) -> list[Aim]:
    """Return the application of a worker or of beat; the other verbs serve nothing."""
    options = read(call.args, _FLAGS)
    words = [word for word in options.words if word != "multi"]
    verb = words[0] if words else ""
    if verb == "start" or (verb not in _VERBS and "multi" in options.words):
        verb = "worker"
    if verb not in _VERBS:
        return []
    folder = options.get("--workdir")
    call = call.into(folder)
    asked = [
        each for value in options.all("-I", "--include", "--imports") for each in value.split(",") if each
    ]
    target = Target(
        "celery",
        "",
        None,
        server=f"celery {verb}",
        imports=tuple(asked),
    )
    written = (
        options.get("-A", "--app") or call.environment.get("CELERY_APP") or call.environment.get("APP", "")
    )
    roots = call.roots(call.cwd)
    if not written:
        cure = "write `celery -A module.attribute " + verb + "`"
        return [astray(call, target, verb, "is given no application by -A", cure, roots=roots)]
    module, attribute = find_app(call, roots, written)
    said = settings(call, roots, module, attribute)
    pool, method = _pool(options, said)
    further = included(call, roots, module, attribute, said)
    forks = verb == "worker" and pool in _FORKING and method in {"", "fork"}
    target = replace(target, module=module, attribute=attribute, preload=forks, forks=forks)
    target = replace(target, imports=tuple(dict.fromkeys([*target.imports, *further])))
    if verb == "worker" and pool not in _FORKING:
        # Not every pool sends the signals of the others.
        target = replace(target, server=f"{target.server} --pool {pool}")
    return [aimed(call, roots, target, written)]


def _pool(options: Options, said: Mapping[str, str]) -> tuple[str, str]:
    """Return pool and start method: its own settings go before the default, even one that is written out."""
    pool = options.get("-P", "--pool")
    pool = said.get("worker_pool", pool) if pool in {"", "prefork"} else pool
    return pool, options.get("--pool-start-method") or said.get("worker_pool_start_method", "")


def find_app(call: Call, roots: Roots, written: str, names: tuple[str, ...] = _NAMES) -> tuple[str, str]:
    """Return module and attribute that a name such as `shop`, `shop.tasks` or `shop:queue` leads to."""
    module, sign, attribute = written.partition(":")
    if sign:
        return module, attribute
    parent, _, last = written.rpartition(".")
    if parent and _is_value(call, roots, parent, last):
        return parent, last
    found = roots.find(written)
    if not found and parent and roots.find(parent).path:
        return parent, last
    for name in names:
        if _is_value(call, roots, written, name):
            return written, name
    if found.folders and roots.find(f"{written}.celery") and "celery" in names:
        return find_app(call, roots, f"{written}.celery")
    return written, _instance(call, roots, written) or names[0]


def _is_value(call: Call, roots: Roots, module: str, name: str) -> bool:
    """Return whether a module binds a name to something that is no module."""
    bound = outline(call.sight.sources, roots.find(module).path).names.get(name)
    if bound is None or bound.kind == "module":
        return False
    if bound.kind != "import":
        return True
    made = origin(call.sight.sources, roots, module, name)
    if made is not None:
        return made.kind != "module"
    # `from . import celery` binds the submodule, unless its package binds something else by that name.
    return not roots.find(f"{module}.{name}") or bool(bound.module.strip("."))


def _instance(call: Call, roots: Roots, module: str) -> str:
    known = outline(call.sight.sources, roots.find(module).path)
    for name in known.names:
        made = origin(call.sight.sources, roots, module, name)
        if made and made.kind == "call" and "celery" in made.called.lower():
            return name
    likely = (name for name in known.names if name.endswith("app") or "celery" in name.lower())
    return next((name for name in likely if known.names[name].name not in {"Celery", "shared_task"}), "")
