"""Shell scripts: every command that they may start, on every way that arguments and variables allow."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.deployment.conditions import holds, matches
from ameide_telemetry.lint.deployment.expansion import UNKNOWN, certain, expand, joined, plain
from ameide_telemetry.lint.deployment.grammar import (
    Case,
    Choice,
    Function,
    If,
    Loop,
    Script,
    Simple,
    Subshell,
    parse,
)
from ameide_telemetry.lint.deployment.places import here, moved
from ameide_telemetry.lint.deployment.scan import Broken
from ameide_telemetry.lint.deployment.state import Moment, State, assigned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ameide_telemetry.lint.deployment.grammar import Node
    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.model import Command

__all__ = ["Followed", "Started", "followed"]

_MOST_WAYS: Final = 24
_MOST_STEPS: Final = 20_000
_MOST_STARTED: Final = 1_000
_MOST_CALLS: Final = 30
_MOST_ITEMS: Final = 16
_MOST_DIGITS: Final = 4
_ARITHMETIC: Final = "(("
_VARIABLE: Final = re.compile(r'"?\$\{?([A-Za-z_]\w*)(?::?[-=][^}]*)?\}?"?')
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")


class Started(NamedTuple):
    """A command that a script starts.

    Attributes:
        command: it, with the folder and the variables that it sees.
        line: in the script.
        text: as it stands there.
    """

    command: Command
    line: int
    text: str


class Followed(NamedTuple):
    """What a script starts.

    Attributes:
        started: its commands.
        cut: why they are not all; empty if they are.
    """

    started: tuple[Started, ...]
    cut: str


class _Machine:
    """Follows one script, and those that it sources; a node gives the states that may come after it."""

    def __init__(self, files: Files, *, guess: bool) -> None:
        self.files = files
        self.guess = guess
        self.started: dict[tuple[object, ...], Started] = {}
        self.cut = ""
        self._functions: dict[str, Node] = {}
        self._steps = 0
        self._calls = 0

    def go(self, node: Node, states: Sequence[State]) -> list[State]:
        """Return the states after a node, of which none is twice."""
        after: list[State] = []
        for state in states:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                self.cut = f"takes more than {_MOST_STEPS:,} steps"
                return list(states)
            for new in [state] if state.flow else _NODES[type(node)](self, node, state):
                if new not in after:
                    after.append(new)
        if len(after) > _MOST_WAYS:
            self.cut = f"can go more than {_MOST_WAYS} ways"
            after = after[: _MOST_WAYS // 2] + after[-_MOST_WAYS // 2 :]
        return after

    def script(self, node: Script, state: State) -> list[State]:
        states = [state]
        for step in node.steps:
            states = self.go(step, states)
        return states

    def choice(self, node: Choice, state: State) -> list[State]:
        done: list[State] = []
        for left in self.go(node.left, [state]):
            runs = (left.status is not False) if node.sign == "&&" else (left.status is not True)
            if left.flow or not runs or left.status is None:
                done.append(left)
            if runs and not left.flow:
                done.extend(self.go(node.right, [left]))
        return done

    def condition(self, node: If, state: State) -> list[State]:
        done: list[State] = []
        open_states = [state]
        for test, body in node.arms:
            following: list[State] = []
            for tested in self.go(test, open_states):
                if tested.flow:
                    done.append(tested)
                    continue
                if tested.status is not False:
                    done.extend(self.go(body, [tested]))
                if tested.status is not True:
                    following.append(tested)
            open_states = following
        return done + (self.go(node.otherwise, open_states) if open_states else [])

    def case(self, node: Case, state: State) -> list[State]:
        moment = Moment(state, guess=self.guess)
        subject = joined(node.subject, moment)
        variable = _VARIABLE.fullmatch(node.subject)
        done: list[State] = []
        for patterns, body in node.arms:
            found = [matches(subject, joined(pattern, moment)) for pattern in patterns]
            if found and not any(answer is not False for answer in found):
                continue
            start = moment.state
            if (
                variable
                and not certain(subject)
                and patterns
                and patterns[0].strip("\"'").replace("-", "_").isidentifier()
            ):
                start = start.with_variable(variable[1], patterns[0].strip("\"'"))
            done.extend(self.go(body, [start]))
            if True in found:
                return done
        return [*done, moment.state]

    def loop(self, node: Loop, state: State) -> list[State]:
        states = self.go(node.condition, [state])
        items = [field for item in node.items for field in expand(item, Moment(state, guess=self.guess))]
        if not node.name:
            return _unbroken([*self.go(node.body, states), *states])
        for item in items[:_MOST_ITEMS]:
            states = self.go(node.body, [each.with_variable(node.name, item) for each in states])
        if not items:
            unknown = [each.with_variable(node.name, UNKNOWN + node.name) for each in states]
            states = [*states, *self.go(node.body, unknown)]
        return _unbroken(states)

    def function(self, node: Function, state: State) -> list[State]:
        self._functions[node.name] = node.body
        return [replace(state, status=True)]

    def subshell(self, node: Subshell, state: State) -> list[State]:
        self.go(node.body, [state])
        return [replace(state, status=None)]

    def simple(self, node: Simple, state: State) -> list[State]:
        before = state
        for raw in node.assignments:
            state = assigned(state, raw, guess=self.guess, export=bool(node.words))
        moment = Moment(state, guess=self.guess)
        if node.words and node.words[0] in _DECLARATIONS:
            return [self.declared(node, state)]
        words = [field for word in node.words for field in expand(word, moment)]
        if not words:
            return [replace(moment.state, status=True if node.assignments else None)]
        after = self.called(words, node, moment.state)
        if node.assignments and words[0] not in self._functions:
            kept = {name: before.variables[name] for name in before.variables}
            after = [replace(each, variables=kept, exported=before.exported) for each in after]
        return after

    def declared(self, node: Simple, state: State) -> State:
        """`export`, `declare` and such: their words are assignments."""
        export = node.words[0] == "export" or "-x" in node.words
        for raw in node.words[1:]:
            if _ASSIGNMENT.match(raw):
                state = assigned(state, raw, guess=self.guess, export=export)
            elif export and raw.isidentifier():
                state = replace(state, exported=state.exported | {raw})
        return replace(state, status=True)

    def called(self, words: list[str], node: Simple, state: State) -> list[State]:
        name = words[0]
        if name in self._functions:
            return self.enter(self._functions[name], tuple(words[1:]), state)
        if name in _BUILTINS:
            return _BUILTINS[name](self, words, node, state)
        if name not in _QUIET and not name.startswith(_ARITHMETIC):
            self.begin(words, node, state)
        return [replace(state, status=None)]

    def enter(self, body: Node, arguments: tuple[str, ...], state: State) -> list[State]:
        if self._calls >= _MOST_CALLS:
            self.cut = f"calls itself more than {_MOST_CALLS} times"
            return [state]
        self._calls += 1
        after = self.go(body, [replace(state, arguments=arguments)])
        self._calls -= 1
        return [
            replace(each, arguments=state.arguments, flow="" if each.flow == "return" else each.flow)
            for each in after
        ]

    def begin(self, words: list[str], node: Simple, state: State) -> None:
        if len(self.started) >= _MOST_STARTED:
            self.cut = f"starts more than {_MOST_STARTED:,} commands"
            return
        environment = {name: plain(value) for name, value in state.environment().items()}
        shown = tuple(plain(word) for word in words)
        command = replace(state.command, words=shown, environment=environment)
        key = (shown, command.context, command.workdir)
        self.started.setdefault(key, Started(command, node.line, node.text))

    def execute(self, words: list[str], node: Simple, state: State) -> list[State]:
        rest = words[1:]
        while rest and rest[0].startswith("-") and len(rest) > 1:
            rest = rest[2:] if rest[0] == "-a" else rest[1:]
        if not rest:
            return [replace(state, status=True)] if len(node.words) == 1 else [replace(state, flow="exit")]
        self.begin(rest, node, state)
        return [replace(state, flow="exit")]

    def source(self, words: list[str], _node: Simple, state: State) -> list[State]:
        path = here(plain(words[1]), state.command, self.files) if len(words) > 1 else None
        if path is None or path not in self.files.paths or self._calls >= _MOST_CALLS:
            return [replace(state, status=None)]
        return self.evaluated(self.files.text(path), state)

    def evaluate(self, words: list[str], _node: Simple, state: State) -> list[State]:
        return self.evaluated(plain(" ".join(words[1:])), state)

    def evaluated(self, text: str, state: State) -> list[State]:
        try:
            node = parse(text)
        except Broken:
            return [replace(state, status=None)]
        if self._calls >= _MOST_CALLS:
            return [state]
        self._calls += 1
        after = self.go(node, [state])
        self._calls -= 1
        return after

    def judge(self, words: list[str], _node: Simple, state: State) -> list[State]:
        inner = words[1:-1] if words[-1] in {"]", "]]"} else words[1:]
        return [replace(state, status=holds(inner))]

    def set_arguments(self, words: list[str], _node: Simple, state: State) -> list[State]:
        if "--" in words:
            given = tuple(words[words.index("--") + 1 :])
            return [replace(state, arguments=given, status=True)]
        return [replace(state, status=True)]

    def shift(self, words: list[str], _node: Simple, state: State) -> list[State]:
        count = (
            int(words[1]) if len(words) > 1 and words[1].isdecimal() and len(words[1]) < _MOST_DIGITS else 1
        )
        kept = None if state.arguments is None else state.arguments[count:]
        return [replace(state, arguments=kept, status=True)]

    def cd(self, words: list[str], _node: Simple, state: State) -> list[State]:
        folder = next((word for word in words[1:] if not word.startswith("-")), "")
        if folder and certain(folder):
            state = replace(state, command=moved(state.command, folder, self.files))
        return [replace(state, status=True)]

    def unset(self, words: list[str], _node: Simple, state: State) -> list[State]:
        kept = {name: value for name, value in state.variables.items() if name not in words}
        return [replace(state, variables=kept, status=True)]

    def leave(self, words: list[str], _node: Simple, state: State) -> list[State]:
        flow = "break" if words[0] == "continue" else words[0]
        status = words[1] == "0" if words[1:] else None
        return [replace(state, flow=flow, status=status)]

    def through(self, words: list[str], node: Simple, state: State) -> list[State]:
        rest = words[1:]
        if not rest or rest[0].startswith("-"):
            return [replace(state, status=None)]
        return self.called(rest, node, state)

    def negate(self, _words: list[str], _node: Simple, state: State) -> list[State]:
        return [replace(state, status=None if state.status is None else not state.status)]


def _unbroken(states: list[State]) -> list[State]:
    return [replace(state, flow="") if state.flow == "break" else state for state in states]


def _known(status: bool | None) -> Callable[[_Machine, list[str], Simple, State], list[State]]:
    return lambda _machine, _words, _node, state: [replace(state, status=status)]


_NODES: Final[dict[type, Callable[..., list[State]]]] = {
    Script: _Machine.script,
    Choice: _Machine.choice,
    If: _Machine.condition,
    Case: _Machine.case,
    Loop: _Machine.loop,
    Function: _Machine.function,
    Subshell: _Machine.subshell,
    Simple: _Machine.simple,
}
_BUILTINS: Final[dict[str, Callable[[_Machine, list[str], Simple, State], list[State]]]] = {
    "exec": _Machine.execute,
    ".": _Machine.source,
    "source": _Machine.source,
    "eval": _Machine.evaluate,
    "[": _Machine.judge,
    "[[": _Machine.judge,
    "test": _Machine.judge,
    "set": _Machine.set_arguments,
    "shift": _Machine.shift,
    "cd": _Machine.cd,
    "pushd": _Machine.cd,
    "unset": _Machine.unset,
    "exit": _Machine.leave,
    "return": _Machine.leave,
    "break": _Machine.leave,
    "continue": _Machine.leave,
    "command": _Machine.through,
    "builtin": _Machine.through,
    "!": _Machine.negate,
    "true": _known(True),
    ":": _known(True),
    "false": _known(False),
}
_DECLARATIONS: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_QUIET: Final = frozenset(
    (  # noqa: SIM905 - one row each would hide the code
        "echo printf read trap wait sleep umask ulimit shopt alias hash type kill jobs popd dirs "
        "let getopts mkdir rm cp mv ln touch chmod chown chgrp cat grep egrep sed awk cut tr "
        "head tail sort uniq wc tee find date id whoami hostname basename dirname which ls "
        "stat df du pwd seq expr nc ncat curl wget ping apt-get apt apk yum dnf pip pip3 npm "
        "yarn openssl getent groupadd useradd usermod tar unzip gzip jq psql pg_isready mysql "
        "mysqladmin redis-cli aws git docker ps pgrep pkill env-subst envsubst sync"
    ).split()
)


def followed(
    text: str, command: Command, arguments: tuple[str, ...] | None, files: Files, *, guess: bool
) -> Followed:
    """Return what a script starts, on every way that arguments and variables allow.

    Args:
        text: of the script.
        command: that runs it; its first word is `$0`.
        arguments: `$1` and so on; None for any.
        files: where scripts are that it sources.
        guess: whether unset variables may be anything: then every role is taken.

    Raises:
        Broken: it is no script.
    """
    machine = _Machine(files, guess=guess)
    state = State(command, {}, frozenset(command.environment), arguments, command.words[0])
    try:
        machine.go(parse(text), [state])
    except RecursionError:
        raise Broken("it is nested too deep") from None
    return Followed(tuple(machine.started.values()), machine.cut)
