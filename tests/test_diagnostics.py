"""The page about diagnostics: it has every name that the sources count by, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "reference" / "diagnostics.md"


def _name(argument: ast.expr) -> str:
    """Return the name that a call counts by; what varies in it is `*`."""
    if isinstance(argument, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in argument.values)
    assert isinstance(argument, ast.Constant), ast.unparse(argument)
    return str(argument.value)


def _counted(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"guard.site", "guard.note"}:
            argument = node.args[0]
            choices = (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)
            yield from map(_name, choices)


def test_the_page_has_every_name() -> None:
    """Names in the first column of its tables; `<name>` stands for what varies."""
    page = _PAGE.read_text(encoding="utf-8")
    first = re.findall(r"^\| (`[a-z_.<>`, ]+`) \|", page, re.MULTILINE)
    written = [re.sub("<.*?>", "*", name) for column in first for name in re.findall("`(.*?)`", column)]
    counted = {name for path in (_ROOT / "src").rglob("*.py") for name in _counted(path)}
    # `inbound.<name>_too_long` on the page.
    counted.discard("inbound.header_too_long")
    assert sorted(written) == sorted(counted)
