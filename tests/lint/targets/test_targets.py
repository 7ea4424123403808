"""What commands serve, by the rules of the tools that they start."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from lint.targets import server_rows, worker_rows
from lint.targets.aiming import aims_of, command, plant, shown

if TYPE_CHECKING:
    from pathlib import Path

    from lint.targets.server_rows import Row


def _check(row: Row, base: dict[str, str], top: Path) -> None:
    paths = plant(top, {**base, **row.files})
    aims = aims_of(top, paths, command(top, tuple(shlex.split(row.line)), row.environment))
    if row.expected.startswith("!"):
        [aim] = aims
        said = f"{aim.trouble} => {aim.hint}".replace(f"{top}/", "")
        assert all(part in said for part in row.expected[1:].split("|")), said
        assert aim.target.path is None
    else:
        aims = [aim for aim in aims if aim.known]
        assert [aim.trouble for aim in aims if aim.trouble] == []
        assert [shown(aim, top) for aim in aims] == [line for line in row.expected.split(" & ") if line]


@pytest.mark.parametrize("row", server_rows.ROWS, ids=lambda row: row.line)
def test_a_server_is_given_an_application(row: Row, tmp_path: Path) -> None:
    """Each server finds the application where it would itself, or the string that is wrong is named."""
    _check(row, server_rows.SHOP, tmp_path)


@pytest.mark.parametrize("row", worker_rows.ROWS, ids=lambda row: row.line)
def test_a_worker_or_script_leads_to_its_code(row: Row, tmp_path: Path) -> None:
    """Workers, interpreters, console scripts and what is wrapped around them lead to the code that runs."""
    _check(row, worker_rows.TASKS, tmp_path)
