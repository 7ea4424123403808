"""Which file is read how, and what all of them together start."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.compose import Compose, is_compose
from ameide_telemetry.lint.deployment.follow import Follower
from ameide_telemetry.lint.deployment.images import command_of
from ameide_telemetry.lint.deployment.kubernetes import Kubernetes, artifacts
from ameide_telemetry.lint.deployment.procfile import processes
from ameide_telemetry.lint.deployment.projects import READERS, scripts
from ameide_telemetry.lint.deployment.reading import DECLARE, Files, Reading, row
from ameide_telemetry.lint.deployment.supervisord import programs
from ameide_telemetry.lint.deployment.systemd import units
from ameide_telemetry.lint.deployment.workshop import Workshop, is_dockerfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.deployment.images import Image
    from ameide_telemetry.lint.model import Command

__all__ = ["commands", "is_deployment_file", "kind_of"]

_YAML: Final = (".yaml", ".yml")
_PROCFILE: Final = re.compile(r"Procfile(?:\.[\w-]+)?|[\w-]+\.[Pp]rocfile")
_SUPERVISORD: Final = re.compile(r".*supervisord?.*\.(?:conf|ini|cfg)|supervisord?[-_.].*\.conf")
_SERVICES: Final = re.compile(rb"^services[ \t]*:", re.MULTILINE)
_CONTAINERS: Final = re.compile(rb"ontainers[ \t]*:")
_CONFIG_MAP: Final = re.compile(rb"^kind[ \t]*:[ \t]*[\"']?ConfigMap", re.MULTILINE)
_MAX_YAML: Final = 8 * 1024 * 1024

_NAMED: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("dockerfile", is_dockerfile),
    ("compose", is_compose),
    ("procfile", lambda name: _PROCFILE.fullmatch(name) is not None),
    ("supervisord", lambda name: _SUPERVISORD.fullmatch(name.lower()) is not None),
    ("systemd", lambda name: name.endswith(".service")),
    ("project", READERS.__contains__),
    ("skaffold", lambda name: name.startswith("skaffold") and name.endswith(_YAML)),
    ("yaml", lambda name: name.endswith(_YAML)),
    ("conf", lambda name: name.endswith((".conf", ".ini"))),
)


def kind_of(name: str) -> str:
    """Return what a file is by its name: `dockerfile`, `compose`, `yaml` and so on; empty for nothing."""
    return next((kind for kind, fits in _NAMED if fits(name)), "")


def is_deployment_file(path: Path) -> bool:
    """Return whether a file may say what is deployed, by its name alone."""
    return bool(kind_of(path.name))


def commands(paths: Sequence[Path], root: Path) -> Reading:
    """Return what the deployment files of a tree start.

    Args:
        paths: all files of the tree, absolute.
        root: its folder, absolute.
    """
    files = Files(paths, root)
    kinds: dict[str, list[Path]] = {kind: [] for kind, _ in _NAMED}
    for path in sorted(path for path in files.paths if kind_of(path.name)):
        kinds[kind_of(path.name)].append(path)
    _sort_by_content(kinds, files)
    found = list(_All(files, kinds).commands())
    for command in found:
        if command.words[0].startswith("$") and command.context in files.near_python:
            _doubt_program(command, files)
    return Reading(tuple(_once(found)), files.problems)


def _doubt_program(command: Command, files: Files) -> None:
    """Say that nobody knows what is started; an image of its own starts what it is given."""
    last = command.evidence[-1]
    message = f"Nothing here says what `{row(command.words[0])}` is, so what is started is not known."
    files.doubt(last.spot, message, f"give it a value with ENV or `environment`, or {DECLARE}", last.text)


def _sort_by_content(kinds: dict[str, list[Path]], files: Files) -> None:
    """Find out what YAML and `.conf` files are."""
    for path in [*kinds["compose"], *kinds["yaml"]]:
        data = files.data(path, _MAX_YAML)
        if _CONTAINERS.search(data) or _CONFIG_MAP.search(data):
            kinds.setdefault("kubernetes", []).append(path)
        elif path in kinds["yaml"] and _SERVICES.search(data) and (b"image:" in data or b"build:" in data):
            kinds["compose"].append(path)
    for path in kinds["conf"]:
        if b"[program:" in files.data(path):
            kinds["supervisord"].append(path)


class _All:
    """All readers over one tree, those first that say most of a deployment."""

    def __init__(self, files: Files, kinds: dict[str, list[Path]]) -> None:
        self.files = files
        self.kinds = kinds
        self.workshop = Workshop(files)
        self.follower = Follower(files)

    def commands(self) -> Iterator[Command]:
        for path in self.kinds["skaffold"]:
            artifacts(path, self.files, self.workshop)
        compose = Compose(self.kinds["compose"], self.files, self.workshop)
        manifests = Kubernetes(self.kinds.get("kubernetes", []), self.files, self.workshop)
        for command, image in [*manifests.commands(), *compose.commands()]:
            yield from self.follower.ends(command, roles=False, written=_written(image))
        yield from self._images()
        yield from self._procfiles()
        for path in self.kinds["supervisord"]:
            if path not in self.follower.reached:
                yield from self._ends(programs(path, self.files))
        for path in self.kinds["systemd"]:
            yield from self._ends(units(path, self.files))
        for path in self.kinds["project"]:
            yield from scripts(path, self.files)

    def _ends(self, found: Iterator[Command]) -> Iterator[Command]:
        for command in found:
            yield from self.follower.ends(command, roles=False)

    def _images(self) -> Iterator[Command]:
        """Yield what images start by themselves: the last stage, and others that say so."""
        for path in self.workshop.dockerfiles:
            stages = self.workshop.stages(path)
            for stage in reversed(stages):
                if stage is not stages[-1] and not stage.own:
                    continue
                command = command_of(stage, self.files)
                if command is not None:
                    named = replace(command, service=command.context.name)
                    yield from self.follower.ends(named, roles=True, written=_written(stage))

    def _procfiles(self) -> Iterator[Command]:
        for path in self.kinds["procfile"]:
            if path not in self.follower.reached:
                yield from self._ends(processes(path, self.files))


def _written(image: Image | None) -> dict[str, str]:
    return dict(image.written) if image is not None else {}


def _once(found: list[Command]) -> Iterator[Command]:
    """Yield the commands without those that an image starts just as something that deploys it does."""
    deployed: set[tuple[object, ...]] = set()
    seen: set[tuple[object, ...]] = set()
    for command in found:
        what = (command.words, command.context, command.workdir)
        image = command.evidence[0].kind == "dockerfile"
        if (image and what in deployed) or (*what, command.service) in seen:
            continue
        seen.add((*what, command.service))
        if not image:
            deployed.add(what)
        yield command
