"""Handlers of Lambda: SAM and CloudFormation templates, and the files of the Serverless Framework."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.deployment.yamls import documents, mapping, scalar
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.yamls import Map

__all__ = ["handlers", "is_lambdas"]

_SERVERLESS: Final = re.compile(r"serverless(?:[-_.][\w-]+)*\.ya?ml")
_FUNCTIONS: Final = frozenset({"AWS::Serverless::Function", "AWS::Lambda::Function"})
_MOST: Final = 200


def is_lambdas(name: str, data: bytes) -> bool:
    """Return whether a YAML file says which functions Lambda calls."""
    if _SERVERLESS.fullmatch(name):
        return b"functions" in data
    return b"AWS::Serverless::Function" in data or b"AWS::Lambda::Function" in data


def handlers(path: Path, files: Files) -> Iterator[Command]:
    """Yield what runs each function of Python, as the runtime of Lambda is given it."""
    count = 0
    for document in documents(files.text(path), path, files):
        found = _serverless if _SERVERLESS.fullmatch(path.name) else _template
        for name, function, runtime, folder in found(document):
            handler = scalar(function.get("Handler")) or scalar(function.get("handler"))
            if not handler or not runtime.startswith("python"):
                continue
            count += 1
            if count > _MOST:
                files.doubt(Spot(path), f"It has more than {_MOST} functions; only the first are read.")
                return
            key = "Handler" if "Handler" in function else "handler"
            spot = Spot(path, function.lines.get(key, function.line))
            context = files.find(path.parent, folder or ".") or path.parent
            said = Evidence("procfile", spot, row(f"{key}: {handler}"))
            yield Command(("awslambdaric", handler), (said,), name, context, ours=True)


def _template(document: Map) -> Iterator[tuple[str, Map, str, str]]:
    shared = mapping(mapping(document.get("Globals")).get("Function"))
    for name, resource in mapping(document.get("Resources")).items():
        one = mapping(resource)
        if scalar(one.get("Type")) not in _FUNCTIONS:
            continue
        function = mapping(one.get("Properties"))
        runtime = scalar(function.get("Runtime")) or scalar(shared.get("Runtime"))
        folder = (
            scalar(function.get("CodeUri")) or scalar(function.get("Code")) or scalar(shared.get("CodeUri"))
        )
        yield name, function, runtime, folder


def _serverless(document: Map) -> Iterator[tuple[str, Map, str, str]]:
    shared = scalar(mapping(document.get("provider")).get("runtime"))
    for name, function in mapping(document.get("functions")).items():
        one = mapping(function)
        yield name, one, scalar(one.get("runtime")) or shared, ""
