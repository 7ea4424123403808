"""Scripts that projects install: pyproject.toml, Poetry, setup.cfg and setup.py."""

from __future__ import annotations

import ast
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["READERS", "of_setup", "scripts"]

_TARGET: Final = re.compile(r"[A-Za-z_][\w.]*\s*:\s*[A-Za-z_][\w.]*")
_NAMED: Final = re.compile(r"""(?<![\w.-])["']?([\w.-]+)["']?\s*=""")
_MOST: Final = 1_000
Pair = tuple[str, str]


def scripts(path: Path, files: Files) -> Iterator[Command]:
    """Yield a command for each script that a project installs.

    Its only word is the name of the script; the text of its evidence is `name = package.module:function`.
    """
    text = files.text(path)
    project, found = READERS[path.name](text, path, files)
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for name in _NAMED.findall(line[:500]):
            lines.setdefault(name, number)
    for name, target in found[:_MOST]:
        if not _TARGET.fullmatch(target):
            continue
        evidence = Evidence(
            "script", Spot(path, lines.get(name, 0)), row(f"{name} = {target.replace(' ', '')}")
        )
        yield Command((name,), (evidence,), project or path.parent.name, path.parent)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _pyproject(text: str, path: Path, files: Files) -> tuple[str, list[Pair]]:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else 0
        files.doubt(Spot(path, line), f"This TOML cannot be read: {row(str(error))}.", "correct the line")
        return "", []
    project, poetry = _table(data.get("project")), _table(_table(data.get("tool")).get("poetry"))
    tables = (project.get("scripts"), project.get("gui-scripts"), poetry.get("scripts"))
    pairs = [(name, _reference(value)) for table in tables for name, value in _table(table).items()]
    name = project.get("name") or poetry.get("name")
    return name if isinstance(name, str) else "", pairs


def _reference(value: object) -> str:
    """Return what a script calls; Poetry also has `{reference = "a:b", type = "console"}`."""
    found = _table(value).get("reference") or _table(value).get("callable") or value
    return found if isinstance(found, str) else ""


def _setup_cfg(text: str, path: Path, files: Files) -> tuple[str, list[Pair]]:
    import configparser  # noqa: PLC0415 few projects have such a file

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError) as error:
        files.doubt(Spot(path), f"This file cannot be read: {row(str(error))}.", "correct the line")
        return "", []
    name = parser.get("metadata", "name", fallback="")
    groups = ("console_scripts", "gui_scripts")
    return name, [
        pair for group in groups for pair in _lines(parser.get("options.entry_points", group, fallback=""))
    ]


def _lines(text: str) -> Iterator[Pair]:
    for line in text.split("\n"):
        name, sign, target = line.partition("=")
        if sign:
            yield name.strip(), target.partition("[")[0].strip()


def _setup_py(text: str, _path: Path, _files: Files) -> tuple[str, list[Pair]]:
    return of_setup(text)


def of_setup(text: str) -> tuple[str, list[Pair]]:
    """Return the name of a project and its scripts, as `setup.py` has them."""
    try:
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", []  # a source file that does not parse is said by another check
    name, pairs = "", []
    for node in nodes:
        if not isinstance(node, ast.keyword):
            continue
        if node.arg == "name" and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            name = name or node.value.value
        elif node.arg == "entry_points":
            pairs.extend(_entry_points(node.value))
    return name, pairs


def _entry_points(node: ast.expr) -> list[Pair]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return []
    if isinstance(value, str):
        return _setup_cfg_sections(value)
    found: list[Pair] = []
    for group in ("console_scripts", "gui_scripts"):
        given = _table(value).get(group) or []
        lines = given.split("\n") if isinstance(given, str) else given
        found.extend(pair for line in lines if isinstance(line, str) for pair in _lines(line))
    return found


def _setup_cfg_sections(text: str) -> list[Pair]:
    found: list[Pair] = []
    section = ""
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[]")
        elif section in {"console_scripts", "gui_scripts"}:
            found.extend(_lines(stripped))
    return found


READERS: Final[dict[str, Callable[[str, Path, Files], tuple[str, list[Pair]]]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
}
