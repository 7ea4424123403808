"""Which files are looked at: links, environments, folders that nobody may list, patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import lay

if TYPE_CHECKING:
    from pathlib import Path


def _shown(tree: Tree) -> list[str]:
    return [tree.shown(path) for path in tree.paths()]


def test_links_never_lead_in_circles(tmp_path: Path) -> None:
    """A link to itself, to a folder above, to nothing, and twice to the same folder outside."""
    root = lay(tmp_path / "root", {"a/one.py": ""})
    lay(tmp_path / "out", {"two.py": ""})
    links = {
        "self": "self",
        "up": "..",
        "gone": "nowhere",
        "file.py": "a/one.py",
        "x": "../out",
        "y": "../out",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    (tmp_path / "out/back").symlink_to(root)
    assert _shown(Tree.of(root)) == ["file.py", "a/one.py", "x/two.py"]


def test_what_is_no_part_of_the_tree(tmp_path: Path) -> None:
    """Installed packages, caches, environments by any name, and what is excluded."""
    names = ["a.py", ".venv/b.py", "env/pyvenv.cfg", "env/c.py", "node_modules/d.py", "x/__pycache__/e.py"]
    lay(tmp_path, dict.fromkeys([*names, "gen/f.py", "gen/deep/g.py", "lib/h_pb2.py"], ""))
    assert _shown(Tree.of(tmp_path, ["gen", "*_pb2.py"])) == ["a.py"]
    assert _shown(Tree.of(tmp_path / "gen", ["gen/deep"], tmp_path)) == ["f.py"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    """It is no empty folder: what is in it was not seen."""
    tree = Tree.of(tmp_path / "gone")
    assert [path.name for path, _ in tree.unreadable] == ["gone"]
