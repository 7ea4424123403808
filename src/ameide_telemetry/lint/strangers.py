"""What is deployed and nobody understands: told once, and nothing else stands in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from ameide_telemetry.lint.branches import ends_branch, prepares
from ameide_telemetry.lint.fallback import is_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ameide_telemetry.lint.model import Command
    from ameide_telemetry.lint.projects import Projects
    from ameide_telemetry.lint.targets.call import Aim

__all__ = ["strangers"]


class _Lead(Protocol):
    @property
    def aim(self) -> Aim: ...
    @property
    def command(self) -> Command: ...
    @property
    def folder(self) -> Path: ...


_L = TypeVar("_L", bound=_Lead)


def strangers(every: Iterable[_L], serving: Iterable[_L], projects: Projects) -> Iterator[_L]:
    """Yield the leads to unknown programs that a deployment of ours ends with, where nothing of it serves.

    Args:
        every: what all deployment files lead to.
        serving: those of them that count.
        projects: of the tree.
    """
    done = {_start(lead.command) for lead in serving}
    lines = {each.spot for lead in serving for each in lead.command.evidence}
    told: set[object] = set()
    for lead in every:
        command = lead.command
        if lead.aim.known or not command.ours or _start(command) in done or not _is_last(command, projects):
            continue
        if is_aside(command.evidence[0].spot.path, projects.top):
            continue  # of a workshop, of documents, of examples
        [*said] = (each for each in command.evidence if each.kind != "shell")
        if len(said) == 1 and said[0].kind == "dockerfile" and said[0].spot in lines:
            continue  # an image that others start, and that serves as they do
        what = (lead.aim.trouble, lead.folder)
        if what not in told:
            told.add(what)
            yield lead


def _start(command: Command) -> object:
    """Return what tells deployments apart: files that lead to a command, not what they run on the way."""
    said = tuple(each for each in command.evidence if each.kind not in {"program", "shell"})
    return said, command.service


def _is_last(command: Command, projects: Projects) -> bool:
    evidence = command.evidence[-1]
    if prepares(evidence, command.words):
        return False
    return evidence.kind != "shell" or ends_branch(projects, evidence)
