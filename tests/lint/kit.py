"""Cases of the lint as data: one text file holds a small tree and what the lint has to say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CASES", "Case", "case_paths", "lay_out", "read_case", "split_files"]

CASES: Final = Path(__file__).parent / "cases"
_FILE: Final = re.compile(r"(?m)^-- (.+) --\n")
_KEYS: Final = frozenset({"args", "expect", "verdict"})


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        name: topic and name, such as `walk/late_in_factory`.
        says: what it shows, in one sentence.
        args: further arguments of the command.
        expect: `TEL101 shop/asgi.py:4`, sorted by path and line.
        verdicts: service, target, verdict.
        files: path -> text.
    """

    name: str
    says: str
    args: tuple[str, ...]
    expect: tuple[str, ...]
    verdicts: tuple[tuple[str, str, str], ...]
    files: dict[str, str]

    def lay_out(self, folder: Path) -> Path:
        """Write the files of the case below a folder, and return it."""
        return lay_out(folder, self.files)


def split_files(text: str) -> tuple[str, dict[str, str]]:
    """Return what stands in front of the first file of a text, and the files: path -> text."""
    head, *parts = _FILE.split(text)
    return head, dict(zip(parts[::2], parts[1::2], strict=True))


def lay_out(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return it."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="")
    return folder


def case_paths(topic: str = "*") -> list[Path]:
    """Return the files of all cases, or of those of a topic."""
    return sorted(CASES.glob(f"{topic}/**/*.txtar"))


def read_case(path: Path) -> Case:
    """Read a case."""
    head, files = split_files(path.read_text(encoding="utf-8"))
    says, *rows = head.strip().split("\n")
    words = [row.partition(":") for row in rows]
    # A typing error would be a promise that nobody keeps.
    assert {key for key, _, _ in words} <= _KEYS, path
    verdicts = [text.split() for key, _, text in words if key == "verdict"]
    return Case(
        name=f"{path.parent.name}/{path.stem}",
        says=says,
        args=tuple(word for key, _, text in words if key == "args" for word in text.split()),
        expect=tuple(text.strip() for key, _, text in words if key == "expect"),
        verdicts=tuple((one, other, last) for one, other, last in verdicts),
        files=files,
    )
