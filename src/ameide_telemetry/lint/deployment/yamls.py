"""YAML without its dangers: from events, so that anchors cannot multiply and depth cannot overflow."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.lint.model import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["INSTALL", "Items", "Map", "documents", "items", "mapping", "scalar"]

INSTALL: Final = 'install the reader: pip install "ameide-telemetry[lint]"'
_MAX_DEPTH: Final = 100
_MAX_EVENTS: Final = 200_000
_MAX_MERGED: Final = 2_000
_BOUNDARY: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


class Map(dict[str, Any]):
    """A mapping that knows its lines.

    Attributes:
        line: where it begins.
        lines: key -> line.
        paths: key -> file, for those that came from another one.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.paths: dict[str, Path] = {}


class Items(list[Any]):
    """A list that knows its line."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def mapping(value: object) -> Map:
    """Return a mapping; an empty one for anything else."""
    return value if isinstance(value, Map) else Map(0)


def items(value: object) -> Items:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, Items) else Items(0)


def scalar(value: object) -> str:
    """Return a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


class _Trouble(Exception):  # noqa: N818 - the file has it, not we
    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class _Tree:
    """Puts events together; a node that is named by an alias is shared, never copied."""

    def __init__(self) -> None:
        self.count = 0
        self.anchors: dict[str, Any] = {}
        self.open: list[Map | Items] = []
        self.keys: list[str | None] = []
        self.merges: list[tuple[Map, Any, int]] = []
        self.result: list[Any] = []

    def put(self, value: Any, line: int) -> None:
        if not self.open:
            self.result.append(value)
            return
        holder = self.open[-1]
        if isinstance(holder, Items):
            holder.append(value)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = value if isinstance(value, str) else ""
            holder.lines.setdefault(self.keys[-1] or "", line)
            return
        self.keys[-1] = None
        if key == "<<":
            self._merge(holder, value, line)
        else:
            holder[key] = value

    def begin(self, holder: Map | Items, anchor: str | None) -> None:
        if len(self.open) >= _MAX_DEPTH:
            raise _Trouble(f"it is nested deeper than {_MAX_DEPTH}", holder.line)
        if anchor:
            self.anchors[anchor] = holder
        self.open.append(holder)
        self.keys.append(None)

    def end(self) -> None:
        holder = self.open.pop()
        self.keys.pop()
        if isinstance(holder, Map):
            self._merged(holder)
        self.put(holder, holder.line)

    def alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchors:
            raise _Trouble(f"the anchor `{anchor[:40]}` is not defined", line)
        value = self.anchors[anchor]
        if any(value is holder for holder in self.open):
            raise _Trouble(f"the anchor `{anchor[:40]}` contains itself", line)
        self.put(value, line)

    def _merge(self, holder: Map, value: Any, line: int) -> None:
        self.merges.append((holder, value, line))

    def _merged(self, holder: Map) -> None:
        """Put merged keys in once the mapping is whole: its own keys, and earlier sources, win."""
        while self.merges and self.merges[-1][0] is holder:
            _, value, line = self.merges.pop()
            for source in value if isinstance(value, Items) else [value]:
                if not isinstance(source, Map):
                    continue
                if len(holder) + len(source) > _MAX_MERGED:
                    raise _Trouble("it merges too many keys", line)
                for key in source:
                    holder.setdefault(key, source[key])
                    holder.lines.setdefault(key, line)


def _feed(tree: _Tree, event: Any) -> None:
    name = type(event).__name__
    tree.count += 1
    if tree.count > _MAX_EVENTS:
        raise _Trouble(f"it has more than {_MAX_EVENTS:,} parts", event.start_mark.line + 1)
    line = event.start_mark.line + 1
    match name:
        case "ScalarEvent":
            # A text without quotes has no style, which the reader in C writes as an empty one.
            plain_nothing = not event.style and event.value in _NOTHING and event.tag is None
            value = None if plain_nothing else event.value
            if event.anchor:
                tree.anchors[event.anchor] = value
            # A key may be empty or `null`; it is a key all the same.
            is_key = bool(tree.open) and isinstance(tree.open[-1], Map) and tree.keys[-1] is None
            tree.put(event.value if is_key else value, line)
        case "AliasEvent":
            tree.alias(event.anchor, line)
        case "MappingStartEvent":
            tree.begin(Map(line), event.anchor)
        case "SequenceStartEvent":
            tree.begin(Items(line), event.anchor)
        case "MappingEndEvent" | "SequenceEndEvent":
            tree.end()


def _parts(text: str, needles: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the documents of a file that matter, each with the number of lines before it."""
    bounds = [0, *(found.start() for found in _BOUNDARY.finditer(text)), len(text)]
    line = 0
    for begin, end in pairwise(bounds):
        part = text[begin:end]
        if not needles or any(needle in part for needle in needles):
            yield line, part
        line += part.count("\n")


def documents(
    text: str, path: Path, files: Files, needles: tuple[str, ...] = (), *, told: bool = True
) -> list[Map]:
    """Return the mappings that a YAML file holds; what is broken in it is noted where `told`.

    Args:
        text: of the file.
        path: of the file.
        files: takes the doubts.
        needles: of which one must be in a document for it to matter.
        told: whether doubts are noted.
    """
    try:
        yaml = import_module("yaml")
    except ImportError:
        files.doubt(Spot(path), "It cannot be read without PyYAML.", INSTALL)
        return []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Map] = []
    for before, part in _parts(text, needles):
        try:
            found.extend(_document(yaml, loader, part, before))
        except _Trouble as trouble:
            if told:
                files.doubt(Spot(path, trouble.line), f"This YAML cannot be read: {trouble.reason}.")
    return found


def _document(yaml: Any, loader: Any, text: str, before: int) -> list[Map]:
    tree = _Tree()
    try:
        for event in yaml.parse(text, Loader=loader):
            _feed(tree, event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        line = before + mark.line + 1 if mark is not None else before + 1
        raise _Trouble(" ".join(str(reason).split())[:200], line) from None
    except _Trouble as trouble:
        raise _Trouble(trouble.reason, before + trouble.line) from None
    except (RecursionError, MemoryError, ValueError):
        raise _Trouble("it is nested too deep", before + 1) from None
    found = [value for value in tree.result if isinstance(value, Map)]
    if before:
        _shift(found, before)
    return found


def _shift(found: list[Map], by: int) -> None:
    seen: set[int] = set()
    todo: list[Any] = list(found)
    while todo:
        node = todo.pop()
        if id(node) in seen or not isinstance(node, (Map, Items)):
            continue
        seen.add(id(node))
        node.line += by
        if isinstance(node, Map):
            node.lines = {key: line + by for key, line in node.lines.items()}
            todo.extend(node.values())
        else:
            todo.extend(node)
