"""The courses that entrypoints take at their start: what they import, what happens then, what that proves."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.model import Judged
from ameide_telemetry.lint.packing import packed, path_of, unpacked
from ameide_telemetry.lint.reach import Reach, reach
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.store import Course

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ameide_telemetry.lint.listing import Listing
    from ameide_telemetry.lint.model import Entrypoint, Trail, Verdict
    from ameide_telemetry.lint.source import Sources
    from ameide_telemetry.lint.store import Store
    from ameide_telemetry.lint.survey import Survey

__all__ = ["Courses", "Taken"]

_DIGEST_BYTES: Final = 16


class Taken(NamedTuple):
    """What is known of an entrypoint.

    Attributes:
        entrypoint: that it is about.
        course: that of the run before, if it is taken still.
        reach: what lies on the way.
        key: of the trail.
        outcome: of a walk, if there was one.
    """

    entrypoint: Entrypoint
    course: Course | None
    reach: Reach
    key: bytes
    outcome: tuple[Trail, Verdict] | None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it imports, as far as that is known."""
        return (*self.reach.served, *(self.outcome[0].imported if self.outcome else ()))


@dataclass(frozen=True)
class Courses:
    """Takes the course of each entrypoint, or knows it.

    Attributes:
        survey: the files.
        sources: reads and parses them.
        listing: what is in the folders.
        store: what the run before knew.
        bootstrap: dotted names that start telemetry.
    """

    survey: Survey
    sources: Sources
    listing: Listing
    store: Store
    bootstrap: tuple[str, ...]

    def begun(self, entrypoints: Sequence[Entrypoint], *, same: bool) -> list[Taken]:
        """Return what is known of each entrypoint; those without an outcome have to be walked.

        Args:
            entrypoints: what is deployed.
            same: whether they are those of the run before, and no file came or went.
        """
        courses: Sequence[Course | None] = self.store.courses() if same else [None] * len(entrypoints)
        return [self._begun(each, course) for each, course in zip(entrypoints, courses, strict=True)]

    def walk(self, taken: Taken) -> object:
        """Walk an entrypoint; return the outcome, packed."""
        return self._walked(taken)

    def ended(self, begun: Sequence[Taken], walked: Mapping[bytes, object]) -> list[tuple[Judged, Reach]]:
        """Return each entrypoint with its trail and verdict, and what it reaches.

        Args:
            begun: what was known of each.
            walked: key -> outcome of a walk, packed.
        """
        new = {key: unpacked(outcome) for key, outcome in walked.items()}
        for key, outcome in new.items():
            self.store.keep_trail(key, *outcome)
        ended = [each._replace(outcome=each.outcome or new[each.key]) for each in begun]
        self.store.keep_courses(each.course or self._course(each) for each in ended)
        return [(Judged(each.entrypoint, *(each.outcome or ())), each.reach) for each in ended]

    # ------------------------------------------------------------------ what is known

    def _begun(self, entrypoint: Entrypoint, course: Course | None) -> Taken:
        if course and course.told and self.survey.changed.keys().isdisjoint(course.served):
            way = Reach(frozenset(map(path_of, course.served)), frozenset(map(path_of, course.relevant)))
            return Taken(entrypoint, course, way, course.key, self.store.trail(course.key))
        way = self._reach(entrypoint)
        key = self._key(entrypoint, way)
        known = self.store.trail(key)
        return Taken(entrypoint, None, way, key, known if known and self._tells(known[0], way) else None)

    def _reach(self, entrypoint: Entrypoint) -> Reach:
        roots = Roots(entrypoint.roots, self.listing)
        starts = [entrypoint.target.path] if entrypoint.target.path else []
        for name in entrypoint.target.imports:
            starts += [Path(name)] if name.startswith("/") else roots.find(name).paths
        if entrypoint.target.module:
            starts += roots.find(entrypoint.target.module).paths
        return reach(starts, roots, self.survey.card)

    def _key(self, entrypoint: Entrypoint, way: Reach) -> bytes:
        digest = blake2b(repr(entrypoint).encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES)
        for path in sorted(way.served):
            card = self.survey.card(path)
            digest.update(str(path).encode(errors="surrogateescape") + (card.digest if card else b"?"))
        return digest.digest()

    def _tells(self, trail: Trail, way: Reach) -> bool:
        """Return whether nothing was imported, or missed, that no import statement tells of."""
        if any(path not in way.served for path in trail.imported):
            return False
        return not any(self.listing.is_file(path) for path in trail.looked_for)

    def _course(self, taken: Taken) -> Course:
        way, outcome = taken.reach, taken.outcome
        told = all(self.survey.card(path) for path in way.served)
        told = told and outcome is not None and self._tells(outcome[0], way)
        return Course(tuple(map(str, way.served)), tuple(map(str, way.relevant)), taken.key, told)

    # ------------------------------------------------------------------ the walk

    def _walked(self, taken: Taken) -> object:
        # A run that knows every course needs none of it.
        from ameide_telemetry.lint.judging import judged  # noqa: PLC0415

        entrypoint = taken.entrypoint
        roots = Roots(entrypoint.roots, self.listing)
        relevant = self._relevant(taken.reach)
        return packed(judged(entrypoint, self.sources, self.bootstrap, roots.find, relevant))

    def _relevant(self, way: Reach) -> Callable[[Path], bool]:
        # What is loaded by a name in a string is on no way that imports tell.
        return lambda path: path in way.relevant or path not in way.served
