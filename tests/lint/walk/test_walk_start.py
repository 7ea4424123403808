"""The start of services beyond single cases: what serves, foreign bootstraps, shared modules, odd files."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.checks.registry import page
from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.source import Sources
from ameide_telemetry.lint.verdict import judge
from ameide_telemetry.lint.walk.walker import serves, walk
from ameide_telemetry.lint.why import why
from lint.kit import CASES, read_case
from lint.walk.starting import OURS, entrypoint, found, from_dockerfile, judged

if TYPE_CHECKING:
    from pathlib import Path

_SERVING = {
    "import uvicorn\nuvicorn.run('a:app')\n": True,
    "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('a:app')\n": True,
    "from http.server import HTTPServer as S\nS(('', 1), None).serve_forever()\n": True,
    "import grpc\ndef main():\n    s = grpc.server(None)\n    s.wait_for_termination()\nmain()\n": True,
    "from flask import Flask\nFlask('a').run()\n": True,
    "from celery import Celery\nCelery().worker_main(['worker'])\n": True,
    "from rq import Worker\nWorker(['q']).work()\n": True,
    "import asyncio, uvicorn\nasyncio.run(uvicorn.Server(uvicorn.Config('a:app')).serve())\n": True,
    "from flask import Flask\napp = Flask('a')\n": False,
    "import uvicorn\ndef main():\n    uvicorn.run('a:app')\n": False,
    "print('done')\n": False,
    "def (": False,
}


@pytest.mark.parametrize(("source", "answer"), _SERVING.items())
def test_a_file_that_serves_is_known(source: str, answer: bool, tmp_path: Path) -> None:
    """A script is a service if running it leads to a server, whatever that is called by."""
    path = tmp_path / "main.py"
    path.write_text(source, encoding="utf-8")
    assert serves(path, None, Sources(), Roots([tmp_path]).find) is answer
    if source.count("def main"):
        assert serves(path, "main", Sources(), Roots([tmp_path]).find)


def test_a_bootstrap_of_the_tree_is_an_event_and_is_not_entered(tmp_path: Path) -> None:
    """A company's own bootstrap counts by its name, by another name for it, and by a re-export."""
    files = {
        "shop/__init__.py": "",
        "shop/telemetry/__init__.py": "from .impl import start as setup\n",
        "shop/telemetry/impl.py": "import nothing\n\n\ndef start():\n    nothing.at_all()\n",
        "a.py": "from shop import telemetry\nfrom flask import Flask\ntelemetry.setup()\napp = Flask('a')\n",
        "b.py": "from shop.telemetry.impl import start\nfrom flask import Flask\nstart()\napp = Flask('a')\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for module in ("a", "b"):
        start = entrypoint(tmp_path, ["gunicorn", f"{module}:app"])
        result = judged(start, Sources(), ("shop.telemetry.setup",))
        assert result.verdict.word == "ok", why(result)
        assert result.verdict.spot.line == 3
        assert judged(start, Sources()).verdict.word == "missing"


def test_modules_that_can_bring_nothing_are_not_parsed(tmp_path: Path) -> None:
    """What is not relevant is imported by name only; paths that were not there are kept."""
    (tmp_path / "big.py").write_text("def (", encoding="utf-8")
    text = "from big import thing\nimport missing\nfrom flask import Flask\n\napp = Flask(thing)\n"
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    start = entrypoint(tmp_path, ["gunicorn", "a:app"])
    find, sources = Roots([tmp_path]).find, Sources()
    trail = walk(start, sources, OURS, find, relevant=lambda path: path.name != "big.py")
    assert (trail.unread, judge(start, trail, sources).word) == ((), "missing")
    assert trail.imported == (tmp_path / "a.py",)
    assert tmp_path / "missing.py" in trail.looked_for
    whole = judged(start, sources)
    assert (whole.trail.unread, whole.verdict.word) == ((tmp_path / "big.py",), "unresolved")


def test_a_shared_module_must_not_call_the_bootstrap_at_import(tmp_path: Path) -> None:
    """Two services of different folders that import it make it a library; two roles of one folder do not."""
    (tmp_path / "common.py").write_text(
        "from ameide_telemetry import init_telemetry\n\ninit_telemetry('x')\n", encoding="utf-8"
    )
    (tmp_path / "a.py").write_text(
        "import common\nfrom flask import Flask\n\napp = Flask('a')\n", encoding="utf-8"
    )
    start, sources = entrypoint(tmp_path, ["gunicorn", "a:app"]), Sources()
    result = judged(start, sources)
    served = {tmp_path / "common.py": ("shop", "billing")}
    check = next(each for each in ENTRYPOINT_CHECKS if each.code == "TEL106")
    for folder, count in ((tmp_path / "billing", 1), (tmp_path, 0)):
        other = replace(start, service="billing", folder=folder)
        scene = Scene(OURS, sources, (start, other), served)
        problems = list(check.look(result, scene))
        assert len(problems) == count
        assert all(each.spot.path.name == "common.py" for each in problems)


def test_the_way_is_shown_as_a_tree(tmp_path: Path) -> None:
    """The reason of a verdict names each import and call that leads to it, with its file and line."""
    case = read_case(CASES / "walk" / "ok_helper_under_alias.txtar")
    text = why(judged(from_dockerfile(case.lay_out(tmp_path)), Sources()))
    assert text.split("\n") == [
        "shop shop.asgi:app: ok",
        "  The bootstrap is called before anything else matters.",
        "  Dockerfile:3  dockerfile: uvicorn shop.asgi:app",
        "  Dockerfile:3  imports shop",
        "    shop/__init__.py:3  calls boot()",
        "      shop/boot.py:5  start('shop')  <- the bootstrap is called",
        "  Dockerfile:3  imports shop.asgi",
        "    shop/asgi.py:3  calls create_app()",
        "      shop/factory.py:5  FastAPI()  <- the application is made",
    ]


def test_what_is_given_away_is_named_with_its_taker(tmp_path: Path) -> None:
    """Who is asked to declare what is served could not cure that: the call itself has to be seen."""
    case = read_case(CASES / "unresolved" / "proxy.txtar")
    sources = Sources()
    result = judged(from_dockerfile(case.lay_out(tmp_path)), sources)
    line = "made(), given to lazy_object_proxy.Proxy"
    text = why(result)
    assert f"  The source does not say whether this is called: {line}.\n" in text
    assert f"{line}  <- it may be called, and nobody sees that" in text
    check = next(each for each in ENTRYPOINT_CHECKS if each.code == "TEL002")
    assert [each.hint for each in check.look(result, Scene(OURS, sources, (result.entrypoint,)))] == [
        "call the bootstrap itself, before the application is made, and not through somebody else"
    ]


_ODD = {
    "deep": "app = " + "f(" * 150 + ")" * 150 + "\n",
    "sum": "app = " + " + ".join(["x"] * 4000) + "\n",
    "dots": "import a\napp = a" + ".b" * 3000 + "\n",
    "bomb": "".join(f"def f{i}(x):\n    return f{i + 1}(x), f{i + 1}(lambda: x)\n" for i in range(40))
    + "app = f0(1)\n",
    "loops": "for a in range(9):\n"
    + "".join(f"{' ' * i}for b{i} in (1, 2, 3):\n" for i in range(1, 18))
    + " " * 18
    + "f()\n",
    "classes": "class A: pass\nclass A(A): pass\nclass B(A, A): x = A\nB.B = B\napp = B().x.x.x\n",
    "self": "x = []\nx.append(x)\nx += x\napp = x[0][0]\napp.a = app\n",
    "super": "class A:\n    def __init__(self): super().__init__(); super(A, self).x()\napp = A()\nsuper()\n",
    "star": "from . import *\nfrom .. import *\nfrom a import *\nfrom .a import app\n__all__ = [1, app]\n",
    "cycle": "import b\napp = b.app\n",
    "decorated": "@d\n@d.e(1)\n@(lambda f: f)\ndef app(): pass\n@app\nclass C: pass\n@C\ndef app(): yield\n",
    "assign": "a = b = (c, *d) = [e.f, g[h]] = 1\n(x := 2)\ndel a, e.f, g[h]\nx: int\nfor i.j in k: pass\n",
    "match": "match x:\n    case [1, *r] | {'a': r}: app = r\n    case A(b=c): pass\nwith a as b: pass\n",
    "nothing": "",
}


_COMMANDS = (["uvicorn", "a:app"], ["uvicorn", "--factory", "a:app.x"], ["python", "a.py"])


@pytest.mark.parametrize("name", _ODD)
def test_odd_sources_end_in_a_verdict(name: str, tmp_path: Path) -> None:
    """Whatever stands in a file that Python can parse, the walk comes to an end and to a verdict."""
    (tmp_path / "a.py").write_text(_ODD[name], encoding="utf-8")
    (tmp_path / "b.py").write_text("import a\napp = a.app\n", encoding="utf-8")
    for words in _COMMANDS[: 1 if name == "bomb" else None]:
        result = judged(entrypoint(tmp_path, words), Sources())
        assert result.verdict.word in {"missing", "unresolved"}
        assert why(result)


@pytest.mark.parametrize("code", ["TEL101", "TEL102", "TEL103", "TEL104", "TEL108"])
@pytest.mark.parametrize("heading", ["Wrong", "Right"])
def test_the_example_of_a_page_is_true(code: str, heading: str, tmp_path: Path) -> None:
    """What a page calls wrong has its finding, and what it calls right has none."""
    block = re.search(rf"## {heading}\n\n```python\n(.*?)\n```", page(code), re.DOTALL)
    assert block is not None
    text = block[1] if "app = " in block[1] else f"{block[1]}\nimport fastapi\napp = fastapi.FastAPI()"
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    sources = Sources()
    problems = found(judged(entrypoint(tmp_path, ["uvicorn", "a:app"]), sources), sources)
    assert [each.code for each in problems] == ([code] if heading == "Wrong" else [])
