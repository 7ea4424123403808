"""The two kinds of checks, and what they are shown besides what they judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.model import Entrypoint, Judged, Problem
    from ameide_telemetry.lint.source import Parsed, Sources

__all__ = ["EntrypointCheck", "FileCheck", "Scene"]


@dataclass(frozen=True)
class Scene:
    """What is known of the whole tree.

    Attributes:
        bootstrap: dotted names that start telemetry.
        sources: the files.
        entrypoints: all of them.
        served: file -> services that import it when they start.
        folders: folders of services -> their names.
        minimum: the least version of the bootstrap's package that a service may ask for; empty for any.
    """

    bootstrap: tuple[str, ...]
    sources: Sources
    entrypoints: tuple[Entrypoint, ...] = ()
    served: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    folders: Mapping[Path, str] = field(default_factory=dict)
    minimum: str = ""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A check of one source file.

    Attributes:
        code: of its findings.
        look: yields them; it is called only for files that have one of the needles.
        needles: bytes of which at least one is in every file that can have such a finding; or
        packages: outermost packages of which every such file imports at least one.
        served_only: whether only files are looked at that an entrypoint imports.
    """

    code: str
    look: Callable[[Parsed, Scene], Iterator[Problem]]
    needles: tuple[bytes, ...]
    served_only: bool = False
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntrypointCheck:
    """A check of one entrypoint, by its trail and verdict.

    Attributes:
        code: of its findings.
        look: yields them.
    """

    code: str
    look: Callable[[Judged, Scene], Iterator[Problem]]
