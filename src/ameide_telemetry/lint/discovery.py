"""Entrypoints: what is deployed, by the strongest evidence that there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from ameide_telemetry.lint.branches import ends_branch, prepares
from ameide_telemetry.lint.fallback import by_code, by_main, in_file, is_test, spare
from ameide_telemetry.lint.handovers import Handovers
from ameide_telemetry.lint.model import Entrypoint, Problem
from ameide_telemetry.lint.naming import folder_of, key_of, named, names_of
from ameide_telemetry.lint.overrides import declared
from ameide_telemetry.lint.projects import MANIFESTS, Projects
from ameide_telemetry.lint.serving import serves as serves_by_text
from ameide_telemetry.lint.strangers import strangers
from ameide_telemetry.lint.targets.call import Sight
from ameide_telemetry.lint.targets.table import aims

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.listing import Listing
    from ameide_telemetry.lint.model import Command, Evidence, EvidenceKind
    from ameide_telemetry.lint.services import Declared
    from ameide_telemetry.lint.source import Sources
    from ameide_telemetry.lint.targets.call import Aim
    from ameide_telemetry.lint.walk.commands import Begun

__all__ = ["Discovery", "discover"]

_TRUST: Final[tuple[EvidenceKind, ...]] = (
    *("declared", "dockerfile", "compose", "kubernetes", "procfile", "supervisord", "systemd", "shell"),
    *("program", "script", "main", "code"),
)
# The same code, run in the same way, whatever starts it.
_ALIKE: Final[Mapping[str, str]] = {"file": "main", "module": "main", "asgi": "web", "wsgi": "web"}
# One machine or one image starts all of them.
_TOGETHER: Final = frozenset({"procfile", "supervisord"})
_DEPLOYED: Final = frozenset(_TRUST[:8])


class _Files(Protocol):
    @property
    def root(self) -> Path: ...

    def paths(self) -> Sequence[Path]: ...


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is deployed.

    Attributes:
        entrypoints: sorted by service and target; one that was not found has a target without a path.
        problems: one for each target that was not found.
        files: those that were read to know it, besides deployment files.
    """

    entrypoints: tuple[Entrypoint, ...]
    problems: tuple[Problem, ...]
    files: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class _Lead:
    """An aim with what led to it."""

    aim: Aim
    command: Command
    folder: Path


def discover(
    commands: Iterable[Command],
    tree: _Files,
    sources: Sources,
    services: Sequence[Declared] = (),
    *,
    serves: Callable[[Path, str, tuple[Path, ...]], bool] | None = None,
    holds: Callable[[Path, tuple[bytes, ...]], bool] = in_file,
    listing: Listing | None = None,
    lost: Collection[Path] = (),
    begins: Callable[[Path, str, tuple[Path, ...]], Sequence[Begun]] | None = None,
) -> Discovery:
    """Return what is deployed, with the evidence.

    Args:
        commands: what deployment files and manifests start.
        tree: the files.
        sources: reads and parses them.
        services: rows of the table of services; they override what else is found for a service.
        serves: tells whether a function of a file, or with an empty name the file itself, begins to serve,
            by whatever it imports from some roots; asked where its own text does not tell.
        holds: tells whether a file has one of several needles in it.
        listing: shared with others that look into the same tree.
        lost: folders of which something is deployed that could not be followed.
        begins: tells which programs a file, or a function of it, starts when it is run with some roots.
    """
    paths = tree.paths()
    projects = Projects(tree.root, [path for path in paths if path.name in MANIFESTS], listing)
    sight = Sight(projects, sources)
    reaches = partial(_reaches, sight, serves)
    given = [each for each in commands if each.evidence and not _is_of_tests(each, tree.root)]
    every = [lead for each in given for lead in _leads(each, sight)]
    leads = [lead for lead in every if _counts(lead, sight, reaches)]
    if begins:
        leads = list(Handovers(begins, partial(_leads, sight=sight), reaches).followed(leads))
    leads = _together([*leads, *strangers(every, leads, projects)])
    over = {row.name for row in services}
    named_leads = named(sight, leads, over)
    found = [_entrypoint(name, lead) for name, lead in named_leads]
    problems = [_problem(name, lead) for name, lead in named_leads if lead.aim.trouble]
    taken = {entry.folder for entry in found if entry.evidence[0].kind in _DEPLOYED}
    taken |= {row.folder for row in services} | {projects.around(each) or each for each in lost}
    files = list(spare(sight, paths, {*taken, *(entry.folder for entry in found)}))
    # Files with a guard are many, and those of them that serve by another file are few.
    found += by_main(sight, files, partial(_reaches, sight, None), holds)
    served = {entry.folder for entry in found}
    found += by_code(sight, [each for each in files if each[1] not in served], holds)
    rows = declared(sight, services)
    kept = [entry for entry in found if entry.service not in over]
    entries = [*rows.entrypoints, *kept]
    problems = [each for each in problems if each.service not in over]
    return Discovery(
        _joined(_with_evidence(entries, found)),
        (*rows.problems, *_unique(problems)),
        sources.read | projects.read,
    )


def _reaches(
    sight: Sight, serves: Callable[[Path, str, tuple[Path, ...]], bool] | None, path: Path, function: str
) -> bool:
    if serves_by_text(sight.sources, path, function):
        return True
    return serves is not None and serves(
        path, function, sight.projects.roots(sight.projects.around(path.parent) or path.parent)
    )


def _is_of_tests(command: Command, top: Path) -> bool:
    return is_test(command.context, top) or any(is_test(each.spot.path, top) for each in command.evidence[:1])


def _leads(command: Command, sight: Sight) -> list[_Lead]:
    folder = sight.projects.around(command.context) or command.context
    found = aims(command, sight, folder)
    if any(aim.trouble for aim in found) and not command.copied and not command.workdir:
        found = _elsewhere(command, sight, found)
    return [
        _Lead(aim, command, folder_of(sight, command, aim))
        for aim in found
        if not (aim.target.path and is_test(aim.target.path.parent, sight.projects.top))
    ]


def _together(leads: list[_Lead]) -> list[_Lead]:
    """Return leads; one without a file belongs where all other processes of its deployment file do."""
    homes: dict[Path, set[Path]] = {}
    for lead in leads:
        if lead.aim.target.path:
            homes.setdefault(lead.command.evidence[-1].spot.path, set()).add(lead.folder)
    found = []
    for lead in leads:
        evidence = lead.command.evidence[-1]
        [*home] = homes.get(evidence.spot.path, ())
        is_lost = not lead.aim.target.path and evidence.kind in _TOGETHER and len(home) == 1
        is_inside = is_lost and home[0].is_relative_to(lead.folder)
        found.append(replace(lead, folder=home[0]) if is_inside else lead)
    return found


def _elsewhere(command: Command, sight: Sight, found: list[Aim]) -> list[Aim]:
    """Return the aims from the one project in which all of them are there, where nobody says the folder."""
    if command.evidence[0].kind == "script":
        return found
    good: list[list[Aim]] = []
    for folder in sight.projects.all:
        if folder != command.context:
            tried = aims(replace(command, context=folder), sight, folder)
            if tried and not any(aim.trouble for aim in tried):
                good.append(tried)
    return good[0] if len(good) == 1 else found


def _counts(lead: _Lead, sight: Sight, serves: Callable[[Path, str], bool]) -> bool:
    """Return whether a lead is a process of its own: a server, what is deployed by itself, what serves."""
    if lead.aim.sure or not lead.aim.known:
        return lead.aim.known
    evidence, target = lead.command.evidence[-1], lead.aim.target
    deployed = lead.command.evidence[0].kind in _DEPLOYED and not prepares(evidence, lead.command.words)
    if deployed and (lead.aim.trouble or evidence.kind != "shell" or ends_branch(sight.projects, evidence)):
        return True
    return target.path is not None and serves(target.path, target.attribute)


def _entrypoint(name: str, lead: _Lead) -> Entrypoint:
    command, aim = lead.command, lead.aim
    return Entrypoint(
        name,
        lead.folder,
        aim.target,
        aim.roots,
        command.evidence,
        names_of(command),
        environment=command.environment,
    )


def _problem(name: str, lead: _Lead) -> Problem:
    # The words stand in the last of the files that lead here.
    evidence = lead.command.evidence[-1]
    text = " ".join(evidence.text.split())
    trouble = lead.aim.trouble.replace("{service}", name)
    hint = lead.aim.hint.replace("{service}", key_of(name))
    return Problem(lead.aim.code, trouble, evidence.spot, hint, text=text, service=name)


def _with_evidence(entries: list[Entrypoint], found: list[Entrypoint]) -> list[Entrypoint]:
    """Return entrypoints of which those that are declared have the evidence of what they override too."""
    same: dict[object, list[Evidence]] = {}
    for entry in found:
        same.setdefault((entry.target.path, entry.target.attribute), []).extend(entry.evidence)
    return [
        replace(entry, evidence=(*entry.evidence, *same.get((entry.target.path, entry.target.attribute), ())))
        if entry.evidence[:1] and entry.evidence[0].kind == "declared" and entry.target.path
        else entry
        for entry in entries
    ]


def _joined(entries: list[Entrypoint]) -> tuple[Entrypoint, ...]:
    """Return one entrypoint for each target of a service, strongest evidence first."""
    together: dict[object, list[Entrypoint]] = {}
    for entry in sorted(entries, key=lambda entry: _rank(entry.evidence)):
        target = entry.target
        key = (
            target.path or target.name,
            target.attribute,
            target.arguments,
            _ALIKE.get(target.kind, target.kind),
            # Beat and the pools of workers hear different signals.
            target.server if target.kind == "celery" else "",
        )
        together.setdefault((entry.service, entry.folder, key), []).append(entry)
    joined = [_merged(group) for group in together.values() if group[0].evidence]
    return tuple(sorted(joined, key=lambda entry: (entry.service, entry.target.name, str(entry.folder))))


def _merged(group: list[Entrypoint]) -> Entrypoint:
    target = group[0].target
    others = [entry.target for entry in group]
    wrapped = next((other.wrappers for other in others if other.wrappers), ())
    target = replace(
        target,
        wrappers=target.wrappers or wrapped,
        preload=any(other.preload for other in others),
        forks=any(other.forks for other in others),
        imports=tuple(dict.fromkeys(name for other in others for name in other.imports)),
        log_config=next((other.log_config for other in others if other.log_config), ""),
        unsure=next((other.unsure for other in others if other.unsure), ""),
    )
    evidence = tuple(dict.fromkeys(each for entry in group for each in entry.evidence))
    roots = tuple(dict.fromkeys(root for entry in group for root in entry.roots))
    names = tuple(dict.fromkeys(name for entry in group for name in entry.names))
    return replace(group[0], target=target, evidence=evidence, roots=roots, names=names)


def _rank(evidence: tuple[Evidence, ...]) -> int:
    return _TRUST.index(evidence[0].kind) if evidence else len(_TRUST)


def _unique(problems: list[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))
