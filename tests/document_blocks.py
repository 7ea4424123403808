"""A pytest plugin: collects the code blocks of the documents that are named on the command line.

Python blocks run, in order, in one namespace per document. Console blocks are for reading, unless
their opening line says `console run`: then each line after a `$` must exit 0. A block after
`<!-- skip: next -->` is left alone.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

if TYPE_CHECKING:
    from sybil import Example

_COMMAND_SECONDS = 60


def run_console(example: Example) -> None:
    """Run the commands of one console block with this environment's tools."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    for line in str(example.parsed).splitlines():
        if line.startswith("$ "):
            words = shlex.split(line.removeprefix("$ "))
            subprocess.run(words, check=True, timeout=_COMMAND_SECONDS, env={**os.environ, "PATH": path})


pytest_collect_file = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(),
        CodeBlockParser(language="console run", evaluator=run_console),
    ],
    patterns=["*.md"],
    path="/",
).pytest()
