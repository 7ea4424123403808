"""Fixes of the checks: what they write, that it cures, and that there is nothing left to do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.dependencies import declared
from lint.checks.running import plant, problems, scene_of

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.model import Edit

_LOGGER = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
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
    source = (_LOGGER + bodies).replace("\n", newline)
    top = plant(tmp_path, {"shop.py": source})
    result = _fixed(top, "TEL302", safe=True)
    rows = [row.strip() for row in result.split(newline) if row.startswith("    ")]
    assert rows == [new or old for old, new in _EVENTS.items()]
    assert _fixed(top, "TEL302", safe=True) == ""


def test_an_event_of_structlog_gets_keywords(tmp_path: Path) -> None:
    """The same values are keywords there; a keyword that is taken already stays with a person."""
    source = "import structlog\n\nlog = structlog.get_logger()\n\n\ndef f(order, exc):\n    {}\n"
    rows = {
        'log.info(f"charged {order}", part="a")': 'log.info("charged", order=order, part="a")',
        'log.info(f"charged {order}", order=1)': "",
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
        "import logging\n\nimport uvicorn\n\nuvicorn.run('a:b', port=1)\n",
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
