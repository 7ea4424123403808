"""One run of the lint: read what is deployed, walk entrypoints, judge files, put aside what is allowed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.making import unreadable
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS, FILE_CHECKS
from ameide_telemetry.lint.config import lint_codes
from ameide_telemetry.lint.deployment.readers import commands
from ameide_telemetry.lint.discovery import discover
from ameide_telemetry.lint.model import Judged, Problem, Spot
from ameide_telemetry.lint.outcome import Outcome, placed
from ameide_telemetry.lint.pool import spread
from ameide_telemetry.lint.pragmas import has_pragma, judge_pragmas, pragmas_of
from ameide_telemetry.lint.reach import Reach, reach
from ameide_telemetry.lint.roots import Listing, Roots
from ameide_telemetry.lint.score import scores
from ameide_telemetry.lint.source import Sources, Unreadable, decoded
from ameide_telemetry.lint.store import packed, unpacked
from ameide_telemetry.lint.survey import Survey
from ameide_telemetry.lint.verdict import judge
from ameide_telemetry.lint.walk.walker import serves, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ameide_telemetry.lint.baseline import Baseline, Known
    from ameide_telemetry.lint.config import Allowance, Config
    from ameide_telemetry.lint.model import Entrypoint, Trail
    from ameide_telemetry.lint.pragmas import Pragma
    from ameide_telemetry.lint.store import Store
    from ameide_telemetry.lint.tree import Tree

__all__ = ["Linter"]

_DIGEST_BYTES: Final = 16
# Entrypoints; below this a second process costs more than it saves.
_FEW_WALKS: Final = 6
_PRAGMA_CODES: Final = frozenset({"TEL003", "TEL004"})


@dataclass
class Linter:
    """One run over one tree.

    Attributes:
        tree: what files there are.
        config: what is asked.
        store: what earlier runs know.
        only: files whose problems are shown; None for all.
        baseline: problems that are known; None for none.
    """

    tree: Tree
    config: Config
    store: Store
    only: Callable[[Path], bool] | None = None
    baseline: Baseline | None = None
    sources: Sources = field(default_factory=Sources)

    def run(self) -> Outcome:
        """Look at everything, and return what was found."""
        reading = commands(self.tree.paths(), self.tree.root)
        found = discover(
            reading.commands,
            self.tree,
            self.sources,
            self.config.services,
            serves=self._serves,
            holds=self._survey.holds,
            listing=self._listing,
        )
        reaches = [self._reach(each) for each in found.entrypoints]
        judged = tuple(self._judged(found.entrypoints, reaches))
        scene = self._scene(judged, reaches)
        problems = [*reading.problems, *found.problems, *self._unreadable(judged)]
        problems += self._of_entrypoints(judged, scene)
        problems += self._survey.problems(scene)
        self.store.write()
        return self._outcome(judged, placed(_with_service(each, scene) for each in self._asked(problems)))

    # ------------------------------------------------------------------ the parts

    @cached_property
    def _listing(self) -> Listing:
        return Listing()

    @cached_property
    def _survey(self) -> Survey:
        chosen = [each for each in FILE_CHECKS if each.code in self.config.selected]
        files = {path: stamp for path, stamp in self.tree.files.items() if path.endswith(".py")}
        return Survey(files, chosen, self.config.bootstrap, self.store)

    def _serves(self, path: Path, function: str, folders: tuple[Path, ...]) -> bool:
        roots = Roots((*folders, path.parent), self._listing)
        package = roots.name_of(path).rpartition(".")[0]
        return serves(path, function or None, self.sources, roots.find, package)

    def _reach(self, entrypoint: Entrypoint) -> Reach:
        roots = Roots(entrypoint.roots, self._listing)
        starts = [entrypoint.target.path] if entrypoint.target.path else []
        for name in entrypoint.target.imports:
            starts += [Path(name)] if name.startswith("/") else roots.find(name).paths
        if entrypoint.target.module:
            starts += roots.find(entrypoint.target.module).paths
        return reach(starts, roots, self._survey.card)

    def _judged(self, entrypoints: Sequence[Entrypoint], ways: Sequence[Reach]) -> Iterator[Judged]:
        keys = [self._key(each, way) for each, way in zip(entrypoints, ways, strict=True)]
        known = {key: self.store.trail(key) for key in keys}
        new = [
            (each, way)
            for each, way, key in zip(entrypoints, ways, keys, strict=True)
            if (old := known[key]) is None or not self._still(old[0], way)
        ]
        walked = {id(each): unpacked(found) for (each, _), found in spread(self._walked, new, _FEW_WALKS)}
        for each, key in zip(entrypoints, keys, strict=True):
            if id(each) in walked:
                self.store.keep_trail(key, *walked[id(each)])
            yield Judged(each, *(walked.get(id(each)) or known[key] or ()))

    def _walked(self, item: tuple[Entrypoint, Reach]) -> object:
        entrypoint, way = item
        roots = Roots(entrypoint.roots, self._listing)
        trail = walk(
            entrypoint, self.sources, self.config.bootstrap, roots.find, relevant=self._relevant(way)
        )
        return packed((trail, judge(entrypoint, trail, self.sources)))

    def _relevant(self, way: Reach) -> Callable[[Path], bool]:
        # What is loaded by a name in a string is on no way that imports tell.
        return lambda path: path in way.relevant or path not in way.served

    def _key(self, entrypoint: Entrypoint, way: Reach) -> bytes:
        digest = blake2b(repr(entrypoint).encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES)
        for path in sorted(way.served):
            card = self._survey.card(path)
            digest.update(str(path).encode(errors="surrogateescape") + (card.digest if card else b"?"))
        return digest.digest()

    def _still(self, trail: Trail, way: Reach) -> bool:
        """Return whether nothing was imported, or missed, that no import statement tells of."""
        if any(path not in way.served for path in trail.imported):
            return False
        return not any(self._listing.is_file(path) for path in trail.looked_for)

    def _scene(self, judged: Sequence[Judged], reaches: Sequence[Reach]) -> Scene:
        served: dict[Path, dict[str, None]] = {}
        for each, way in zip(judged, reaches, strict=True):
            for path in (*way.served, *each.trail.imported):
                served.setdefault(path, {})[each.entrypoint.service] = None
        return Scene(
            bootstrap=self.config.bootstrap,
            sources=self.sources,
            entrypoints=tuple(each.entrypoint for each in judged),
            served={path: tuple(names) for path, names in served.items()},
            folders={each.entrypoint.folder: each.entrypoint.service for each in judged},
            minimum=self.config.minimum,
        )

    def _of_entrypoints(self, judged: Sequence[Judged], scene: Scene) -> Iterator[Problem]:
        for check in ENTRYPOINT_CHECKS:
            if check.code in self.config.selected:
                for each in judged:
                    yield from check.look(each, scene)

    def _unreadable(self, judged: Iterable[Judged]) -> Iterator[Problem]:
        for path in dict.fromkeys(path for each in judged for path in each.trail.unread):
            found = self.sources.get(path)
            if isinstance(found, Unreadable):
                yield unreadable(found)
        for folder, reason in self.tree.unreadable:
            yield Problem(
                "TEL001", f"the folder cannot be listed: {reason}", Spot(folder), f"chmod u+rx {folder}"
            )

    # ------------------------------------------------------------------ what is shown

    def _asked(self, problems: Iterable[Problem]) -> list[Problem]:
        strict = "TEL002" if self.config.strict else ""
        chosen = [each for each in problems if each.code in self.config.selected]
        return [_as_error(each) if each.code == strict else each for each in chosen]

    def _outcome(self, judged: tuple[Judged, ...], problems: list[Problem]) -> Outcome:
        off: Counter[str] = Counter()
        used: set[Allowance] = set()
        left = [each for each in problems if not self._is_allowed(each, off, used)]
        pragmas = self._pragmas(judged, left)
        left = [each for each in left if not _switched_off(each, pragmas, off)]
        every = [pragma for some in pragmas.values() for pragma in some]
        left += self._asked(judge_pragmas(every, self.config.selected, lint_codes()))
        left += self._asked(self._stale_allowances(used))
        if self.baseline is not None:
            baseline = self.baseline
            new, stale = baseline.judge(left, lambda entry: self.finds(entry, baseline))
            off.update(Counter(each.code for each in left) - Counter(each.code for each in new))
            left = [*new, *self._asked(stale)]
        services = sorted({each.entrypoint.service for each in judged})
        return Outcome(
            judged=judged,
            problems=tuple(placed(each for each in left if self.only is None or self.only(each.spot.path))),
            switched_off=dict(off),
            files=len(self._survey.files),
            scores=tuple(scores(services, left, self.config.selected)),
            ran=self.config.selected,
        )

    def finds(self, entry: Known, baseline: Baseline) -> bool:
        """Return whether this run would have found and shown what an entry of a baseline is about."""
        path = baseline.file_of(entry)
        shown = self.only is None or self.only(path)
        return entry.code in self.config.selected and path.is_relative_to(self.tree.root) and shown

    def _is_allowed(self, problem: Problem, off: Counter[str], used: set[Allowance]) -> bool:
        holding = [each for each in self.config.allowances if each.holds(problem.code, problem.spot.path)]
        used.update(holding)
        off[problem.code] += bool(holding)
        return bool(holding)

    def _stale_allowances(self, used: set[Allowance]) -> Iterator[Problem]:
        """Yield the allowances of paths that nothing needs, if the tree has all that they are about."""
        for each in self.config.allowances:
            whole = each.spot.path.parent.is_relative_to(self.tree.root)
            if whole and each not in used and each.codes <= self.config.selected:
                paths = ", ".join(each.paths)
                yield Problem(
                    "TEL003",
                    f"nothing in {paths} needs the per-path ignore of {', '.join(sorted(each.codes))}",
                    each.spot,
                    "delete these rows of per-path-ignores",
                    text=paths,
                )

    def _pragmas(self, judged: Iterable[Judged], problems: Iterable[Problem]) -> dict[Path, list[Pragma]]:
        """Return the comments of every file that has any and matters, or has a problem."""
        evidence = {each.spot.path for one in judged for each in one.entrypoint.evidence}
        paths = {*self._survey.with_pragmas(), *evidence, *(each.spot.path for each in problems)}
        found = {}
        for path in sorted(paths):
            text = self._text(path)
            if text:
                found[path] = pragmas_of(path, text)
        return found

    def _text(self, path: Path) -> str:
        try:
            data = path.read_bytes()
        except OSError:
            return ""
        return decoded(path, data) if has_pragma(data) else ""


def _switched_off(problem: Problem, pragmas: dict[Path, list[Pragma]], off: Counter[str]) -> bool:
    # Each comment is asked: one that is the second to say so is not stale.
    asked = [each.holds(problem) for each in pragmas.get(problem.spot.path, ())]
    held = problem.code not in _PRAGMA_CODES and any(asked)
    off[problem.code] += held
    return held


def _with_service(problem: Problem, scene: Scene) -> Problem:
    """Return a problem with the service that its file belongs to, where it does not say so itself."""
    if problem.service:
        return problem
    names = scene.served.get(problem.spot.path, ())
    around = [folder for folder in scene.folders if problem.spot.path.is_relative_to(folder)]
    inner = max(around, key=lambda folder: len(folder.parts), default=None)
    name = scene.folders[inner] if inner else names[0] if names else ""
    return replace(problem, service=name)


def _as_error(problem: Problem) -> Problem:
    return replace(problem, level="error")
