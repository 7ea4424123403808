"""Files that cannot be understood: each says so, none is silent, none raises, none takes long."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.deployment.readers import commands
from lint.deployment.trees import read

if TYPE_CHECKING:
    from pathlib import Path

_IMAGE = "-- Dockerfile --\nFROM python\nCOPY . /a\nWORKDIR /a\n"
_SCRIPT = f'{_IMAGE}CMD ["./a.sh"]\n-- a.sh --\n'
_COMPOSE = "-- compose.yaml --\nservices:\n"

_TROUBLE = {
    "is no instruction": "-- Dockerfile --\nFROM x\nCMMD x\n",
    "It has no FROM": "-- Dockerfile --\nARG x\n",
    "before the first FROM": "-- Dockerfile --\nCMD x\n",
    "CMD is no JSON": f"{_IMAGE}CMD ['python', 'x.py']\n",
    "It sets more than": _IMAGE + "ENV A1=1\n" + "".join(f"ENV A{number}=1\n" for number in range(1_100)),
    "It copies more than": _IMAGE + "".join(f"COPY shop.py /{number}\n" for number in range(600)),
    "bytes and is not read": f"{_IMAGE}#{'x' * 2_100_000}\n",
    "The script `./a.sh` that is started here is not": f'{_IMAGE}CMD ["./a.sh"]\n',
    'a `"` is never closed': f'{_SCRIPT}python "\n',
    "nested too deep": f"{_SCRIPT}{'if a; then ' * 500}\n",
    "call one another more than 8 deep": f"{_SCRIPT}./b.sh\n-- b.sh --\n./a.sh\n",
    "calls itself more than": f"{_SCRIPT}f() {{ f; }}; f\n",
    "it is nested too deep.": _SCRIPT + "f() { " + "if a; then " * 40 + "f; " + "fi; " * 40 + "}; f\n",
    "takes more than": f"{_SCRIPT}f() {{ f; f; }}; f\n",
    "start too many other scripts": f"{_SCRIPT}"
    + "".join(f"./b.sh {n}\n" for n in range(250))
    + "-- b.sh --\nx\n",
    "Nothing here says what `$SERVER` is": f"{_IMAGE}CMD $SERVER shop:app\n",
    "nested deeper than": f"{_COMPOSE}  a: {'[' * 5_000}\n",
    "contains itself": f"{_COMPOSE}  a: &a\n    image: x\n    b: *a\n",
    "did not find expected": f"{_COMPOSE}  a: [b\n  c: d\n",
    "There is nothing to build at": f"{_COMPOSE}  a: {{build: nowhere}}\n",
    "has no stage": f"{_IMAGE}{_COMPOSE}  a: {{build: {{context: ., target: no}}}}\n",
    "extends itself": f"{_COMPOSE}  a: {{extends: a}}\n",
    "The quotes of this command": f'{_COMPOSE}  a: {{image: x, command: "python \'"}}\n',
    "`command` is a text": "-- k.yaml --\nkind: Pod\nspec: {containers: [{command: python x.py}]}\n",
    "before it is rendered": "-- k.yaml --\nkind: Pod\nspec:\n  containers:\n{{ .a }}:\n - b: {{ c\n",
    "no line of a Procfile": "-- Procfile --\nweb python\n",
    "has no command": "-- supervisord.conf --\n[program:a]\nx=y\n",
    "quotes of this ExecStart": "-- a.service --\n[Service]\nExecStart=a 'b\n",
    "This TOML cannot be read": "-- pyproject.toml --\n[project\n",
    "This file cannot be read": "-- setup.cfg --\nx\n",
    "It cannot be read: Expected": "-- fly.toml --\n[processes\n",
    "It cannot be read: Expecting property": "-- railway.json --\n{'deploy': 1}\n",
    "This JSON cannot be read": "-- taskdef.json --\n{\n",
    "more than 200 commands": "-- fly.toml --\n[processes]\n" + "".join(f"a{n} = 'x'\n" for n in range(300)),
    "quotes of this command are not": f'{_IMAGE}-- fly.toml --\n[processes]\na = "python \'"\n',
}
_PLATFORMS = (
    "--\nservices:\n- {name: a, startCommand: python x.py, rootDir: a, envVars: [{key: a, value: b}]}\n",
    "--\nruntime: python312\nentrypoint: python x.py\nenv_variables: {a: b}\n",
    '--\n{"containerDefinitions": [{"name": "a", "command": ["python"], "environment": [{"name": "b"}]}]}\n',
    '--\ncontainer { a = { name = "b", command = ["python", "x.py"], args = ["c"] } }\n',
    '--\n[processes]\na = "python x.py"\n[build]\ndockerfile = "Dockerfile"\n[start]\ncmd = "x"\n',
)


@pytest.mark.parametrize("message", _TROUBLE)
def test_trouble_is_said(message: str, tmp_path: Path) -> None:
    """What cannot be understood is a warning with its place and its cure."""
    problems = read(tmp_path, _TROUBLE[message]).problems
    assert any(message in problem.message for problem in problems), problems
    for problem in problems:
        assert (problem.code, problem.level) == ("TEL002", "warning")
        assert problem.hint
        assert problem.spot.path.is_relative_to(tmp_path)


def test_without_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML each file that needs it says how it is installed."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    reading = read(tmp_path, f"{_COMPOSE}  a: {{image: x}}\n-- other.yaml --\nfoo: bar\n")
    assert [problem.spot.path.name for problem in reading.problems] == ["compose.yaml"]
    assert 'pip install "ameide-telemetry[lint]"' in reading.problems[0].hint


def test_anchors_do_not_multiply(tmp_path: Path) -> None:
    """A file whose anchors stand for 2 to the power of 200 services is read like any other."""
    lines = [
        f"  a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], x: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 200)
    ]
    text = f"{_COMPOSE}  a0: &a0 {{image: x, command: y}}\n" + "\n".join(lines) + "\n"
    assert len(read(tmp_path, text).commands) == 200


def test_no_bytes_raise(tmp_path: Path) -> None:
    """Files whose bytes were changed at random give commands or problems, never an exception."""
    chance = random.Random(6)
    seeds = [text.encode() for text in (*_TROUBLE.values(), *_PLATFORMS) if len(text) < 1_000]
    names = ["Dockerfile", "compose.yaml", "k.yaml", "a.sh", "Procfile", "supervisord.conf", "a.service"]
    names += ["pyproject.toml", "setup.cfg", "setup.py", "fly.toml", "railway.json", "nixpacks.toml"]
    names += ["render.yaml", "app.yaml", "taskdef.json", "main.tf"]
    for _ in range(60):
        paths = [tmp_path / name for name in names]
        for path in paths:
            data = bytearray(chance.choice(seeds).partition(b"--\n")[2] or b"x")
            for _ in range(chance.randrange(6)):
                data[chance.randrange(len(data))] = chance.choice(b"\x00\xff'\"`${}[]()|&;\n\\ :-#")
            path.write_bytes(data)
        reading = commands([*paths, tmp_path / "gone" / "Dockerfile"], tmp_path)
        assert any("cannot be read" in problem.message for problem in reading.problems)
