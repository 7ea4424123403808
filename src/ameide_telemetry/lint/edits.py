"""Edits of source text: where a node begins in characters, how a statement goes, where an import comes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ameide_telemetry.lint.source import Parsed

__all__ = [
    "added_import",
    "first_line",
    "has_comment",
    "line_end",
    "line_start",
    "lines_of",
    "offset",
    "removed_statement",
    "removed_statements",
    "replaced",
    "source",
    "span",
]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_FOR_TOOLS: Final = re.compile(
    r"#\s*(?:noqa|type:|telemetry:|pragma:|pylint:|nosec|fmt:|mypy:|pyright:|isort:|ruff:)"
)


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


def lines_of(file: Parsed, statement: ast.stmt) -> tuple[int, int, int, int] | None:
    """Return the limits of a statement that has its lines for itself, but for a comment behind it.

    Returns:
        Begin of its first line, of itself, its end, the end of its last line; None where others stand there,
        or where a line is continued into it.
    """
    begin, end = span(file, statement)
    start = line_start(file, begin)
    found = _LINE_END.search(file.text, end)
    stop = found.start() if found else len(file.text)
    rest = file.text[end:stop].strip()
    if start is None or (rest and not rest.startswith("#")):
        return None
    return start, begin, end, stop


def line_start(file: Parsed, begin: int) -> int | None:
    """Return where the line of a place begins; None if others stand before it, or a line above goes on."""
    text = file.text
    start = max(text.rfind("\n", 0, begin), text.rfind("\r", 0, begin)) + 1
    continued = text[max(0, start - 3) : start].rstrip("\r\n").endswith("\\")
    return None if continued or text[start:begin].strip() else start


def line_end(file: Parsed, at: int) -> int:
    """Return where the next line begins."""
    found = _LINE_END.search(file.text, at)
    return found.end() if found else len(file.text)


def removed_statement(file: Parsed, statement: ast.stmt) -> Edit | None:
    """Return the edit that takes a statement out; None where that would take more.

    A comment behind it stays, unless it is for tools, which have nothing to be told any more.
    """
    return removed_statements(file, [statement])[0]


def removed_statements(file: Parsed, statements: Collection[ast.stmt]) -> list[Edit | None]:
    """Return the edits that take statements out; of a body that has no others, one becomes `pass`."""
    gone = set(statements)
    kept = {body[0] for body in _bodies(file) if body[0] in gone and gone.issuperset(body)}
    return [_removed(file, each, passing=each in kept) for each in statements]


def _removed(file: Parsed, statement: ast.stmt, *, passing: bool) -> Edit | None:
    limits = lines_of(file, statement)
    if limits is None or _binds(statement) or has_comment(source(file, statement)):
        return None
    start, begin, end, stop = limits
    if passing:
        return Edit(file.path, begin, end, "pass")
    comment = file.text[end:stop].strip()
    if comment and not _FOR_TOOLS.match(comment):
        return Edit(file.path, begin, stop - len(file.text[end:stop].lstrip()), "")
    return Edit(file.path, start, line_end(file, stop), "")


def has_comment(text: str) -> bool:
    """Return whether a piece of source has a comment in it; in doubt it has."""
    if "#" not in text:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(each.type == tokenize.COMMENT for each in tokens)


def _binds(statement: ast.stmt) -> bool:
    """Return whether something in a statement does more than its value says: to names, or to a generator."""
    some = (ast.NamedExpr, ast.Yield, ast.YieldFrom)
    return any(isinstance(each, some) for each in ast.walk(statement))


def _bodies(file: Parsed) -> list[list[ast.stmt]]:
    known: list[list[ast.stmt]] | None = vars(file).get("_bodies")
    if known is None:
        known = vars(file)["_bodies"] = [
            body
            for node in ast.walk(file.tree)
            for name in ("body", "orelse", "finalbody")
            if isinstance(body := getattr(node, name, None), list) and body
        ]
    return known


def added_import(file: Parsed, statement: str) -> Edit | None:
    """Return the edit that adds statements, the first an import, to the first ones of a file.

    Returns:
        None if they stand there already.
    """
    wanted = list(_imported(ast.parse(statement).body))
    if None not in wanted and set(wanted) <= set(_imported(file.tree.body)):
        return None
    last: ast.stmt | None = None
    for number, node in enumerate(file.tree.body):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        doc = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not future and not doc:
            return _above(file, node, last, statement)
        last = node
    at = line_end(file, span(file, last)[1]) if last else 0
    lead = "\n" if at and file.text[at - 1] not in "\r\n" else ""
    return Edit(file.path, at, at, f"{lead}{statement}\n")


def _imported(body: list[ast.stmt]) -> Iterator[tuple[str | None, int, str, str | None] | None]:
    """Yield what each statement imports from where; None for one that is no such import."""
    for each in body:
        if isinstance(each, ast.ImportFrom):
            yield from ((each.module, each.level, name.name, name.asname) for name in each.names)
        else:
            yield None


def _above(file: Parsed, node: ast.stmt, last: ast.stmt | None, statement: str) -> Edit:
    if last is not None and last.end_lineno == first_line(node):
        # They share a line: it is parted where the semicolon stands.
        return Edit(file.path, span(file, last)[1], span(file, node)[0], f"\n{statement}\n")
    at = offset(file, first_line(node), 0)
    return Edit(file.path, at, at, f"{statement}\n")


def first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, its decorators counted."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
