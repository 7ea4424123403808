"""What `lint` does: read the settings, look at the tree, write what was asked for."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.cli.lint_tables import entrypoint_rows, score_rows, statistics_rows
from ameide_telemetry.cli.surroundings import environment
from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.baseline import Baseline, grown, written
from ameide_telemetry.lint.config import codes_of, config_schema, read_config
from ameide_telemetry.lint.fixes import fix
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.outcome import report_of
from ameide_telemetry.lint.store import FOLDER, Store
from ameide_telemetry.lint.tree import Tree
from ameide_telemetry.lint.why import why
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.terminal import PLAIN, style_for
from ameide_telemetry.settings.nearness import nearest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ameide_telemetry.findings import Level
    from ameide_telemetry.lint.config import Config
    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.outcome import Outcome

__all__ = ["lint"]

_LEAST: Final[Level] = "warning"
_USAGE: Final = 2
_ROUNDS: Final = 10
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
    run = _Run(arguments, _paths(arguments.paths or ["."]))
    outcome = run.cured() if arguments.fix or arguments.unsafe_fixes else run.looked()
    if not outcome.judged and not outcome.problems:
        _say(f"no entrypoint was found in {outcome.files:,} source files below {run.paths.root}: {_DECLARE}")
        return _USAGE
    if arguments.update_baseline:
        return run.update(outcome)
    return run.written(outcome)


class _Run:
    def __init__(self, arguments: argparse.Namespace, paths: _Paths) -> None:
        self.paths = paths
        self._arguments = arguments
        self._config = _config(arguments, paths)
        self._tree = Tree.of(paths.root, self._config.exclude)
        self._baseline = self._known()

    # ------------------------------------------------------------------ looking

    def looked(self) -> Outcome:
        """Return what is found, without what the baseline knows."""
        return self._linter(self._baseline).run()

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
            self._tree = Tree.of(self.paths.root, self._config.exclude)
            outcome = self.looked()
            if refused:
                break
        return outcome

    def _again(self) -> Sequence[Problem]:
        self._tree = Tree.of(self.paths.root, self._config.exclude)
        return self.looked().problems

    def _linter(self, baseline: Baseline | None) -> Linter:
        return Linter(self._tree, self._config, self._store(), self.paths.shows, baseline)

    def _store(self) -> Store:
        folder = None if self._arguments.no_cache else self.paths.root / FOLDER
        return Store(folder, repr(replace(self._config, levels={}, baseline=None)))

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
        whole = [each for each in self._linter(None).run().problems if each.code != "TEL003"]
        new = grown(self._baseline, whole, self._tree.shown)
        if new and not self._arguments.allow_new:
            for problem in new:
                _say(f"new: {self._place(problem)} {problem.code} {problem.message}")
            _say("cure them, or put them in: ameide-telemetry lint --update-baseline --allow-new")
            return 1
        path.write_text(written(whole, self._tree.shown), encoding="utf-8")
        _say(f"{path} knows {len(whole):,} problems, of {len(outcome.judged):,} entrypoints")
        return 0

    # ------------------------------------------------------------------ writing

    def written(self, outcome: Outcome) -> int:
        """Write what was asked for.

        Returns:
            0 when nothing is wrong, 1 when something was found.
        """
        arguments, style = self._arguments, style_for(sys.stdout, environment())
        least: Level = arguments.level or _LEAST
        report = report_of(outcome, self._config.levels, self._tree.shown, self._line).shown(least)
        for name, file in arguments.output:
            Path(file).write_text(FORMATS[name](report, PLAIN), encoding="utf-8", errors="backslashreplace")
        if arguments.why:
            return self._why(outcome)
        if arguments.show_entrypoints:
            rows = entrypoint_rows(outcome.judged, self._tree.shown, style)
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

    def _place(self, problem: Problem) -> str:
        line = f":{problem.spot.line}" if problem.spot.line else ""
        return f"{self._tree.shown(problem.spot.path)}{line}"

    def _line(self, problem: Problem) -> str:
        if not problem.spot.line:
            return ""
        try:
            rows = problem.spot.path.read_text(encoding="utf-8", errors="replace").splitlines()
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


def _config(arguments: argparse.Namespace, paths: _Paths) -> Config:
    named = Path(arguments.config).resolve() if arguments.config else None
    config = read_config(paths.root, _manifests(paths.root), named)
    selected = codes_of(_words(arguments.select), "--select") if arguments.select else config.selected
    return replace(
        config,
        bootstrap=tuple(arguments.bootstrap) or config.bootstrap,
        selected=selected - codes_of(_words(arguments.ignore), "--ignore"),
        strict=config.strict or arguments.strict,
        baseline=Path(arguments.baseline).resolve() if arguments.baseline else config.baseline,
    )


def _manifests(root: Path) -> list[Path]:
    return [Path(path) for path in Tree.of(root).files if path.endswith(f"{os.sep}pyproject.toml")]


def _words(given: Sequence[str]) -> list[str]:
    return [word.strip() for words in given for word in words.split(",") if word.strip()]


def _say(text: str) -> None:
    print(f"ameide-telemetry: {text}", file=sys.stderr)
