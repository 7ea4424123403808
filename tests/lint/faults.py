"""Faults that are put into green services, and rewrites that change nothing; prints what the lint says.

    PYTHONPATH=tests python -m lint.faults [--all]

prints for each fault in how many of the sample services the lint names the code that it has to name, and for
each rewrite in how many it stays silent; with `--all` also what it says where it is wrong. Then precision and
recall of the checks of telemetry by hand, over every way by which a call can be reached.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.outcome import level_of
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.reached import reached
from lint.reached import shares as of_ways
from lint.rewrites import EQUIVALENTS
from lint.samples import KINDS, LAYOUTS
from lint.seeded import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lint.reached import Share
    from lint.samples import Service

__all__ = ["cases", "codes_in", "main"]

_FOUND: Final = 0.95
_RIGHT: Final = 0.98


def cases() -> Iterator[tuple[str, str, Service]]:
    """Yield the name of a change, the code that has to be found (empty for none), and the changed service."""
    for name, (code, kinds, change) in FAULTS.items():
        yield from ((name, code, change(KINDS[kind](layout))) for kind in kinds for layout in LAYOUTS)
    for name, (kinds, change) in EQUIVALENTS.items():
        yield from ((name, "", change(KINDS[kind](layout))) for kind in kinds for layout in LAYOUTS)


def codes_in(service: Service, folder: Path) -> dict[str, list[str]]:
    """Return the codes that the lint finds in a service, each with the messages."""
    for path, text in service.tree().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = read_config(folder, sorted(folder.rglob("pyproject.toml")))
    outcome = Linter(Tree.of(folder), config, Store(None, "")).run()
    found: dict[str, list[str]] = {}
    for problem in outcome.problems:
        if level_of(problem, config.levels) != "info":
            found.setdefault(problem.code, []).append(
                f"{problem.spot.path.name}:{problem.spot.line} {problem.message}"
            )
    return found


def main(arguments: Sequence[str]) -> int:
    """Run every case, and print a table; return 0 when the shares are what they have to be."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, code, service in cases():
        with tempfile.TemporaryDirectory() as folder:
            found = codes_in(service, Path(folder).resolve())
        good = code in found if code else not found
        where = f"{service.kind}/{service.layout}: {found or 'nothing'}"
        rows.setdefault((name, code), []).append("" if good else where)
    for (name, code), results in rows.items():
        bad = [each for each in results if each]
        print(f"{code or 'none':<7} {len(results) - len(bad):>3} of {len(results):<3} {name}")
        if "--all" in arguments:
            print("".join(f"            {each}\n" for each in bad), end="")
    shares = []
    for wanted in (True, False):
        told = [each for (_, code), some in rows.items() for each in some if bool(code) is wanted]
        count = sum(not each for each in told)
        shares.append(count / len(told))
        name = "faults found" if wanted else "rewrites left alone"
        print(f"{name}: {count} of {len(told)}, {shares[-1]:.1%}")
    held = [_is_right(each) for each in of_ways([(each, each.found()) for each in reached()])]
    return 0 if shares[0] >= _FOUND and shares[1] == 1 and all(held) else 1


def _is_right(share: Share) -> bool:
    """Print precision and recall of a check, and return whether they are what is promised."""
    print(
        f"{share.code}: precision {share.precision:.1%} ({share.right} of {share.found}), "
        f"recall {share.recall:.1%} ({share.right} of {share.expected})"
    )
    return min(share.precision, share.recall) >= _RIGHT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
