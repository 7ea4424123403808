"""Where comments stand in a file: in Python by its tokens, elsewhere by what its kind takes for one."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Comment", "comments_of"]

_FRAME: Final = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_PYTHON: Final = re.compile(r".*\.py[iw]?")
_DASHES: Final = re.compile(r" *(?:- +)*")
_SCALAR: Final = re.compile(r"[|>][+\-0-9]{0,2}")
_HERE: Final = re.compile(r"(?<!<)<<-?\s{0,9}([\"']?)([A-Za-z_][\w.]*)\1")
# What matters of a row stands near its end; a row may have a million characters.
_NEAR: Final = 200
_DIRECTIVE: Final = re.compile(r"#\s*\w+\s*=")


class Comment(NamedTuple):
    """One comment.

    Attributes:
        begin: offset in the text, in characters.
        text: from its sign to the end of the line.
        row: line, counted from 1.
        column: characters before it.
        rows: first and last line that it belongs to: its statement, or what stands below.
        sure: whether the file means the same without it.
    """

    begin: int
    text: str
    row: int
    column: int
    rows: tuple[int, int]
    sure: bool = True


class _Row(NamedTuple):
    number: int
    begin: int
    text: str


def comments_of(path: Path, text: str) -> Iterator[Comment]:
    """Yield the comments of a file, in order.

    Args:
        path: tells by its name what kind of file it is.
        text: of the file.
    """
    for names, reader in _READERS:
        if names.fullmatch(path.name.lower()):
            return reader(text)
    return _of_shell(text) if text.startswith("#!") else _of_unknown(text)


def _rows(text: str) -> Iterator[_Row]:
    begin = 0
    for number, row in enumerate(text.split("\n"), 1):
        yield _Row(number, begin, row.rstrip("\r"))
        begin += len(row) + 1


def _comment(row: _Row, column: int, *, sure: bool = True) -> Comment:
    alone = not row.text[:column].strip()
    rows = (row.number, row.number + alone)
    return Comment(row.begin + column, row.text[column:], row.number, column, rows, sure)


def _texts(row: str, known: frozenset[str]) -> list[str]:
    """Return the words that end the texts which begin in a row, in order."""
    return [found[2] for found in _HERE.finditer(row) if found[2] in known]


def _alone(row: _Row) -> int:
    """Return where a comment begins that has its line for itself; -1 without one."""
    return len(row.text) - len(row.text.lstrip()) if row.text.lstrip().startswith("#") else -1


# ---------------------------------------------------------------------- one reader for each kind


def _of_images(text: str) -> Iterator[Comment]:
    """Yield those of a Dockerfile: a sign behind an instruction belongs to the instruction."""
    ends: list[str] = []
    head = True
    rows = list(_rows(text))
    known = frozenset(row.text.strip() for row in rows)
    for row, below in zip(rows, [*rows[1:], None], strict=True):
        column = _alone(row)
        if ends:
            if row.text.strip() == ends[0]:
                ends.pop(0)
            elif column >= 0:
                yield _comment(row, column, sure=False)
            continue
        if column >= 0:
            # Without it, the line below could be the first one, where it would say how the file is read.
            directive = head and below is not None and _DIRECTIVE.match(below.text.lstrip())
            yield _comment(row, column, sure=not directive)
            continue
        head = False
        ends += _texts(row.text, known)


def _of_shell(text: str) -> Iterator[Comment]:
    """Yield those of a script: outside of quotes and of texts that stand in it."""
    ends: list[str] = []
    quote = ""
    known = frozenset(row.strip() for row in text.split("\n"))
    continued = False
    for row in _rows(text):
        if ends:
            if row.text.strip() == ends[0]:
                ends.pop(0)
            continue
        column, quote = _shell_row(row.text, quote)
        if column >= 0:
            # Without a comment that ends a continued line, the line would go on.
            yield _comment(row, column, sure=not (continued and _alone(row) >= 0))
        ends += _texts(row.text[:column] if column >= 0 else row.text, known)
        continued = column < 0 and row.text.endswith("\\")


def _shell_row(row: str, quote: str) -> tuple[int, str]:
    """Return where a comment begins in a row, -1 without one, and the quote that is open at its end."""
    at = 0
    while at < len(row):
        char = row[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
        elif char == "#" and (not at or row[at - 1] in " \t;&|()"):
            return at, ""
        at += 1
    return -1, quote


def _of_lines(text: str) -> Iterator[Comment]:
    """Yield those of a file of commands, one in each row."""
    for row in _rows(text):
        column, _ = _shell_row(row.text, "")
        if column >= 0:
            yield _comment(row, column)


def _of_yaml(text: str) -> Iterator[Comment]:
    inside: int | None = None
    quote = ""
    for row in _rows(text):
        stripped = row.text.strip()
        if inside is not None and stripped and len(row.text) - len(row.text.lstrip(" ")) <= inside:
            inside = None
        if inside is not None:
            # A text of several rows; what reads it, most often a shell, may take a row for a comment.
            column, _ = _shell_row(row.text, "")
            if column >= 0:
                yield _comment(row, column, sure=False)
            continue
        column, quote = _yaml_row(row.text, quote)
        if column >= 0:
            yield _comment(row, column)
        if not quote and _begins_text(row.text[:column] if column >= 0 else row.text):
            inside = _indent(row.text)


def _begins_text(row: str) -> bool:
    words = row[-_NEAR:].split()
    if not words or not _SCALAR.fullmatch(words[-1]):
        return False
    return len(words) == 1 or words[-2].endswith((":", "-")) or words[-2].startswith(("!", "&"))


def _begins_node(row: str) -> bool:
    """Return whether a quote behind this is one; anywhere else it is a character of a word."""
    before = row[-_NEAR:].rstrip()
    return not before or before[-1] in ":-?,[{" or before.split()[-1].startswith(("!", "&"))


def _indent(row: str) -> int:
    """Return the column that the rows of a text must go beyond: of its key, or of its dash."""
    dashes = _DASHES.match(row)
    lead = dashes[0] if dashes else ""
    return lead.rindex("-") if "-" in lead and row[len(lead) :][:1] in {"|", ">"} else len(lead)


def _yaml_row(row: str, quote: str) -> tuple[int, str]:
    at = 0
    while at < len(row):
        char = row[at]
        if quote:
            if (char == "\\" and quote == '"') or (char == quote and row[at : at + 2] == "''"):
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'" and _begins_node(row[max(0, at - _NEAR) : at]):
            quote = char
        elif char == "#" and (not at or row[at - 1] in " \t"):
            return at, ""
        at += 1
    return -1, quote


def _of_toml(text: str) -> Iterator[Comment]:
    quote = ""
    for row in _rows(text):
        at = 0
        while at < len(row.text):
            if quote:
                if row.text[at] == "\\" and '"' in quote:
                    at += 1
                elif row.text.startswith(quote, at):
                    at += len(quote) - 1
                    quote = ""
            elif row.text[at] in "\"'":
                quote = row.text[at] * (3 if row.text.startswith(row.text[at] * 3, at) else 1)
                at += len(quote) - 1
            elif row.text[at] == "#":
                yield _comment(row, at)
                break
            at += 1
        quote = quote if len(quote) > 1 else ""


def _of_requirements(text: str) -> Iterator[Comment]:
    for row in _rows(text):
        found = re.search(r"(?:^|(?<=\s))#", row.text)
        if found:
            yield _comment(row, found.start())


def _of_unknown(text: str) -> Iterator[Comment]:
    """Yield those of a file whose rules nobody knows: one behind something may be a part of it."""
    for row in _rows(text):
        found = re.search(r"(?:^|(?<=\s))#", row.text)
        if found:
            yield _comment(row, found.start(), sure=_alone(row) >= 0)


def _of_nothing(text: str) -> Iterator[Comment]:  # noqa: ARG001
    return iter(())


# ---------------------------------------------------------------------- Python


def _of_python(text: str) -> Iterator[Comment]:
    starts = _starts(text)
    first = line = None
    comments: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments.append(token)
            elif token.type == tokenize.NEWLINE:
                # A decorator and what it decorates are one.
                if first is not None and line != "@":
                    yield from _placed(comments, (first, token.start[0]), starts)
                    first, comments = None, []
                line = None
            elif token.type == tokenize.NL:
                if first is None and not token.line.strip():
                    yield from _placed(comments, (0, 0), starts)
                    comments = []
            elif token.type not in _FRAME:
                first = first or token.start[0]
                line = line or token.string
    except (tokenize.TokenError, SyntaxError):
        # Of a file that does not parse nothing else is known either.
        return
    yield from _placed(comments, (0, 0), starts)


def _placed(
    comments: Iterable[tokenize.TokenInfo], rows: tuple[int, int], starts: Sequence[int]
) -> Iterator[Comment]:
    """Yield comments with the lines of the statement that they stand in, or directly above."""
    for each in comments:
        row, column = each.start
        yield Comment(starts[row - 1] + column, each.string, row, column, rows if rows[1] else (row, row))


def _starts(text: str) -> list[int]:
    """Return the offset of each line, as `tokenize` counts them."""
    starts = [0]
    for row in io.StringIO(text):
        starts.append(starts[-1] + len(row))
    return starts


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Iterator[Comment]]], ...]] = (
    (_PYTHON, _of_python),
    (re.compile(r".*\.(?:ba|z|k|da|a)?sh"), _of_shell),
    (re.compile(r".*\.ya?ml"), _of_yaml),
    (re.compile(r".*\.toml|pipfile"), _of_toml),
    (re.compile(r".*\.(?:txt|in)"), _of_requirements),
    (re.compile(r".*\.json"), _of_nothing),
    (re.compile(r"(?:.*[._-])?(?:docker|container)file(?:[._-].*)?"), _of_images),
    (re.compile(r"(?:.*\.)?procfile(?:\..*)?"), _of_lines),
)
