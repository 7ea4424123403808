"""What a kustomization changes: patches that stand in it as texts, and images that have another name."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.yamls import Items, Map, documents, items, mapping, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["is_kustomization", "patches", "renamed"]

_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_KEYS: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")
_WORDS: Final = frozenset({"command", "args"})
_LISTS: Final = frozenset({"containers", "initContainers"})


def is_kustomization(name: str) -> bool:
    """Return whether a file has the name of a kustomization."""
    return name in _NAMES


def renamed(document: Map) -> Iterator[tuple[str, str]]:
    """Yield the names of images that get another one, each with the new one."""
    for one in items(document.get("images")):
        image = mapping(one)
        old, new = scalar(image.get("name")), scalar(image.get("newName"))
        if old and new:
            yield old, new


def patches(document: Map, path: Path, files: Files) -> Iterator[Map]:
    """Yield the workloads that patches of a kustomization hold, as far as they say what is started."""
    for key in _KEYS:
        for one in items(document.get(key)):
            patch = mapping(one)
            text = scalar(one) or scalar(patch.get("patch"))
            named = scalar(patch.get("path"))
            other = files.find(path.parent, named or text) if named or "\n" not in text else None
            if other is not None and other in files.paths:
                text = files.text(other)
            if "\n" in text or text.lstrip().startswith(("[", "{")):
                line = getattr(one, "line", document.line)
                yield from _of_text(text, mapping(patch.get("target")), path, line, files)


def _of_text(text: str, target: Map, path: Path, line: int, files: Files) -> Iterator[Map]:
    found = documents(text, path, files, told=False)
    if not found:
        inner = textwrap.indent(text, "  ")
        listed = documents(f"operations:\n{inner}\n", path, files, told=False)
        found = [_workload(each.get("operations"), target) for each in listed]
    for each in found:
        _stand_at(each, line)
        yield each


def _workload(operations: object, target: Map) -> Map:
    """Return what operations of JSON Patch say of the words of a container, as a workload of it."""
    container, kind = Map(0), "containers"
    for one in items(operations):
        operation = mapping(one)
        parts = scalar(operation.get("path")).strip("/").split("/")
        value = operation.get("value")
        lists = [part for part in parts if part in _LISTS]
        if lists and parts[-1] in _WORDS and isinstance(value, Items):
            container[parts[-1]], kind = value, lists[0]
    listed = Items(0)
    if container:
        listed.append(container)
    spec, metadata, whole = Map(0), Map(0), Map(0)
    spec["containers"] = listed if kind == "containers" else Items(0)
    metadata["name"] = scalar(target.get("name"))
    whole["metadata"], whole["spec"] = metadata, spec
    return whole


def _stand_at(node: object, line: int) -> None:
    """Let everything below a mapping stand at the line of the patch."""
    todo, left = [node], 10_000
    while todo and left:
        left -= 1
        one = todo.pop()
        if isinstance(one, Map):
            one.line, one.lines = line, dict.fromkeys(one, line)
            todo.extend(one.values())
        elif isinstance(one, Items):
            one.line = line
            todo.extend(one)
