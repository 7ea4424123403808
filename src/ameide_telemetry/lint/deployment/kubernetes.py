"""Kubernetes manifests: the containers of all pods, also of rendered Helm charts, and of raw templates."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.deployment.images import Image, command_of, left_of
from ameide_telemetry.lint.deployment.kustomize import is_kustomization, patches, renamed
from ameide_telemetry.lint.deployment.places import absolute, context_of
from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.deployment.templates import merged, rounds
from ameide_telemetry.lint.deployment.workshop import Build
from ameide_telemetry.lint.deployment.yamls import Items, Map, documents, items, mapping, scalar
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.deployment.workshop import Workshop

__all__ = ["Kubernetes", "artifacts"]

_REFERENCE: Final = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")
_LABELS: Final = (
    "app.kubernetes.io/name",
    "app",
    "k8s-app",
    "app.kubernetes.io/component",
    "name",
    "component",
)
_LISTS: Final = ("containers", "initContainers")
_NO_SHELL: Final = ("",)  # its words are an exec form, whatever they look like
_MOST_NODES: Final = 100_000
_MOST_VALUES: Final = 10
RENDER: Final = "render it into the tree that is checked: helm template CHART > rendered.yaml"


class _Pod(NamedTuple):
    spec: Map
    name: str


class Kubernetes:
    """All manifests of a tree.

    Args:
        paths: the files.
        files: the tree.
        workshop: the images.
    """

    def __init__(self, paths: list[Path], files: Files, workshop: Workshop) -> None:
        self.files = files
        self.workshop = workshop
        self.documents: dict[Path, list[Map]] = {}
        self.maps: dict[str, dict[str, str]] = {}
        self._templated: set[Path] = set()
        self._renamed: dict[str, str] = {}
        self._images: dict[str, str] = {}
        self._values: dict[Path, list[Map]] = {}
        for path in paths:
            if is_kustomization(path.name):
                self._change(path)
            else:
                self.documents[path] = self._read(path)
            for document in self.documents[path]:
                if document.get("kind") == "ConfigMap":
                    self._keep(document)
                for pod in _pods(document):
                    self._note(pod)

    def _change(self, path: Path) -> None:
        """Read a kustomization: its patches are workloads like others."""
        found = documents(self.files.text(path), path, self.files, told=False)
        self.documents[path] = [each for one in found for each in patches(one, path, self.files)]
        for document in found:
            for old, new in renamed(document):
                self._renamed.setdefault(old, new)

    def _note(self, pod: _Pod) -> None:
        """Keep which image a container has: a patch elsewhere names the container only."""
        for container in items(pod.spec.get("containers")):
            name, reference = (scalar(mapping(container).get(key)) for key in ("name", "image"))
            if reference:
                self._images.setdefault(name, reference)
                self._images.setdefault(f"{pod.name}/", reference)

    def _keep(self, document: Map) -> None:
        name = scalar(mapping(document.get("metadata")).get("name"))
        data = mapping(document.get("data"))
        self.maps[name] = {key: value for key, value in data.items() if isinstance(value, str)}

    def _read(self, path: Path) -> list[Map]:
        text = self.files.text(path)
        needles = ("ontainers:", 'ontainers"', "ConfigMap")
        if "{{" not in text:
            return documents(text, path, self.files, needles)
        # An action alone reads as a mapping in a mapping; in a chart it is never meant so.
        if not self._charts(path):
            found = documents(text, path, self.files, needles, told=False)
            if found and all("kind" in document for document in found):
                return found
        self._templated.add(path)
        # Most files of values change nothing that a template prints.
        filled = list(
            dict.fromkeys(each for values in self._chart_values(path) for each in rounds(text, values))
        )
        found = [
            document for each in filled for document in documents(each, path, self.files, needles, told=False)
        ]
        if not found and any("ontainers:" in each for each in filled):
            self.files.doubt(
                Spot(path), "It is a template that cannot be read before it is rendered.", RENDER
            )
        return found

    def _chart_values(self, path: Path) -> list[Map]:
        """Return the values of the chart of a template: its own, and with each other file over them."""
        for folder in path.parents:
            values = folder / "values.yaml"
            if values in self.files.paths:
                if folder not in self._values:
                    own = self._values_of(values)
                    others = [merged(own, self._values_of(each)) for each in self._beside(folder)]
                    self._values[folder] = [own, *others]
                return self._values[folder]
            if folder == self.files.root:
                break
        return [Map(0)]

    def _values_of(self, path: Path) -> Map:
        found = documents(self.files.text(path), path, self.files, told=False)
        return found[0] if found else Map(0)

    def _beside(self, folder: Path) -> list[Path]:
        """Return the other files of values that a chart has, one for each place where it is installed."""
        folders = {folder, folder / "values", folder / "env", folder / "environments"}
        found = (
            path
            for path in self.files.paths
            if path.parent in folders and path.suffix in {".yaml", ".yml"} and path.name != "values.yaml"
        )
        named = [path for path in found if path.parent != folder or path.name.startswith("values")]
        return sorted(named)[:_MOST_VALUES]

    def commands(self) -> Iterator[tuple[Command, Image | None]]:
        """Yield what each container starts."""
        for path, found in self.documents.items():
            for document in found:
                for pod in _pods(document):
                    yield from self._pod(path, pod)

    def _pod(self, path: Path, pod: _Pod) -> Iterator[tuple[Command, Image | None]]:
        listed = pod.spec.get("containers")
        if isinstance(listed, str) and self._is_own(path):
            spot = Spot(path, pod.spec.lines.get("containers", pod.spec.line))
            self.files.doubt(spot, "Its containers are made by a template that is not read.", RENDER, listed)
        for key in _LISTS:
            containers = [one for one in items(pod.spec.get(key)) if isinstance(one, Map)]
            for number, container in enumerate(containers):
                own = scalar(container.get("name"))
                names = (pod.name if key == "containers" and number == 0 else "", own, path.stem)
                name = next((name for name in names if name and "$" not in name), "")
                command, image = self._container(path, container, name, self._reference(pod, container))
                if command is not None:
                    # What only prepares is told where it serves, not where nobody knows it.
                    yield (command if key == "containers" else replace(command, ours=False)), image

    def _is_own(self, path: Path) -> bool:
        """Return whether a template is of a chart of this tree, and not of one that such a chart needs."""
        return path in self._templated and len(self._charts(path)) == 1 and self.workshop.builds_ours

    def _charts(self, path: Path) -> list[Path]:
        return [folder for folder in path.parents if folder / "Chart.yaml" in self.files.paths]

    def _reference(self, pod: _Pod, container: Map) -> str:
        """Return the name of the image of a container: its own, or that of the one it is a patch of."""
        own = scalar(container.get("image"))
        known = own or self._images.get(scalar(container.get("name")), self._images.get(f"{pod.name}/", ""))
        return known if self.workshop.called(known) else self._renamed.get(known.partition(":")[0], known)

    def _container(
        self, path: Path, container: Map, name: str, reference: str
    ) -> tuple[Command | None, Image | None]:
        image = self.workshop.called(reference) if reference else None
        used = image or Image(path, path.parent)
        environment = {**used.environment, **self._environment(container)}
        entry = self._words(path, container, "command", environment)
        words = self._words(path, container, "args", environment)
        if image is None and entry is None and words and (image := self.workshop.meant(reference, words)):
            used = image
            environment = {**used.environment, **environment}
        if entry is not None:
            used = replace(used, entrypoint=entry, command=None, shell=_NO_SHELL)
        if words is not None:
            used = replace(used, command=words)
        base = command_of(used, self.files)
        if base is None:
            return None, image
        key = "command" if entry is not None else "args" if words is not None else "image"
        shown = " ".join((*(entry or ()), *(words or ()))) or reference
        spot = Spot(path, container.lines.get(key, container.line))
        evidence = Evidence("kubernetes", spot, row(f"{key}: {shown}"))
        folder = scalar(container.get("workingDir")) or (base.workdir if image is not None else "")
        workdir = absolute(folder, "/") if folder else ""
        context = context_of(workdir or "/", dict(base.copied), self.files, base.context)
        return replace(
            base,
            evidence=(evidence, *left_of(image, entry=entry is not None, words=words is not None)),
            service=name,
            environment=environment,
            workdir=workdir,
            context=context,
            ours=base.ours
            or self.workshop.runs_ours(reference, base.words)
            or (self._is_own(path) and (reference.startswith("$") or base.words[0].startswith("$"))),
        ), image

    def _words(
        self, path: Path, container: Map, key: str, environment: dict[str, str]
    ) -> tuple[str, ...] | None:
        given = container.get(key)
        spot = Spot(path, container.lines.get(key, container.line))
        if isinstance(given, Items):
            if path not in self._templated and not all(isinstance(word, str) for word in given):
                hint = f'write texts: {key}: ["program", "argument"]'
                self.files.doubt(spot, f"`{key}` has something in it that is no text.", hint)
            return tuple(_put_in(scalar(word), environment) for word in given)
        if isinstance(given, str):
            if given.startswith("$") and path in self._templated:
                return (given,)
            hint = f"write it as a list: {key}: {_as_list(given)}"
            if path not in self._templated:
                self.files.doubt(spot, f"`{key}` is a text; Kubernetes takes a list.", hint, given)
        return None

    def _environment(self, container: Map) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in items(container.get("envFrom")):
            name = scalar(mapping(mapping(one).get("configMapRef")).get("name"))
            found.update(self.maps.get(name, {}))
        for one in items(container.get("env")):
            name, value = scalar(mapping(one).get("name")), mapping(one).get("value")
            if name and isinstance(value, str):
                found[name] = _put_in(value, found)
        return found


def _as_list(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return "[" + ", ".join(f'"{row(word)}"' for word in words) + "]"


def _put_in(text: str, environment: dict[str, str]) -> str:
    """Put `$(NAME)` in; `$$` is a dollar, what nobody says stays as `$NAME`."""
    return _REFERENCE.sub(lambda found: environment.get(found[1], f"${found[1]}") if found[1] else "$", text)


def _pods(document: Map) -> Iterator[_Pod]:
    """Yield every mapping with containers below a document, under the name of its workload."""
    todo: list[tuple[object, str]] = [(document, "")]
    seen: set[int] = set()
    while todo and len(seen) < _MOST_NODES:
        node, name = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Items):
            todo.extend((one, name) for one in reversed(node))
        elif isinstance(node, Map):
            name = _name(node) or name
            if isinstance(node.get("containers"), Items | str):
                yield _Pod(node, name)
            todo.extend((value, name) for key, value in node.items() if key not in _LISTS)


def _name(node: Map) -> str:
    metadata = mapping(node.get("metadata"))
    labels = mapping(metadata.get("labels"))
    found = (scalar(labels.get(label)) for label in _LABELS)
    return next((name for name in found if name), "") or scalar(metadata.get("name"))


def artifacts(path: Path, files: Files, workshop: Workshop) -> None:
    """Note the images that a skaffold file says are built here."""
    for document in documents(files.text(path), path, files):
        settings = [document, *(mapping(one) for one in items(document.get("profiles")))]
        for setting in settings:
            for one in items(mapping(setting.get("build")).get("artifacts")):
                artifact = mapping(one)
                context = files.find(path.parent, scalar(artifact.get("context")) or ".")
                docker = mapping(artifact.get("docker"))
                name = scalar(docker.get("dockerfile")) or "Dockerfile"
                dockerfile = files.find(context, name) if context else None
                if context is not None and dockerfile is not None and dockerfile in files.paths:
                    made = Build(dockerfile, context, scalar(docker.get("target")))
                    workshop.name(scalar(artifact.get("image")), made)
