"""The tables of the lint in a narrow and a wide terminal: nothing is lost, broken off or out of line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ameide_telemetry.cli.lint_tables import entrypoint_rows, score_rows
from ameide_telemetry.lint.model import (
    Entrypoint,
    Evidence,
    Judged,
    Problem,
    Spot,
    Target,
    Trail,
    Verdict,
    VerdictWord,
)
from ameide_telemetry.lint.score import scores
from ameide_telemetry.reports.terminal import Style, cells

_LONG: Final = "customer-notification-preferences-service"
_HINT: Final = "put `from ameide_telemetry import init_telemetry` and the call above line 5 of asgi.py, first"


def _judged(service: str, word: VerdictWord, text: str) -> Judged:
    spot = Spot(Path("/services", service, "Dockerfile"), 4)
    evidence = (Evidence("dockerfile", spot, text),)
    target = Target("asgi", service.replace("-", "_"), None, "app")
    entrypoint = Entrypoint(service, spot.path.parent, target, (), evidence)
    return Judged(entrypoint, Trail(()), Verdict(word, spot, ""))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_entrypoints(width: int) -> None:
    """A long name moves its own row only; what stands in a file is wrapped, and a place is never broken."""
    command = 'CMD ["uvicorn", "orders:app", "--host", "0.0.0.0", "--port", "8000", "--proxy-headers"]'
    some = [
        _judged("orders", "ok-conditional", command),
        _judged("größen", "ok", "CMD"),
        _judged("世界", "ok", "x"),
    ]
    rows = list(entrypoint_rows([*some, _judged(_LONG, "missing", "CMD")], str, Style(width=width)))
    heads = [row for row in rows if not row.startswith(" ")]
    assert [row.split()[2] for row in heads] == ["ok-conditional", "ok", "ok", "missing"]
    assert len({cells(row[: row.index(" ok")]) for row in heads[:3]}) == 1
    assert "    dockerfile  /services/größen/Dockerfile:4  CMD" in rows
    assert all(cells(row) <= width for row in rows if _LONG not in row)
    assert any(f"/services/{_LONG}/Dockerfile:4" in row for row in rows)
    assert command in " ".join(row.strip() for row in rows)


def _place(problem: Problem) -> str:
    return f"{problem.spot.path}:{problem.spot.line}"


def _prints(count: int) -> list[Problem]:
    lines = [*range(7, 7 + count), 7]
    return [Problem("TEL301", "", Spot(Path("/work.py"), line), "log it", service="shop") for line in lines]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_scores(width: int) -> None:
    """An edit has all its places, each once, and what is to be done there wrapped below them."""
    deep = Path("/", *["a_rather_long_folder"] * 6, "asgi.py")
    problems = [Problem("TEL101", "", Spot(deep, 5), _HINT, service="shop"), *_prints(3)]
    found = scores(["shop"], problems, ["TEL101", "TEL301", "TEL302"])
    rows = list(score_rows(found, _place, Style(width=width)))
    assert rows[0].endswith("shop (poor)")
    assert rows[1] == f"    +80  TEL101 {deep}:5"
    text = " ".join(row.strip() for row in rows[2:]).replace(",", "")
    assert text == f"{_HINT} +10  TEL301: 3 places /work.py:7 /work.py:8 /work.py:9 log it".replace(",", "")
    assert all(cells(row) <= width for row in rows[2:])


def test_many_places() -> None:
    """Where a row has no room, each place has its own; five are named, and the others counted."""
    found = scores(["shop"], _prints(9), ["TEL301", "TEL302"])
    rows = list(score_rows(found, _place, Style(width=60)))
    assert rows[1:] == [
        "    +50  TEL301: 9 places",
        *(f"         /work.py:{line}" for line in range(7, 12)),
        "         and 4 more",
        "         log it",
    ]


def test_a_question_of_two_checks() -> None:
    """What has to be cured together stands below one number, each check with its own places."""
    problems = [
        Problem(code, "", Spot(Path(f"/{name}.py"), 2), f"cure {name}", service="shop")
        for code, name in (("TEL101", "one"), ("TEL102", "two"), ("TEL101", "three"))
    ]
    found = scores(["shop"], problems, ["TEL101", "TEL102"])
    rows = list(score_rows(found, _place, Style()))
    assert rows[1:] == [
        "    +100 TEL101: 2 places, /one.py:2, /three.py:2",
        *("         cure one", "         cure three"),
        *("         TEL102 /two.py:2", "         cure two"),
    ]
