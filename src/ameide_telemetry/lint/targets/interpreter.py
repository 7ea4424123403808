"""What the words after `python` mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Started", "is_optimized", "started"]

_LONG_VALUED: Final = frozenset({"--check-hash-based-pycs"})


@dataclass(frozen=True, slots=True)
class Started:
    """What an interpreter runs.

    Attributes:
        how: `nothing` is an interactive interpreter, or one that only says its version.
        what: the module, the file or the source text.
        args: of the program.
        isolated: whether neither PYTHONPATH nor the script's folder counts.
        without_path: whether PYTHONPATH does not count.
        optimized: whether it leaves `assert` statements out.
    """

    how: Literal["module", "file", "text", "nothing"]
    what: str = ""
    args: tuple[str, ...] = ()
    isolated: bool = False
    without_path: bool = False
    optimized: bool = False


def is_optimized(args: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return whether an interpreter leaves `assert` statements out, by an option or by a variable."""
    run = started(args)
    level = "" if run.without_path else environment.get("PYTHONOPTIMIZE", "")
    return run.optimized or (bool(level) and not (level.isdecimal() and int(level) == 0))


def started(args: Sequence[str]) -> Started:
    """Return what the arguments of an interpreter make it run."""
    isolated = without_path = optimized = False
    position = 0
    while position < len(args):
        word = args[position]
        position += 1
        if not word.startswith("-") or word == "-":
            how: Literal["file", "nothing"] = "nothing" if word == "-" else "file"
            return Started(how, word, tuple(args[position:]), isolated, without_path, optimized)
        if word.startswith("--"):
            position += word in _LONG_VALUED
            continue
        for at, letter in enumerate(word[1:], 2):
            isolated = isolated or letter in "IP"
            without_path = without_path or letter in "IE"
            optimized = optimized or letter == "O"
            if letter in "cmWX":
                value = word[at:] or (args[position] if position < len(args) else "")
                position += not word[at:]
                if letter in "cm":
                    kind: Literal["module", "text"] = "module" if letter == "m" else "text"
                    return Started(kind, value, tuple(args[position:]), isolated, without_path, optimized)
                break
            if letter in "Vh?":
                return Started("nothing")
    return Started("nothing")
