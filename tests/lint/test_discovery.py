"""What is deployed, by the strongest evidence that there is, and what is said of what cannot be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.discovery import Discovery, discover
from ameide_telemetry.lint.services import Declared
from ameide_telemetry.lint.source import Sources
from lint.targets.aiming import command, plant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Command


@dataclass(frozen=True)
class _Tree:
    root: Path
    files: tuple[Path, ...]

    def paths(self) -> tuple[Path, ...]:
        return self.files


def _discovered(
    top: Path,
    files: Mapping[str, str],
    commands: Sequence[Command],
    services: Mapping[str, str] | None = None,
    serves: Callable[[Path, str, tuple[Path, ...]], bool] | None = None,
) -> Discovery:
    rows = [Declared(name, app, "", top, top / "pyproject.toml", 7) for name, app in (services or {}).items()]
    return discover(commands, _Tree(top, tuple(plant(top, files))), Sources(), rows, serves=serves)


def _rows(found: Discovery) -> list[str]:
    return [
        f"{entry.service} {entry.target.name} {'+'.join(each.kind for each in entry.evidence)}"
        for entry in found.entrypoints
    ]


_APP = "from fastapi import FastAPI\napp = FastAPI()\n"
_UVICORN = ("uvicorn", "shop.asgi:app")


def test_the_same_target_of_one_service_is_one_entrypoint(tmp_path: Path) -> None:
    """All its evidence is kept, the strongest first, and what only one of the commands says counts."""
    commands = [
        command(
            tmp_path,
            ("opentelemetry-instrument", *_UVICORN),
            kind="compose",
            name="compose.yaml",
            service="web",
        ),
        command(
            tmp_path,
            _UVICORN,
            {"OTEL_SERVICE_NAME": "store", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other"},
        ),
    ]
    found = _discovered(tmp_path, {"shop/asgi.py": _APP}, commands)
    assert _rows(found) == ["web shop.asgi:app dockerfile+compose"]
    [entry] = found.entrypoints
    assert entry.target.wrappers == ("opentelemetry-instrument",)
    assert [name for name, _ in entry.names] == ["store", "other"]
    assert (entry.target.path, entry.folder, entry.roots) == (
        tmp_path / "shop/asgi.py",
        tmp_path,
        (tmp_path,),
    )


_NAMES: list[tuple[dict[str, str], str, str, str]] = [
    ({"shop/asgi.py": _APP}, "", "", "shop"),
    ({"shop/asgi.py": _APP}, "", "web", "web"),
    ({"shop/asgi.py": _APP, "pyproject.toml": "[project]\nname='orders'\n"}, "", "web", "orders"),
    ({"svc/shop/asgi.py": _APP, "svc/Dockerfile": ""}, "svc", "web", "svc"),
]


@pytest.mark.parametrize(("files", "context", "said", "expected"), _NAMES)
def test_a_service_has_a_name(
    files: dict[str, str], context: str, said: str, expected: str, tmp_path: Path
) -> None:
    """The project's, else the folder's; for the folder of a checkout the deployment's or the module's."""
    [entry] = _discovered(
        tmp_path, files, [command(tmp_path, _UVICORN, context=context, service=said)]
    ).entrypoints
    assert entry.service == expected


def test_one_module_name_in_two_services_is_two_entrypoints(tmp_path: Path) -> None:
    """Each is looked up from its own folder."""
    files = {
        f"{name}/{file}": text for name in ("a", "b") for file, text in (("app.py", _APP), ("Dockerfile", ""))
    }
    commands = [command(tmp_path, ("uvicorn", "app:app"), context=name) for name in ("a", "b")]
    found = _discovered(tmp_path, files, commands)
    assert _rows(found) == ["a app:app dockerfile", "b app:app dockerfile"]
    assert [entry.target.path for entry in found.entrypoints] == [
        tmp_path / "a/app.py",
        tmp_path / "b/app.py",
    ]


_Image = tuple[dict[str, str], tuple[str, ...], dict[str, str], str, str]
_IMAGES: list[_Image] = [
    ({"svc/shop/asgi.py": "app=1"}, _UVICORN, {"/app": "svc"}, "/app", "svc"),
    ({"svc/shop/asgi.py": "app=1"}, _UVICORN, {"/app/shop": "svc/shop"}, "/app", ""),
    ({"shop/asgi.py": "app=1"}, ("uvicorn", "--app-dir", "/app", "shop.asgi:app"), {"/app": ""}, "/", ""),
    (
        {"svc/shop/asgi.py": "app=1"},
        ("env", "PYTHONPATH=/lib", *_UVICORN),
        {"/lib/shop": "svc/shop"},
        "/app",
        "",
    ),
    ({"svc/shop/asgi.py": "app=1"}, ("env", "PYTHONPATH=lib", *_UVICORN), {"/app/lib": "svc"}, "/app", ""),
    ({"svc/shop/asgi.py": "app=1"}, ("python", "/app/shop/asgi.py"), {"/app": "svc"}, "/app", "svc"),
    (
        {"svc/shop/asgi.py": "app=1", "shop/asgi.py": ""},
        ("python", "shop/asgi.py"),
        {"/app/shop": "svc/shop"},
        "/app",
        "",
    ),
    ({"shop/asgi.py": "app=1"}, ("python", "/opt/x/shop/asgi.py"), {}, "", ""),
    ({"shop/asgi.py": "app=1"}, ("gunicorn", "--chdir", "/opt/x/shop", "asgi:app"), {}, "", ""),
    ({"svc/src/shop/asgi.py": "app=1", "svc/setup.py": ""}, _UVICORN, {"/app": "svc"}, "/app", "svc"),
    (
        {"deep/svc/src/shop/asgi.py": "app=1", "deep/svc/setup.py": "", "other/setup.py": ""},
        _UVICORN,
        {},
        "",
        "k8s",
    ),
]


@pytest.mark.parametrize("row", _IMAGES, ids=lambda row: f"{row[1][-1]} {row[2]}")
def test_folders_of_the_image_stand_for_folders_here(row: _Image, tmp_path: Path) -> None:
    """Absolute paths, PYTHONPATH and what was copied into a folder lead to the first file of each row."""
    files, words, copied, workdir, context = row
    given = command(tmp_path, words, context=context, copied=copied, workdir=workdir)
    found = _discovered(tmp_path, files, [given])
    assert [entry.target.path for entry in found.entrypoints] == [tmp_path / next(iter(files))]
    assert not found.problems


def test_a_target_that_is_not_there_is_a_problem_with_the_edit(tmp_path: Path) -> None:
    """It stands where the words stand; the entrypoint is shown too, without a file."""
    found = _discovered(
        tmp_path, {"shop/asgi.py": _APP}, [command(tmp_path, ("uvicorn", "shop.asgi:ap"))] * 2
    )
    [problem] = found.problems
    assert (problem.code, problem.spot.path.name, problem.hint) == (
        "TEL002",
        "Dockerfile",
        "write `shop.asgi:app`",
    )
    assert "`shop.asgi:ap`" in problem.message
    assert "shop/asgi.py" in problem.message
    assert [entry.target.path for entry in found.entrypoints] == [None]


def test_the_table_of_services_overrides(tmp_path: Path) -> None:
    """What it says is served, problems of that service are gone; its mistakes are problems at its line."""
    files = {"shop/asgi.py": _APP, "pyproject.toml": "[project]\nname='shop'\n", "work.py": "def go(): ...\n"}
    commands = [command(tmp_path, ("uvicorn", "shop.load:app")), command(tmp_path, _UVICORN)]
    found = _discovered(tmp_path, files, commands, {"shop": "shop.asgi:app"})
    assert (_rows(found), found.problems) == (["shop shop.asgi:app declared+dockerfile"], ())
    found = _discovered(tmp_path, files, [], {"a": "work:go", "b": "work.py", "c": "work", "d": "wrok:go"})
    kinds = [(entry.service, entry.target.kind, entry.target.path is not None) for entry in found.entrypoints]
    assert kinds == [
        ("a", "function", True),
        ("b", "file", True),
        ("c", "module", True),
        ("d", "asgi", False),
    ]
    [problem] = found.problems
    assert (problem.spot.line, problem.hint) == (7, "write `work:go`")


_SERVING = "import uvicorn\ndef go():\n    uvicorn.run('x:y')\nasync def main():\n    while True: ...\n"
_MAIN = "if __name__ == '__main__':\n    import asyncio\n    asyncio.run(main())\n"
_FALLBACKS: list[tuple[str, dict[str, str], list[str]]] = [
    ("an application", {"shop/asgi.py": _APP}, ["shop shop.asgi:app code"]),
    (
        "aside",
        {
            "tests/asgi.py": _APP,
            "docs/a.py": _APP,
            "examples/b.py": _APP,
            "tools/c.py": _APP,
            "test_d.py": _APP,
        },
        [],
    ),
    ("a main block that serves", {"work.py": _SERVING + _MAIN}, ["work work.py main"]),
    ("a main block that does not", {"work.py": "def main(): ...\n" + _MAIN}, []),
    ("a package that serves", {"shop/__main__.py": _SERVING + "go()\n"}, ["shop shop.__main__ main"]),
    ("a main block beats code", {"work.py": _APP + _SERVING + _MAIN}, ["work work.py main"]),
    (
        "django",
        {"site1/wsgi.py": "import django.core.wsgi as w\napplication = w.get_wsgi_application()\n"},
        ["site1 site1.wsgi:application code"],
    ),
    ("a factory's", {"a/web.py": "from a.f import create_app\napp = create_app()\n"}, ["a a.web:app code"]),
    ("a client of a queue", {"a/q.py": "from celery import Celery\napp = Celery()\n"}, []),
    (
        "a package in a folder",
        {"back/app/__init__.py": "", "back/app/main.py": _APP},
        ["app app.main:app code"],
    ),
    ("a loop that ends", {"work.py": "def main():\n    while True:\n        break\n" + _MAIN}, []),
    ("bytes", {"bad.py": "FastAPI( \0"}, []),
]


@pytest.mark.parametrize(
    ("files", "expected"), [row[1:] for row in _FALLBACKS], ids=[row[0] for row in _FALLBACKS]
)
def test_without_a_deployment_the_code_tells(
    files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    """What serves when it is run, and applications at the top level, count; not beside a deployment."""
    assert _rows(_discovered(tmp_path, files, [])) == expected
    deployed = {"app.py": _APP, **files}
    found = _discovered(tmp_path, deployed, [command(tmp_path, ("uvicorn", "app:app"))])
    assert _rows(found) == ["app app:app dockerfile"]


def test_a_project_inside_of_a_service_is_a_part_of_it(tmp_path: Path) -> None:
    """Nobody deploys it by itself; a project beside a deployed one is another service."""
    files = {
        "svc/Dockerfile": "",
        "svc/a.py": _APP,
        "svc/in/setup.py": "",
        "svc/in/b.py": _APP,
        "other/c.py": _APP,
    }
    found = _discovered(tmp_path, files, [command(tmp_path, ("uvicorn", "a:app"), context="svc")])
    assert _rows(found) == ["other other.c:app code", "svc a:app dockerfile"]


def test_what_tests_deploy_is_no_service(tmp_path: Path) -> None:
    """Neither a deployment file of tests counts, nor a file of tests that another one starts."""
    files = {"app.py": _APP, "tests/e2e/mock.py": _APP}
    commands = [
        command(tmp_path, ("uvicorn", "app:app"), name="tests/compose.yaml"),
        command(tmp_path, ("python", "tests/e2e/mock.py")),
        command(tmp_path, ("python", "mock.py"), context="tests/e2e"),
    ]
    assert [row for row in _rows(_discovered(tmp_path, files, commands)) if not row.endswith("code")] == []


def test_scripts_count_only_if_they_serve(tmp_path: Path) -> None:
    """A project script or a helper line of a shell script is asked; what an image runs by itself is not."""
    files = {"work.py": "def go(): ...\n", "pyproject.toml": "[project]\nname='w'\nscripts={w='work:go'}\n"}
    script = command(tmp_path, ("w",), kind="script", name="pyproject.toml", text="w = work:go")
    image = command(tmp_path, ("python", "work.py"))
    asked: list[tuple[str, str]] = []

    def serves(path: Path, function: str, roots: tuple[Path, ...]) -> bool:
        assert roots
        asked.append((path.name, function))
        return function == "go"

    assert _rows(_discovered(tmp_path, files, [script])) == []
    assert _rows(_discovered(tmp_path, files, [script], serves=serves)) == ["w work:go script"]
    assert _rows(_discovered(tmp_path, files, [image])) == ["w work.py dockerfile"]
    assert ("work.py", "go") in asked


_SCRIPT = """#!/bin/sh
python prepare.py

case $1 in
  worker) python work.py ;;
  beat)
    # the clock
    python \\
      work.py
    ;;
esac
python prepare.py
if true; then
  exec python work.py
fi
python prepare.py && nginx
python work.py
"""


def test_only_the_end_of_a_branch_of_a_script_counts_without_serving(tmp_path: Path) -> None:
    """What prepares the start of a server is no process of its own; the last line of each role is."""
    lines = _SCRIPT.split("\n")
    at = [number for number, line in enumerate(lines, 1) if "python" in line]
    for number in at:
        name = "work.py" if "prepare" not in lines[number - 1] else "prepare.py"
        files = {
            "prepare.py": "",
            "work.py": "",
            "run.sh": _SCRIPT,
            "pyproject.toml": "[project]\nname='w'\n",
        }
        text = lines[number - 1].strip()
        given = command(tmp_path, ("python", name), kind="shell", name="run.sh", text=text, line=number)
        expected = ["w work.py shell"] if name == "work.py" else []
        assert _rows(_discovered(tmp_path, files, [given])) == expected, text


@pytest.mark.parametrize(
    "odd", ["\0", "$", "-", "--", ":", "'", "é", "=", "/", "..", "a" * 9999, "-c", "-A", "${", "(", "\n", ""]
)
def test_no_words_make_it_raise(odd: str, tmp_path: Path) -> None:
    """Whatever stands behind a program, in front of it or instead of it, there is an answer."""
    programs = "uvicorn hypercorn granian daphne gunicorn fastapi flask celery dramatiq rq arq faust taskiq"
    programs += " huey_consumer python sh env uv poetry tini timeout su newrelic-admin streamlit hatch sanic"
    programs += " opentelemetry-instrument"
    variables = {"PYTHONPATH": odd, "GUNICORN_CMD_ARGS": odd, "FLASK_APP": odd}
    commands = [
        command(tmp_path, words, variables if full else {}, workdir=odd if full else "", copied={odd: ""})
        for program in programs.split()
        for words in ((program, odd), (program, odd, odd), (odd, program), (program, "-A", odd, "run", odd))
        for full in (False, True)
    ]
    assert discover(commands, _Tree(tmp_path, ()), Sources()) is not None
