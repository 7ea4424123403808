"""What does the lint say of public code with known verdicts?

    PYTHONPATH=tests python -m lint.labelled [--sources FOLDER] [--only REPOSITORY] [--python PROGRAM ...]

`labels.toml` names commits of public repositories and the verdicts that reading them gave. Each is taken from
FOLDER/owner+name, or else fetched into it (without FOLDER into a temporary one), and the lint runs on it in a
process of its own, with this Python; where a file on the way needs newer grammar, with the next newer one.
Ends with 1 if more than one label is not exact, or if one is wrongly found ok. Not part of any suite.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]

_LABELS: Final = Path(__file__).with_name("labels.toml")
_SOURCE: Final = Path(__file__).parents[2] / "src"
_NEWER: Final = ("python3.14", "python3.13", "python3.12")
_LONGEST: Final = 600
_MAY_DIFFER: Final = 1
_FINE: Final = frozenset({"ok", "ok-conditional"})
_SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Label:
    """What reading the code gave for one target."""

    target: str
    label: str
    reason: str
    service: str = ""
    declared: str = ""
    kind: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """A commit, and what is known of it."""

    name: str
    commit: str
    bootstrap: str
    labels: tuple[Label, ...]
    services: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    folder: str = "."

    @property
    def place(self) -> str:
        """The name of its folder below that of all sources."""
        return self.name.replace("/", "+")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one label."""

    repository: Repository
    label: Label
    verdict: str
    python: str

    @property
    def exact(self) -> bool:
        """Whether the lint says what reading gave."""
        return self.verdict == self.label.label

    @property
    def wrongly_fine(self) -> bool:
        """Whether the lint is content with what it should not be content with."""
        return not self.exact and (
            self.verdict == "ok" or (self.verdict in _FINE and self.label.label not in _FINE)
        )


@dataclass(slots=True)
class Result:
    """What came of one repository."""

    rows: list[Row] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    note: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lint on all of them, print what came of it, and return whether that is good enough."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sources", type=Path, help="folder of checkouts, each FOLDER/owner+name")
    parser.add_argument("--only", default="", help="part of the name of the repositories to look at")
    parser.add_argument("--python", action="append", default=[], help="newer Python for newer grammar")
    given = parser.parse_args(arguments)
    pythons = [sys.executable, *(given.python or _newer())]
    chosen = [each for each in _repositories() if given.only in each.name]
    with tempfile.TemporaryDirectory() as folder:
        sources = given.sources or Path(folder)
        results = [_look(each, sources, pythons, Path(folder)) for each in chosen]
    return _told(results)


def _newer() -> list[str]:
    found = (shutil.which(name) for name in _NEWER)
    return [program for program in found if program and _runs(program)][:1]


def _runs(program: str) -> bool:
    return subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode == 0


def _repositories() -> Iterator[Repository]:
    for row in tomllib.loads(_LABELS.read_text(encoding="utf-8"))["repository"]:
        labels = tuple(Label(**each) for each in row.pop("label"))
        lists: dict[str, Any] = {name: tuple(row.pop(name, ())) for name in ("services", "unknown")}
        yield Repository(**row, **lists, labels=labels)


# ---------------------------------------------------------------------- one repository


def _look(repository: Repository, sources: Path, pythons: Sequence[str], scratch: Path) -> Result:
    place = sources / repository.place
    reason = "" if place.is_dir() else _fetched(repository, place)
    if reason:
        rows = [Row(repository, label, _SKIPPED, "-") for label in repository.labels]
        return Result(rows, note=f"{repository.name} was skipped: {reason}")
    root = (place / repository.folder).resolve()
    result, facts = Result(), _facts(repository, root, pythons[0], scratch)
    for label in repository.labels:
        row = replace(_row(repository, label, facts), python=_version(pythons[0]))
        result.rows.append(row)
    for program in pythons[1:]:
        # Only what this Python could not read is asked again: newer grammar is the only reason for another.
        if any("cannot be read" in each["reason"] for each in facts):
            facts = _facts(repository, root, program, scratch)
            result.rows = [_again(row, facts, program) for row in result.rows]
    found = Counter(each["target"] for each in facts if each["evidence"][0]["kind"] != "declared")
    result.surplus = sorted((found - Counter((*repository.services, *repository.unknown))).elements())
    result.missed = sorted((Counter(repository.services) - found).elements())
    return result


def _again(row: Row, facts: list[dict[str, Any]], program: str) -> Row:
    if row.verdict != "unresolved":
        return row
    return replace(_row(row.repository, row.label, facts), python=_version(program))


def _row(repository: Repository, label: Label, facts: list[dict[str, Any]]) -> Row:
    same = [
        each
        for each in facts
        if each["target"] == label.target
        and label.service in {"", each["service"]}
        and (each["evidence"][0]["kind"] == "declared") == bool(label.declared)
    ]
    words = sorted({each["verdict"] for each in same})
    return Row(repository, label, " and ".join(words) or "not found", "")


def _facts(repository: Repository, root: Path, program: str, scratch: Path) -> list[dict[str, Any]]:
    """Return the entrypoints that the lint finds in a folder."""
    config = scratch / f"{repository.place}.toml"
    config.write_text(_config(repository, root), encoding="utf-8")
    words = [program, "-m", "ameide_telemetry", "lint", "--no-cache", "--json", "--config", str(config), "."]
    done = subprocess.run(
        words, cwd=root, env=_environment(), check=False, capture_output=True, text=True, timeout=_LONGEST
    )
    if done.returncode not in {0, 1}:
        sys.stderr.write(f"{repository.name}: exit {done.returncode}\n{done.stderr}")
        return []
    facts: list[dict[str, Any]] = json.loads(done.stdout)["facts"]["entrypoints"]
    return facts


def _config(repository: Repository, root: Path) -> str:
    rows = ["[tool.ameide_telemetry.lint]", f"bootstrap = [{json.dumps(repository.bootstrap)}]"]
    rows.append("[tool.ameide_telemetry.services]")
    for number, label in enumerate(repository.labels):
        if label.declared:
            row = {"app": label.target, "folder": str(root / label.declared), "kind": label.kind}
            inner = ", ".join(f"{key} = {json.dumps(value)}" for key, value in row.items() if value)
            rows.append(f"label-{number} = {{{inner}}}")
    return "\n".join(rows) + "\n"


def _environment() -> dict[str, str]:
    import yaml  # noqa: PLC0415 - only this program needs to know where it is

    # Another Python has no packages of ours; PyYAML is the only one that the lint may use.
    beside = Path(yaml.__file__).parents[1]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_SOURCE), str(beside)])}


def _version(program: str) -> str:
    words = [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _fetched(repository: Repository, place: Path) -> str:
    """Fetch a commit from the public address of the repository; return why that failed, empty if not."""
    address = f"https://github.com/{repository.name}.git"
    git = ["git", "-c", "credential.helper=", "-c", "advice.detachedHead=false"]
    steps = (
        [*git, "clone", "--quiet", "--filter=blob:none", "--no-checkout", address, str(place)],
        [*git, "-C", str(place), "checkout", "--quiet", repository.commit],
    )
    for words in steps:
        try:
            subprocess.run(
                words,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"},
                check=True,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
            )
        except subprocess.CalledProcessError as error:
            shutil.rmtree(place, ignore_errors=True)
            return (error.stderr or "git failed").strip().splitlines()[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            shutil.rmtree(place, ignore_errors=True)
            return str(error)
    return ""


# ---------------------------------------------------------------------- what is told


def _told(results: Sequence[Result]) -> int:
    rows = [row for result in results for row in result.rows]
    table = [("repository", "target", "label", "verdict", "exact", "Python", "target is")]
    table += [
        (
            row.repository.name,
            row.label.target,
            row.label.label + (f" (first {row.label.first})" if row.label.first else ""),
            row.verdict,
            "yes" if row.exact else "NO",
            row.python,
            "declared here" if row.label.declared else "deployed",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    _tell_services(results)
    counts = Counter(row.verdict for row in rows if not row.exact)
    exact = sum(row.exact for row in rows)
    wrong = sum(row.wrongly_fine for row in rows)
    sys.stdout.write(
        f"\nexact {exact} of {len(rows)}   wrong ok {wrong}   wrong missing {counts['missing']}   "
        f"unresolved {counts['unresolved']}   skipped {counts[_SKIPPED]}\n"
    )
    return int(wrong > 0 or len(rows) - exact > _MAY_DIFFER)


def _tell_services(results: Sequence[Result]) -> None:
    deployed = surplus = missed = 0
    sys.stdout.write("\n")
    for result in results:
        if result.note:
            sys.stdout.write(f"{result.note}\n")
            continue
        repository = result.rows[0].repository
        deployed += len(repository.services)
        surplus += len(result.surplus)
        missed += len(result.missed)
        rows = [f"{text} is no service" for text in result.surplus] + [
            f"{text} was missed" for text in result.missed
        ]
        sys.stdout.write(
            f"{repository.name}: {len(repository.services)} deployed; {'; '.join(rows) or 'all found'}\n"
        )
    found = deployed - missed
    if found:
        precision, recall = found / (found + surplus), found / deployed
        sys.stdout.write(f"entrypoints found: precision {precision:.3f}, recall {recall:.3f}\n")


if __name__ == "__main__":
    sys.exit(main())
