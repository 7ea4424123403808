"""Fixes of how a service starts: what they write, that nothing is left to find, and what they leave alone."""

from __future__ import annotations

import ast
import tomllib
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from ameide_telemetry.cli.main import main
from ameide_telemetry.lint.checks.cures import unwrapped
from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.model import Spot
from ameide_telemetry.lint.naming import key_of, literal
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_INIT: Final = 'from ameide_telemetry import init_telemetry\n\ntelemetry = init_telemetry("shop")\n'
_APP: Final = "from fastapi import FastAPI\n\napp = FastAPI()\n"
_GOOD: Final = _INIT + _APP
_PROCFILE: Final = "web: uvicorn m:app\n"
_HOOKS: Final = (
    "from ameide_telemetry.integrations.gunicorn import logger_class, post_fork, worker_exit  # noqa: F401\n"
)
_FACTORY: Final = "def make():\n    app = FastAPI()\n    init_telemetry('shop')\n    return app\n"


class Row(NamedTuple):
    """One tree: its files, the option, and what becomes of one file."""

    option: str
    files: Mapping[str, str]
    name: str
    after: str


CURED: Final = {
    "missing": Row(
        "--unsafe-fixes",
        {"m.py": f'"""Doc."""\nfrom __future__ import annotations\n{_APP}', "Procfile": _PROCFILE},
        "m.py",
        '"""Doc."""\nfrom __future__ import annotations\nfrom ameide_telemetry import init_telemetry\n\n'
        f'init_telemetry("web")\n\n{_APP}',
    ),
    "late": Row(
        "--unsafe-fixes",
        {
            "m.py": f'from ameide_telemetry import init_telemetry\n{_APP}t = init_telemetry("shop")  # now\n',
            "Procfile": _PROCFILE,
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n"
        't = init_telemetry("shop")  # now\napp = FastAPI()\n',
    ),
    "late in a factory": Row(
        "--unsafe-fixes",
        {
            "m.py": "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
            + _FACTORY,
            "Procfile": "web: uvicorn --factory m:make\n",
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
        "def make():\n    init_telemetry('shop')\n    app = FastAPI()\n    return app\n",
    ),
    "a wrapper in a list": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "Dockerfile": 'FROM python\nCOPY . .\nCMD ["opentelemetry-instrument", "uvicorn", "m:app"]\n',
        },
        "Dockerfile",
        'FROM python\nCOPY . .\nCMD ["uvicorn", "m:app"]\n',
    ),
    "a wrapper in a row": Row(
        "--fix",
        {"m.py": _GOOD, "Procfile": "web: exec ddtrace-run uvicorn m:app\n"},
        "Procfile",
        "web: exec uvicorn m:app\n",
    ),
    "a wrapper in a script that the command runs": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "Dockerfile": 'FROM python\nCOPY . .\nCMD ["./run-ddtrace-run.sh"]\n',
            "run-ddtrace-run.sh": "#!/bin/sh\nexec ddtrace-run uvicorn m:app\n",
        },
        "run-ddtrace-run.sh",
        "#!/bin/sh\nexec uvicorn m:app\n",
    ),
    "missing, with a name full of marks": Row(
        "--unsafe-fixes",
        {
            "m.py": _APP,
            "Procfile": _PROCFILE,
            "pyproject.toml": '[tool.ameide_telemetry.services]\n\'a "b\\\' = "m:app"\n',
        },
        "m.py",
        'from ameide_telemetry import init_telemetry\n\ninit_telemetry("a \\"b\\\\")\n\n' + _APP,
    ),
    "late, with comments and a tab": Row(
        "--unsafe-fixes",
        {
            "m.py": "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
            "def make():\n\t# the app\n\tapp = FastAPI()  # served\n"
            "\tt = init_telemetry('shop')  # type: ignore[call-arg]  # start\n\treturn app\n",
            "Procfile": "web: uvicorn --factory m:make\n",
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\n\n\n"
        "def make():\n\tt = init_telemetry('shop')  # type: ignore[call-arg]  # start\n"
        "\t# the app\n\tapp = FastAPI()  # served\n\treturn app\n",
    ),
    "missing, behind a semicolon": Row(
        "--unsafe-fixes",
        {"m.py": f'"""Doc."""; from __future__ import annotations; {_APP}', "Procfile": _PROCFILE},
        "m.py",
        '"""Doc."""; from __future__ import annotations\nfrom ameide_telemetry import init_telemetry\n\n'
        f'init_telemetry("web")\n\n{_APP}',
    ),
    "hooks of gunicorn": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "gunicorn.conf.py": "preload_app = True\n",
            "Procfile": "web: gunicorn -c gunicorn.conf.py m:app\n",
        },
        "gunicorn.conf.py",
        f"{_HOOKS}preload_app = True\n",
    ),
}
LEFT_ALONE: Final = {
    "unsafe ones were not asked for": Row("--fix", {"m.py": _APP, "Procfile": _PROCFILE}, "m.py", _APP),
    "the call needs what stands between": Row(
        "--unsafe-fixes",
        {
            "m.py": f"from ameide_telemetry import init_telemetry\n{_APP}name = 'a'\ninit_telemetry(name)\n",
            "Procfile": _PROCFILE,
        },
        "m.py",
        f"from ameide_telemetry import init_telemetry\n{_APP}name = 'a'\ninit_telemetry(name)\n",
    ),
    "what stands between uses what the call binds": Row(
        "--unsafe-fixes",
        {
            "m.py": "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\nt = None\n"
            'app = FastAPI(title=t)\nt = init_telemetry("shop")\n',
            "Procfile": _PROCFILE,
        },
        "m.py",
        "from ameide_telemetry import init_telemetry\nfrom fastapi import FastAPI\nt = None\n"
        'app = FastAPI(title=t)\nt = init_telemetry("shop")\n',
    ),
    "hooks of its own": Row(
        "--fix",
        {
            "m.py": _GOOD,
            "gunicorn.conf.py": "preload_app = True\n\n\ndef post_fork(server, worker):\n    pass\n",
            "Procfile": "web: gunicorn -c gunicorn.conf.py m:app\n",
        },
        "gunicorn.conf.py",
        "preload_app = True\n\n\ndef post_fork(server, worker):\n    pass\n",
    ),
    "a wrapper with options": Row(
        "--fix",
        {"m.py": _GOOD, "Procfile": "web: opentelemetry-instrument --service_name shop uvicorn m:app\n"},
        "Procfile",
        "web: opentelemetry-instrument --service_name shop uvicorn m:app\n",
    ),
}


def _run(row: Row, folder: Path) -> int:
    for name, text in row.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return main(["lint", str(folder), "--no-cache", "--ignore=TEL4", row.option])


@pytest.mark.parametrize("row", CURED.values(), ids=CURED)
def test_what_is_cured_is_not_found_again(row: Row, tmp_path: Path) -> None:
    """The file is as a careful colleague would have left it, the lint is content, and does nothing more."""
    assert _run(row, tmp_path) == 0
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after
    assert main(["lint", str(tmp_path), "--no-cache", "--ignore=TEL4", row.option]) == 0
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after


@pytest.mark.parametrize("row", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_could_break_something_is_left_alone(row: Row, tmp_path: Path) -> None:
    """The finding stays, and so does the file."""
    assert _run(row, tmp_path) == 1
    assert (tmp_path / row.name).read_text(encoding="utf-8") == row.after


_OTEL: Final = "opentelemetry-instrument"
_COMPOSE: Final = "services:\n  web:\n    command:"
# File, what stands in front of the command, the command, and what is left of it; empty for no fix.
UNWRAPPED: Final = (
    ("Dockerfile", "", 'CMD ["logfire","run","uvicorn","m:app"]', 'CMD ["uvicorn","m:app"]'),
    ("Dockerfile", "", 'CMD ["newrelic-admin", "run-program", "uvicorn"]', 'CMD ["uvicorn"]'),
    ("Dockerfile", "", "CMD newrelic-admin run-program uvicorn m:app", "CMD uvicorn m:app"),
    (
        "Dockerfile",
        "",
        f"CMD echo {_OTEL} on && {_OTEL} uvicorn m:app",
        f"CMD echo {_OTEL} on && uvicorn m:app",
    ),
    ("Dockerfile", "", f'CMD ["{_OTEL}", \\\n  "uvicorn"]', 'CMD ["uvicorn"]'),
    ("Dockerfile", "", f"CMD exec \\\n  {_OTEL} \\\n  uvicorn m:app", "CMD exec \\\n  uvicorn m:app"),
    ("Dockerfile", "", f'CMD ["/usr/bin/{_OTEL}", "uvicorn"]', 'CMD ["uvicorn"]'),
    (
        "Dockerfile",
        "",
        f'CMD ["sh", "-c", "exec {_OTEL} uvicorn a:b"]',
        'CMD ["sh", "-c", "exec uvicorn a:b"]',
    ),
    ("Procfile", "", f"web: uv run {_OTEL} uvicorn m:app", "web: uv run uvicorn m:app"),
    ("compose.yaml", _COMPOSE, f" ['{_OTEL}', 'uvicorn']", " ['uvicorn']"),
    ("compose.yaml", _COMPOSE, f" '{_OTEL} uvicorn m:app'", " 'uvicorn m:app'"),
    ("compose.yaml", _COMPOSE, f" [\n      {_OTEL},\n      uvicorn,\n    ]", " [\n      uvicorn,\n    ]"),
    (
        "compose.yaml",
        _COMPOSE,
        f"\n    - '{_OTEL}'\n    - uvicorn\n    - m:app",
        "\n    - uvicorn\n    - m:app",
    ),
    ("compose.yaml", _COMPOSE, f"\n    - sh\n    - -c\n    - {_OTEL} a b", "\n    - sh\n    - -c\n    - a b"),
    ("compose.yaml", _COMPOSE, f" >-\n      {_OTEL}\n      uvicorn m:app", " >-\n      uvicorn m:app"),
    ("web.service", "[Service]\n", f"ExecStart=/v/{_OTEL} /v/uvicorn m:app", "ExecStart=/v/uvicorn m:app"),
    # systemd looks for the second program elsewhere; what follows is no command, or another one than before.
    ("web.service", "[Service]\n", f"ExecStart=/v/{_OTEL} uvicorn m:app", ""),
    ("Dockerfile", "", f'ENTRYPOINT ["{_OTEL}"]', ""),
    ("Dockerfile", "", f'CMD ["{_OTEL}", "--service_name", "a", "uvicorn"]', ""),
    ("Dockerfile", "", 'CMD ["logfire", "run", "-m", "uvicorn"]', ""),
    ("Dockerfile", "", 'CMD ["logfire", "run", "main.py"]', ""),
    ("Procfile", "", f"web: {_OTEL} uvicorn a:b & {_OTEL} uvicorn c:d", ""),
    ("compose.yaml", _COMPOSE, f"\n    - {_OTEL}  # traces\n    - uvicorn", ""),
)


@pytest.mark.parametrize(("name", "head", "command", "after"), UNWRAPPED)
def test_a_wrapper_goes_with_its_words_and_nothing_else(
    name: str, head: str, command: str, after: str, tmp_path: Path
) -> None:
    """Whatever form the command has; no fix where anything else would be started."""
    text = f"{head}{command}\n"
    path = tmp_path / name
    path.write_bytes(text.encode())
    wrapper = next(each for each in (_OTEL, "logfire", "newrelic-admin") if each in command)
    found = unwrapped(Spot(path, head.count("\n") + 1), wrapper)
    made = [text[: each.begin] + each.text + text[each.end :] for each in (found.edits if found else ())]
    assert made == ([f"{head}{after}\n"] if after else [])


_ODD_NAMES: Final = ('a "b\\', "a.b c", "größe", "\x1b[1m", "plain-name_1")


@pytest.mark.parametrize("name", _ODD_NAMES)
def test_hints_can_be_taken_as_they_are(name: str, tmp_path: Path) -> None:
    """A row for the table of services is TOML, and a call is Python, whatever a service is called."""
    key = key_of(name)
    assert tomllib.loads(f'{key} = "m:app"') == {name: "m:app"}
    assert ast.literal_eval(literal(name)) == name
    table = f'[tool.ameide_telemetry.services]\n{key} = "nope:app"\n'
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    (tmp_path / "m.py").write_text(_APP, encoding="utf-8")
    config = read_config(tmp_path, [tmp_path / "pyproject.toml"])
    hints = [each.hint for each in Linter(Tree.of(tmp_path), config, Store(None, "")).run().problems]
    assert [f"`{key} = {{ app" in each for each in hints] == [True]
