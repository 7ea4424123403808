"""The table of services, `[tool.ameide_telemetry.services]`: what is deployed, said by hand."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import TargetKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SERVICES", "SERVICE_ROW", "Declared", "declared_in", "section_of"]

SERVICES: Final = "tool.ameide_telemetry.services"
_KINDS: Final[tuple[str, ...]] = get_args(TargetKind)
_APP: Final = r"[\w./-]+(:[A-Za-z_][\w.]*(\(.*\))?)?"
# To Python `$` is also before a last line break, to an editor it is not.
_APP_FORM: Final = rf"^{_APP}$(?!\n)"
SERVICE_ROW: Final[Mapping[str, Mapping[str, Any]]] = {
    "app": {"type": "string", "pattern": _APP_FORM, "description": "package.module:attribute, or a file."},
    "kind": {"enum": list(_KINDS), "description": "How it is started."},
    "folder": {
        "type": "string",
        "pattern": r"^[^\u0000]*$",
        "description": "Root folder of the service, relative to this file.",
    },
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A row of the table of services.

    Attributes:
        name: of the service.
        app: `package.module:attribute`, `package.module` or a path of a file.
        kind: how it is started; empty to tell by the attribute.
        folder: root folder of the service.
        path: the file that declares it.
        line: where.
    """

    name: str
    app: str
    kind: str
    folder: Path
    path: Path
    line: int


def declared_in(path: Path) -> tuple[Declared, ...]:
    """Return the rows of a file.

    Raises:
        TelemetryError: the file is not TOML; a row is wrong.
    """
    rows = section_of(path, SERVICES) or {}
    return tuple(_declared(name, row, path) for name, row in rows.items())


def _declared(name: str, row: object, path: Path) -> Declared:
    given = {"app": row} if isinstance(row, str) else row
    if not name.strip():
        raise TelemetryError(
            f'{path}: {name!r} in [{SERVICES}] is no name of a service: write orders = "package.module:app"'
        )
    where = f"{path}: {name} in [{SERVICES}]"
    if not isinstance(given, dict) or not isinstance(given.get("app"), str):
        raise TelemetryError(f'{where} is wrong: write {name} = "package.module:app"')
    for key, value in given.items():
        if key not in SERVICE_ROW:
            raise TelemetryError(f"{where} has no key {key!r}: the keys are {', '.join(SERVICE_ROW)}")
        if not isinstance(value, str):
            raise TelemetryError(f"{where}: {key} is no text")
    if not re.fullmatch(_APP, given["app"]):
        raise TelemetryError(f'{where}: {given["app"]!r} is no target: write app = "package.module:app"')
    if given.get("kind", "asgi") not in _KINDS:
        raise TelemetryError(f"{where}: kind is one of {', '.join(_KINDS)}")
    named = given.get("folder", ".")
    folder = path.parent if "\0" in named else (path.parent / named).resolve()
    if "\0" in named or not folder.is_dir():
        raise TelemetryError(f"{where}: there is no folder {named}")
    return Declared(name, given["app"], given.get("kind", ""), folder, path, _line_of(path, name))


def _line_of(path: Path, name: str) -> int:
    wanted = re.compile(rf'\s*(\[{re.escape(SERVICES)}\.)?"?{re.escape(name)}"?\s*[\]=]')
    rows = contents(path).decode("utf-8").splitlines()
    return next((number for number, row in enumerate(rows, 1) if wanted.match(row)), 1)


def section_of(path: Path, name: str) -> Mapping[str, Any] | None:
    """Return a table of a TOML file by its dotted name, None when there is none.

    Raises:
        TelemetryError: the file is not TOML; what has the name is no table.
    """
    try:
        found: Any = tomllib.loads(contents(path).decode("utf-8"))
    except OSError as error:
        raise TelemetryError(
            f"{path} cannot be read: {error.strerror}; name another: --config FILE"
        ) from None
    except (ValueError, RecursionError) as error:
        raise TelemetryError(f"{path} is not TOML: {error}; correct it") from None
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is not None and not isinstance(found, dict):
        raise TelemetryError(f"{path}: {name} is no table: write [{name}] above its keys")
    return found
