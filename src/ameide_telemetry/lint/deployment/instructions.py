"""The instructions of a Dockerfile: continuations, comments, directives and here-documents taken apart."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KNOWN", "Instruction", "as_words", "instructions"]

KNOWN: Final = frozenset(
    (  # noqa: SIM905 - one row each would hide the code
        "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN "
        "SHELL STOPSIGNAL USER VOLUME WORKDIR"
    ).split()
)
_DIRECTIVE: Final = re.compile(r"#\s*([A-Za-z][\w-]*)\s*=\s*(\S.*?)\s*$")
_DOCUMENT: Final = re.compile(r"<<(-?)(['\"]?)([A-Za-z_]\w*)\2")
_WITH_DOCUMENTS: Final = frozenset({"RUN", "COPY", "ADD"})
_INSTRUCTION: Final = re.compile(r"\s*(\S+)\s*(.*)", re.DOTALL)


class Instruction(NamedTuple):
    """One instruction.

    Attributes:
        name: in upper case.
        text: what stands behind it, in one line.
        line: where it begins.
        documents: name of each here-document -> its lines.
    """

    name: str
    text: str
    line: int
    documents: tuple[tuple[str, str], ...]


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile."""
    lines = text.split("\n")
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        begin = at
        if _is_empty(lines[at]):
            at += 1
            continue
        parts: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            if parts and _is_empty(line):
                continue
            stripped = line.rstrip()
            if not stripped.endswith(escape):
                parts.append(line)
                break
            parts.append(stripped[:-1])
        found = _INSTRUCTION.match("".join(parts))
        if found is None:
            continue
        name = found[1].upper()
        documents, at = _documents(found[2], lines, at) if name in _WITH_DOCUMENTS else ((), at)
        yield Instruction(name, found[2].strip(), begin + 1, documents)


def _is_empty(line: str) -> bool:
    stripped = line.lstrip()
    return not stripped or stripped.startswith("#")


def _escape(lines: list[str]) -> str:
    """Return the sign that continues a line; directives stand before everything else."""
    for line in lines:
        found = _DIRECTIVE.match(line)
        if found is None:
            break
        if found[1].lower() == "escape" and found[2] in {"\\", "`"}:
            return found[2]
    return "\\"


def _documents(text: str, lines: list[str], at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    found: list[tuple[str, str]] = []
    for tabs, _, name in _DOCUMENT.findall(text):
        body: list[str] = []
        while at < len(lines):
            line = lines[at].lstrip("\t") if tabs else lines[at]
            at += 1
            if line.rstrip() == name:
                break
            body.append(line)
        found.append((name, "\n".join(body) + "\n"))
    return tuple(found), at


def as_words(text: str) -> tuple[tuple[str, ...] | None, bool]:
    """Return the words of an exec form; None for a shell form; and whether it is broken JSON.

    What begins with a bracket and is no JSON is run through the shell, which nobody ever means.
    """
    if not text.startswith("["):
        return None, False
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return tuple(value), read is not json.loads
    return None, True
