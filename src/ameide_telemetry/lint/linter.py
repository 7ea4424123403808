"""One run of the lint: read what is deployed, walk entrypoints, judge files, put aside what is allowed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.lint.absence import Absence
from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.making import unreadable
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS, FILE_CHECKS
from ameide_telemetry.lint.config import lint_codes
from ameide_telemetry.lint.courses import Courses, Taken
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.listing import Listing
from ameide_telemetry.lint.model import Judged, Problem, Spot
from ameide_telemetry.lint.needles import STARTS
from ameide_telemetry.lint.outcome import Outcome, placed
from ameide_telemetry.lint.pool import spread
from ameide_telemetry.lint.pragmas import has_pragma, judge_pragmas, pragmas_of
from ameide_telemetry.lint.reach import reach
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.score import scores
from ameide_telemetry.lint.source import Sources, Unreadable, decoded
from ameide_telemetry.lint.stamps import stamp_of
from ameide_telemetry.lint.store import Deployed
from ameide_telemetry.lint.survey import Look, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.baseline import Baseline, Known
    from ameide_telemetry.lint.cards import Card
    from ameide_telemetry.lint.config import Allowance, Config
    from ameide_telemetry.lint.model import Entrypoint
    from ameide_telemetry.lint.pragmas import Pragma
    from ameide_telemetry.lint.store import Store
    from ameide_telemetry.lint.tree import Tree
    from ameide_telemetry.lint.walk.commands import Begun

__all__ = ["Linter"]

# Files; below this a second process costs more than it saves.
_FEW: Final = 300
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
        progress: is told how much of something is done.
    """

    tree: Tree
    config: Config
    store: Store
    only: Callable[[Path], bool] | None = None
    baseline: Baseline | None = None
    progress: Callable[[str, int, int], None] | None = None
    sources: Sources = field(default_factory=Sources)
    _on_the_way: set[Path] = field(default_factory=set)
    _starters: dict[Path, Card | None] = field(default_factory=dict)
    _begun: dict[tuple[Path, str, tuple[Path, ...]], Sequence[Begun]] = field(default_factory=dict)
    _absence: Absence = field(init=False)

    def run(self) -> Outcome:
        """Look at everything, and return what was found."""
        same = self.store.begin(self.tree.files, self._listing)
        known = self._known_deployed()
        deployed = known or self._deployed()
        courses = Courses(self._survey, self.sources, self._listing, self.store, self.config.bootstrap)
        begun = courses.begun(deployed.entrypoints, same=same and known is not None)
        walked, looked = self._done(courses, begun)
        taken = courses.ended(begun, walked)
        judged = tuple(each for each, _ in taken)
        scene = self._scene((each.entrypoint, (*way.served, *each.trail.imported)) for each, way in taken)
        problems = [*deployed.problems, *self._unreadable(judged)]
        problems += self._of_entrypoints(judged, scene)
        problems += self._survey.problems(scene, looked)
        self.store.write(self._listing.stamps)
        self._absence = Absence.after(self.tree, self.config, judged, problems, scene.served)
        return self._outcome(judged, placed(_with_service(each, scene) for each in self._asked(problems)))

    # ------------------------------------------------------------------ the parts

    @cached_property
    def _listing(self) -> Listing:
        return Listing()

    @cached_property
    def _survey(self) -> Survey:
        chosen = [each for each in FILE_CHECKS if each.code in self.config.selected]
        files = {path: stamp for path, stamp in self.tree.files.items() if path.endswith(".py")}
        return Survey(files, chosen, self.config.bootstrap, self.store, self.progress)

    def _known_deployed(self) -> Deployed | None:
        known = self.store.deployed(repr(self.config.services))
        return known if known is not None and self._survey.tells_the_same() else None

    def _deployed(self) -> Deployed:
        # A run that knows what is deployed needs none of it.
        from ameide_telemetry.lint.deployment.readers import commands  # noqa: PLC0415
        from ameide_telemetry.lint.discovery import discover  # noqa: PLC0415

        reading = commands(self.tree.paths(), self.tree.root)
        found = discover(
            reading.commands,
            self.tree,
            self.sources,
            self.config.services,
            serves=self._serves,
            holds=self._survey.holds,
            listing=self._listing,
            lost=reading.lost,
            begins=self._begins,
        )
        deployed = Deployed(found.entrypoints, (*reading.problems, *found.problems))
        files = {str(path) for path in reading.files | found.files | self._on_the_way}
        stamps = {path: self.tree.files.get(path) or stamp_of(path) for path in files}
        self.store.keep_deployed(repr(self.config.services), deployed, stamps)
        return deployed

    def _serves(self, path: Path, function: str, folders: tuple[Path, ...]) -> bool:
        from ameide_telemetry.lint.walk.walker import serves  # noqa: PLC0415

        roots = Roots((*folders, path.parent), self._listing)
        package = roots.name_of(path).rpartition(".")[0]
        return serves(path, function or None, self.sources, roots.find, package)

    def _begins(self, path: Path, function: str, folders: tuple[Path, ...]) -> Sequence[Begun]:
        """Return the programs that a file starts; of files that cannot start any none is parsed."""
        asked = (path, function, folders)
        if asked not in self._begun:
            self._begun[asked] = self._begins_anew(path, function, folders)
        return self._begun[asked]

    def _begins_anew(self, path: Path, function: str, folders: tuple[Path, ...]) -> Sequence[Begun]:
        roots = Roots(folders, self._listing)
        way = reach([path], roots, self._starting)
        self._on_the_way |= way.served
        if path not in way.relevant:
            return ()
        from ameide_telemetry.lint.walk.walker import begins  # noqa: PLC0415

        package = roots.name_of(path).rpartition(".")[0]
        relevant = way.relevant
        return begins(path, function or None, self.sources, roots.find, package, relevant.__contains__)

    def _starting(self, path: Path) -> Card | None:
        if path not in self._starters:
            self._starters[path] = self._starter(path)
        return self._starters[path]

    def _starter(self, path: Path) -> Card | None:
        card = self._survey.card(path)
        try:
            starts = bool(card and STARTS.search(contents(path)))
        except (OSError, ValueError):
            return None
        return card._replace(on_the_way=starts) if card else None

    def _done(
        self, courses: Courses, begun: Sequence[Taken]
    ) -> tuple[dict[bytes, object], dict[Look, list[Any]]]:
        """Walk entrypoints and look at files; a process that parsed a file for one has it for the other."""
        new = [each for each in begun if each.outcome is None]
        new.sort(key=lambda each: -len(each.reach.relevant))
        scene = self._scene((each.entrypoint, each.files) for each in begun)
        looks = self._survey.waiting(scene)
        walked: dict[bytes, object] = {}
        looked: dict[Look, list[Any]] = {}

        def work(item: Taken | Look) -> Any:
            return courses.walk(item) if isinstance(item, Taken) else self._survey.look(item, scene)

        items: list[Taken | Look] = [*new, *looks]
        files = len(looks) + sum(len(each.reach.relevant) for each in new)
        few = 0 if files >= _FEW else len(items) + 1
        tell = partial(self.progress, "follows what starts, and checks:") if self.progress else None
        for item, found in spread(work, items, few, alone=len(new), tell=tell):
            if isinstance(item, Taken):
                walked[item.key] = found
            else:
                looked[item] = found
        return walked, looked

    def _scene(self, entrypoints: Iterable[tuple[Entrypoint, Iterable[Path]]]) -> Scene:
        served: dict[Path, dict[str, None]] = {}
        every = []
        for each, files in entrypoints:
            every.append(each)
            for path in files:
                served.setdefault(path, {})[each.service] = None
        return Scene(
            bootstrap=self.config.bootstrap,
            sources=self.sources,
            entrypoints=tuple(every),
            served={path: tuple(names) for path, names in served.items()},
            folders={each.folder: each.service for each in every},
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
        used: set[tuple[Allowance, str]] = set()
        left = [each for each in problems if not self._is_allowed(each, off, used)]
        pragmas = self._pragmas(judged, left)
        left = [each for each in left if not _switched_off(each, pragmas, off)]
        every = [pragma for some in pragmas.values() for pragma in some]
        left += self._asked(judge_pragmas(every, self._absence.proves, lint_codes()))
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
        """Return whether the last run would have found and shown what an entry of a baseline is about."""
        path = baseline.file_of(entry)
        shown = self.only is None or self.only(path)
        return shown and path.is_relative_to(self.tree.root) and self._absence.proves(entry.code, path)

    def _is_allowed(self, problem: Problem, off: Counter[str], used: set[tuple[Allowance, str]]) -> bool:
        code, path = problem.code, problem.spot.path
        holding = [(each, one) for each in self.config.allowances for one in each.holding(code, path)]
        used.update(holding)
        off[problem.code] += bool(holding)
        return bool(holding)

    def _stale_allowances(self, used: set[tuple[Allowance, str]]) -> Iterator[Problem]:
        """Yield the allowances of paths that nothing needs, if all that they are about was seen."""
        for each in self.config.allowances if self._absence.whole and not self._absence.unread else ():
            paths = ", ".join(one for one in each.paths if (each, one) not in used)
            if paths and each.codes <= self.config.selected:
                yield Problem(
                    "TEL003",
                    f"nothing in {paths} needs the per-path ignore of {', '.join(sorted(each.codes))}",
                    each.spot,
                    f"delete {paths} from per-path-ignores",
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
            data = contents(path)
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
    path = problem.spot.path
    names = scene.served.get(path, ())
    inner = next((each for each in (path, *path.parents) if each in scene.folders), None)
    name = scene.folders[inner] if inner else names[0] if names else ""
    return replace(problem, service=name)


def _as_error(problem: Problem) -> Problem:
    return replace(problem, level="error")
