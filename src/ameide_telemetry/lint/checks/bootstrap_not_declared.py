"""TEL401: a service calls the bootstrap without asking for the package that it comes with."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.bootstrap_calls import bootstrap_calls
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.dependencies import declared
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Edit, Fix, Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.dependencies import Declared, Requirement
    from ameide_telemetry.lint.model import Judged

__all__ = ["CHECK"]

_NAME: Final = "ameide-telemetry"
_LEAST: Final = re.compile(r"(?:>=|==|~=|\^|~(?!=)|>|\A)\s*v?([0-9]+(?:\.[0-9]+)*)")
_LIST: Final = re.compile(r"(?ms)^\[project\](?:(?!^\[).)*?^dependencies\s*=\s*\[")
_COMMENT: Final = re.compile(r"(?m)^.*#\s*telemetry:[ \t]*ignore\[[^\]\n]*TEL401")
_LOCKED: Final = re.compile(
    r"(?im)--hash[= ]|--require-hashes|^#.*\b(?:auto-?generated|pip-compile|uv pip compile)\b"
)
_POETRY: Final = re.compile(r"(?m)^\[tool\.poetry\.dependencies\][^\n]*\n")


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    if next(bootstrap_calls(judged, scene), None) is None:
        return
    found = declared(judged.entrypoint.folder)
    if found.name == _NAME or not found.files:
        return
    ours = [each for each in found.requirements if each.name == _NAME]
    service = judged.entrypoint.service
    if not ours and not found.unknown:
        yield _missing(found, scene.minimum, service)
    for each in ours:
        least = _LEAST.search(each.wanted)
        if scene.minimum and least and _numbers(least[1]) < _numbers(scene.minimum):
            yield _too_old(each, least[1], scene.minimum, service)
            return


def _numbers(version: str) -> tuple[int, ...]:
    # More digits than any version has would take long to read.
    numbers = [int(each[:9]) for each in version.split(".") if each.isdigit()]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _missing(found: Declared, minimum: str, service: str) -> Problem:
    wanted = f"{_NAME}>={minimum}" if minimum else _NAME
    path = found.files[0]
    text = _read(path)
    edit, where = _inserted(path, text, wanted)
    where = where or _allowed(text)
    line = text.count("\n", 0, where) + 1
    rows = text.split("\n")
    message = f"`init_telemetry` is called, but no file of the service asks for `{_NAME}`"
    hint = (
        f'add `"{wanted}"` to the dependencies in {path.name}'
        if path.suffix == ".toml"
        else f"add `{wanted}` to {path.name}"
    )
    sure = edit is not None and "\ufffd" not in text and _is_taken(path, text, edit, wanted)
    fix = Fix((edit,), safe=True, title=f"add {wanted}") if edit is not None and sure else None
    row = " ".join(rows[line - 1].split())
    return Problem("TEL401", message, Spot(path, line), hint, text=row, fix=fix, service=service)


def _allowed(text: str) -> int:
    """Return where a comment about this stands: what is not there has no line of its own to put it on."""
    found = _COMMENT.search(text)
    return found.start() if found else 0


def _inserted(path: Path, text: str, wanted: str) -> tuple[Edit | None, int]:
    """Return the edit that asks for the package, and the place that the finding is about."""
    if path.suffix == ".txt":
        # Who asks for hashes takes nothing without one, and what a tool wrote it will write again.
        if _LOCKED.search(text) or text.rstrip("\r\n").endswith("\\"):
            return None, 0
        lead = "" if not text or text.endswith("\n") else "\n"
        return Edit(path, len(text), len(text), f"{lead}{wanted}\n"), 0
    if path.name != "pyproject.toml":
        return None, 0
    listed = _LIST.search(text)
    if listed:
        at = listed.end()
        rest = text[at:]
        row = re.match(r"[ \t]*(?:#[^\n]*)?\r?\n([ \t]*)", rest)
        indent = row[1] if row and row[1] else "  "
        empty = re.match(r"\s*\]", rest) is not None
        new = f'\n{indent}"{wanted}",' if row else f'"{wanted}"' if empty else f'"{wanted}", '
        return Edit(path, at, at, new), at
    poetry = _POETRY.search(text)
    if poetry:
        version = wanted.removeprefix(_NAME) or "*"
        return Edit(path, poetry.end(), poetry.end(), f'{_NAME} = "{version}"\n'), poetry.start()
    return None, 0


def _is_taken(path: Path, text: str, edit: Edit, wanted: str) -> bool:
    """Return whether a file asks for the same as before afterwards, and for the package."""
    if path.suffix != ".toml":
        return True
    try:
        before = tomllib.loads(text)
        after = tomllib.loads(text[: edit.begin] + edit.text + text[edit.end :])
    except (ValueError, RecursionError):
        return False
    listed = _at(after, "project", "dependencies")
    if isinstance(listed, list) and listed[:1] == [wanted]:
        del listed[0]
        return after == before
    table = _at(after, "tool", "poetry", "dependencies")
    return isinstance(table, dict) and table.pop(_NAME, None) is not None and after == before


def _at(document: object, *keys: str) -> object:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _read(path: Path) -> str:
    try:
        return contents(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _too_old(each: Requirement, least: str, minimum: str, service: str) -> Problem:
    rows = _read(each.path).splitlines()
    row = rows[each.line - 1] if 0 < each.line <= len(rows) else ""
    message = f"`{_NAME}` {least} is allowed, which is older than {minimum}"
    hint = f"write `{_NAME}>={minimum}`"
    return Problem(
        "TEL401", message, Spot(each.path, each.line or 1), hint, text=" ".join(row.split()), service=service
    )


CHECK: Final = EntrypointCheck("TEL401", _look)
