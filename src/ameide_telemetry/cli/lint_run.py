"""What `lint` does: read the settings, look at the tree, write what was asked for."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry import guard
from ameide_telemetry.cli.lint_tables import entrypoint_rows, score_rows, statistics_rows
from ameide_telemetry.cli.outputs import must_be_writable, write_reports
from ameide_telemetry.cli.progress import Progress
from ameide_telemetry.cli.surroundings import environment
from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.baseline import Baseline, written
from ameide_telemetry.lint.config import bootstrap_name, codes_of, config_schema, read_config
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.fixes import fix
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.outcome import report_of
from ameide_telemetry.lint.store import FOLDER, Store
from ameide_telemetry.lint.tree import Tree
from ameide_telemetry.lint.why import why
from ameide_telemetry.nearness import nearest
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.terminal import printable, style_for
from ameide_telemetry.reports.words import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from ameide_telemetry.findings import Level
    from ameide_telemetry.lint.config import Config
    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.outcome import Outcome

__all__ = ["lint"]

_LEAST: Final[Level] = "warning"
_USAGE: Final = 2
_ROUNDS: Final = 10
# A baseline of suppressions that are wrong themselves would keep them for ever.
_NOT_KNOWN: Final = frozenset({"TEL003", "TEL004"})
_INTERNAL: Final = guard.site("lint.run")
_DECLARE: Final = """\
say what is deployed, in pyproject.toml:

  [tool.ameide_telemetry.services]
  orders = "orders.asgi:app\""""


class _Paths(NamedTuple):
    """What was asked for: folders to look at, and files to which the findings are limited."""

    root: Path
    folders: tuple[Path, ...]
    files: frozenset[Path]

    def shows(self, path: Path) -> bool:
        """Return whether problems of a path are asked for."""
        return path in self.files if self.files else any(path.is_relative_to(each) for each in self.folders)

    def without_entrypoint(self, judged: Iterable[Judged]) -> Iterator[Path]:
        """Yield the folders that were asked for and have none of the entrypoints that were found."""
        found = [
            path
            for each in judged
            for path in (
                each.entrypoint.folder,
                each.entrypoint.target.path,
                *(one.spot.path for one in each.entrypoint.evidence),
            )
            if path is not None
        ]
        for folder in dict.fromkeys(self.folders):
            if not any(path.is_relative_to(folder) for path in found):
                yield folder


def lint(arguments: argparse.Namespace) -> int:
    """Look at the tree, and write the report or the table that was asked for.

    Returns:
        0 when nothing is wrong, 1 when something was found, 2 when no entrypoint was found.

    Raises:
        TelemetryError: settings or paths are wrong.
    """
    if arguments.print_schema:
        sys.stdout.write(config_schema())
        return 0
    code = _USAGE
    refused: TelemetryError | OSError | None = None
    with _INTERNAL, _quick():
        try:
            return _lint(arguments)
        except (TelemetryError, OSError) as error:
            refused = error
    if refused is not None:
        raise refused
    _say("nothing is said of the tree: the lint itself is wrong; leave the cache out: --no-cache")
    return code


@contextmanager
def _quick() -> Iterator[None]:
    """Collect no garbage: syntax trees are millions of objects, and all of them end with the process."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            # Nor does it look through all of them once more for those that are not needed.
            gc.freeze()
            gc.enable()


def _lint(arguments: argparse.Namespace) -> int:
    if arguments.allow_new and not arguments.update_baseline:
        raise TelemetryError("--allow-new belongs to --update-baseline: write both, or neither")
    run = _Run(arguments, _paths(arguments.paths or ["."]))
    must_be_writable(arguments.output, run.inputs())
    outcome = run.cured() if arguments.fix or arguments.unsafe_fixes else run.looked()
    if not outcome.judged:
        return run.nothing(outcome)
    for folder in run.paths.without_entrypoint(outcome.judged):
        _say(f"no entrypoint was found in {folder}: see --show-entrypoints")
    if arguments.update_baseline:
        return run.update(outcome)
    code = run.written(outcome)
    if not code and all(each.verdict.word == "unresolved" for each in outcome.judged):
        _say("no entrypoint could be resolved, so nothing was proved: see --show-entrypoints")
        return _USAGE
    return code


class _Run:
    def __init__(self, arguments: argparse.Namespace, paths: _Paths) -> None:
        self.paths = paths
        self._arguments = arguments
        self._progress = Progress(sys.stderr)
        whole = Tree.of(paths.root)
        self._config = _config(arguments, paths, whole)
        self._tree = self._read() if self._config.exclude else whole
        self._baseline = self._known()

    def inputs(self) -> Iterator[Path]:
        """Yield the files that no report may take the place of."""
        yield from self._tree.paths()
        yield from self._config.files
        if self._config.baseline:
            yield self._config.baseline

    # ------------------------------------------------------------------ looking

    def looked(self) -> Outcome:
        """Return what is found, without what the baseline knows."""
        try:
            return self._linter(self._baseline).run()
        finally:
            self._progress.end()

    def cured(self) -> Outcome:
        """Write cures into files until none is left, and return what is found then."""
        outcome, refused = self.looked(), 0
        for _ in range(_ROUNDS):
            fixed = fix(outcome.problems, self._again, unsafe=self._arguments.unsafe_fixes)
            for problem in fixed.done:
                _say(
                    f"fixed {self._place(problem)} {problem.code}: {problem.fix.title if problem.fix else ''}"
                )
            for problem, reason in fixed.refused:
                _say(f"not fixed: {self._place(problem)} {problem.code}: {reason}")
            refused += len(fixed.refused)
            if not fixed.changed:
                break
            self._tree, self._baseline = self._read(), self._known()
            outcome = self.looked()
            if refused:
                break
        return outcome

    def _again(self) -> Sequence[Problem]:
        self._tree = self._read()
        self._baseline = self._known()
        return self.looked().problems

    def _read(self) -> Tree:
        base = self._config.files[0].parent if self._config.files else None
        return Tree.of(self.paths.root, self._config.exclude, base)

    def _linter(self, baseline: Baseline | None) -> Linter:
        return Linter(self._tree, self._config, self._store(), self.paths.shows, baseline, self._progress)

    def _store(self) -> Store:
        folder = self.paths.root / FOLDER
        # A link that came with somebody's branch would have files written wherever it leads.
        kept = not self._arguments.no_cache and not folder.is_symlink()
        return Store(folder if kept else None, self._config.engine_key())

    # ------------------------------------------------------------------ what is known

    def _known(self) -> Baseline | None:
        path = self._config.baseline
        if path is None or (self._arguments.update_baseline and not path.exists()):
            return None
        return Baseline.read(path)

    def update(self, outcome: Outcome) -> int:
        """Write the baseline anew; it grows only where that was asked for.

        Returns:
            0; 1 when there is something new that was not asked to be put in.
        """
        path = self._config.baseline
        if path is None:
            raise TelemetryError("no baseline is named: lint --update-baseline --baseline FILE")
        linter = self._linter(None)
        whole = [each for each in linter.run().problems if each.code not in _NOT_KNOWN]
        old = self._baseline or Baseline(path, Counter())
        new = old.judge(whole)[0]
        if new and not self._arguments.allow_new:
            for problem in new:
                _say(f"new: {self._place(problem)} {problem.code} {problem.message}")
            _say("cure them, or put them in: ameide-telemetry lint --update-baseline --allow-new")
            return 1
        # What this run was not asked to look for, or could not see, is known as before.
        kept = {entry: count for entry, count in old.entries.items() if not linter.finds(entry, old)}
        try:
            path.write_text(written(whole, path, kept), encoding="utf-8")
        except OSError as error:
            raise TelemetryError(f"{path} cannot be written: {error.strerror}; name another file") from None
        _say(
            f"{path} knows {counted(len(whole), 'problem')}, of {counted(len(outcome.judged), 'entrypoint')}"
        )
        return 0

    # ------------------------------------------------------------------ writing

    def nothing(self, outcome: Outcome) -> int:
        """Say that no entrypoint was found, and what was found instead.

        Returns:
            2.
        """
        if outcome.problems:
            self.written(outcome)
        looked = f"{counted(outcome.files, 'source file')} below {self.paths.root}"
        _say(f"no entrypoint was found in {looked}: {_DECLARE}")
        return _USAGE

    def written(self, outcome: Outcome) -> int:
        """Write what was asked for.

        Returns:
            0 when nothing is wrong, 1 when something was found.
        """
        arguments, style = self._arguments, style_for(sys.stdout, environment())
        least: Level = arguments.level or _LEAST
        report = report_of(outcome, self._config.levels, self._shown, self._line).shown(least)
        write_reports(report, arguments.output)
        if arguments.why is not None:
            return self._why(outcome)
        if arguments.show_entrypoints:
            rows = entrypoint_rows(outcome.judged, self._shown, style)
        elif arguments.statistics:
            rows = statistics_rows(outcome.statistics(), style)
        elif arguments.score:
            rows = score_rows(outcome.scores, self._place, style)
        else:
            sys.stdout.write(FORMATS[arguments.format](report, style))
            return int(report.failed(least))
        print(style.glyphs("\n".join(rows)))
        return int(report.failed(least))

    def _why(self, outcome: Outcome) -> int:
        asked = self._arguments.why
        found = [each for each in outcome.judged if self._is_meant(each, asked)]
        if not found:
            names = [each.entrypoint.target.name for each in outcome.judged]
            near = nearest(asked, names)
            question = f"did you mean {near}? " if near else ""
            raise TelemetryError(f"no entrypoint is {asked}: {question}see all: lint --show-entrypoints")
        print("\n\n".join(why(each, self._tree.root) for each in found))
        return int(any(each.verdict.word not in {"ok", "ok-conditional"} for each in found))

    def _is_meant(self, judged: Judged, asked: str) -> bool:
        entrypoint = judged.entrypoint
        path = entrypoint.target.path
        names = {entrypoint.service, entrypoint.target.name, entrypoint.target.module}
        return asked in names or (path is not None and Path(asked).resolve() == path)

    def _shown(self, path: Path) -> str:
        """Return a path as an editor that was started here can open it."""
        here = Path.cwd()
        return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)

    def _place(self, problem: Problem) -> str:
        line = f":{problem.spot.line}" if problem.spot.line else ""
        return f"{self._shown(problem.spot.path)}{line}"

    def _line(self, problem: Problem) -> str:
        if not problem.spot.line:
            return ""
        try:
            rows = contents(problem.spot.path).decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return rows[problem.spot.line - 1] if problem.spot.line <= len(rows) else ""


def _paths(given: Sequence[str]) -> _Paths:
    folders, files = [], set()
    for each in given:
        path = Path(each).resolve()
        if path.is_dir():
            folders.append(path)
        elif path.is_file():
            files.add(path)
        else:
            raise TelemetryError(f"{each} does not exist: name a folder with services, or leave it out")
    roots = folders or [Path.cwd()]
    root = Path(os.path.commonpath(roots))
    outside = [path for path in files if not path.is_relative_to(root)]
    if outside:
        raise TelemetryError(f"{outside[0]} is not below {root}: name the folder that has both")
    return _Paths(root, tuple(roots), frozenset(files))


def _config(arguments: argparse.Namespace, paths: _Paths, tree: Tree) -> Config:
    named = Path(arguments.config).resolve() if arguments.config else None
    config = read_config(paths.root, _manifests(tree), named)
    selected = codes_of(_words(arguments.select), "--select") if arguments.select else config.selected
    selected -= codes_of(_words(arguments.ignore), "--ignore")
    if not selected:
        raise TelemetryError("no check is left to run: select some, or ignore fewer")
    return replace(
        config,
        bootstrap=tuple(map(bootstrap_name, arguments.bootstrap)) or config.bootstrap,
        selected=selected,
        strict=config.strict or arguments.strict,
        baseline=Path(arguments.baseline).resolve() if arguments.baseline else config.baseline,
    )


def _manifests(tree: Tree) -> list[Path]:
    return [Path(path) for path in tree.files if path.endswith(f"{os.sep}pyproject.toml")]


def _words(given: Sequence[str]) -> list[str]:
    return [word.strip() for words in given for word in words.split(",") if word.strip()]


def _say(text: str) -> None:
    rows = (printable(row) for row in text.split("\n"))
    print("ameide-telemetry: " + "\n".join(rows), file=sys.stderr)
