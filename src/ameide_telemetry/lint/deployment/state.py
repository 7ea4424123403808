"""What a shell knows at one moment: variables, arguments, folder, and whether the last command held."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import GUESS, UNKNOWN, expand, joined
from ameide_telemetry.lint.deployment.scan import Broken, tokens

if TYPE_CHECKING:
    from ameide_telemetry.lint.deployment.expansion import Value
    from ameide_telemetry.lint.model import Command

__all__ = ["Moment", "State", "assigned"]


@dataclass(frozen=True)
class State:
    """A shell at one moment.

    Attributes:
        command: the folder, the environment and the evidence that its commands inherit.
        variables: name -> value; a list is a tuple.
        exported: names of variables that commands see.
        arguments: `$1` and so on; None where the script may be given any.
        script: `$0`.
        status: whether the last command succeeded; None if that is not known.
        flow: `exit`, `return` or `break` where nothing more runs; empty otherwise.
    """

    command: Command
    variables: dict[str, Value]
    exported: frozenset[str]
    arguments: tuple[str, ...] | None
    script: str = ""
    status: bool | None = None
    flow: str = ""

    def with_variable(self, name: str, value: Value, *, export: bool = False) -> State:
        """Return the state after an assignment."""
        exported = self.exported | {name} if export else self.exported
        return replace(self, variables={**self.variables, name: value}, exported=exported)

    def environment(self) -> dict[str, str]:
        """Return the variables that a command sees."""
        own = {
            name: value
            for name, value in self.variables.items()
            if name in self.exported and isinstance(value, str)
        }
        return {**self.command.environment, **own}


class Moment:
    """A state as the scope of words; an assignment inside of a word gives another state."""

    def __init__(self, state: State, *, guess: bool) -> None:
        self.state = state
        self.guess = guess

    def value(self, name: str) -> Value | None:
        """Return the value of a variable or parameter."""
        arguments = self.state.arguments
        if name in {"@", "*"}:
            return arguments or ()
        if name == "#":
            return None if arguments is None else str(len(arguments))
        if name.isdigit() and name != "0":
            return _argument(arguments, int(name[:4]))
        own = {
            "0": self.state.script,
            "BASH_SOURCE": self.state.script,
            "PWD": self.state.command.workdir,
        }
        if name in own:
            return own[name] or None
        return self.state.variables.get(name, self.state.command.environment.get(name))

    def assign(self, name: str, value: str) -> None:
        """Give a variable a value."""
        self.state = self.state.with_variable(name, value)

    def output(self, command: str) -> str | None:
        """Return what a command prints: `pwd`, `dirname`, `basename`, `echo`, `which`, `realpath`."""
        try:
            found = tokens(command.strip()[:500])
        except Broken:
            return None
        parts: list[list[str]] = [[]]
        for token in found:
            if token.kind == "word":
                parts[-1] += expand(token.text, self)
            elif token.text in {"&&", ";"} or token.kind == "newline":
                parts.append([])
            else:
                return None
        parts = [part for part in parts if part]
        match parts:
            case [["cd", *folder], ["pwd", *_]]:
                return self._printed(["realpath", *folder])
            case [words]:
                return self._printed(words)
        return None

    def _printed(self, words: list[str]) -> str | None:
        operands = [word for word in words[1:] if not word.startswith("-")]
        match words[:1]:
            case ["pwd"]:
                printed: str | None = self.state.command.workdir or "."
            case ["echo"]:
                printed = " ".join(operands)
            case ["dirname"] if operands:
                printed = str(PurePosixPath(operands[0]).parent)
            case ["basename"] if operands:
                printed = PurePosixPath(operands[0]).name.removesuffix("".join(operands[1:2]))
            case ["realpath" | "readlink" | "which" | "command"] if operands:
                printed = operands[-1]
            case _:
                printed = None
        return printed


def _argument(arguments: tuple[str, ...] | None, number: int) -> str | None:
    if arguments is None:
        return None
    return arguments[number - 1] if number <= len(arguments) else ""


_MOST_ITEMS: Final = 500
_ITEM: Final = re.compile(r"\[([^\]]*)\]=(.*)", re.DOTALL)


def _item(moment: Moment, where: tuple[str, str], value: str) -> State:
    """Return the state after `NAME[index]=value`; each item is a variable, and the name holds all of them."""
    name, index = where
    old = moment.state.variables.get(name)
    items = (*(old if isinstance(old, tuple) else ()), value)[:_MOST_ITEMS]
    if index.isdecimal():  # it is known by its place
        return moment.state.with_variable(name, items)
    return moment.state.with_variable(f"{name}[{index}]", value).with_variable(name, items)


def assigned(state: State, raw: str, *, guess: bool, export: bool = False) -> State:
    """Return the state after `NAME=word`, `NAME+=word`, `NAME=(list)`."""
    name, _, text = raw.partition("=")
    adds = name.endswith("+")
    name, _, index = name.removesuffix("+").partition("[")
    moment = Moment(state, guess=guess)
    if index.endswith("]"):
        return _item(moment, (name, joined(index[:-1], moment)), joined(text, moment))
    old = state.variables.get(name)
    value: Value
    if text.startswith("(") and text.endswith(")"):
        fields = [
            field
            for token in tokens(text[1:-1])
            if token.kind == "word"
            for field in expand(token.text, moment)
        ]
        named = [pair for field in fields if (pair := _ITEM.fullmatch(field))]
        if named and len(named) == len(fields):
            for pair in named[:_MOST_ITEMS]:
                moment.state = _item(moment, (name, pair[1]), pair[2])
            return moment.state
        value = (
            (*old, *fields)[:_MOST_ITEMS] if adds and isinstance(old, tuple) else tuple(fields[:_MOST_ITEMS])
        )
    else:
        value = joined(text, moment)
        if adds and isinstance(old, tuple):
            value = (*old, value)[:_MOST_ITEMS]
        elif adds:
            value = f"{old or ''}{value}"[:10_000]
    if value in {UNKNOWN + name, UNKNOWN + "{" + name + "}", GUESS}:
        value = "" if value == GUESS else value
    return moment.state.with_variable(name, value, export=export)
