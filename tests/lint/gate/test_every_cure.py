"""Every cure of every case and of seeded faults: what it writes runs, keeps the comments, and holds."""

from __future__ import annotations

import io
import random
import re
import tokenize
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.fixes import fix
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.faults import cases
from lint.kit import case_paths, lay_out, read_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.fixes import Fixed
    from ameide_telemetry.lint.model import Problem

_SEED: Final = 7
_FAULTS: Final = 24
_CASES: Final = 24
_PARTS: Final = 4
_ROUNDS: Final = 6
_OURS: Final = re.compile(r"#\s*(?:telemetry: ignore|noqa|type:)")


def _trees() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield trees by name: all cases and changed services that there are, always in the same order."""
    yield from ((f"cases/{each.parent.name}/{each.stem}", read_case(each).files) for each in case_paths())
    for number, (name, _, service) in enumerate(cases()):
        yield f"{service.kind}: {name} {number}", service.tree()


def _sample() -> list[tuple[str, Mapping[str, str]]]:
    trees = list(_trees())
    chosen = random.Random(_SEED)
    checks = [each for each in trees if re.match(r"cases/TEL\d+/bad", each[0])]
    of_cases = [each for each in trees if each[0].startswith("cases/")]
    others = [each for each in trees if not each[0].startswith("cases/")]
    return checks + chosen.sample(of_cases, _CASES) + chosen.sample(others, _FAULTS)


def _commented(text: str) -> str:
    """Return a source with a comment behind every statement that has none."""
    rows = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for last, each in pairwise(tokens):
        if each.type == tokenize.NEWLINE and each.string and last.type != tokenize.COMMENT:
            row, column = each.start
            rows[row - 1] = f"{rows[row - 1][:column]}  # of {row}{rows[row - 1][column:]}"
    return "\n".join(rows)


def _problems(folder: Path) -> Sequence[Problem]:
    config = read_config(folder, sorted(folder.rglob("pyproject.toml")))
    return Linter(Tree.of(folder, config.exclude), config, Store(None, "")).run().problems


def _cured(folder: Path, *, unsafe: bool) -> list[Fixed]:
    """Write cures as the command does, until there are none, and return what each round did."""
    done = []
    for _ in range(_ROUNDS):
        done.append(fix(_problems(folder), lambda: _problems(folder), unsafe=unsafe))
        if not done[-1].changed:
            break
    return done


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _comments(data: bytes) -> Counter[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    texts = (each.string for each in tokens if each.type == tokenize.COMMENT)
    return Counter(each for each in texts if not _OURS.match(each))


def _codes(problems: Sequence[Problem]) -> Counter[tuple[str, Path]]:
    return Counter((each.code, each.spot.path) for each in problems)


def _check(files: Mapping[str, str], folder: Path, *, unsafe: bool) -> int:
    lay_out(
        folder, {name: _commented(text) if name.endswith(".py") else text for name, text in files.items()}
    )
    problems = _problems(folder)
    if not any(each.fix and (unsafe or each.fix.safe) for each in problems):
        return 0
    before, found = _contents(folder), _codes(problems)
    rounds = _cured(folder, unsafe=unsafe)
    after = _contents(folder)
    assert before.keys() == after.keys()
    for path, data in after.items():
        if path.suffix == ".py" and data != before[path]:
            compile(data, str(path), "exec", dont_inherit=True)
            assert not _comments(before[path]) - _comments(data), path
    left = _codes(_problems(folder))
    done = _codes([each for one in rounds for each in one.done])
    assert not left - found, "a cure brings nothing up"
    assert all(left[key] <= max(0, found[key] - count) for key, count in done.items()), (
        "what is cured is gone"
    )
    assert not rounds[-1].changed, "there is an end"
    _cured(folder, unsafe=unsafe)
    assert _contents(folder) == after, "a second run changes nothing"
    return done.total()


def _check_all(trees: Sequence[tuple[str, Mapping[str, str]]], folder: Path) -> None:
    done: Counter[bool] = Counter()
    for number, (name, files) in enumerate(trees):
        for unsafe in (False, True):
            try:
                done[unsafe] += _check(files, (folder / f"{number}{unsafe}").resolve(), unsafe=unsafe)
            except AssertionError as error:
                error.add_note(f"{name}, unsafe={unsafe}")
                raise
    assert done[True]


@pytest.mark.parametrize("part", range(_PARTS))
def test_cures_of_a_sample(part: int, tmp_path: Path) -> None:
    """Sources compile and keep their comments, what is cured is gone, and there is nothing left to do."""
    _check_all(_sample()[part::_PARTS], tmp_path)


@pytest.mark.full
def test_cures_of_all_that_there_is(tmp_path: Path) -> None:
    """The same holds for every case, and for every fault in every kind of service."""
    _check_all(list(_trees()), tmp_path)
