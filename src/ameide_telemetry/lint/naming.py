"""What services are called, and which folder is theirs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Command, Spot, Target
    from ameide_telemetry.lint.targets.call import Aim, Sight

__all__ = ["folder_of", "key_of", "literal", "name_of", "named", "names_of"]

_ODD: Final = re.compile(r"[^\w.@/+ -]+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
_ATTRIBUTES: Final = "OTEL_RESOURCE_ATTRIBUTES"


class _Lead(Protocol):
    @property
    def aim(self) -> Aim: ...
    @property
    def command(self) -> Command: ...
    @property
    def folder(self) -> Path: ...


_L = TypeVar("_L", bound=_Lead)


def folder_of(sight: Sight, command: Command, aim: Aim) -> Path:
    """Return the folder of the service that a command starts."""
    projects = sight.projects
    around = projects.around(command.context)
    path = aim.target.path
    if path and (around is None or around == projects.top):
        return projects.around(path.parent) or around or command.context
    return around or command.context


def named(sight: Sight, leads: Sequence[_L], table: Collection[str] = ()) -> list[tuple[str, _L]]:
    """Return leads with the name of their service; all of a folder have the same.

    Args:
        sight: the tree.
        leads: what deployment files lead to.
        table: names of the table of services; who is called so by a deployment file is a service of its own.
    """
    said: dict[Path, set[str]] = {}
    for lead in leads:
        said.setdefault(lead.folder, set()).update({lead.command.service} - {""})
    first = {lead.folder: lead.aim.target for lead in reversed(leads) if lead.aim.target.path}
    first |= {lead.folder: lead.aim.target for lead in reversed(leads) if lead.folder not in first}
    names = {folder: name_of(sight, folder, said[folder], target) for folder, target in first.items()}
    return [
        (lead.command.service if lead.command.service in table else names[lead.folder], lead)
        for lead in leads
    ]


def name_of(sight: Sight, folder: Path, said: set[str], target: Target) -> str:
    """Return the name of the service of a folder.

    Args:
        sight: the tree.
        folder: of the service.
        said: what deployment files call it.
        target: of its first command.
    """
    project = sight.projects.at(folder).name
    if project or folder != sight.projects.top:
        return _plain(project or folder.name)
    # The folder of a checkout has a name that means nothing.
    if len(said) == 1:
        return _plain(next(iter(said)))
    path = target.path
    inner = path.relative_to(folder).parts[0] if path and path.is_relative_to(folder) else ""
    return _plain(target.module.partition(".")[0] or inner.removesuffix(".py") or folder.name)


def _plain(name: str) -> str:
    """Return a name without what would end a text in a line of source: it is put into the edits of hints."""
    return _ODD.sub("-", name).strip("-") or "service"


def names_of(command: Command) -> tuple[tuple[str, Spot], ...]:
    """Return what a deployment file calls the service in its telemetry, and where."""
    if not command.evidence:
        return ()
    attributes = {
        name.strip(): value.strip()
        for name, _, value in (
            pair.partition("=") for pair in command.environment.get(_ATTRIBUTES, "").split(",")
        )
    }
    texts = (command.environment.get(_SERVICE_NAME, ""), attributes.get("service.name", ""))
    return tuple((text, command.evidence[0].spot) for text in texts if text and "$" not in text)


def literal(name: str) -> str:
    """Return a name as a string of source, whatever it has in it."""
    return json.dumps(name, ensure_ascii=False) if name.isprintable() else repr(name)


def key_of(name: str) -> str:
    """Return a name as a key of TOML."""
    return name if _BARE.fullmatch(name) else json.dumps(name)
