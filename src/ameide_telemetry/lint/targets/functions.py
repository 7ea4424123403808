"""Functions that a platform calls: a handler of Lambda's, a target of the Functions Framework."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ameide_telemetry.lint.model import Target
from ameide_telemetry.lint.targets.aims import aimed, file_aimed
from ameide_telemetry.lint.targets.options import read
from ameide_telemetry.lint.targets.outline import outline

if TYPE_CHECKING:
    from ameide_telemetry.lint.targets.call import Aim, Call

__all__ = ["functions_framework", "lambda_"]


def lambda_(call: Call) -> list[Aim]:
    """`module.handler`, where folders may be parted by `/`; looked up in the folder of the task."""
    written = call.args[0] if call.args else ""
    if not written:
        return []
    module, _, name = written.replace("/", ".").rpartition(".")
    roots = call.roots(call.cwd)
    aim = aimed(call, roots, Target("function", module.lstrip("."), None, name, server="lambda"), written)
    path = aim.target.path
    bound = outline(call.sight.sources, path).names.get(name) if path else None
    # `handler = Mangum(app)` is an application in a wrapper, and no function.
    is_made = bound is not None and bound.kind == "call"
    return [replace(aim, target=replace(aim.target, kind="asgi")) if is_made else aim]


def functions_framework(call: Call) -> list[Aim]:
    """`--target=name --source=file`, `main.py` unless said; the file is loaded, a request calls the name."""
    options = read(call.args, ("--debug", "--help"))
    source = options.get("--source") or call.environment.get("FUNCTION_SOURCE", "main.py")
    return [file_aimed(call, source, Target("file", "", None, server="functions-framework"))]
