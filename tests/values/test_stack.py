"""Stacks of exceptions that the interpreter would describe for seconds."""

from __future__ import annotations

import pytest

from ameide_telemetry.values.failure import exc_info_of, failure_of
from ameide_telemetry.values.stack import is_small, plain_stack


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def _chain(length: int) -> BaseException:
    error: BaseException = ValueError("root")
    for number in range(length):
        outer = RuntimeError(f"link {number}")
        outer.__cause__ = error
        error = outer
    return _raised(error)


def _stack(error: BaseException) -> str:
    found = exc_info_of(error)
    assert found is not None
    return failure_of(found).stacktrace


def test_a_long_chain_shows_its_root_and_its_end() -> None:
    """The first cause and the last effect are what somebody looks for."""
    error = _chain(5_000)
    assert not is_small(error, error.__traceback__)
    stack = _stack(error)
    assert stack.startswith("ValueError: root")
    assert stack.endswith("RuntimeError: link 4999")
    assert "<4991 exceptions left out>" in stack
    assert "direct cause" in stack


def test_a_deep_stack_shows_its_first_and_last_frames() -> None:
    """The outermost call and the raising line."""

    def dive(left: int) -> None:
        if left:
            dive(left - 1)
        raise ValueError("at the bottom")

    try:
        dive(400)
    except ValueError as error:
        stack = _stack(error)
    assert stack.startswith("Traceback (most recent call last):")
    assert "in test_a_deep_stack_shows_its_first_and_last_frames" in stack
    assert "frames left out>" in stack
    assert stack.endswith('raise ValueError("at the bottom")\nValueError: at the bottom')


def test_a_wide_group_shows_its_first_members() -> None:
    """Ten, and the number of the others."""
    stack = _stack(_raised(ExceptionGroup("many", [ValueError(str(number)) for number in range(10_000)])))
    assert "  | ValueError: 9\n" in stack
    assert "<9990 exceptions left out>" in stack


def _shared(levels: int) -> ExceptionGroup[Exception]:
    group: ExceptionGroup[Exception] = ExceptionGroup("g", [ValueError(1)])
    for _ in range(levels):
        group = ExceptionGroup("g", [group, group])
    return group


def test_members_that_are_shared_count_as_often_as_they_are_shown() -> None:
    """Twenty-eight levels of two would be shown a quarter of a billion times."""
    assert is_small(_shared(3), None)
    assert not is_small(_shared(28), None)
    error = _raised(_shared(28))
    assert _stack(error).count("ExceptionGroup: g (2 sub-exceptions)") == 3


@pytest.mark.parametrize("by", ["__cause__", "__context__"])
def test_a_circle_is_walked_once(by: str) -> None:
    """An exception may be its own cause."""
    first, second = _raised(ValueError("first")), _raised(ValueError("second"))
    setattr(first, by, second)
    setattr(second, by, first)
    assert is_small(first, first.__traceback__)
    assert plain_stack(first, first.__traceback__).count("ValueError: first") == 1


def test_what_is_suppressed_is_not_shown() -> None:
    """`from None` means it."""
    error = _chain(200)
    error.__context__ = KeyError("hidden")
    error.__suppress_context__ = True
    error.__cause__ = None
    assert plain_stack(error, None) == "RuntimeError: link 199\n"
    error.__suppress_context__ = False
    assert "During handling" in plain_stack(error, None)
