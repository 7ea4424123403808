"""Aiming: is the module there, does it bind the name; and if not, which edit would cure it."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.call import Aim
from ameide_telemetry.lint.targets.outline import origin, outline
from ameide_telemetry.nearness import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ameide_telemetry.lint.roots import Found, Roots
    from ameide_telemetry.lint.targets.call import Call

__all__ = ["aimed", "astray", "expression", "file_aimed", "unknown", "with_factory"]

_SHOWN = 6


def aimed(call: Call, roots: Roots, target: Target, written: str, *, sure: bool = True) -> Aim:
    """Return the aim at a module, or at a name in it, with what is wrong if it cannot be found.

    Args:
        call: the program.
        roots: where it imports from.
        target: without its path.
        written: how the deployment file names it.
        sure: whether it serves for certain.
    """
    target = replace(target, wrappers=call.wrappers)
    if "$" in written:
        return astray(call, target, written, "holds a variable that no deployment file sets", roots=roots)
    found = roots.find(target.module)
    if found.path is None:
        return _without_module(call, roots, target, written, found)
    target = replace(target, path=found.path)
    first = target.attribute.partition(".")[0]
    known = outline(call.sight.sources, found.path)
    if first and not (known.is_open or first in known.names or roots.find(f"{target.module}.{first}")):
        where = _shown(call, [found.path])
        like = nearest(first, [*known.names, *(roots.modules(target.module) if found.folders else ())])
        cure = f"write `{written.replace(first, like)}`" if like and first in written else ""
        reason = f"names `{first}`, which {where} does not bind"
        return astray(call, replace(target, path=None), written, reason, cure, roots=roots)
    return Aim(target, roots.folders, looked_for=found.looked_for, sure=sure)


def file_aimed(
    call: Call, text: str, target: Target, *, roots: Roots | None = None, sure: bool = True
) -> Aim:
    """Return the aim at a file that is run, with what is wrong if it is not there."""
    if "$" in text:
        return astray(call, target, text, "holds a variable that no deployment file sets", roots=roots)
    path = call.here(text)
    if not call.sight.is_file(path):
        names = call.sight.projects.listing.names(path.parent)
        like = nearest(path.name, [name for name in names if name.endswith(".py")])
        cure = f"write `{text.removesuffix(path.name)}{like}`" if like else ""
        return astray(
            call, target, text, f"is not there: looked for {_shown(call, [path])}", cure, roots=roots
        )
    target = replace(target, path=path, wrappers=call.wrappers)
    return Aim(target, (roots or call.roots(path.parent)).folders, sure=sure)


def astray(
    call: Call, target: Target, written: str, reason: str, cure: str = "", *, roots: Roots | None = None
) -> Aim:
    """Return an aim that misses: the message names the string, the hint is the edit."""
    wanted = f'`{{service}} = {{ app = "module:attribute", kind = "{target.kind}" }}`'
    hint = (
        cure or f"correct it, or say what is served by a line in [tool.ameide_telemetry.services]: {wanted}"
    )
    target = replace(target, module=target.module or written, wrappers=call.wrappers)
    server = f"{target.server} is given " if target.server else ""
    return Aim(target, roots.folders if roots else (), f"{server}`{written}`, which {reason}", hint)


def unknown(call: Call, written: str) -> Aim:
    """Return an aim of which nobody knows what it serves; told only where nothing else is served."""
    aim = astray(call, Target("file", "", None), written, "")
    return replace(
        aim, trouble=f"`{written}` is started, and nothing here says what that serves", known=False
    )


def expression(text: str) -> tuple[str, bool, str] | None:
    """Return name, whether it is called, and its arguments, of `name` or `name(1, a=2)`; None for others."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                ast.literal_eval(value)
            rest = text.strip()[len(node.func.id) :].strip()
            return node.func.id, True, rest[1:-1].strip()
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    return (node.id, False, "") if isinstance(node, ast.Name) else None


def with_factory(call: Call, aim: Aim) -> Aim:
    """Return an aim at a function as one at what the function returns, as servers take it that call it."""
    target = aim.target
    if target.path is None or target.factory or "." in target.attribute or not target.attribute:
        return aim
    roots = call.roots(*aim.roots)
    bound = origin(call.sight.sources, roots, target.module, target.attribute)
    return replace(aim, target=replace(target, factory=True)) if bound and bound.is_factory else aim


def _without_module(call: Call, roots: Roots, target: Target, written: str, found: Found) -> Aim:
    if not target.module or written.startswith((":", ".")):
        return astray(call, target, written, "names no module", roots=roots)
    if found.kind == "namespace":
        reason = f"is a folder without a module of that name: {_shown(call, found.folders)}"
        return astray(call, target, written, reason, roots=roots)
    parts = target.module.split(".")
    depth = next((at for at in range(len(parts)) if not roots.find(".".join(parts[: at + 1]))), 0)
    package = ".".join(parts[:depth])
    like = nearest(parts[depth], roots.modules(package))
    parts[depth] = like
    right = ".".join(parts) if like else ""
    if target.module.endswith(".py"):
        right = target.module.removesuffix(".py").replace("/", ".")
    cure = f"write `{written.replace(target.module, right, 1)}`" if right else ""
    wrong = f"names a module that is not there: looked for {_shown(call, found.looked_for)}"
    return replace(astray(call, target, written, wrong, cure, roots=roots), looked_for=found.looked_for)


def _shown(call: Call, paths: Iterable[Path | str]) -> str:
    """Return the first of some paths as the user knows them, in one row."""
    top = call.sight.projects.top
    texts: list[str] = []
    for path in paths:
        text = str(path)
        text = text.removeprefix(f"{top}/")
        if text not in texts:
            texts.append(text)
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more if texts else "nothing"
