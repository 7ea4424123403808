"""What a line says of an exception."""

from __future__ import annotations

import sys

from ameide_telemetry.values.failure import exc_info_of, failure_of
from ameide_telemetry.values.text import shorten


class CustomError(Exception):
    """An error of this module whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def _info(error: BaseException) -> tuple[type[BaseException], BaseException, object]:
    return type(error), error, error.__traceback__


def test_type_message_and_stack() -> None:
    """A builtin error is named without its module; another with it."""
    failure = failure_of(_info(_raised(ValueError("boom"))))  # type: ignore[arg-type]
    assert (failure.type, failure.message) == ("ValueError", "boom")
    assert "raise error" in failure.stacktrace
    custom = failure_of(_info(_raised(CustomError())))  # type: ignore[arg-type]
    assert custom.type.endswith("test_failure.CustomError")
    assert custom.message == "<unprintable CustomError>"


def test_a_chain_is_in_the_stack() -> None:
    """The cause is part of the text."""
    error = RuntimeError("outer")
    error.__cause__ = _raised(KeyError("inner"))
    assert "KeyError: 'inner'" in failure_of(_info(_raised(error))).stacktrace  # type: ignore[arg-type]


def test_a_long_stack_keeps_both_ends() -> None:
    """The outermost call and the raising line survive."""

    def dive(depth: int) -> None:
        if depth:
            rise(depth - 1)
        raise ValueError("at the bottom")

    def rise(depth: int) -> None:
        dive(depth)

    try:
        dive(100)
    except ValueError as error:
        stack = failure_of(_info(error)).stacktrace  # type: ignore[arg-type]
    assert len(stack) < 8_100
    assert stack.startswith("Traceback")
    assert stack.endswith("ValueError: at the bottom")
    assert "characters left out" in stack


def test_every_form_of_exc_info_is_understood() -> None:
    """True, an exception, a tuple, and what means none."""
    error = _raised(ValueError("boom"))
    assert exc_info_of(error) == _info(error)
    assert exc_info_of(_info(error)) == _info(error)
    assert exc_info_of((None, None, None)) is None
    assert exc_info_of(("odd",)) is None
    assert exc_info_of(None) is None
    assert exc_info_of(True) is None
    try:
        raise error
    except ValueError:
        assert exc_info_of(True) == sys.exc_info()


def test_shorten_keeps_short_text() -> None:
    """Text within the limit is not touched."""
    assert shorten("abc", 3) == "abc"
    assert shorten("abcdef", 4) == "ab\n<2 characters left out>\nef"
