"""What decides what is deployed is noted, so that a run knows when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from lint.deployment.trees import read

if TYPE_CHECKING:
    from pathlib import Path

_IMAGE: Final = "-- Dockerfile --\nFROM python:3.13\nWORKDIR /a\nCOPY . .\nCMD "
_POD: Final = "spec:\n  containers:\n    - {name: a, image: a, command: {{ .Values.command | toJson }}}\n"
_TREES: Final = {
    "Makefile": f'{_IMAGE}["make", "run"]\n-- Makefile --\nrun:\n\tuvicorn a:b\n',
    "justfile": f'{_IMAGE}["just", "run"]\n-- justfile --\nrun:\n    uvicorn a:b\n',
    "root/etc/services.d/web/run": (
        f'{_IMAGE}["/init"]\n-- root/etc/services.d/web/run --\n#!/bin/sh\nexec uvicorn a:b\n'
    ),
    "deploy/a.service.d/b.conf": (
        "-- deploy/a.service --\n[Service]\n"
        "-- deploy/a.service.d/b.conf --\n[Service]\nExecStart=/x/uvicorn a:b\n"
    ),
    "chart/values-prod.yaml": (
        f"-- chart/Chart.yaml --\nname: a\n-- chart/values.yaml --\ncommand: []\n"
        "-- chart/values-prod.yaml --\n"
        f'command: [uvicorn, "a:b"]\n-- chart/templates/a.yaml --\n{_POD}'
    ),
    "k8s/patch.json": (
        "-- k8s/kustomization.yaml --\npatches:\n  - {path: patch.json, target: {name: a}}\n"
        "-- k8s/patch.json --\n"
        '[{"op": "add", "path": "/spec/template/spec/containers/0/command", "value": ["uvicorn", "a:b"]}]\n'
    ),
    "serverless.yml": (
        "-- serverless.yml --\nprovider: {runtime: python3.13}\nfunctions: {a: {handler: uvicorn.b}}\n"
    ),
    "dockerfiles/worker": '-- dockerfiles/worker --\nFROM python:3.13\nCMD ["uvicorn", "a:b"]\n',
}


@pytest.mark.parametrize("name", _TREES)
def test_a_file_that_says_what_is_started_is_noted(name: str, tmp_path: Path) -> None:
    """Whatever the words of a command come from is among the files that were read."""
    reading = read(tmp_path, _TREES[name])
    assert any("uvicorn" in " ".join(command.words) for command in reading.commands)
    assert tmp_path / name in reading.files
