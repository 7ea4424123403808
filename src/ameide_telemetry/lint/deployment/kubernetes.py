"""Kubernetes manifests: the containers of all pods, also of rendered Helm charts, and of raw templates."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.deployment.images import Image, command_of
from ameide_telemetry.lint.deployment.places import absolute, context_of
from ameide_telemetry.lint.deployment.reading import row
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
_CONTROL: Final = re.compile(r"^[ \t]*(?:-[ \t]*)?\{\{.*\}\}[ \t]*$")
_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_VALUES: Final = re.compile(r"\.Values\.([\w.]+)")
_NO_SHELL: Final = ("",)  # its words are an exec form, whatever they look like
_QUOTED: Final = re.compile(r'"([\w.-]+)"')
_MOST_NODES: Final = 100_000
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
        self._values: dict[Path, Map] = {}
        for path in paths:
            self.documents[path] = self._read(path)
            for document in self.documents[path]:
                if document.get("kind") == "ConfigMap":
                    self._keep(document)

    def _keep(self, document: Map) -> None:
        name = scalar(mapping(document.get("metadata")).get("name"))
        data = mapping(document.get("data"))
        self.maps[name] = {key: value for key, value in data.items() if isinstance(value, str)}

    def _read(self, path: Path) -> list[Map]:
        text = self.files.text(path)
        needles = ("ontainers:", "ConfigMap")
        if "{{" not in text:
            return documents(text, path, self.files, needles)
        found = documents(text, path, self.files, needles, told=False)
        if found and all("kind" in document for document in found):
            return found
        self._templated.add(path)
        filled = _without_templates(text, self._chart_values(path))
        found = documents(filled, path, self.files, needles, told=False)
        if not found and "ontainers:" in text:
            self.files.doubt(
                Spot(path), "It is a template that cannot be read before it is rendered.", RENDER
            )
        return found

    def _chart_values(self, path: Path) -> Map:
        """Return the values.yaml of the chart that a template belongs to."""
        for folder in path.parents:
            values = folder / "values.yaml"
            if values in self.files.paths:
                if values not in self._values:
                    found = documents(self.files.text(values), values, self.files, told=False)
                    self._values[values] = found[0] if found else Map(0)
                return self._values[values]
            if folder == self.files.root:
                break
        return Map(0)

    def commands(self) -> Iterator[tuple[Command, Image | None]]:
        """Yield what each container starts."""
        for path, found in self.documents.items():
            for document in found:
                for pod in _pods(document):
                    yield from self._pod(path, pod)

    def _pod(self, path: Path, pod: _Pod) -> Iterator[tuple[Command, Image | None]]:
        for key in _LISTS:
            containers = [one for one in items(pod.spec.get(key)) if isinstance(one, Map)]
            for number, container in enumerate(containers):
                own = scalar(container.get("name"))
                names = (pod.name if key == "containers" and number == 0 else "", own, path.stem)
                name = next((name for name in names if name and "$" not in name), "")
                command, image = self._container(path, container, name)
                if command is not None:
                    yield command, image

    def _container(self, path: Path, container: Map, name: str) -> tuple[Command | None, Image | None]:
        reference = scalar(container.get("image"))
        image = self.workshop.called(reference) if reference else None
        used = image or Image(path, path.parent)
        environment = {**used.environment, **self._environment(container)}
        entry = self._words(path, container, "command", environment)
        words = self._words(path, container, "args", environment)
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
        evidence = [Evidence("kubernetes", spot, row(f"{key}: {shown}"))]
        if image is not None and entry is None:
            evidence.extend(base.evidence)
        folder = scalar(container.get("workingDir")) or (base.workdir if image is not None else "")
        workdir = absolute(folder, "/") if folder else ""
        context = context_of(workdir or "/", dict(base.copied), self.files, base.context)
        return replace(
            base,
            evidence=tuple(evidence),
            service=name,
            environment=environment,
            workdir=workdir,
            context=context,
        ), image

    def _words(
        self, path: Path, container: Map, key: str, environment: dict[str, str]
    ) -> tuple[str, ...] | None:
        given = container.get(key)
        if isinstance(given, Items):
            return tuple(_put_in(scalar(word), environment) for word in given)
        if isinstance(given, str):
            spot = Spot(path, container.lines.get(key, container.line))
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
            if isinstance(node.get("containers"), Items):
                yield _Pod(node, name)
            todo.extend((value, name) for key, value in node.items() if key not in _LISTS)


def _name(node: Map) -> str:
    metadata = mapping(node.get("metadata"))
    labels = mapping(metadata.get("labels"))
    found = (scalar(labels.get(label)) for label in _LABELS)
    return next((name for name in found if name), "") or scalar(metadata.get("name"))


def _without_templates(text: str, values: Map) -> str:
    """Return a template as YAML: lines of control go, values are put in or become `$name`."""
    lines = ["" if _CONTROL.match(line) and line.count("{{") == 1 else line for line in text.split("\n")]
    return _ACTION.sub(lambda found: _put_value(found, values), "\n".join(lines))


def _put_value(found: re.Match[str], values: Map) -> str:
    """Return what an action most likely prints: a value of the chart, the last text in it, or `$name`."""
    value = _VALUES.match(found[1])
    if value:
        node: object = values
        for key in value[1].split("."):
            node = mapping(node).get(key)
        if isinstance(node, str) and node and "\n" not in node:
            return node
    quoted: list[str] = _QUOTED.findall(found[1]) if found[1].startswith("include") else []
    if quoted[1:]:
        return quoted[-1] + "\n" * found[0].count("\n")
    word = re.sub(r"\W+", "_", value[1] if value else found[1])[:60].strip("_")
    return f"${word or 'template'}" + "\n" * found[0].count("\n")


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
