"""Where images are built: which Dockerfile, from which folder, under which name."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import UNKNOWN
from ameide_telemetry.lint.deployment.images import build, is_ours
from ameide_telemetry.lint.deployment.instructions import as_words, instructions
from ameide_telemetry.lint.deployment.ownership import is_for_others, is_for_python, names_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.deployment.images import Image
    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["Build", "Workshop", "is_dockerfile"]

_FILES: Final = frozenset({"dockerfile", "containerfile"})
# Names that many images have that belong to nobody here.
_COMMON: Final = frozenset(
    {
        "app",
        "api",
        "web",
        "server",
        "backend",
        "worker",
        "service",
        "src",
        "docker",
        "build",
        "deploy",
        "base",
    }
)
_NAME: Final = re.compile(r"(?:docker|container)file(?:[-._].+)?|.+[-._](?:docker|container)file")
_PROJECT: Final = re.compile(r"""^\s*name\s*=\s*["']([\w.-]+)["']""", re.MULTILINE)
_FOLDER: Final = re.compile(r"(?:docker|container)files?")
_FROM: Final = re.compile(r"^\s*FROM\s+\S", re.MULTILINE | re.IGNORECASE)
_NOT: Final = (
    *(".dockerignore", ".md", ".py", ".txt", ".rst", ".sh", ".yaml", ".yml", ".json", ".html"),
    *(".bak", ".orig", ".rej", "~"),
)


def is_dockerfile(name: str) -> bool:
    """Return whether a file has the name of a Dockerfile."""
    lower = name.lower()
    if "dockerfile" not in lower and "containerfile" not in lower:
        return False
    return not lower.endswith(_NOT) and _NAME.fullmatch(lower) is not None


def _in_own_folders(files: Files) -> Iterator[Path]:
    """Yield the Dockerfiles that a folder of Dockerfiles holds under the names of their images."""
    folders = {folder for folder in files.folders if _FOLDER.fullmatch(folder.name.lower())}
    for path in files.paths if folders else ():
        if path.parent in folders and not path.suffix and _FROM.search(files.text(path)):
            yield path


@dataclass(frozen=True)
class Build:
    """How an image is built.

    Attributes:
        dockerfile: absolute.
        context: folder that is sent to the build.
        target: name of a stage; empty for the last.
        arguments: build arguments.
    """

    dockerfile: Path
    context: Path
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


class Workshop:
    """All images that are built in a tree.

    Args:
        files: the tree.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        named = (path for path in files.paths if is_dockerfile(path.name))
        self.dockerfiles = sorted({*named, *_in_own_folders(files)})
        self.contexts: dict[Path, Path] = {}
        self.arguments: dict[Path, list[Mapping[str, str]]] = {}
        self._named: dict[str, Build] = {}
        self._stages: dict[tuple[Path, Path, str], list[Image]] = {}
        for path in sorted(self.dockerfiles, key=lambda path: len(path.parts), reverse=True):
            for name in _names(path):
                self._named[name] = Build(path, path.parent)

    def name(self, reference: str, made: Build) -> None:
        """Note that an image of that name is built so."""
        self.contexts.setdefault(made.dockerfile, made.context)
        if made.arguments:
            self.arguments.setdefault(made.dockerfile, []).append(made.arguments)
        if reference:
            self._named[_short(reference)] = made

    def stages(
        self, path: Path, context: Path | None = None, given: Mapping[str, str] | None = None
    ) -> list[Image]:
        """Return the stages of a Dockerfile; without a folder, from that which its COPY lines fit."""
        text = self.files.text(path)
        folder = context or self.contexts.get(path) or _guessed(path, text, self.files)
        key = (path, folder, repr(sorted((given or {}).items())))
        if key not in self._stages:
            self._stages[key] = build(text, path, folder, given or {}, self.files) if text.strip() else []
        return self._stages[key]

    def image(self, made: Build) -> Image | None:
        """Return what a build makes; None where it makes nothing."""
        stages = self.stages(made.dockerfile, made.context, made.arguments)
        if made.target:
            return next((stage for stage in reversed(stages) if stage.name == made.target.lower()), None)
        return stages[-1] if stages else None

    def called(self, reference: str) -> Image | None:
        """Return the image that a name stands for, if it is built here."""
        short = _short(reference)
        made = self._named.get(short) or self._by_project.get(short)
        if made is None:
            return None
        return self._made(made)

    def meant(self, reference: str, words: tuple[str, ...]) -> Image | None:
        """Return the one image of Python that is built here, for a name that nobody builds, where it fits.

        Args:
            reference: name of the image.
            words: that it is given.
        """
        short = _short(reference)
        is_alike = any(
            short.startswith((f"{name}-", f"{name}_")) or short.endswith((f"-{name}", f"_{name}"))
            for name in self._own_names - _COMMON
        )
        if is_for_others(reference) or not (
            is_alike or self.is_ours(reference) or names_module(words, self.files)
        ):
            return None
        images = [image for path in self.dockerfiles for image in self.stages(path)[-1:] if image.entrypoint]
        return images[0] if len(images) == 1 and is_ours(images[0], self.files) else None

    def is_ours(self, reference: str) -> bool:
        """Return whether an image has the name of a project or folder of this tree with Python in it."""
        return _short(reference) in self._own_names

    @cached_property
    def builds_ours(self) -> bool:
        """Whether an image with Python of the tree is built here."""
        images = (image for path in self.dockerfiles for image in self.stages(path)[-1:])
        return any(is_ours(image, self.files) for image in images)

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """The names of the images with Python of the tree."""
        named = {**self._by_project, **self._named}
        made = {name: self._made(build) for name, build in named.items() if name}
        return frozenset(name for name, image in made.items() if image and is_ours(image, self.files))

    def runs_ours(self, reference: str, words: tuple[str, ...]) -> bool:
        """Return whether an image that nobody builds here runs Python of this tree, by name or words."""
        if self.is_ours(reference) or is_for_python(reference):
            return True
        return not is_for_others(reference) and names_module(words, self.files)

    @cached_property
    def _by_project(self) -> dict[str, Build]:
        """What has the name of the project that the folder of its Dockerfile, or one above, holds."""
        found: dict[str, Build] = {}
        for path in sorted(self.dockerfiles, key=lambda path: (path.name.lower() not in _FILES, path)):
            for folder in path.parents:
                manifest = folder / "pyproject.toml"
                if manifest in self.files.paths:
                    name = _PROJECT.search(self.files.text(manifest))
                    if name:
                        found.setdefault(name[1].lower(), Build(path, path.parent))
                        found.setdefault(name[1].lower().replace("_", "-"), Build(path, path.parent))
                    break
                if folder == self.files.root:
                    break
        return found

    def _made(self, made: Build) -> Image | None:
        context = self.contexts.get(made.dockerfile)
        stages = self.stages(made.dockerfile, context) if context is None else None
        return (
            (stages[-1] if stages else None)
            if context is None
            else self.image(replace(made, context=context))
        )


def _names(path: Path) -> Iterator[str]:
    """Yield the names that an image of a Dockerfile may have: of its folder, of its own ending."""
    lower = path.name.lower()
    if lower in _FILES:
        yield path.parent.name.lower()
        if path.parent.name.lower() in {"docker", "src", "deploy", "build"}:
            yield path.parent.parent.name.lower()
        return
    parts = [part for part in re.split(r"[-._]?(?:docker|container)file[-._]?", lower) if part]
    yield parts[0] if parts else lower


def _short(reference: str) -> str:
    return posixpath.basename(reference.partition("@")[0]).partition(":")[0].lower()


def _guessed(path: Path, text: str, files: Files) -> Path:
    """Return the folder in which most of what is copied exists: the Dockerfile's, or one above."""
    above = [path.parent, *path.parent.parents]
    known = [folder for folder in above if folder == files.root or files.root in folder.parents]
    folders = known or [path.parent]
    sources = list(_sources(text))
    if not sources:
        return next((folder for folder in folders if folder in files.python), folders[0])
    return max(folders, key=lambda folder: sum(files.find(folder, source) is not None for source in sources))


def _sources(text: str) -> Iterator[str]:
    """Yield what is copied by name from the folder of the build."""
    for found in instructions(text):
        if found.name not in {"COPY", "ADD"} or "--from" in found.text or found.documents:
            continue
        words, _ = as_words(found.text)
        operands = [word for word in words or found.text.split() if not word.startswith("--")]
        for word in operands[:-1][:50]:
            if word.strip("./") and not any(sign in word for sign in ("*", "?", "$", "://", UNKNOWN)):
                yield word.strip("\"'").lstrip("/")
