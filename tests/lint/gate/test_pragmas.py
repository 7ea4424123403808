"""Comments that switch a check off: where they hold, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint.model import Problem, Spot
from ameide_telemetry.lint.pragmas import has_pragma, judge_pragmas, pragmas_of
from lint.gate.shop import BAD, GOOD, lay, lint

_NOTE: Final = "# telemetry: ignore[TEL301] why"
_HOLDS: Final = {
    "behind it": ("a.py", f"x = 1  {_NOTE}\n", {1}),
    "at the end of a statement": ("a.py", f"x = (\n  1\n)  {_NOTE}\n", {1, 2, 3}),
    "within a statement": ("a.py", f"x = (  {_NOTE}\n  1\n)\n", {1, 2, 3}),
    "above": ("a.py", f"{_NOTE}\nx = (\n1)\ny = 2\n", {2, 3}),
    "above, with another": ("a.py", f"{_NOTE}\n# more\nx = 1\n", {3}),
    "not across an empty line": ("a.py", f"{_NOTE}\n\nx = 1\n", {1}),
    "not the body": ("a.py", f"def f():  {_NOTE}\n    x = 1\n", {1}),
    "of a decorator": ("a.py", f"@a  {_NOTE}\n@b\ndef f():\n    x = 1\n", {1, 2, 3}),
    "above a decorator": ("a.py", f"{_NOTE}\n@a\ndef f():\n    x = 1\n", {2, 3}),
    "in a string": ("a.py", f'x = """\n{_NOTE}\n"""\ny = "{_NOTE}"\n', set()),
    "CRLF": ("a.py", f"x = 1\r\ny = 2  {_NOTE}\r\nz = 3\r\n", {2}),
    "first of all": ("a.py", f"{_NOTE}\nx = 1", {2}),
    "last of all": ("a.py", f"x = 1\n{_NOTE}", {2}),
    "no end of the line": ("a.py", f"x = 1  {_NOTE}", {1}),
    "Dockerfile": ("Dockerfile", f"FROM a\n{_NOTE}\nCMD b\n", {2, 3}),
    "YAML": ("c.yaml", f"a: 1\nb: 2  {_NOTE}\n", {2}),
    "TOML, CRLF": ("p.toml", f"a = 1\r\nb = 2  {_NOTE}\r\n", {2}),
    "form feed": ("c.yaml", f"a: 1\x0c\nb: 2  {_NOTE}\n", {2}),
    "noqa": ("a.py", "x = 1  # noqa: TEL301 why\n", {1}),
    "noqa of others": ("a.py", "x = 1  # NOQA:E501, TEL301 why\n", {1}),
    "behind noqa": ("a.py", f"x = 1  # noqa: E501 {_NOTE}\n", {1}),
    "another code": ("a.py", "x = 1  # telemetry: ignore[TEL302] why\n", set()),
    "behind an instruction": ("Dockerfile", f"FROM a\nCMD b  {_NOTE}\n", set()),
    "in a command": ("Dockerfile", f'FROM a\nRUN echo "{_NOTE}" > note && make\n', set()),
    "quoted in a script": ("run.sh", f"echo \"{_NOTE}\"\necho '\n{_NOTE}\n'\nrun  {_NOTE}\n", {5}),
    "no blank in a script": ("run.sh", f"echo a{_NOTE}\nrun a  {_NOTE}\n", {2}),
    "a text in a script": ("run.sh", f"cat <<E\n{_NOTE}\nE\nrun a  {_NOTE}\n", {4}),
    "no text in a script": ("run.sh", f"cat <<<E\necho '<<E'\nrun a  {_NOTE}\n", {3}),
    "quoted in YAML": ("c.yaml", f"a: \"{_NOTE}\"\nb: 'it''s\n  {_NOTE}'\nc: it's  {_NOTE}\n", {4}),
    "a text in YAML": ("c.yaml", f"a: |\n  b  {_NOTE}\nc: d  {_NOTE}\n", {2, 3}),
    "quoted in TOML": ("p.toml", f'a = "{_NOTE}"\nb = """\n{_NOTE}\n"""\nc = 1 {_NOTE}\n', {5}),
    "requirements": ("requirements.txt", f"a#b  {_NOTE}\n", {1}),
    "Procfile": ("Procfile", f"web: b  {_NOTE}\n", {1}),
    "JSON": ("app.json", f'{{"a": "{_NOTE}"}}\n', set()),
    "unknown": ("shop.service", f"a=b  {_NOTE}\n", {1}),
    "broken": ("a.py", f"x = (  {_NOTE}\n", set()),
}
_WRONG: Final = {
    "x = 1  # telemetry: ignore[TEL301] it has to": ["TEL003"],
    "x = 1  # telemetry: ignore[TEL301]": ["TEL003"],
    "x = 1  # telemetry: ignore[TEL999] it has to": ["TEL003"],
    "x = 1  # telemetry: ignore[tel301] it has to": ["TEL003"],
    "x = 1  # telemetry: ignore": ["TEL004"],
    "x = 1  # telemetry: ignore[] it has to": ["TEL004"],
    "x = 1  # telemetry: ignore[TEL201] did not run": [],
    "x = 1  # noqa: E501": [],
    "x = 1  # noqa: TEL301": ["TEL003"],
    "print(1)  # telemetry: ignore[TEL301]": ["TEL004"],
    "print(1)  # telemetry:ignore[TEL301]": ["TEL004"],
    "print(1)  #telemetry:  ignore[TEL301] it has to": [],
    "print(1)  # noqa: TEL301  # type: ignore": ["TEL004"],
    "print(1)  # telemetry: ignore[TEL301] #12 asks for it": [],
    "print(1)  # telemetry: ignore[TEL301, TEL302] it has to": ["TEL003"],
    "print(1)  # telemetry: ignore[TEL301] one  # noqa: TEL301 two": [],
}

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


@pytest.mark.parametrize("name", _HOLDS)
def test_where_a_comment_holds(name: str) -> None:
    """It holds for its statement and the one below, and nowhere else."""
    file, text, expected = _HOLDS[name]
    path = Path("/tree") / file
    held = set()
    for row in range(1, 9):
        problem = Problem("TEL301", "", Spot(path, row), "")
        if any(each.holds(problem) for each in pragmas_of(path, text)):
            held.add(row)
    assert held - {len(text.splitlines()) + 1} == expected - {len(text.splitlines()) + 1}
    assert has_pragma(text.encode())


@pytest.mark.parametrize("text", _WRONG)
def test_what_is_wrong_with_a_comment(text: str) -> None:
    """One that nothing needs, that names nothing we know, or does not say why."""
    path = Path("/tree/a.py")
    pragmas = pragmas_of(path, text + "\n")
    if text.startswith("print"):
        [each.holds(Problem("TEL301", "", Spot(path, 1), "")) for each in pragmas]
    ran = frozenset({"TEL301", "TEL302"})
    assert [each.code for each in judge_pragmas(pragmas, _of(ran), {*ran, "TEL201"})] == _WRONG[text]


def _of(ran: Collection[str]) -> Callable[[str, Path], bool]:
    return lambda code, _: code in ran


def _said(rows: Collection[str]) -> list[str]:
    return [f"{row.split()[1]} {row.split(':')[1]}" for row in rows]


def test_comments_in_a_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count in sources and deployment files; --fix takes those that are stale."""
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, {**BAD, "shop/work.py": f"print(1)  {_NOTE}\nx = 1  {_NOTE}\n"})
    lay(tmp_path, {"Dockerfile": BAD["Dockerfile"].replace("COPY", f"{_NOTE}\nCOPY")})
    assert sorted(_said(lint(capsys, "--ignore", "TEL101")[1])) == ["TEL003 2", "TEL003 2"]
    assert _said(lint(capsys, "--select", "TEL1")[1]) == ["TEL101 5"]
    assert lint(capsys, "--ignore", "TEL101", "--fix")[:2] == (0, [])
    assert (tmp_path / "shop/work.py").read_text() == f"print(1)  {_NOTE}\nx = 1\n"
    assert (tmp_path / "Dockerfile").read_text() == BAD["Dockerfile"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"# coding: latin-1\n\xe9 = '\xe9\xe4'\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_stale_comment_is_cut_out_to_the_byte(
    mark: bytes, end: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Encoding, mark and line ends stay as they were."""
    head = mark.replace(b"\n", end)
    note = _NOTE.encode()
    rows = [b"x = 1", b"  " + note, b"y = '\\t'" + end + note + end + b"z = 2" + end]
    lay(tmp_path, {**GOOD, "shop/work.py": head + rows[0] + rows[1] + end + rows[2]})
    assert lint(capsys, tmp_path, "--fix")[0] == 0
    assert (tmp_path / "shop/work.py").read_bytes() == head + rows[
        0
    ] + end + b"y = '\\t'" + end + b"z = 2" + end


_CUT: Final = {
    "behind another": ("a.py", f"w = 1  {_NOTE}  # noqa: E501\n", "w = 1  # noqa: E501\n"),
    "before another": ("a.py", f"w = 1  # noqa: E501  {_NOTE}\n", "w = 1  # noqa: E501\n"),
    "one of two": (
        "a.py",
        "w = 1  # telemetry: ignore[ TEL301,TEL201] - why  # noqa: E501\n",
        "w = 1  # telemetry: ignore[TEL201] - why  # noqa: E501\n",
    ),
    "a script": ("run.sh", f"a  {_NOTE}\n", "a\n"),
    "above an instruction": ("Dockerfile", f"FROM a\n{_NOTE}\nCMD b\n", "FROM a\nCMD b\n"),
    # Who reads these rows is not known, or would read the next one otherwise.
    "below a continued line": ("run.sh", f"a \\\n{_NOTE}\nb\n", ""),
    "a text in YAML": ("c.yaml", f"a: |\n  b  {_NOTE}\n", ""),
    "a text in a Dockerfile": ("Dockerfile", f"RUN <<E\n{_NOTE}\nE\n", ""),
    "above a directive": ("Dockerfile", f"{_NOTE}\n# escape=`\nFROM a\n", ""),
    "an argument": ("shop.service", f"ExecStart=a  {_NOTE}\n", ""),
}


@pytest.mark.parametrize("name", _CUT)
def test_what_is_cut_out(name: str) -> None:
    """Only the comment goes, and only where the file means the same without it."""
    file, text, after = _CUT[name]
    ran = frozenset({"TEL301"})
    path = Path("/tree") / file
    [found] = judge_pragmas(pragmas_of(path, text), _of(ran), {*ran, "TEL201"})
    edits = found.fix.edits if found.fix else ()
    assert [text[: each.begin] + each.text + text[each.end :] for each in edits] == ([after] if after else [])
