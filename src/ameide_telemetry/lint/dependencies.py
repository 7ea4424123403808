"""What a service says that it depends on: pyproject, requirements, Pipfile, setup.cfg, setup.py.

Read as data; nothing is resolved. A file that leaves the list to code makes the answer unknown.
"""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.projects import describes_project, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Declared", "Requirement", "declared"]

_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(.*)")
_LARGEST: Final = 4 * 1024 * 1024
_MOST_FILES: Final = 64
_UPWARDS: Final = 6
# Groups of development, which no deployed service has.
_NOT_DEPLOYED: Final = frozenset(
    {"dev", "test", "tests", "testing", "lint", "docs", "doc", "typing", "types", "bench"}
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One distribution that is asked for.

    Attributes:
        name: normalised.
        wanted: what stands behind the name: versions, an address, markers.
        path: the file that says so.
        line: where in it; 0 if that is not known.
    """

    name: str
    wanted: str
    path: Path
    line: int = 0


@dataclass(slots=True)
class Declared:
    """What was found for one service.

    Attributes:
        requirements: all of them.
        files: what was read, the one that a new requirement belongs into first.
        name: normalised name of the service's own distribution; empty if it has none.
        unknown: whether a file leaves part of the list to code, or cannot be read.
    """

    requirements: list[Requirement] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    name: str = ""
    unknown: bool = False


def declared(folder: Path) -> Declared:
    """Return what the files of a service, or of the nearest folder above it that has any, ask for."""
    found = Declared()
    here = folder
    for _ in range(_UPWARDS):
        _folder(here, found)
        if found.files or here.parent == here or (here / ".git").exists():
            break
        here = here.parent
    _members(here, found)
    return found


def _folder(folder: Path, found: Declared) -> None:
    for name, reader in _READERS.items():
        path = folder / name
        text = _text(path)
        if text is not None and not _is_only_settings(name, text):
            found.files.append(path)
            reader(path, text, found)
    seen: set[Path] = set()
    try:
        others = sorted([*folder.glob("requirements*.txt"), *folder.glob("requirements/*.txt")])
    except OSError:
        others = []
    for path in others[:_MOST_FILES]:
        if not _NOT_DEPLOYED.intersection(re.split(r"[^a-z]+", path.name.removesuffix(".txt").lower())):
            _requirements(path, found, seen)


def _is_only_settings(name: str, text: str) -> bool:
    try:
        return name == "pyproject.toml" and not describes_project(tomllib.loads(text))
    except (ValueError, RecursionError):
        return False


def _text(path: Path) -> str | None:
    try:
        data = contents(path, _LARGEST + 1)
    except (OSError, ValueError):
        return None
    return data.decode("utf-8", "replace") if len(data) <= _LARGEST else None


def _add(text: str, path: Path, found: Declared, line: int = 0) -> None:
    match = _NAME.match(text)
    if match:
        found.requirements.append(Requirement(normalised(match[1]), match[2].strip(), path, line))


def _requirements(path: Path, found: Declared, seen: set[Path]) -> None:
    todo = [path]
    while todo and len(seen) < _MOST_FILES:
        each = todo.pop()
        text = None if each in seen else _text(each)
        if text is None:
            continue
        seen.add(each)
        found.files.append(each)
        for number, row in enumerate(text.splitlines(), 1):
            words = row.split(" #")[0].strip()
            if words.startswith(("-r", "--requirement")):
                name = re.sub(r"\A(?:--requirement|-r)[ =]*", "", words)
                todo.append(each.parent / name)
            elif words.startswith(("-e", "--editable")) or "#egg=" in words:
                _add(words.partition("#egg=")[2], each, found, number)
                found.unknown = found.unknown or "#egg=" not in words
            elif words and not words.startswith(("#", "-", ".", "/")):
                _add(words, each, found, number)


def _line(text: str, needle: str) -> int:
    at = text.find(needle)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def _pyproject(path: Path, text: str, found: Declared) -> None:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        found.unknown = True
        return
    project = _table(document, "project")
    found.name = normalised(str(project.get("name") or _table(document, "tool", "poetry").get("name") or ""))
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += [
        each for name, each in _table(document, "dependency-groups").items() if name not in _NOT_DEPLOYED
    ]
    for each in lists:
        for row in each if isinstance(each, list) else ():
            if isinstance(row, str):
                _add(row, path, found, _line(text, row))
    _poetry(path, text, _table(document, "tool", "poetry"), found)
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "dependencies" in dynamic:
        _dynamic(path, document, found)


def _dynamic(path: Path, document: dict[str, Any], found: Declared) -> None:
    told = _table(document, "tool", "setuptools", "dynamic", "dependencies").get("file")
    files = [told] if isinstance(told, str) else told
    for each in files if isinstance(files, list) else ():
        _requirements(path.parent / str(each), found, set())
    # Other build tools, and setup.py, may put anything there.
    found.unknown = found.unknown or not files


def _poetry(path: Path, text: str, poetry: dict[str, Any], found: Declared) -> None:
    tables = [_table(poetry, "dependencies")]
    tables += [
        _table(each, "dependencies")
        for name, each in _table(poetry, "group").items()
        if name not in _NOT_DEPLOYED
    ]
    for table in tables:
        for name, wanted in table.items():
            version = wanted.get("version", "") if isinstance(wanted, dict) else wanted
            _add(
                f"{name} {version if isinstance(version, str) else ''}", path, found, _line(text, f"{name} =")
            )


def _table(document: object, *keys: str) -> dict[str, Any]:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _pipfile(path: Path, text: str, found: Declared) -> None:
    try:
        packages = _table(tomllib.loads(text), "packages")
    except (ValueError, RecursionError):
        found.unknown = True
        return
    for name, wanted in packages.items():
        version = wanted.get("version", "") if isinstance(wanted, dict) else wanted
        _add(f"{name} {version}".replace("*", ""), path, found, _line(text, f"{name} ="))


def _setup_cfg(path: Path, text: str, found: Declared) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        found.unknown = True
        return
    rows = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        rows += [value for _, value in parser.items("options.extras_require")]
    for row in "\n".join(rows).splitlines():
        if row.strip().startswith("file:"):
            _requirements(path.parent / row.partition(":")[2].strip(), found, set())
        elif row.strip():
            _add(row, path, found, _line(text, row.strip()))
    if not any(rows):
        found.files.remove(path)


def _setup_py(path: Path, text: str, found: Declared) -> None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found.unknown = True
        return
    given = [
        each.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for each in node.keywords
        if each.arg == "install_requires"
    ]
    if not given:
        found.files.remove(path)
    for value in given:
        for row in value.elts if isinstance(value, ast.List | ast.Tuple) else ():
            if isinstance(row, ast.Constant) and isinstance(row.value, str):
                _add(row.value, path, found, row.lineno)
        found.unknown = found.unknown or not isinstance(value, ast.List | ast.Tuple)


_READERS: Final[dict[str, Callable[[Path, str, Declared], None]]] = {
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
}


def _members(folder: Path, found: Declared) -> None:
    """Add what members of the same workspace ask for that the service depends on."""
    members = dict(_workspace(folder))
    todo = [each.name for each in found.requirements]
    seen: set[str] = set()
    while todo and len(seen) < _MOST_FILES:
        name = todo.pop()
        if name in seen or name not in members:
            continue
        seen.add(name)
        inner = Declared()
        _folder(members[name], inner)
        found.requirements += inner.requirements
        found.unknown = found.unknown or inner.unknown
        todo += [each.name for each in inner.requirements]


def _workspace(folder: Path) -> Iterator[tuple[str, Path]]:
    here = folder
    for _ in range(_UPWARDS):
        yield from _members_of(here)
        if here.parent == here or (here / ".git").exists():
            return
        here = here.parent


def _members_of(folder: Path) -> Iterator[tuple[str, Path]]:
    document = _toml(folder / "pyproject.toml")
    globs = _table(document, "tool", "uv", "workspace").get("members")
    paths = [each["path"] for each in _table(document, "tool", "uv", "sources").values() if _has_path(each)]
    paths += [
        each["path"]
        for each in _table(document, "tool", "poetry", "dependencies").values()
        if _has_path(each)
    ]
    for pattern in [*(globs if isinstance(globs, list) else ()), *paths]:
        for member in _globbed(folder, str(pattern)):
            inner = _toml(member / "pyproject.toml")
            name = _table(inner, "project").get("name") or _table(inner, "tool", "poetry").get("name")
            if isinstance(name, str):
                yield normalised(name), member


def _has_path(source: object) -> bool:
    return isinstance(source, dict) and isinstance(source.get("path"), str)


def _globbed(folder: Path, pattern: str) -> list[Path]:
    if not any(char in pattern for char in "*?["):
        return [folder / pattern]
    try:
        return sorted(folder.glob(pattern.strip("/")))[:_MOST_FILES]
    except (OSError, ValueError, NotImplementedError):
        return []


def _toml(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        return tomllib.loads(text) if text is not None else {}
    except (ValueError, RecursionError):
        return {}
