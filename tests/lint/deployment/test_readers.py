"""What each kind of deployment file starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ameide_telemetry.lint.deployment.readers import is_deployment_file
from lint.deployment.trees import read, rows

_FILE = Path(__file__).with_name("readers.txt")


def _cases() -> dict[str, tuple[str, list[str]]]:
    """Return each case: its files, and what they start."""
    found = {}
    for part in _FILE.read_text().split("== ")[1:]:
        name, _, rest = part.partition("\n")
        text, *expected = rest.strip("\n").split("\n-> ")
        found[name] = (text + "\n", expected)
    return found


_CASES = _cases()


@pytest.mark.parametrize("name", _CASES)
def test_what_is_started(name: str, tmp_path: Path) -> None:
    """Each kind of file starts what its own tool would start from it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    text, expected = _CASES[name]
    reading = read(folder, text)
    assert rows(reading) == expected
    assert [problem.message for problem in reading.problems] == []


def test_where_it_is_started(tmp_path: Path) -> None:
    """A command knows its folder here, what was copied where, its variables and every file that led to it."""
    text = (
        "-- docker/Dockerfile --\nFROM python AS base\nWORKDIR /srv\nCOPY api/src ./src\nCOPY run.sh /\n"
        "FROM base\nCOPY --from=base /srv/src /code\nWORKDIR /code\nENV A=1 OTEL_SERVICE_NAME=no\n"
        'ENTRYPOINT ["/run.sh"]\n-- run.sh --\n#!/bin/sh\nexport B=2\nexec python -m shop\n'
        "-- api/src/shop.py --\n\n-- docker/compose.yaml --\nservices:\n  web:\n    build: {context: .., "
        "dockerfile: docker/Dockerfile}\n    environment: [OTEL_SERVICE_NAME=shop]\n"
        "    volumes: ['../lib:/lib']\n"
        "-- lib/x.py --\n\n"
    )
    (command,) = read(tmp_path, text).commands
    assert command.context == tmp_path / "api/src"
    assert command.workdir == "/code"
    assert command.copied["/code"] == command.copied["/srv/src"] == tmp_path / "api/src"
    assert command.copied["/lib"] == tmp_path / "lib"
    assert {"A": "1", "B": "2", "OTEL_SERVICE_NAME": "shop"}.items() <= command.environment.items()
    places = [(each.kind, each.spot.path.name, each.spot.line) for each in command.evidence]
    assert places == [
        ("compose", "compose.yaml", 3),
        ("dockerfile", "Dockerfile", 9),
        ("shell", "run.sh", 3),
    ]


def test_recognition(tmp_path: Path) -> None:
    """Files are known by their names; what only may be one, such as any YAML, counts."""
    yes = (
        "Dockerfile Dockerfile.api web.dockerfile Containerfile compose.yml docker-compose.dev.yaml Procfile"
    )
    more = "Procfile.dev supervisord.conf a.service pyproject.toml setup.py x.yaml Dockerfile-worker "
    more += "Dockerfile_worker worker-Dockerfile api_dockerfile Containerfile.x serverless.yml pod.json"
    assert all(is_deployment_file(tmp_path / name) for name in (yes + " " + more).split())
    no = "Dockerfile.md .dockerignore Dockerfile.dockerignore service.py README.md Procfile.md.txt "
    no += "Dockerfile.bak dockerfiles.txt"
    assert not any(is_deployment_file(tmp_path / name) for name in no.split())
