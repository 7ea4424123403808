"""Entrypoints of services that nobody deploys: files that serve when run, applications at a top level."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Entrypoint, Evidence, Spot, Target
from ameide_telemetry.lint.naming import name_of
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.serving import NEEDLES, application, has_main
from ameide_telemetry.lint.targets.call import climbed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from ameide_telemetry.lint.targets.call import Sight

    _Holds = Callable[[Path, tuple[bytes, ...]], bool]

__all__ = ["MAIN", "by_code", "by_main", "in_file", "is_aside", "is_test", "spare"]

_ASIDE: Final = re.compile(
    r"(tests?|testing|docs?(_src)?|examples?|samples?|demos?|migrations?|alembic|tools?|scripts?|bench(marks?)?|"
    r"conftest|noxfile|setup|fixtures|vendor|third_party|tutorials?|hack|notebooks?|dev|\..*)(\.py)?|"
    r"test_.*|.*_test\.py|.*_tests?"
)
_TESTS: Final = re.compile(
    r"(tests?|testing|testdata|fixtures|(e2e|integration|unit)([-_]?tests?)?)([-_].*)?|test_.*"
)
MAIN: Final = (b"if __name__", b"if (__name__", b"== __name__")
"""Bytes that are in every file with a part that only runs when it is started by itself."""
_LARGEST: Final = 8 * 1024 * 1024


def is_test(path: Path, top: Path) -> bool:
    """Return whether a file or folder belongs to tests: what is deployed there serves nobody."""
    inside = path.relative_to(top).parts if path.is_relative_to(top) else ()
    return any(_TESTS.fullmatch(part) for part in inside)


def is_aside(path: Path, top: Path) -> bool:
    """Return whether a file is no part of a service: a test, documentation, an example, a tool."""
    return any(_ASIDE.fullmatch(part) for part in path.relative_to(top).parts)


def by_main(
    sight: Sight,
    files: Iterable[tuple[Path, Path]],
    serves: Callable[[Path, str], bool],
    holds: _Holds,
) -> Iterator[Entrypoint]:
    """Yield the files that begin to serve when they are run.

    Args:
        sight: the tree.
        files: of services that nobody deploys, with the folder of the service.
        serves: tells whether a file begins to serve.
        holds: tells whether a file has a needle.
    """
    for path, folder in files:
        if path.name != "__main__.py" and not (holds(path, MAIN) and has_main(sight.sources, path)):
            continue
        if serves(path, ""):
            roots = (path.parent, *sight.projects.roots(folder))
            name = (
                Roots(roots[1:], sight.projects.listing).name_of(path) if path.name == "__main__.py" else ""
            )
            target = Target(
                "module" if name else "file", name, path, server="python -m" if name else "python"
            )
            why = Evidence("main", Spot(path, 1), "it serves when it is run")
            yield _made(sight, folder, target, roots[1:] if name else roots, why)


def by_code(sight: Sight, files: Iterable[tuple[Path, Path]], holds: _Holds) -> Iterator[Entrypoint]:
    """Yield the applications at the top level of modules, of files that are spare."""
    for path, folder in files:
        if not holds(path, NEEDLES):
            continue
        for attribute, kind, line in application(sight.sources, path):
            above, _ = climbed(sight, path)
            installed = sight.projects.roots(folder)
            folders = (above, *installed) if above != path.parent else (*installed, above)
            roots = Roots(folders, sight.projects.listing)
            module = roots.name_of(path)
            if module:
                why = Evidence("code", Spot(path, line), f"{attribute} is an application")
                yield _made(sight, folder, Target(kind, module, path, attribute), roots.folders, why)


def spare(sight: Sight, paths: Iterable[Path], taken: Collection[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the source files that belong to no service of some folders, each with the folder of its own."""
    top = sight.projects.top
    folders: dict[Path, Path | None] = {}
    for path in paths:
        if path.suffix != ".py":
            continue
        inside = path.parent
        if inside not in folders:
            folder = sight.projects.around(inside) or top
            # A project inside of a service is a part of it; below the top there may be others beside it.
            above = (inside, *inside.parents)
            within = folder in taken or any(each in taken for each in above if each != top)
            folders[inside] = None if within or is_aside(inside, top) else folder
        free = folders[inside]
        if free is not None and not _ASIDE.fullmatch(path.name):
            yield path, free


def in_file(path: Path, needles: tuple[bytes, ...]) -> bool:
    """Return whether a file has one of several needles in it."""
    try:
        data = contents(path, _LARGEST)
    except (OSError, ValueError):
        return False
    return any(needle in data for needle in needles)


def _made(sight: Sight, folder: Path, target: Target, roots: tuple[Path, ...], why: Evidence) -> Entrypoint:
    return Entrypoint(name_of(sight, folder, set(), target), folder, target, roots, (why,))
