"""Edits of source text: where a node begins in characters, how a statement goes, where an import comes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Edit

if TYPE_CHECKING:
    from ameide_telemetry.lint.source import Parsed

__all__ = ["added_import", "offset", "removed_statement", "replaced", "source", "span"]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def offset(file: Parsed, line: int, column: int) -> int:
    """Return how many characters stand before a place of `ast`, whose columns are bytes of UTF-8."""
    starts = vars(file).get("_starts")
    if starts is None:
        starts = vars(file)["_starts"] = [0, *(each.end() for each in _LINE_END.finditer(file.text))]
    start: int = starts[min(line, len(starts)) - 1]
    # No character has more than four bytes.
    row = file.text[start : start + column]
    return start + (column if row.isascii() else len(row.encode()[:column].decode(errors="ignore")))


def span(file: Parsed, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
    """Return where a node begins and ends, in characters."""
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return offset(file, node.lineno, node.col_offset), offset(file, end_line, end_column)


def source(file: Parsed, node: ast.expr | ast.stmt) -> str:
    """Return the text of a node as it stands there."""
    begin, end = span(file, node)
    return file.text[begin:end]


def replaced(file: Parsed, node: ast.expr | ast.stmt, text: str) -> Edit:
    """Return the edit that puts `text` in the place of a node."""
    begin, end = span(file, node)
    return Edit(file.path, begin, end, text)


def removed_statement(file: Parsed, statement: ast.stmt) -> Edit | None:
    """Return the edit that takes a statement out; None where others stand on its lines."""
    begin, end = span(file, statement)
    text = file.text
    start = max(text.rfind("\n", 0, begin), text.rfind("\r", 0, begin)) + 1
    found = _LINE_END.search(text, end)
    stop = found.start() if found else len(text)
    rest = text[end:stop].strip()
    if text[start:begin].strip() or (rest and not rest.startswith("#")):
        return None
    if statement in _only_ones(file):
        return Edit(file.path, begin, stop, "pass")
    return Edit(file.path, start, found.end() if found else stop, "")


def _only_ones(file: Parsed) -> set[ast.AST]:
    known = vars(file).get("_only_ones")
    if known is None:
        known = vars(file)["_only_ones"] = {
            body[0]
            for node in ast.walk(file.tree)
            for name in ("body", "orelse", "finalbody")
            if isinstance(body := getattr(node, name, None), list) and len(body) == 1
        }
    return known


def added_import(file: Parsed, statement: str) -> Edit | None:
    """Return the edit that adds an import of one line to the first ones; None if it stands there already."""
    if re.search(rf"(?m)^{re.escape(statement)}\s*(?:#.*)?$", file.text):
        return None
    at = 0
    for number, node in enumerate(file.tree.body):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        doc = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not future and not doc:
            decorators = getattr(node, "decorator_list", ())
            at = offset(file, min([node.lineno, *(each.lineno for each in decorators)]), 0)
            break
        end = _LINE_END.search(file.text, span(file, node)[1])
        at = end.end() if end else len(file.text)
    lead = "\n" if at and file.text[at - 1] not in "\r\n" else ""
    return Edit(file.path, at, at, f"{lead}{statement}\n")
