"""Where images are built: which Dockerfile, from which folder, under which name."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import UNKNOWN
from ameide_telemetry.lint.deployment.images import build
from ameide_telemetry.lint.deployment.instructions import as_words, instructions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.deployment.images import Image
    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["Build", "Workshop", "is_dockerfile"]

_FILES: Final = frozenset({"dockerfile", "containerfile"})
_NOT: Final = (".dockerignore", ".md", ".py", ".txt", ".rst", ".sh", ".yaml", ".yml", ".json", ".html")


def is_dockerfile(name: str) -> bool:
    """Return whether a file has the name of a Dockerfile."""
    lower = name.lower()
    if lower.endswith(_NOT):
        return False
    return lower.partition(".")[0] in _FILES or lower.rpartition(".")[2] in _FILES or lower in _FILES


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
        self.dockerfiles = sorted(path for path in files.paths if is_dockerfile(path.name))
        self.contexts: dict[Path, Path] = {}
        self._named: dict[str, Build] = {}
        self._stages: dict[tuple[Path, Path, str], list[Image]] = {}
        for path in sorted(self.dockerfiles, key=lambda path: len(path.parts), reverse=True):
            for name in _names(path):
                self._named[name] = Build(path, path.parent)

    def name(self, reference: str, made: Build) -> None:
        """Note that an image of that name is built so."""
        self.contexts.setdefault(made.dockerfile, made.context)
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
        made = self._named.get(_short(reference))
        if made is None:
            return None
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
    first, _, rest = lower.partition(".")
    yield rest if first in _FILES else lower.rpartition(".")[0]


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
