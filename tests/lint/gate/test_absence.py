"""What a run cannot see is not said to be gone: neither told, nor taken out by `--fix`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from lint.gate.shop import BAD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

_ALLOWED: Final = '[[tool.ameide_telemetry.lint.per-path-ignores]]\npaths = ["shop/work.py"]\n'
_NOTE: Final = "  # telemetry: ignore[{}] why"
_QUEUE: Final = 'from celery import Celery\n\nfrom shop import work\n\napp = Celery("shop")\n'
_COMPOSE: Final = """services:
  shop:
    image: shop
    working_dir: /srv
    volumes: [./services/shop:/srv]
    command: celery -A shop.queue worker
"""
_BROKEN: Final = "def (\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _noted(text: str, line: str, code: str) -> str:
    assert line in text
    return text.replace(line, line + _NOTE.format(code))


def _codes(rows: list[str]) -> list[str]:
    return sorted(row.split()[1] for row in rows)


def test_a_file_that_does_not_parse_empties_no_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own entries stay, and those of the entrypoint that it is on the way of."""
    lay(tmp_path, BAD)
    known = ("--baseline", "known.json")
    assert lint(capsys, *known, "--update-baseline", "--allow-new")[0] == 0
    before = (tmp_path / "known.json").read_bytes()
    work = tmp_path / "shop/work.py"
    whole = work.read_text()
    work.write_text(whole + _BROKEN)
    for more in ((), ("--fix",), ("--ignore", "TEL001", "--update-baseline")):
        assert "TEL003" not in _codes(lint(capsys, *known, *more)[1]), more
        assert (tmp_path / "known.json").read_bytes() == before
    work.write_text(whole)
    assert lint(capsys, *known)[:2] == (0, [])


def test_a_file_that_does_not_parse_makes_no_comment_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in it nor in the others, nor what the settings allow."""
    settings = PROJECT + _ALLOWED + 'codes = ["TEL301"]\nreason = "why"\n'
    asgi = _noted(BAD["shop/asgi.py"], "app = FastAPI()", "TEL101")
    lay(tmp_path, {**BAD, "shop/asgi.py": asgi, "pyproject.toml": settings})
    assert lint(capsys)[:2] == (0, [])
    work = tmp_path / "shop/work.py"
    whole = work.read_text()
    work.write_text("x = 1  # telemetry: ignore[TEL302] why\n" + whole + _BROKEN)
    for more in ((), ("--fix",)):
        assert "TEL003" not in _codes(lint(capsys, *more)[1])
    assert (tmp_path / "shop/asgi.py").read_text() == asgi
    work.write_text(whole)
    assert lint(capsys)[:2] == (0, [])
    work.write_text("")
    assert _codes(lint(capsys)[1]) == ["TEL003"]


@pytest.mark.parametrize("larger", ["settings", "repository"])
def test_a_part_of_a_tree_makes_nothing_stale_that_the_rest_deploys(
    larger: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is deployed by a file of the root; from a folder below it nobody sees that."""
    # Nobody takes it for deployed where no file says so.
    queue = _noted(_QUEUE, 'app = Celery("shop")', "TEL101")
    inner = {name: text for name, text in BAD.items() if name not in {"Dockerfile", "shop/asgi.py"}}
    lay(tmp_path / "services/shop", {**inner, "shop/queue.py": queue})
    lay(tmp_path / "services/other", BAD)
    lay(tmp_path, {"compose.yaml": _COMPOSE})
    if larger == "settings":
        lay(tmp_path, {"pyproject.toml": '[tool.ameide_telemetry.lint]\nbaseline = "known.json"\n'})
        known: tuple[str, ...] = ()
    else:
        (tmp_path / ".git").mkdir()
        known = ("--baseline", str(tmp_path / "known.json"))
    assert lint(capsys, *known, "--update-baseline", "--allow-new")[0] == 0
    before = (tmp_path / "known.json").read_bytes()
    assert b"services/shop/shop/work.py" in before
    monkeypatch.chdir(tmp_path / "services")
    for more in ((), ("--fix",), ("--update-baseline",)):
        assert "TEL003" not in _codes(lint(capsys, *known, *more)[1]), more
        assert (tmp_path / "known.json").read_bytes() == before
    assert (tmp_path / "services/shop/shop/queue.py").read_text() == queue
    monkeypatch.chdir(tmp_path)
    assert lint(capsys, *known)[:2] == (0, [])


def test_a_part_of_a_tree_tells_what_is_stale_in_what_it_deploys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an entrypoint of the part passes through was looked at."""
    (tmp_path / ".git").mkdir()
    asgi = _noted(BAD["shop/asgi.py"], "app = FastAPI()", "TEL302")
    lay(tmp_path / "services/shop", {**BAD, "shop/asgi.py": asgi})
    monkeypatch.chdir(tmp_path / "services/shop")
    assert _codes(lint(capsys, "--select", "TEL003,TEL302")[1]) == ["TEL003"]
