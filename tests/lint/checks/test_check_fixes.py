"""Fixes of the checks: what they write, that it cures, and that there is nothing left to do."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

import pytest
import structlog

from ameide_telemetry.lint.dependencies import declared
from lint.checks.running import plant, problems, scene_of

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.model import Edit

_LOGGER = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
_OTHERS = (
    "import structlog\n\nadapter = logging.LoggerAdapter(logger, {})\n"
    "either = structlog.get_logger() if TESTS else logger\n\n\n"
)
_EVENTS = {
    'logger.info(f"charged {order}")': 'logger.info("charged", extra={"order": order})',
    'logger.info(f"charged: {order.id}.")': 'logger.info("charged", extra={"order_id": order.id})',
    'logger.info(f"done a={one} b={two}")': 'logger.info("done", extra={"one": one, "two": two})',
    'logger.warning("no stock for %s" % sku, exc_info=True)': (
        'logger.warning("no stock for", extra={"sku": sku}, exc_info=True)'
    ),
    'logger.error("no stock: {} ({})".format(sku, self.kind))': (
        'logger.error("no stock", extra={"sku": sku, "kind": self.kind})'
    ),
    'logger.exception("no stock " + str_sku)': 'logger.exception("no stock", extra={"str_sku": str_sku})',
    'logger.log(10, f"Größe “x” {größe_}: {order}")': "",
    'logger.info(f"Ärger mit {order}")': 'logger.info("Ärger mit", extra={"order": order})',
    'logger.exception(f"failed: {e}")': 'logger.exception("failed", extra={"error": e})',
    'logger.info(f"{order} charged")': "",
    'logger.info(f"charged {order} twice")': "",
    'logger.info(f"charged {order:>5}")': "",
    'logger.info(f"charged {len(order)}")': "",
    'logger.info(f"charged {email}")': "",
    'logger.info(f"charged {name}")': "",
    'logger.info(f"charged {order}", extra={"a": 1})': "",
    'logger.info(f"charged {order} %s", order)': "",
    'logger.info(f"charged {order}", **more)': "",
    'logger.info(f"100% of {order}")': "",
    'logger.info(f"charged {{all}} {order}")': 'logger.info("charged {all}", extra={"order": order})',
    'logger.info(f"[cache] missed {order}")': 'logger.info("[cache] missed", extra={"order": order})',
    'logger.info(f"said \\"no\\" {order}")': 'logger.info("said \\"no\\"", extra={"order": order})',
    "logger.info(f\"charged '{order}'.\")": 'logger.info("charged", extra={"order": order})',
    'logger.info(f"charged (order {order})")': "",
    'logger.info(f"charged {order}%")': "",
    'logger.info((f"charged {order}"))': "",
    'logger.info(f"charged {self}")': "",
    'adapter.info(f"charged {order}")': "",
    'either.info(f"charged {order}")': "",
}


def _applied(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in sorted(edits, key=lambda each: each.begin, reverse=True):
        text = text[: edit.begin] + edit.text + text[edit.end :]
    return text


def _fixed(top: Path, code: str, *, safe: bool) -> str:
    """Apply every fix of a check to the file that it is about, and return its text."""
    texts: dict[Path, str] = {}
    for each in sorted(problems(scene_of(top)), key=lambda one: one.spot, reverse=True):
        if each.code == code and each.fix is not None:
            assert each.fix.safe is safe
            path = each.fix.edits[0].path
            texts[path] = _applied(texts.get(path, path.read_bytes().decode()), each.fix.edits)
    for path, text in texts.items():
        path.write_bytes(text.encode())
    return next(iter(texts.values()), "")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_event_is_made_constant(tmp_path: Path, newline: str) -> None:
    """Values at the end become fields, whatever wrote them in; anything else is left to a person."""
    bodies = "".join(f"def f{number}():\n    {row}\n\n\n" for number, row in enumerate(_EVENTS))
    source = (_LOGGER + _OTHERS + bodies).replace("\n", newline)
    top = plant(tmp_path, {"shop.py": source})
    result = _fixed(top, "TEL302", safe=True)
    rows = [row.strip() for row in result.split(newline) if row.startswith("    ")]
    assert rows == [new or old for old, new in _EVENTS.items()]
    assert _fixed(top, "TEL302", safe=True) == ""


_TAKEN = {"level", "exc_info", "stack_info", "stacklevel", "extra", "positional_args"}


def _arguments() -> set[str]:
    """Return what the methods of structlog's loggers call their arguments."""
    loggers = (structlog.stdlib.BoundLogger, structlog.make_filtering_bound_logger(10))
    names = ("info", "ainfo", "log", "alog", "exception", "aexception", "_proxy_to_logger")
    methods = (getattr(logger, name) for logger in loggers for name in names)
    given = (each for method in methods for each in inspect.signature(method).parameters.values())
    return {each.name for each in given if each.kind is each.POSITIONAL_OR_KEYWORD}


def test_an_event_of_structlog_gets_keywords(tmp_path: Path) -> None:
    """The same values are keywords there; a keyword that is taken already stays with a person."""
    source = "import structlog\n\nlog = structlog.get_logger()\n\n\ndef f(order, exc):\n    {}\n"
    rows = {
        'log.info(f"charged {order}", part="a")': 'log.info("charged", order=order, part="a")',
        'log.info(f"charged {order}", order=1)': "",
        # The methods have arguments of these names themselves, or take them out of the fields.
        **{f'log.info(f"charged {{{name}}}")': "" for name in sorted(_arguments() | _TAKEN)},
    }
    for number, (old, new) in enumerate(rows.items()):
        top = plant(tmp_path / str(number), {"shop.py": source.format(old)})
        assert _fixed(top, "TEL302", safe=True) == (source.format(new) if new else "")


_UNSAFE = {
    "TEL201": (
        (
            "from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor\n\n\n"
            "def boot():\n    HTTPXClientInstrumentor().instrument()\n"
        ),
        "\n\ndef boot():\n    pass\n",
    ),
    "TEL202": (
        (
            "import logging\n\nimport uvicorn\n\nlogging.basicConfig(\n    level=10,\n)  # loud\n"
            "uvicorn.run('a:b', log_config={}, port=1)\n"
        ),
        "import logging\n\nimport uvicorn\n\n# loud\nuvicorn.run('a:b', port=1)\n",
    ),
    "TEL301": (
        f'{_LOGGER}def f(order):\n    print(f"paid {{order}}")\n    logger.info("")\n',
        f'{_LOGGER}def f(order):\n    logger.info("paid", extra={{"order": order}})\n    logger.info("")\n',
    ),
    "TEL306": (
        (
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport threading\n\n\n'
            "def send(message):\n    threading.Thread(target=message.deliver).start()\n"
        ),
        (
            '"""Doc."""\n\nfrom __future__ import annotations\n\n'
            "from ameide_telemetry.integrations.threads import carry_context\nimport threading\n\n\n"
            "def send(message):\n    threading.Thread(target=carry_context(message.deliver)).start()\n"
        ),
    ),
}


@pytest.mark.parametrize("code", _UNSAFE)
def test_what_may_change_the_program_is_not_safe(code: str, tmp_path: Path) -> None:
    """Unsafe fixes write what is expected, it parses, and there is nothing left to fix."""
    before, after = _UNSAFE[code]
    top = plant(tmp_path, {"shop.py": before})
    assert _fixed(top, code, safe=False) == after
    ast.parse(after)
    assert code not in {each.code for each in problems(scene_of(top))}


_SDK = "from opentelemetry.sdk.trace import TracerProvider\n\n"
_ROOT = "import logging\n\nhandler = logging.StreamHandler()\n"
_CALL = "TracerProvider().shutdown()\n"
_LEFT_ALONE = {
    "TEL201": (
        _SDK,
        f'{_SDK}{_CALL}__all__ = ["TracerProvider"]\n',
        f'{_SDK}{_CALL}\n\ndef f(one: "TracerProvider"): ...\n',
        f'{_SDK}{_CALL}one = globals()["TracerProvider"]\n',
        f"from opentelemetry.sdk.trace import (  # of the SDK\n    TracerProvider,\n)\n\n{_CALL}",
    ),
    "TEL202": (
        f"{_ROOT}logging.root.handlers = old = [handler]\nprint(old)\n",
        f"{_ROOT}if handler: handler; \\\nlogging.basicConfig()\ny = 2\n",
        f"{_ROOT}logging.basicConfig(level=(level := 10))\nprint(level)\n",
        f"{_ROOT}logging.basicConfig(\n    level=10,  # loud\n)\n",
        "import uvicorn\n\nuvicorn.run(\n    'a:b',\n    log_config={\n        # none\n    },\n)\n",
    ),
    "TEL301": (
        f"{_LOGGER}{_OTHERS}def f(order):\n    print(order, 'x')\n    either.info('')\n",
        f"{_LOGGER}{_OTHERS}either.info('')\n\n\ndef f(order):\n    print(f'paid {{order}}')\n",
        f"{_LOGGER}{_OTHERS}adapter.info('')\n\n\ndef f(order):\n    print(f'paid {{order}}')\n",
    ),
    "TEL306": (
        (
            "from concurrent.futures import ThreadPoolExecutor\n\npool = ThreadPoolExecutor()\n\n\n"
            "def send(work):\n    pool.submit(*work)\n"
        ),
    ),
}


@pytest.mark.parametrize("code", _LEFT_ALONE)
def test_what_others_need_is_not_taken_out(code: str, tmp_path: Path) -> None:
    """No fix for names that are used by their text, bound along the way, or come with a comment."""
    for number, source in enumerate(_LEFT_ALONE[code]):
        top = plant(tmp_path / str(number), {"shop.py": source})
        assert [each.fix for each in problems(scene_of(top)) if each.code == code] == [None], source


_KEPT = {
    "logging.basicConfig()  # loud\ny = 2\n": "# loud\ny = 2\n",
    "logging.basicConfig()  # type: ignore[x]\ny = 2\n": "y = 2\n",
    "if y:\n    logging.basicConfig()  # loud\n": "if y:\n    pass  # loud\n",
}


def test_a_body_that_loses_all_is_not_left_empty(tmp_path: Path) -> None:
    """An import and its calls may be all that a function has."""
    rows = f"{_SDK.strip()}\n{_CALL}".replace("\n", "\n    ").rstrip()
    top = plant(tmp_path, {"shop.py": f"def boot():\n    {rows}\n\n\nboot()\n"})
    assert _fixed(top, "TEL201", safe=False) == "def boot():\n    pass\n\n\nboot()\n"


def test_a_comment_behind_a_call_stays(tmp_path: Path) -> None:
    """Who wrote it may want to put it elsewhere; what is only said to tools goes with the call."""
    for number, (before, after) in enumerate(_KEPT.items()):
        top = plant(tmp_path / str(number), {"shop.py": f"import logging\n\n{before}"})
        assert _fixed(top, "TEL202", safe=False) == f"import logging\n\n{after}"


_BOOT = {"shop.py": 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'}
_DECLARED = {
    "pyproject.toml": {
        '[project]\nname = "a"\ndependencies = ["b"]\n': (
            '[project]\nname = "a"\ndependencies = ["ameide-telemetry>=0.1", "b"]\n'
        ),
        '[project]\ndependencies = []\n[tool.x]\na = "é"\n': (
            '[project]\ndependencies = ["ameide-telemetry>=0.1"]\n[tool.x]\na = "é"\n'
        ),
        '[project]\ndependencies = [\n    "b",\n]\n': (
            '[project]\ndependencies = [\n    "ameide-telemetry>=0.1",\n    "b",\n]\n'
        ),
        '[tool.poetry.dependencies]\npython = "*"\n': (
            '[tool.poetry.dependencies]\nameide-telemetry = ">=0.1"\npython = "*"\n'
        ),
    },
    "requirements.txt": {"a": "a\nameide-telemetry>=0.1\n", "a\r\n": "a\r\nameide-telemetry>=0.1\n"},
}


@pytest.mark.parametrize("name", _DECLARED)
def test_the_package_is_added_to_what_is_asked_for(name: str, tmp_path: Path) -> None:
    """The fix adds one requirement, in the form of the file, and the finding is gone."""
    for number, (before, after) in enumerate(_DECLARED[name].items()):
        top = plant(tmp_path / str(number), {**_BOOT, name: before})
        assert _fixed(top, "TEL401", safe=True) == after
        assert not list(problems(scene_of(top)))


_UNSURE = {
    "requirements.txt": (
        "a==1 --hash=sha256:00\n",
        "--require-hashes\na==1\n",
        "a \\\n",
        "# This file is autogenerated by pip-compile\na==1\n",
        b"a\n# \xff\n",
    ),
    "pyproject.toml": (
        '[project]\nname = "a"\ndescription = """\ndependencies = ["""\ndependencies = ["b"]\n',
        b'[project]\ndependencies = ["b"] # \xff\n',
    ),
}


@pytest.mark.parametrize("name", _UNSURE)
def test_a_list_that_would_be_broken_is_left_alone(name: str, tmp_path: Path) -> None:
    """What takes hashes takes nothing without one; what a tool wrote it writes again."""
    for number, text in enumerate(_UNSURE[name]):
        top = plant(tmp_path / str(number), _BOOT)
        (top / name).write_bytes(text.encode() if isinstance(text, str) else text)
        assert [(each.code, each.fix) for each in problems(scene_of(top))] in ([("TEL401", None)], [])


def test_a_comment_allows_what_has_no_line_of_its_own(tmp_path: Path) -> None:
    """The finding is at the comment about it, wherever that is in the file; at the first line without one."""
    for number, rows in enumerate((["a", "b"], ["#N", "a"], ["a", "#N", "b"], ["a", "b  #N"])):
        text = "\n".join(rows).replace("#N", "# telemetry: ignore[TEL402, TEL401] of the image")
        top = plant(tmp_path / str(number), {**_BOOT, "requirements.txt": f"{text}\n"})
        lines = [row for row, each in enumerate(rows, 1) if "#N" in each]
        assert [each.spot.line for each in problems(scene_of(top))] == (lines or [1])


_BROKEN = {
    "pyproject.toml": (
        "[project",
        "[project]\ndependencies = 3",
        "project = 1",
        "[tool]\nuv = 1\npoetry = []",
    ),
    "Pipfile": ("[[", "packages = 1"),
    "setup.cfg": ("=", "[options]\ninstall_requires = file:\n"),
    "setup.py": ("(", "setup(install_requires=x)", "\0"),
    "requirements.txt": ("-r requirements.txt", "-r ../../../..\n-e .\n\0\n===", "--requirement"),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_broken_lists_of_dependencies_raise_nothing(name: str, tmp_path: Path) -> None:
    """Files that cannot be read leave the answer open, or give names that are none, and no error."""
    for number, text in enumerate(_BROKEN[name]):
        found = declared(plant(tmp_path / str(number), {name: text}))
        assert "ameide-telemetry" not in {each.name for each in found.requirements}
