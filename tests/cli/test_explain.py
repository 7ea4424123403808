"""The command `explain`: a page for each code, without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from ameide_telemetry.checks.reference import render_checks
from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.cli import main

_SGR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("code", CHECKS)
def test_every_code_has_an_answer(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe, the page is printed as it is."""
    assert main(["explain", code]) == 0
    assert capsys.readouterr() == (page(code), "")


@pytest.mark.parametrize("asked", ["tel501", " TEL501 ", "not-json", "Not-JSON"])
def test_case_does_not_matter_and_names_do(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A check is found by its code in any case, and by its name."""
    assert main(["explain", asked]) == 0
    assert capsys.readouterr().out.startswith("# TEL501 not-json\n")


@pytest.mark.parametrize(
    ("asked", "near"), [("TEL535", "  TEL534  "), ("TEL51", "  TEL510  "), ("not-jason", "  TEL501  ")]
)
def test_an_unknown_code_names_the_nearest(asked: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, what is nearest, and where all of them are."""
    assert main(["explain", asked]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"ameide-telemetry: there is no check {asked}\n")
    assert near in shown.err
    assert shown.err.endswith("  see all of them: ameide-telemetry explain --list\n")


def test_nothing_near_is_said_without_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like no code gets no guesses, and cannot move the cursor."""
    assert main(["explain", "\x1b[2J"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "ameide-telemetry: there is no check \\x1b[2J",
        "  see all of them: ameide-telemetry explain --list",
    ]


@pytest.mark.parametrize("arguments", [[], ["TEL501", "--list"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One of a code and a list is asked for."""
    assert main(["explain", *arguments]) == 2
    assert "usage: ameide-telemetry explain" in capsys.readouterr().err


def test_the_list_has_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a row for each check, in order, and fits a terminal."""
    assert main(["explain", "--list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows if row.startswith("  TEL")] == list(CHECKS)
    assert max(map(len, rows)) <= 100


def test_the_reference_is_the_committed_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of the documentation is printed, so that redirecting it makes the file."""
    assert main(["explain", "--reference"]) == 0
    assert capsys.readouterr().out == render_checks()


@pytest.mark.parametrize("code", CHECKS)
def test_a_terminal_gets_styling_and_the_same_words(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In colour, paragraphs are wrapped anew and no word is lost; the marks of Markdown go."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["explain", code]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[1m" in shown
    assert "\N{NO-BREAK SPACE}" not in shown
    plain = _SGR.sub("", shown)
    # In a block `#` begins a comment, outside of one a heading.
    parts = re.split(r"(?m)^```.*$", page(code))
    parts[::2] = [re.sub(r"(?m)^#+ |`", "", prose) for prose in parts[::2]]
    words = "".join("".join(parts).split())
    assert "".join(plain.replace("│", "").split()) == words


def test_no_color_is_kept() -> None:
    """`NO_COLOR` wins in a real process too."""
    done = subprocess.run(
        [sys.executable, "-m", "ameide_telemetry", "explain", "TEL501"],
        env={**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, page("TEL501"), "")
