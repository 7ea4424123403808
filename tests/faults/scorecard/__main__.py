"""Measures everything that the library promises about failure, and writes it down.

    python3 dev scorecard [--json] [--only KEY ...] [--seed N]

The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from faults.scorecard.measure import Measure, Row, measured
from faults.scorecard.page import Scorecard
from faults.scorecard.suite import ROOT, Suite
from faults.scorecard.surroundings import machine, versions
from faults.scorecard.table import Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["main"]

PAGE: Final = ROOT / "docs" / "reference" / "scorecard.md"
_SEED: Final = 1


def main(arguments: Sequence[str], questions: Callable[[int], Questions] = Questions) -> int:
    """Measure, write the page, print the table or the data; return the exit code."""
    chosen = _parsed(arguments)
    began = time.monotonic()
    asked = questions(chosen.seed)
    around = machine()
    measures = [each for each in asked.measures() if not chosen.only or each.key in chosen.only]
    rows = _answered(measures)
    card = Scorecard(
        rows,
        asked.suite if asked.suite_ran else Suite(),
        versions(),
        around,
        chosen.seed,
        f"{datetime.now(UTC):%Y-%m-%d}",
        time.monotonic() - began,
    )
    # A page with half of the measures would hide the other half.
    if not chosen.only:
        chosen.page.write_text(card.as_markdown(), encoding="utf-8")
    print(json.dumps(card.as_json(), indent=2) if chosen.json else card.as_text())
    return 1 if card.missed else 0


def _answered(measures: Iterable[Measure]) -> list[Row]:
    rows = []
    for measure in measures:
        _progress(f"measuring: {measure.name}")
        row = measured(measure, time.monotonic)
        _progress(f"  {'ok' if row.met else 'MISSED'}  {row.ours}  ({row.seconds:.0f} s)")
        rows.append(row)
    return rows


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 dev scorecard", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument(
        "--seed", type=int, default=_SEED, help="of everything generated, default %(default)s"
    )
    parser.add_argument("--only", nargs="+", metavar="KEY", help="only these measures; writes no page")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
