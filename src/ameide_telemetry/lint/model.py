"""What the lint speaks of: commands, targets, entrypoints, what happens at their start, what that proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ameide_telemetry.findings import Level

__all__ = [
    "ESCAPED",
    "Command",
    "Edit",
    "Entrypoint",
    "Event",
    "EventKind",
    "Evidence",
    "EvidenceKind",
    "Fix",
    "Judged",
    "Problem",
    "Spot",
    "Step",
    "Target",
    "TargetKind",
    "Trail",
    "Verdict",
    "VerdictWord",
]

EvidenceKind = Literal[
    "declared",
    "dockerfile",
    "compose",
    "kubernetes",
    "procfile",
    "supervisord",
    "systemd",
    "shell",
    "program",
    "script",
    "main",
    "code",
]
TargetKind = Literal["asgi", "wsgi", "celery", "dramatiq", "rq", "arq", "queue", "module", "file", "function"]
EventKind = Literal[
    "init",  # the bootstrap is called
    "app",  # an application is made
    "client",  # an outbound client that instrumentors would have to be there for is made
    "serve",  # the process begins to serve and does not come back
    "fork",  # the bootstrap, or our hook, is registered for each child
    "preload",  # the application is imported before workers fork
    "forks",  # the workers fork: what came before was in another process
    "log",  # a line is logged, or a thread is started, at import
    "dynamic",  # something is loaded by a name that is not in the source
    "lifespan",  # the bootstrap is called, once the application starts up
]
ESCAPED: Final = -2
"""Subject of a `dynamic` event: a callable escapes, which matters only before the application exists."""
VerdictWord = Literal["ok", "ok-conditional", "late", "lifespan", "per-fork-missing", "missing", "unresolved"]


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a file.

    Attributes:
        path: absolute.
        line: counted from 1; 0 for the file as a whole.
        column: counted from 1; 0 where it does not matter.
    """

    path: Path
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why something is believed to be deployed.

    Attributes:
        kind: of the file that says so.
        spot: where in it.
        text: what stands there, in one row.
    """

    kind: EvidenceKind
    spot: Spot
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """Words that a deployment file starts.

    Attributes:
        words: program and arguments, variables put in; `$NAME` stays where nobody says what it is.
        evidence: the files that lead here, the one that deploys first.
        service: the name by which the deployment file calls it; empty if it does not.
        context: folder on this machine that stands for the folder the process is started in.
        environment: variables that the deployment files set.
        copied: folder in the image -> folder here, as COPY, ADD and volumes say.
        workdir: absolute folder in the image; empty if nobody says.
        ours: whether it is started where Python of the tree runs, so that what nobody understands is told.
    """

    words: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    service: str
    context: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, Path] = field(default_factory=dict)
    workdir: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What a command serves.

    Attributes:
        kind: how it is started.
        module: dotted name; empty for a file that is run.
        path: the file here that it stands for; None if it was not found.
        attribute: dotted, of the application or function; empty where the module itself is what runs.
        factory: whether the attribute is called to get the application.
        arguments: literal arguments that a factory is called with, as source text.
        server: the program that serves, such as `gunicorn`.
        wrappers: programs in front of it, outermost first, such as `opentelemetry-instrument`.
        preload: whether the application is imported before workers fork.
        forks: whether the server makes its workers by forking after the import.
        imports: modules that the server imports besides, in order: its config file, `--include`, `-r`.
        log_config: a logging configuration that the server is given, as it stands there; empty without.
        unsure: the setting of the server's config file that says whether it is preloaded, where its text
            does not tell; empty otherwise.
        hands_over: calls that start another program, of which nobody can tell what it serves.
        optimized: whether the interpreter leaves `assert` statements out, as `python -O` does.
    """

    kind: TargetKind
    module: str
    path: Path | None
    attribute: str = ""
    factory: bool = False
    arguments: str = ""
    server: str = ""
    wrappers: tuple[str, ...] = ()
    preload: bool = False
    forks: bool = False
    imports: tuple[str, ...] = ()
    log_config: str = ""
    unsure: str = ""
    hands_over: tuple[Step, ...] = ()
    optimized: bool = False

    @property
    def name(self) -> str:
        """The target as people write it: `shop.asgi:app`, `worker.py`."""
        base = self.module or (self.path.name if self.path else "?")
        call = f"({self.arguments})" if self.factory else ""
        return f"{base}:{self.attribute}{call}" if self.attribute else base


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """A target of a service, with why it is one.

    Attributes:
        service: name of the service.
        folder: root folder of the service.
        target: what is served.
        roots: folders in which its imports are looked up, in order.
        evidence: strongest first; never empty.
        names: what the service is called elsewhere, by where: `OTEL_SERVICE_NAME` of a manifest and so on.
        environment: variables that its deployment files set.
    """

    service: str
    folder: Path
    target: Target
    roots: tuple[Path, ...]
    evidence: tuple[Evidence, ...]
    names: tuple[tuple[str, Spot], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to an event: an import or a call.

    Attributes:
        spot: where it is made.
        text: what is done there, such as `imports shop.factory`, `calls boot()`.
    """

    spot: Spot
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that matters, at the moment when it happens.

    Attributes:
        kind: what.
        order: the moment; later is more. Equal for what one call does at once.
        spot: where it is written.
        text: the call as it stands there, in one row.
        symbol: enclosing function or class, dotted; `<module>` outside of one.
        condition: source text of what has to be true for it to happen; empty for nothing.
        chain: how the start of the entrypoint leads here, outermost first.
        subject: which application, client or function, told apart by a number; 0 for none.
    """

    kind: EventKind
    order: int
    spot: Spot
    text: str
    symbol: str = "<module>"
    condition: str = ""
    chain: tuple[Step, ...] = ()
    subject: int = 0


@dataclass(frozen=True, slots=True)
class Trail:
    """What happens when an entrypoint is started, as far as the source tells.

    Attributes:
        events: in order.
        served: number of the application that is served at the end; 0 if it was not found.
        imported: files whose module bodies ran.
        unread: files on the way that could not be parsed.
        looked_for: paths that were not there when a module was looked up.
        problem: why the target itself could not be found; empty if it was.
        unsure: the setting on which it depends whether the application is preloaded, which the walk took
            for off and that nobody can tell; empty otherwise.
    """

    events: tuple[Event, ...]
    served: int = 0
    imported: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()
    looked_for: tuple[Path, ...] = ()
    problem: str = ""
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trail proves.

    Attributes:
        word: the outcome.
        spot: the line that it is said of: the application's for `missing`, the call's for `late`.
        reason: one sentence.
        event: what decided it, where there is one.
        symbol: enclosing function or class of the spot.
        text: the source line of the spot, stripped.
    """

    word: VerdictWord
    spot: Spot
    reason: str
    event: Event | None = None
    symbol: str = "<module>"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """An entrypoint with its trail and verdict."""

    entrypoint: Entrypoint
    trail: Trail
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that takes the place of other text, in characters of the file; `begin == end` inserts."""

    path: Path
    begin: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that cure a problem together.

    Attributes:
        edits: they never overlap.
        safe: whether the program means the same afterwards, but for the problem.
        title: what they do, in one row.
    """

    edits: tuple[Edit, ...]
    safe: bool
    title: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One result of one check.

    Attributes:
        code: of the check.
        message: what is wrong, in one sentence.
        spot: where.
        hint: the exact edit or command that cures it.
        symbol: enclosing function or class, dotted; `<module>` outside of one.
        text: the source line, stripped; part of what a baseline knows it by.
        level: where it differs from the level of the check.
        fix: None where only a person can.
        service: that it belongs to; empty for several.
        chain: how an entrypoint leads here.
    """

    code: str
    message: str
    spot: Spot
    hint: str
    symbol: str = "<module>"
    text: str = ""
    level: Level | None = None
    fix: Fix | None = None
    service: str = ""
    chain: tuple[Step, ...] = ()
