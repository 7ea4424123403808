"""The checks answer on any source, and on what is the company's own bootstrap they say nothing."""

from __future__ import annotations

import ast
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.checks.table import FILE_CHECKS
from ameide_telemetry.lint.source import Parsed, parsed
from lint.checks.running import plant, problems, scene_of
from lint.kit import CASES, read_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SDK = "from opentelemetry.sdk.trace import TracerProvider\n\n\ndef setup():\n    return TracerProvider()\n"
_ROUNDS = 150
_SWAPPED = 0.15


def _sources() -> list[str]:
    paths = sorted((CASES / "checks").rglob("*.txtar"))
    return [text for path in paths for name, text in read_case(path).files.items() if name.endswith(".py")]


class _Swap(ast.NodeTransformer):
    """Puts expressions of other programs in the place of some."""

    def __init__(self, pool: list[ast.expr], chance: random.Random) -> None:
        self._pool = pool
        self._chance = chance

    def visit(self, node: ast.AST) -> ast.AST:
        read = isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", None), ast.Load | None)
        swapped = read and self._chance.random() < _SWAPPED
        return self._chance.choice(self._pool) if swapped else self.generic_visit(node)


def _mutants(seed: int) -> Iterator[str]:
    """Yield programs of the cases with expressions of each other, as far as that can be written down."""
    chance = random.Random(seed)
    texts = _sources()
    pool = [each for text in texts for each in ast.walk(ast.parse(text)) if isinstance(each, ast.expr)]
    pool = [each for each in pool if not isinstance(each, ast.Starred | ast.Slice | ast.FormattedValue)]
    for _ in range(_ROUNDS):
        tree = _Swap(pool, chance).visit(ast.parse(chance.choice(texts)))
        try:
            yield ast.unparse(ast.fix_missing_locations(tree))
        except (ValueError, AttributeError):
            continue


def test_the_checks_answer_on_any_program(tmp_path: Path) -> None:
    """Programs that make no sense give findings or none, at places that exist, and no error."""
    scene = scene_of(plant(tmp_path, {"a.py": ""}))
    judged = 0
    for text in [*_mutants(0), *(text[: len(text) // 2] for text in _sources())]:
        file = parsed(tmp_path / "a.py", text.encode())
        if not isinstance(file, Parsed):
            continue
        judged += 1
        for check in FILE_CHECKS:
            for each in check.look(file, scene):
                assert 0 < each.spot.line <= len(file.lines)
                assert each.text == file.line(each.spot.line)
                assert each.spot.column > 0
    assert judged > _ROUNDS // 2


@pytest.mark.parametrize(
    ("bootstrap", "path", "expected"),
    [
        ("", "shop/telemetry.py", ["TEL201"]),
        ("shop.telemetry.setup", "shop/telemetry.py", []),
        ("shop.telemetry.setup", "shop/telemetry/__init__.py", []),
        ("shop.telemetry.setup", "shop/telemetry/sdk.py", []),
        ("shop.telemetry.setup", "shop/other.py", ["TEL201"]),
        ("sentry_sdk.init", "shop/other.py", ["TEL201"]),
    ],
)
def test_the_own_bootstrap_may_put_an_sdk_together(
    bootstrap: str, path: str, expected: list[str], tmp_path: Path
) -> None:
    """What is configured as the bootstrap is where telemetry is made; any other file is not."""
    top = plant(tmp_path, {path: _SDK})
    found = problems(scene_of(top, bootstrap=(bootstrap,) if bootstrap else ()))
    assert [each.code for each in found] == expected


def test_a_library_that_is_the_bootstrap_is_not_foreign(tmp_path: Path) -> None:
    """A company that starts Sentry as its bootstrap may let it trace."""
    source = "import sentry_sdk\n\nsentry_sdk.init(traces_sample_rate=1.0)\n"
    top = plant(tmp_path, {"shop.py": source})
    assert [each.code for each in problems(scene_of(top))] == ["TEL203"]
    assert not list(problems(scene_of(top, bootstrap=("sentry_sdk.init",))))


def test_a_variable_of_the_deployment_switches_clients_off(tmp_path: Path) -> None:
    """What a manifest disables is told at each client that it would trace; `*` stands for all."""
    source = "import httpx\nimport requests\n\nhttpx.get('a')\nrequests.get('a')\n"
    scene = scene_of(plant(tmp_path, {"shop.py": source}))
    for value, lines in {"httpx, redis": [4], "*": [4, 5], "redis": [], "": []}.items():
        environment = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": value}
        deployed = replace(scene.entrypoints[0], environment=environment)
        assert sorted(each.spot.line for each in problems(scene, deployed)) == lines
