"""The grammar of shell scripts: what runs after what, and under which condition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.scan import Broken, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Case", "Choice", "Function", "If", "Loop", "Node", "Script", "Simple", "Subshell", "parse"]

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_MAX_DEPTH: Final = 60
_CLOSING: Final = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_ENDS_OF_ARM: Final = frozenset({";;", ";&", ";;&"})


@dataclass(frozen=True, slots=True)
class Simple:
    """A command with its words as they stand there."""

    assignments: tuple[str, ...]
    words: tuple[str, ...]
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """One after another."""

    steps: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`left && right`, `left || right`."""

    left: Node
    sign: str
    right: Node


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with what follows each, and what runs if none holds."""

    arms: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Case:
    """Patterns of a subject with what runs for them."""

    subject: str
    arms: tuple[tuple[tuple[str, ...], Node], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A body that runs for each item, or as long as a condition holds."""

    name: str
    items: tuple[str, ...]
    condition: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Function:
    """A name for a body."""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Subshell:
    """A body whose variables and folder end with it: `( )`, a part of a pipe, `&`."""

    body: Node


Node = Simple | Script | Choice | If | Case | Loop | Function | Subshell
_NOTHING: Final = Script(())


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self) -> Token:
        if self.at < len(self.tokens):
            return self.tokens[self.at]
        return Token("end", "", self.tokens[-1].line if self.tokens else 0, len(self.text), len(self.text))

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def skip(self, *texts: str) -> None:
        """Step over ends of lines, and these operators."""
        while (token := self.peek()).kind == "newline" or (token.kind == "op" and token.text in texts):
            self.at += 1

    def expect(self, text: str) -> None:
        token = self.take()
        if token.text != text:
            shown = token.text.strip() or "the end"
            raise Broken(f"`{text}` is missing before {shown!r}", token.line)

    def script(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Broken("it is nested too deep", self.peek().line)
        steps: list[Node] = []
        self.skip(";", "&")
        while not self._is_end():
            step = self.choice()
            token = self.peek()
            steps.append(Subshell(step) if token.text == "&" and token.kind == "op" else step)
            self.skip(";", "&")
        self.depth -= 1
        return steps[0] if len(steps) == 1 else Script(tuple(steps))

    def _is_end(self) -> bool:
        token = self.peek()
        if token.kind == "word":
            return token.text in _CLOSING
        return token.kind == "end" or token.text == ")" or token.text in _ENDS_OF_ARM

    def choice(self) -> Node:
        left = self.pipe()
        while (token := self.peek()).kind == "op" and token.text in {"&&", "||"}:
            self.at += 1
            self.skip()
            left = Choice(left, token.text, self.pipe())
        return left

    def pipe(self) -> Node:
        parts = [self.command()]
        while (token := self.peek()).kind == "op" and token.text in {"|", "|&"}:
            self.at += 1
            self.skip()
            parts.append(self.command())
        return parts[0] if len(parts) == 1 else Script(tuple(Subshell(part) for part in parts))

    def command(self) -> Node:
        token = self.peek()
        if token.kind == "op":
            if token.text == "(":
                self.at += 1
                body = self.script()
                self.expect(")")
                return Subshell(body)
            raise Broken(f"{token.text!r} stands where a command begins", token.line)
        if token.kind == "word" and token.text in _COMPOUND:
            self.at += 1
            return _COMPOUND[token.text](self)
        if self._is_function():
            self.at += 3
            self.skip()
            return Function(token.text, self.command())
        return self.simple()

    def _is_function(self) -> bool:
        following = self.tokens[self.at + 1 : self.at + 3]
        return [token.text for token in following] == ["(", ")"] and self.peek().kind == "word"

    def simple(self) -> Node:
        begin = self.at
        assignments: list[str] = []
        words: list[str] = []
        while self.peek().kind == "word":
            text = self.take().text
            (assignments if not words and _ASSIGNMENT.match(text) else words).append(text)
        if self.at == begin:
            token = self.peek()
            if token.kind in {"op", "end", "newline"}:
                return _NOTHING
        first, last = self.tokens[begin], self.tokens[self.at - 1]
        return Simple(tuple(assignments), tuple(words), first.line, self.text[first.begin : last.end])

    def negated(self) -> Node:
        return Script((self.pipe(), Simple((), ("!",), self.peek().line, "!")))

    def group(self) -> Node:
        body = self.script()
        self.expect("}")
        return body

    def condition(self) -> Node:
        arms: list[tuple[Node, Node]] = []
        otherwise: Node = _NOTHING
        while True:
            test = self.script()
            self.expect("then")
            arms.append((test, self.script()))
            token = self.take()
            if token.text == "elif":
                continue
            if token.text == "else":
                otherwise = self.script()
                self.expect("fi")
            elif token.text != "fi":
                raise Broken("an `if` without `fi`", token.line)
            return If(tuple(arms), otherwise)

    def loop(self) -> Node:
        test = self.script()
        self.expect("do")
        body = self.script()
        self.expect("done")
        return Loop("", (), test, body)

    def each(self) -> Node:
        name = self.take().text
        items: list[str] = ['"$@"']
        self.skip()
        if self.peek().text == "in":
            self.at += 1
            items.clear()
            while self.peek().kind == "word":
                items.append(self.take().text)
        self.skip(";")
        self.expect("do")
        body = self.script()
        self.expect("done")
        return Loop(name, tuple(items), _NOTHING, body)

    def case(self) -> Node:
        subject = self.take().text
        self.skip()
        self.expect("in")
        arms: list[tuple[tuple[str, ...], Node]] = []
        self.skip()
        while self.peek().text != "esac":
            arms.append(self._arm())
            self.skip(*_ENDS_OF_ARM)
        self.at += 1
        return Case(subject, tuple(arms))

    def _arm(self) -> tuple[tuple[str, ...], Node]:
        patterns: list[str] = []
        while (token := self.take()).text != ")":
            if token.kind == "end":
                raise Broken("a `case` without `esac`", token.line)
            if token.kind == "word":
                patterns.append(token.text)
        return tuple(patterns), self.script()

    def function(self) -> Node:
        name = self.take().text
        if self.peek().text == "(":
            self.at += 2
        self.skip()
        return Function(name, self.command())


_COMPOUND: Final[dict[str, Callable[[_Parser], Node]]] = {
    "if": _Parser.condition,
    "while": _Parser.loop,
    "until": _Parser.loop,
    "for": _Parser.each,
    "select": _Parser.each,
    "case": _Parser.case,
    "{": _Parser.group,
    "function": _Parser.function,
    "!": _Parser.negated,
    "time": _Parser.pipe,
}


def parse(text: str) -> Node:
    """Return what a script does.

    Raises:
        Broken: a shell would not read it either, or it is nested too deep.
    """
    parser = _Parser(text)
    try:
        node = parser.script()
    except RecursionError:
        raise Broken("it is nested too deep") from None
    token = parser.peek()
    if token.kind != "end":
        raise Broken(f"{token.text.strip()!r} stands where nothing was opened", token.line)
    return node
