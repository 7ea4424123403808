"""Which file is read how, and what all of them together start."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.compose import Compose, is_compose
from ameide_telemetry.lint.deployment.containers import is_task, is_terraform, tasks, terraform
from ameide_telemetry.lint.deployment.follow import Follower
from ameide_telemetry.lint.deployment.images import command_of
from ameide_telemetry.lint.deployment.kubernetes import Kubernetes, artifacts
from ameide_telemetry.lint.deployment.kustomize import is_kustomization
from ameide_telemetry.lint.deployment.lambdas import handlers, is_lambdas
from ameide_telemetry.lint.deployment.ownership import holds_python
from ameide_telemetry.lint.deployment.platforms import is_app_engine, is_platform, is_render, platform
from ameide_telemetry.lint.deployment.procfile import processes
from ameide_telemetry.lint.deployment.projects import READERS, scripts
from ameide_telemetry.lint.deployment.reading import DECLARE, Files, Reading, row
from ameide_telemetry.lint.deployment.supervisord import programs
from ameide_telemetry.lint.deployment.systemd import units
from ameide_telemetry.lint.deployment.workshop import Workshop, is_dockerfile
from ameide_telemetry.lint.fallback import is_test
from ameide_telemetry.lint.model import Spot

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
_LIKE_MANIFEST: Final = (b'"apiVersion"', b'"containers"')
# In other folders JSON is data, and there is much of it.
_OF_CLUSTERS: Final = frozenset(
    (  # noqa: SIM905 - one row each would hide the code
        "k8s kubernetes kube manifests manifest deploy deployment deployments helm kustomize infra "
        "infrastructure ops cluster clusters gitops overlays base"
    ).split()
)
_MAX_YAML: Final = 8 * 1024 * 1024

_NAMED: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("dockerfile", is_dockerfile),
    ("compose", is_compose),
    ("procfile", lambda name: _PROCFILE.fullmatch(name) is not None),
    ("supervisord", lambda name: _SUPERVISORD.fullmatch(name.lower()) is not None),
    ("systemd", lambda name: name.endswith(".service")),
    ("project", READERS.__contains__),
    ("platform", is_platform),
    ("task", is_task),
    ("terraform", is_terraform),
    ("skaffold", lambda name: name.startswith("skaffold") and name.endswith(_YAML)),
    ("yaml", lambda name: name.endswith(_YAML)),
    ("conf", lambda name: name.endswith((".conf", ".ini"))),
    ("json", lambda name: name.endswith(".json")),
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
    told = {each.spot for each in files.problems}
    for number, command in enumerate(found):
        if command.evidence[-1].spot in told:  # once is enough
            files.lost.add(command.context)
            found[number] = replace(command, ours=False)
        if command.words[0].startswith("$") and (command.ours or command.context in files.near_python):
            _doubt_program(command, files)
    problems = tuple(each for each in files.problems if not is_test(each.spot.path.parent, root))
    return Reading(tuple(_once(found)), problems, files.read, frozenset(files.lost))


def _doubt_program(command: Command, files: Files) -> None:
    """Say that nobody knows what is started; an image of its own starts what it is given."""
    last = command.evidence[-1]
    files.lost.add(command.context)
    message = f"Nothing here says what `{row(command.words[0])}` is, so what is started is not known."
    files.doubt(last.spot, message, f"give it a value with ENV or `environment`, or {DECLARE}", last.text)


def _sort_by_content(kinds: dict[str, list[Path]], files: Files) -> None:
    """Find out what YAML and `.conf` files are."""
    for path in [*kinds["compose"], *kinds["yaml"]]:
        data = files.data(path, _MAX_YAML)
        if _CONTAINERS.search(data) or _CONFIG_MAP.search(data) or is_kustomization(path.name):
            kinds.setdefault("kubernetes", []).append(path)
        elif is_lambdas(path.name, data):
            kinds.setdefault("lambdas", []).append(path)
        elif is_render(path.name) or is_app_engine(path.name, data):
            kinds["platform"].append(path)
        elif path in kinds["yaml"] and _SERVICES.search(data) and (b"image:" in data or b"build:" in data):
            kinds["compose"].append(path)
    near = (path for path in kinds["json"] if _OF_CLUSTERS.intersection(path.parts[-5:-1]))
    found = [path for path in near if all(each in files.data(path) for each in _LIKE_MANIFEST)]
    kinds.setdefault("kubernetes", []).extend(found)
    _sort_settings(kinds, files)


def _sort_settings(kinds: dict[str, list[Path]], files: Files) -> None:
    for path in kinds["conf"]:
        if path.parent.name.endswith(".service.d"):
            kinds.setdefault("dropin", []).append(path)
        elif b"[program:" in files.data(path):
            kinds["supervisord"].append(path)


class _All:
    """All readers over one tree, those first that say most of a deployment."""

    def __init__(self, files: Files, kinds: dict[str, list[Path]]) -> None:
        self.files = files
        self.kinds = kinds
        self.workshop = Workshop(files)
        self.follower = Follower(files)
        # ENTRYPOINT lines that a deployment hands the rest of their words.
        self.completed: set[Spot] = set()

    def commands(self) -> Iterator[Command]:
        for path in self.kinds["skaffold"]:
            artifacts(path, self.files, self.workshop)
        compose = Compose(self.kinds["compose"], self.files, self.workshop)
        manifests = Kubernetes(self.kinds.get("kubernetes", []), self.files, self.workshop)
        for command, image in [*manifests.commands(), *compose.commands(), *self._platforms()]:
            self.completed.update(each.spot for each in command.evidence[1:])
            yield from self.follower.ends(command, roles=False, written=_written(image))
        yield from self._images()
        yield from self._procfiles()
        for path in self.kinds["supervisord"]:
            if path not in self.follower.reached:
                yield from self._ends(self._ours(programs(path, self.files)))
        dropped = {path.parent: path for path in reversed(self.kinds.get("dropin", []))}
        for path in self.kinds["systemd"]:
            dropped.pop(path.with_name(f"{path.name}.d"), None)
            yield from self._ends(units(path, self.files, self._overrides(path.with_name(f"{path.name}.d"))))
        for folder in dropped:  # of a unit that is elsewhere
            unit = folder.with_name(folder.name.removesuffix(".d"))
            yield from self._ends(units(unit, self.files, self._overrides(folder)))
        for path in self.kinds.get("lambdas", []):
            yield from self._ends(handlers(path, self.files))
        for path in self.kinds["project"]:
            yield from scripts(path, self.files)

    def _platforms(self) -> Iterator[tuple[Command, Image | None]]:
        for kind, read in (("platform", platform), ("task", tasks), ("terraform", terraform)):
            for path in self.kinds[kind]:
                yield from read(path, self.files, self.workshop)

    def _ends(self, found: Iterator[Command]) -> Iterator[Command]:
        for command in found:
            yield from self.follower.ends(command, roles=False)

    def _overrides(self, folder: Path) -> list[Path]:
        return [path for path in self.kinds.get("dropin", []) if path.parent == folder]

    def _ours(self, found: Iterator[Command]) -> Iterator[Command]:
        """Yield what is started beside Python of this tree as something of ours."""
        for command in found:
            yield replace(command, ours=command.ours or holds_python((command.context,), self.files))

    def _images(self) -> Iterator[Command]:
        """Yield what images start by themselves: the last stage, and others that say so."""
        for path in self.workshop.dockerfiles:
            for given in self.workshop.arguments.get(path) or ({},):
                stages = self.workshop.stages(path, given=given)
                for stage in reversed(stages):
                    if stage is stages[-1] or stage.own:
                        yield from self._image(stage, is_last=stage is stages[-1])

    def _image(self, stage: Image, *, is_last: bool) -> Iterator[Command]:
        if stage.command is None and Spot(stage.path, stage.said_first[0]) in self.completed:
            return
        command = command_of(stage, self.files)
        if command is None:
            return
        # Who builds on another stage may give it the rest of its words.
        named = replace(command, service=command.context.name, ours=command.ours and is_last)
        is_deployed = Spot(stage.path, stage.said[0]) in self.completed
        for end in self.follower.ends(named, roles=True, written=_written(stage)):
            # What nobody gives a value here is given one by who deploys it, and was read there.
            if not (is_deployed and any("$" in word for word in end.words)):
                yield end

    def _procfiles(self) -> Iterator[Command]:
        for path in self.kinds["procfile"]:
            if path not in self.follower.reached:
                yield from self._ends(self._ours(processes(path, self.files)))


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
