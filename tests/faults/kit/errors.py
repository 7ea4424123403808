"""Bad exceptions of the corpus, by id; each with the reason why it is there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from faults.kit.hostile import EvilMeta, EvilStr, hostile

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ERRORS"]

Table = dict[str, tuple[str, "Callable[[], Any]"]]


def raised(error: BaseException) -> BaseException:
    """Return the exception with a traceback."""
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def _chain(length: int, *, by: str = "__cause__") -> BaseException:
    error: BaseException = raised(ValueError("root"))
    for number in range(length):
        outer = RuntimeError(f"link {number}")
        setattr(outer, by, error)
        error = raised(outer) if length <= 1_000 else outer
        if length <= 1_000:
            setattr(error, by, outer.__cause__ if by == "__cause__" else outer.__context__)
    return error


def _cyclic(by: str) -> BaseException:
    first, second = raised(ValueError("first")), raised(ValueError("second"))
    setattr(first, by, second)
    setattr(second, by, first)
    return first


def _own_cause() -> BaseException:
    error = raised(ValueError("self"))
    error.__cause__ = error
    return error


def _deep(frames: int, *, mutual: bool = False) -> BaseException:
    def dive(left: int) -> None:
        if left:
            (rise if mutual else dive)(left - 1)
        raise ValueError("bottom")

    def rise(left: int) -> None:
        dive(left)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(4 * frames + 10_000)
    try:
        dive(frames // 2 if mutual else frames)
    except ValueError as error:
        return error
    finally:
        sys.setrecursionlimit(limit)
    raise AssertionError


def _endless_recursion() -> BaseException:
    def dive() -> None:
        dive()

    try:
        dive()
    except RecursionError as error:
        return error
    raise AssertionError


def _nested_group(levels: int) -> BaseException:
    error: Exception = ValueError("leaf")
    for number in range(levels):
        error = ExceptionGroup(f"level {number}", [error])
    return raised(error)


def _with_notes(*notes: Any) -> BaseException:
    error = raised(ValueError("noted"))
    error.__notes__ = list(notes)
    return error


def _with(**attributes: Any) -> BaseException:
    error = SyntaxError("bad syntax")
    for name, value in attributes.items():
        setattr(error, name, value)
    return raised(error)


def _subclass(**members: Any) -> BaseException:
    return raised(type("OddError", (Exception,), members)("odd"))


def _fails(*_: object) -> Any:
    raise RuntimeError("hostile error")


def _exits(*_: object) -> Any:
    raise SystemExit(3)


def _unicode_error() -> BaseException:
    return raised(UnicodeDecodeError("utf-8", b"\xff" * 1_000_000, 0, 1_000_000, "\ud800"))


def _spoiled_unicode_error() -> BaseException:
    error = UnicodeEncodeError("utf-8", "abc", 0, 3, "spoiled")
    error.object = "z"
    error.end = 10**6
    return raised(error)


ERRORS: Table = {
    "error": ("an ordinary one", lambda: raised(ValueError("boom"))),
    "error-no-traceback": ("was never raised", lambda: ValueError("boom")),
    "error-no-text": ("says nothing", lambda: raised(ValueError())),
    "error-surrogate": ("no UTF-8 for its text", lambda: raised(ValueError("a\ud800b"))),
    "error-control": ("its text commands a terminal", lambda: raised(ValueError("\x1b[2J\n\x9b\u202e"))),
    "error-forged": ("its text looks like another line", lambda: raised(ValueError('x\n{"level":"info"}'))),
    "error-long": ("a megabyte of text", lambda: raised(ValueError("e" * 2**20))),
    "error-huge": ("fifty megabytes of text", lambda: raised(ValueError("e" * 50_000_000))),
    "error-args": ("ten thousand arguments", lambda: raised(ValueError(*range(10_000)))),
    "error-object": (
        "its argument cannot be printed",
        lambda: raised(ValueError(hostile("__repr__", "__str__"))),
    ),
    "error-exit-object": (
        "its argument ends the process",
        lambda: raised(KeyError(hostile("__repr__", error=SystemExit))),
    ),
    "error-evil-str": ("its argument is a hostile str", lambda: raised(ValueError(EvilStr("evil")))),
    "error-str-raises": ("cannot be printed", lambda: _subclass(__str__=_fails)),
    "error-str-exits": ("ends the process when it is printed", lambda: _subclass(__str__=_exits)),
    "error-str-no-text": ("its text is a number", lambda: _subclass(__str__=lambda _: 7)),
    "error-repr-raises": ("cannot be represented", lambda: _subclass(__repr__=_fails, __str__=_fails)),
    "error-dict": ("has no attributes", lambda: _subclass(__dict__=property(_fails))),
    "error-getattr": ("no attribute can be read", lambda: _subclass(__getattribute__=_fails)),
    "error-cause-raises": ("its cause cannot be read", lambda: _subclass(__cause__=property(_fails))),
    "error-context-raises": ("its context cannot be read", lambda: _subclass(__context__=property(_fails))),
    "error-traceback-raises": ("its stack cannot be read", lambda: _subclass(__traceback__=property(_fails))),
    "error-traceback-odd": ("its stack is none", lambda: _subclass(__traceback__=7)),
    "error-notes-raise": ("its notes cannot be read", lambda: _subclass(__notes__=property(_fails))),
    "error-notes-odd": (
        "notes that are no texts",
        lambda: _with_notes(1, None, b"x", "\ud800", hostile("__str__")),
    ),
    "error-notes-many": ("ten thousand notes", lambda: _with_notes(*["note"] * 10_000)),
    "error-notes-none": ("notes that are no list", lambda: _subclass(__notes__=7)),
    "error-module-odd": ("its module is a number", lambda: _subclass(__module__=7)),
    "error-name-odd": (
        "a name of another alphabet",
        lambda: raised(type("\U0001d4d4rror\u202e", (Exception,), {})()),
    ),
    "error-name-long": (
        "a name of ten thousand letters",
        lambda: raised(type("E" * 10_000, (Exception,), {})()),
    ),
    "error-meta": ("its class cannot be looked at", lambda: raised(_evil_error())),
    "error-chain-10": ("ten causes", lambda: _chain(10)),
    "error-chain-500": ("five hundred causes", lambda: _chain(500)),
    "error-chain-50000": ("fifty thousand causes", lambda: _chain(50_000)),
    "error-context-500": ("five hundred contexts", lambda: _chain(500, by="__context__")),
    "error-cyclic-cause": ("caused by what it caused", lambda: _cyclic("__cause__")),
    "error-cyclic-context": ("raised during what it was raised during", lambda: _cyclic("__context__")),
    "error-own-cause": ("caused by itself", _own_cause),
    "error-frames-200": ("two hundred frames", lambda: _deep(200)),
    "error-frames-10000": ("ten thousand frames", lambda: _deep(10_000)),
    "error-frames-mutual": ("ten thousand frames of two functions", lambda: _deep(10_000, mutual=True)),
    "error-recursion": ("the recursion limit", _endless_recursion),
    "error-group": (
        "two errors at once",
        lambda: raised(ExceptionGroup("two", [ValueError("a"), KeyError("b")])),
    ),
    "error-group-10000": (
        "ten thousand errors",
        lambda: raised(ExceptionGroup("many", [ValueError(str(n)) for n in range(10_000)])),
    ),
    "error-group-nested": ("a hundred groups in each other", lambda: _nested_group(100)),
    "error-group-base": (
        "holds what is no error",
        lambda: raised(BaseExceptionGroup("base", [SystemExit(1)])),
    ),
    "error-group-surrogate": (
        "a bad text of a group",
        lambda: raised(ExceptionGroup("\ud800", [ValueError("\udfff")])),
    ),
    "error-syntax": (
        "has a place of its own",
        lambda: _with(filename="a.py", lineno=1, offset=1, text="x\n"),
    ),
    "error-syntax-odd": (
        "a place that is none",
        lambda: _with(filename=7, lineno="x", offset=[], text=b"\xff"),
    ),
    "error-syntax-huge": (
        "a place with a huge line",
        lambda: _with(lineno=1, offset=5, text="x" * 5_000_000),
    ),
    "error-unicode": ("holds a megabyte", _unicode_error),
    "error-unicode-spoiled": ("denies what it holds", _spoiled_unicode_error),
    "error-os": ("a number and a file", lambda: raised(OSError(2, "no such file", "/\ud800"))),
    "error-exit": ("would end the process", lambda: raised(SystemExit("goodbye"))),
    "error-interrupt": ("would interrupt the process", lambda: raised(KeyboardInterrupt())),
    "error-stop": ("would end an iteration", lambda: raised(StopIteration(7))),
    "error-class": ("the class instead of an error", lambda: ValueError),
    "error-traceback": ("the stack alone", lambda: raised(ValueError("x")).__traceback__),
    "error-info": ("all three parts", lambda: _info(raised(ValueError("x")))),
    "error-info-nothing": ("three times nothing", lambda: (None, None, None)),
    "error-info-short": ("too few parts", lambda: (ValueError, ValueError("x"))),
    "error-info-odd": ("three parts that are none", lambda: (1, "x", 3.0)),
    "error-info-mixed": ("parts that do not fit", lambda: (KeyError, ValueError("x"), "no traceback")),
}


class _EvilErrorMeta(EvilMeta):
    """A metaclass for exceptions."""


def _evil_error() -> BaseException:
    made: Any = type.__call__(_EvilErrorMeta, "EvilError", (Exception,), {})
    return made("evil")  # type: ignore[no-any-return]


def _info(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    return type(error), error, error.__traceback__
