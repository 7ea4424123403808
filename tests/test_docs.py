"""The documents: every code block in them runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_DOCUMENTS = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_NOTHING_COLLECTED = 5


def _run_blocks(document: Path) -> subprocess.CompletedProcess[str]:
    plugins = ("tests.document_blocks", "no:randomly", "no:cacheprovider")
    chosen = [word for plugin in plugins for word in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml", *chosen, str(document)]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_code_blocks_run(document: Path) -> None:
    """The code blocks of a document run in order, in a process of their own."""
    done = _run_blocks(document)
    if done.returncode == _NOTHING_COLLECTED:
        assert "```python" not in document.read_text(encoding="utf-8")
        return
    assert done.returncode == 0, done.stdout + done.stderr


def test_broken_blocks_are_found(tmp_path: Path) -> None:
    """A raising block and a failing marked command are reported; what is not marked is not run."""
    document = tmp_path / "broken.md"
    failing = "```python\nassert 1 == 2\n```\n```console run\n$ false\n```\n"
    left_alone = "```console\n$ false\n```\n<!-- skip: next -->\n```python\nassert 1 == 2\n```\n"
    document.write_text(failing + left_alone, encoding="utf-8")
    done = _run_blocks(document)
    assert done.returncode == 1
    assert "2 failed, 2 passed" in done.stdout
