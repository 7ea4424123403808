"""Where quotes, substitutions and words of a shell end, and the tokens that a script is made of."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

__all__ = ["Broken", "Token", "after_dollar", "after_double", "after_single", "tokens"]

_MAX_DEPTH: Final = 40
_SHORT: Final = re.compile(r"\$(?:[A-Za-z_]\w*|\d|[@*#?$!-])")
_WORD: Final = re.compile(r"[^\s'\"\\$`;&|<>()]+")
_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_OPERATOR: Final = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|()]")
_REDIRECT: Final = re.compile(r"(?:\d{1,3}|&)?(<<<|<<-?|>>|>\||<>|[<>]&?)[ \t]*")
_COMMENT: Final = re.compile(r"#[^\n]*")
_LIST: Final = re.compile(r"[A-Za-z_]\w*\+?=$")
_SPECIAL: Final = re.compile(r"[\\'\"`$(){}]")


class Broken(Exception):  # noqa: N818 - it is no error of ours: the script is broken
    """A script that a shell would not read either, or that is nested too deep."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Token(NamedTuple):
    """A piece of a script: kind is `word`, `op` or `newline`."""

    kind: str
    text: str
    line: int
    begin: int
    end: int


def after_single(text: str, at: int) -> int:
    """Return where a single-quoted string ends."""
    end = text.find("'", at + 1)
    return _closed(end, "'") + 1


def after_double(text: str, at: int, depth: int = 0) -> int:
    """Return where a double-quoted string ends."""
    at += 1
    while at < len(text):
        sign = text[at]
        if sign == '"':
            return at + 1
        if sign == "\\":
            at += 2
        elif sign in "$`":
            at = after_dollar(text, at, depth + 1)
        else:
            at += 1
    raise Broken('a `"` is never closed')


def after_dollar(text: str, at: int, depth: int = 0) -> int:
    """Return where an expansion ends that begins with `$` or a backtick."""
    if depth > _MAX_DEPTH:
        raise Broken("it is nested too deep")
    if text[at] == "`":
        return _closed(text.find("`", at + 1), "`") + 1
    following = text[at + 1 : at + 2]
    if following == "(":
        return _after_bracket(text, at + 1, "()", depth + 1)
    if following == "{":
        return _after_bracket(text, at + 1, "{}", depth + 1)
    if following == "'":
        return _after_ansi(text, at + 1)
    short = _SHORT.match(text, at)
    return short.end() if short else at + 1


def _after_ansi(text: str, at: int) -> int:
    at += 1
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return _closed(at if at < len(text) else -1, "'") + 1


def _after_bracket(text: str, at: int, pair: str, depth: int) -> int:
    level = 0
    while True:
        found = _SPECIAL.search(text, at)
        if found is None:
            raise Broken(f"a `{pair[0]}` is never closed")
        at, sign = found.start(), found[0]
        if sign == "\\":
            at += 2
        elif sign == "'" and pair == "()":
            at = after_single(text, at)
        elif sign == '"':
            at = after_double(text, at, depth)
        elif sign in "$`":
            at = after_dollar(text, at, depth)
        else:
            level += (sign == pair[0]) - (sign == pair[1])
            at += 1
            if level == 0:
                return at


def _closed(end: int, sign: str) -> int:
    if end < 0:
        raise Broken(f"a `{sign}` is never closed")
    return end


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Token] = []
        self.documents: list[tuple[str, bool]] = []
        self.in_test = False
        self.lines = [found.start() for found in re.finditer("\n", text)]

    def line(self, at: int) -> int:
        return bisect_right(self.lines, at - 1) + 1 if at else 1

    def add(self, kind: str, begin: int) -> None:
        self.found.append(Token(kind, self.text[begin : self.at], self.line(begin), begin, self.at))

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            begin = self.at
            try:
                self._next()
            except Broken as error:
                raise Broken(error.reason, self.line(begin)) from None
        return self.found

    def _next(self) -> None:
        text, begin = self.text, self.at
        blank = _BLANK.match(text, begin) or _COMMENT.match(text, begin)
        if blank:
            self.at = blank.end()
        elif text[begin] == "\n":
            self.at += 1
            self.add("newline", begin)
            self._skip_documents()
        elif text.startswith("((", begin) and not self.in_test:
            self.at = _after_bracket(text, begin, "()", 0)
            self.add("word", begin)
        elif not self.in_test and (redirect := _REDIRECT.match(text, begin)):
            self._redirect(redirect)
        elif operator := _OPERATOR.match(text, begin):
            self.at = operator.end()
            self.add("word" if self.in_test else "op", begin)
        else:
            self._word()

    def _redirect(self, found: re.Match[str]) -> None:
        self.at = found.end()
        if self.at < len(self.text) and self.text[self.at] == "(":
            self.at = _after_bracket(self.text, self.at, "()", 0)
            return
        begin = self.at
        self._pass_word()
        if found[1] in {"<<", "<<-"}:
            name = re.sub(r"['\"\\]", "", self.text[begin : self.at])
            self.documents.append((name, found[1] == "<<-"))

    def _skip_documents(self) -> None:
        for name, tabs in self.documents:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == name:
                    break
        self.documents.clear()

    def _word(self) -> None:
        begin = self.at
        self._pass_word()
        if self.at == begin:  # `<` or `>` of a test
            self.at += 1
        word = self.text[begin : self.at]
        if word == "[[":
            self.in_test = True
        elif word == "]]":
            self.in_test = False
        self.add("word", begin)

    def _pass_word(self) -> None:
        text, begin = self.text, self.at
        while self.at < len(text):
            run = _WORD.match(text, self.at)
            if run:
                self.at = run.end()
                continue
            match text[self.at]:
                case "'":
                    self.at = after_single(text, self.at)
                case '"':
                    self.at = after_double(text, self.at)
                case "\\":
                    self.at = min(self.at + 2, len(text))
                case "$" | "`":
                    self.at = after_dollar(text, self.at)
                case "(" if _LIST.match(text[begin : min(self.at, begin + 200)]):
                    self.at = _after_bracket(text, self.at, "()", 0)
                case _:
                    return


def tokens(text: str) -> list[Token]:
    """Return the tokens of a script: comments, redirections and here-documents are left out.

    Raises:
        Broken: a quote or bracket is never closed, or they are nested too deep.
    """
    return _Lexer(text).run()
