"""Projects of a tree: what their manifests say of name, scripts, dependencies and where the packages are."""

from __future__ import annotations

import configparser
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.projects import of_setup
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["MANIFESTS", "Project", "Projects", "describes_project", "normalised", "table_of"]

MANIFESTS: Final = frozenset(
    {"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "Dockerfile", "Containerfile"}
)
"""Files that make a folder one that is deployed or installed by itself."""

_PYPROJECT: Final = "pyproject.toml"
_OF_PROJECTS: Final = frozenset({"project", "build-system", "dependency-groups"})
_BUILDERS: Final = frozenset({"poetry", "flit", "hatch", "pdm", "setuptools"})
_LONGEST: Final = 1024 * 1024
_DEPTH: Final = 12
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_PATH_LINE: Final = re.compile(
    r"\s*(?:-e\s+|--editable[\s=]+|[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?(?:file:(?://)?)?(\.{1,2}/?[^\s;\[#]*)"
)
_PACKAGE_DIR: Final = re.compile(r"""package_dir\s*=\s*\{\s*['"]{2}\s*:\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Project:
    """What the manifests in one folder say.

    Attributes:
        folder: absolute.
        name: of the distribution; empty if nobody says.
        roots: folders from which its packages are imported once it is installed.
        scripts: console script -> what it calls, as `module:attribute`.
        needs: normalised names of the distributions that it depends on.
        paths: folders that it depends on by path.
        tool: the `tool` table of `pyproject.toml`.
    """

    folder: Path
    name: str = ""
    roots: tuple[Path, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    paths: tuple[Path, ...] = ()
    tool: Mapping[str, object] = field(default_factory=dict)


class Projects:
    """All projects of a tree, read when somebody asks.

    Args:
        top: folder above which nothing is looked for.
        manifests: paths of the manifests that there are; others are found as folders are asked for.
        listing: shared with the roots.
    """

    def __init__(self, top: Path, manifests: Iterable[Path] = (), listing: Listing | None = None) -> None:
        self.top = top
        self.listing = listing or Listing()
        self._folders = tuple(dict.fromkeys(path.parent for path in manifests))
        self._known: dict[Path, Project] = {}
        self._names: dict[str, Path] | None = None
        self._around: dict[Path, Path | None] = {}
        self._reached: dict[Path, tuple[Path, ...]] = {}
        self._texts: set[Path] = set()

    @property
    def read(self) -> frozenset[Path]:
        """The files that were read so far, and the manifests beside them."""
        folders = {*self._known, *self._around}
        there = {folder / name for folder in folders for name in self.listing.names(folder) if _is_read(name)}
        return frozenset(there | self._texts)

    def at(self, folder: Path) -> Project:
        """Return what the manifests in a folder say."""
        known = self._known.get(folder)
        if known is None:
            known = self._known[folder] = _project(folder, self.listing)
        return known

    @property
    def all(self) -> tuple[Path, ...]:
        """The folders that have a manifest, in the order in which they were named."""
        return self._folders

    def text(self, path: Path) -> str:
        """Return what a file holds, as far as it is UTF-8; nothing if it cannot be read."""
        self._texts.add(path)
        return _text(path)

    def pipfile(self, folder: Path) -> Mapping[str, object]:
        """Return what the Pipfile of a folder holds."""
        path = folder / "Pipfile"
        self._texts.add(path)
        return _toml(path) if path.name in self.listing.names(folder) else {}

    def around(self, path: Path) -> Path | None:
        """Return the nearest folder at or above a path that has a manifest; None if no folder has."""
        passed: list[Path] = []
        found: Path | None = None
        for folder in (path, *path.parents):
            if folder in self._around:
                found = self._around[folder]
                break
            if not folder.is_relative_to(self.top):
                break
            passed.append(folder)
            if self.is_one(folder):
                found = folder
                break
        self._around.update(dict.fromkeys(passed, found))
        return found

    def is_one(self, folder: Path) -> bool:
        """Return whether a folder has a manifest."""
        there = MANIFESTS.intersection(self.listing.names(folder))
        if there == {_PYPROJECT}:
            return describes_project(_toml(folder / _PYPROJECT))
        return bool(there)

    def roots(self, folder: Path) -> tuple[Path, ...]:
        """Return the folders from which a project and what it depends on in this tree are imported."""
        return tuple(dict.fromkeys(root for each in self.folders(folder) for root in self.at(each).roots))

    def folders(self, folder: Path) -> tuple[Path, ...]:
        """Return a project's folder and those of the projects of this tree that it depends on."""
        known = self._reached.get(folder)
        if known is not None:
            return known
        seen: dict[Path, None] = {}
        waiting = [folder]
        while waiting:
            current = waiting.pop(0)
            if current not in seen:
                seen[current] = None
                project = self.at(current)
                waiting += [path for path in project.paths if self.listing.names(path)]
                waiting += [self._named()[name] for name in sorted(project.needs) if name in self._named()]
        known = self._reached[folder] = tuple(seen)
        return known

    def _named(self) -> Mapping[str, Path]:
        if self._names is None:
            self._names = {}
            for folder in self._folders:
                name = normalised(self.at(folder).name)
                if name:
                    self._names.setdefault(name, folder)
        return self._names


def describes_project(document: Mapping[str, object]) -> bool:
    """Return whether a `pyproject.toml` is that of a project, and not only of settings for tools."""
    return bool(_OF_PROJECTS & document.keys() or _BUILDERS & table_of(document, "tool").keys())


def normalised(name: str) -> str:
    """Return the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def table_of(value: object, *keys: str) -> Mapping[str, object]:
    """Return a table inside of tables; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _is_read(name: str) -> bool:
    return name in MANIFESTS or _is_list(name)


def _is_list(name: str) -> bool:
    return name.startswith("requirements") and name.endswith((".txt", ".in"))


def _project(folder: Path, listing: Listing) -> Project:
    names = listing.names(folder)
    document = _toml(folder / "pyproject.toml") if "pyproject.toml" in names else {}
    config = _ini(folder / "setup.cfg") if "setup.cfg" in names else {}
    setup = _text(folder / "setup.py") if "setup.py" in names else ""
    lines = [line for name in names if _is_list(name) for line in _text(folder / name).splitlines()]
    project, tool = table_of(document, "project"), table_of(document, "tool")
    poetry = table_of(tool, "poetry")
    said = [
        *_strings(project.get("dependencies")),
        *_strings(table_of(config, "options").get("install_requires")),
    ]
    said += [*lines, *table_of(poetry, "dependencies"), *_groups(document)]
    named = project.get("name") or poetry.get("name") or table_of(config, "metadata").get("name")
    return Project(
        folder,
        named if isinstance(named, str) else "",
        _roots(folder, tool, config, setup, listing),
        {
            **(dict(of_setup(setup)[1]) if "scripts" in setup else {}),
            **_scripts(poetry.get("scripts")),
            **_scripts(_entry_points(config)),
            **_own_scripts(project),
        },
        frozenset(normalised(match[1]) for line in said if (match := _NAME.match(line))),
        tuple(dict.fromkeys(_paths(folder, tool, [*said, *lines]))),
        tool,
    )


def _toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _ini(path: Path) -> Mapping[str, object]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return {}
    return {section: dict(parser[section]) for section in parser.sections()}


def _text(path: Path) -> str:
    try:
        return contents(path, _LONGEST).decode("utf-8", "replace").removeprefix("\ufeff")
    except (OSError, ValueError):
        return ""


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


def _groups(document: Mapping[str, object]) -> Iterator[str]:
    # What comes with an extra or a group may be in the image, so it may be imported.
    for table in (
        table_of(document, "project", "optional-dependencies"),
        table_of(document, "dependency-groups"),
    ):
        for value in table.values():
            yield from _strings(value)


def _scripts(value: object) -> dict[str, str]:
    found = {}
    for name, target in (value if isinstance(value, dict) else {}).items():
        text = target.get("reference", target.get("callable")) if isinstance(target, dict) else target
        if isinstance(text, str):
            found[str(name)] = text.split("[")[0].strip()
    return found


def _own_scripts(project: Mapping[str, object]) -> dict[str, str]:
    return {**_scripts(project.get("gui-scripts")), **_scripts(project.get("scripts"))}


def _entry_points(config: Mapping[str, object]) -> dict[str, object]:
    lines = _strings(table_of(config, "options.entry_points").get("console_scripts"))
    return {
        name.strip(): target.strip() for name, sign, target in (line.partition("=") for line in lines) if sign
    }


def _roots(
    folder: Path, tool: Mapping[str, object], config: Mapping[str, object], setup: str, listing: Listing
) -> tuple[Path, ...]:
    said = [*_declared(tool)]
    directory = table_of(config, "options").get("package_dir")
    said += [line.partition("=")[2].strip() for line in _strings(directory) if line.strip().startswith("=")]
    said += _PACKAGE_DIR.findall(setup)
    folders = [folder / each for each in (*said, "src", "") if not each.startswith("/")]
    return tuple(dict.fromkeys(each for each in folders if each == folder or listing.is_folder(each)))


def _declared(tool: Mapping[str, object]) -> Iterator[str]:
    """Yield the folders, relative to the project, from which build tools take the packages."""
    find = table_of(tool, "setuptools", "packages", "find")
    yield from _strings(find.get("where"))
    yield from (str(each) for key, each in table_of(tool, "setuptools", "package-dir").items() if not key)
    for target in (table_of(tool, "hatch", "build"), table_of(tool, "hatch", "build", "targets", "wheel")):
        yield from (str(Path(each).parent) for each in _strings(target.get("packages")))
        yield from _strings(target.get("dev-mode-dirs"))
        sources = target.get("sources")
        yield from sources if isinstance(sources, dict) else _strings(sources)
    packages = table_of(tool, "poetry").get("packages")
    for package in packages if isinstance(packages, list) else []:
        yield from _strings(table_of(package).get("from"))
    for keys, name in _ROOT_SETTINGS:
        yield from _strings(table_of(tool, *keys).get(name))


_ROOT_SETTINGS: Final = (
    (("uv", "build-backend"), "module-root"),
    (("pdm", "build"), "package-dir"),
    (("maturin",), "python-source"),
)


def _paths(folder: Path, tool: Mapping[str, object], lines: list[str]) -> Iterator[Path]:
    tables = (table_of(tool, "uv", "sources"), table_of(tool, "poetry", "dependencies"))
    said = [
        path for table in tables for each in table.values() for path in _strings(table_of(each).get("path"))
    ]
    said += [match[1] for line in lines if (match := _PATH_LINE.match(line))]
    for each in said:
        path = folder
        for part in Path(each).parts[:_DEPTH]:
            path = path.parent if part == ".." else path / part
        yield path
