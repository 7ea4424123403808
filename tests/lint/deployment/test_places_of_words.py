"""Where the words of a command stand: the line that says them, and no line that something else overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lint.deployment.trees import read

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY = 'ENTRYPOINT ["python", "-m"]\n'
_CMD = 'CMD ["shop"]\n'


@pytest.mark.parametrize(
    ("image", "service", "places"),
    [
        ("", "command: python -m shop", "compose.yaml:4"),
        (_CMD, "command: python -m shop", "compose.yaml:4"),
        (_CMD, "entrypoint: [python, -m, shop]", "compose.yaml:4"),
        (_ENTRY, "command: shop", "compose.yaml:4 Dockerfile:2"),
        (_ENTRY + _CMD, "command: shop", "compose.yaml:4 Dockerfile:2"),
        (_ENTRY + _CMD, "environment: {A: b}", "compose.yaml:3 Dockerfile:2"),
        (_CMD + _ENTRY, "entrypoint: python -m shop", "compose.yaml:4"),
        (f"{_ENTRY}FROM base\n{_CMD}", "command: shop", "compose.yaml:4 Dockerfile:2"),
        (f"{_ENTRY}FROM base\n{_CMD}", "environment: {A: b}", "compose.yaml:3 Dockerfile:4"),
    ],
)
def test_a_service_names_the_lines_that_count(image: str, service: str, places: str, tmp_path: Path) -> None:
    """Of the image only what the service leaves in force is named, and always by a line."""
    head = f"-- Dockerfile --\nFROM python AS base\n{image}-- compose.yaml --\n"
    text = f"{head}services:\n  web:\n    build: .\n    "
    commands = [each for each in read(tmp_path, f"{text}{service}\n").commands if each.service == "web"]
    found = [f"{each.spot.path.name}:{each.spot.line}" for one in commands for each in one.evidence]
    assert " ".join(found) == places


@pytest.mark.parametrize(
    ("image", "words", "places"),
    [
        ("", "args: [python]", "pod.yaml:8"),
        (_CMD, "args: [python]", "pod.yaml:8"),
        (_CMD, "command: [python]", "pod.yaml:8"),
        (_ENTRY + _CMD, "args: [shop]", "pod.yaml:8 Dockerfile:2"),
        (_CMD, "name: x", "pod.yaml:7 Dockerfile:2"),
    ],
)
def test_a_container_names_the_lines_that_count(image: str, words: str, places: str, tmp_path: Path) -> None:
    """The same holds for `command` and `args` of a pod."""
    text = (
        f"-- web/Dockerfile --\nFROM python AS base\n{image}-- pod.yaml --\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\nspec:\n  containers:\n  - image: web\n    "
    )
    command = read(tmp_path, f"{text}{words}\n").commands[0]
    found = [f"{each.spot.path.name}:{each.spot.line}" for each in command.evidence]
    assert " ".join(found) == places
