"""Patterns of a deployment: what can take more than linear time is refused before it meets a text."""

from __future__ import annotations

import random
import re
import time
from importlib import import_module
from typing import Any, Final

import pytest

from ameide_telemetry.settings import linear
from ameide_telemetry.settings.linear import MOST_STEPS, checked

_SUPER_LINEAR: Final = [
    # Exponential, each from a published report or a textbook.
    r"(a+)+$",
    r"^(a+)+$",
    r"([a-zA-Z]+)*x",
    r"(a|aa)+$",
    r"(a|a?)+b",
    r"(.*a){12}x",
    r"(x+x+)+y",
    r"^(\d+)+$",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
    r"(?:(?:ab)*)*c",
    r"(?:a|b|ab)*c",
    r"(a?){30}a{30}",
    r"(?:a{0,30}){0,30}b",
    # Polynomial: what fails late is tried again from each character.
    r".*x",
    r"x.*=.*y",
    r"\s+$",
    r"^\s+|\s+$",
    r"\w+@\w+\.com",
    r"\d+\d+-",
    r"[a-z]{1,500}[a-z]{1,500}!",
    r"<.*?>.*?</",
    r"a++b",
    r"(?>a+)b",
    r"(?=.*x)y",
    r"x(?!.*y)",
    r"(?=a+)a",
    r"(a)\1",
    r"(?P<q>['\"]).{0,9}(?P=q)",
    r"(a)?b(?(1)c|d)",
]
_SENSIBLE: Final = [
    r"\bEMP-?[0-9]{4,8}\b",
    r"\b[A-Z][A-Z0-9]{1,9}-[0-9]{1,7}\b",
    r"INC\d{7,10}",
    r"\b(?:KN|MA)[ -]?\d{2}(?:[ -]?\d{3}){2}\b",
    r"(?i)\b[a-z0-9-]{1,63}\.corp\.example\.com\b",
    r"(?i)\b(?:[a-z0-9-]{1,63}+\.){0,3}corp\.example\.com",
    r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}",
    r"cust_[A-Za-z0-9]+",
    r"(?<![0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9])",
    r"tkt:[^\s]{1,40}",
    r"policy(?:holder)? ?(?:no|number)[.:]? ?[A-Z]{2}\d{6,}",
    r"[A-CEGHJ-PR-TW-Z]{2}\d{6}[A-D]?",
    r"\b\d{2}\.\d{2}\.(?:19|20)\d{2}\b",
    r"(?:ab|cd){1,3}x",
    r"session=(?>[a-f0-9]{8,64});",
    r"x[^\n]*",
]
# What each sensible pattern takes longest to refuse: the beginnings of what it looks for.
_UNITS: Final = [
    *(
        "EMP-1234567890",
        "EMP",
        "A1",
        "INC123456",
        "KN 12 345",
        "ab-",
        "a.corp.",
        "1.2.3.",
        "123.456.",
        "cust_",
    ),
    *(
        "123-45-",
        "tkt:aaaa",
        "policyholder number: AB12345 ",
        "AB1234567",
        "01.01.19",
        "abcd",
        "session=abcdef",
    ),
    *("x", "a", "1", " ", "-", "."),
]
_LENGTH: Final = 20_000
_RATIO: Final = 2.5


@pytest.mark.parametrize("pattern", _SUPER_LINEAR)
def test_patterns_that_can_take_long_are_refused(pattern: str) -> None:
    """Each well-known kind of pattern that takes more than linear time is refused."""
    with pytest.raises(ValueError, match=r"no limit|times; use|steps|not accepted"):
        checked(pattern)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"a+b", "`a+` has no limit and is not the end of the pattern; use {1,64} instead of +"),
        (r"a*?b", "`a*?` has no limit and is not the end of the pattern; use {0,64} instead of *"),
        (
            r"\w{99,}b",
            r"`\w{99,}` has no limit and is not the end of the pattern; use {99,99} instead of {99,}",
        ),
        (r"[^a-c]{1,2000}b", "`[^a-c]{1,2000}` repeats more than 1000 times; use a smaller limit"),
        (r"[a-z]{1,99}[a-z]{1,50}!", "`[a-z]{1,99}` is repeated so that one place can take"),
        (r"(?:a|bc){1,40}(?<=d)", "`(?:a|bc){1,40}` is repeated so that one place can take countless steps"),
        (r"(a)\1", r"`\1` is not accepted in a pattern; write out what it stands for"),
        (r"a*", "it can match the empty text; make a part of it necessary"),
        (r"", "it can match the empty text"),
        (r"\b", "it can match the empty text"),
        (r"a|", "it can match the empty text"),
        (r"(", "it is no pattern: missing ), unterminated subpattern at character 1"),
        (r"a**", "it is no pattern: multiple repeat at character 3"),
        (r"[[a]b]", "it is no pattern: FutureWarning"),
        (r"a{99999999999}", "it is no pattern: OverflowError"),
        ("a" * 1001, "it has more than 1000 characters"),
    ],
)
def test_what_is_refused_is_named_with_the_edit(pattern: str, said: str) -> None:
    """The message names the part and what to write instead."""
    with pytest.raises(ValueError, match=re.escape(said)):
        checked(pattern)


@pytest.mark.parametrize("depth", [100, 300, 400, 450, 490])
def test_deep_nesting_is_no_crash(depth: int) -> None:
    """A pattern of hundreds of groups is judged or refused, and nothing else."""
    try:
        checked("(" * depth + "a" + ")" * depth)
    except ValueError as error:
        assert "deep" in str(error) or "RecursionError" in str(error)  # noqa: PT017 both ends are right


def test_an_interpreter_without_its_parser_refuses_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the private module is gone, patterns are refused, and the rest of the settings stands."""

    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(linear, "import_module", absent)
    with pytest.raises(ValueError, match="this interpreter does not let patterns be checked"):
        checked("EMP-[0-9]{4}")


def test_what_the_judge_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of a pattern that a later interpreter brings is not let through unseen."""
    judges = {kind: judge for kind, judge in linear._JUDGES.items() if kind != "IN"}
    monkeypatch.setattr(linear, "_JUDGES", judges)
    with pytest.raises(ValueError, match="is not accepted in a pattern"):
        checked("[ab]c")


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        begin = time.thread_time()
        pattern.sub("-", text)
        best = min(best, time.thread_time() - begin)
    return best


def _ratio(pattern: re.Pattern[str], unit: str) -> float:
    """Return how much longer twice the text takes; the best of several, for the machine is shared."""
    text = (unit * _LENGTH)[:_LENGTH]
    ratio = float("inf")
    for _ in range(5):
        ratio = min(ratio, _seconds(pattern, text * 2) / max(_seconds(pattern, text), 1e-4))
        if ratio <= _RATIO:
            break
    return ratio


@pytest.mark.parametrize("pattern", _SENSIBLE)
def test_sensible_patterns_are_accepted_and_take_linear_time(pattern: str) -> None:
    """Twice the text takes at most 2.5 times as long, whatever the text is made of."""
    compiled = checked(pattern)
    for unit in _UNITS:
        ratio = _ratio(compiled, unit)
        assert ratio <= _RATIO, (unit, ratio)


def test_what_is_built_of_random_parts_and_accepted_takes_linear_time() -> None:
    """Of thousands of random patterns the accepted ones are linear; the costliest of them are measured."""
    source = random.Random(4)
    found: dict[str, int] = {}
    for _ in range(3_000):
        pattern = _random(source, 3)
        try:
            compiled = checked(pattern)
        except ValueError:
            continue
        found[compiled.pattern] = linear._sequence(_parsed(pattern), at_end=True).steps
    assert len(found) > 100
    assert max(found.values()) <= MOST_STEPS
    for pattern in sorted(found, key=found.__getitem__)[-8:]:
        for unit in ("a", "ab", "aab", "ax"):
            assert _ratio(re.compile(pattern), unit) <= _RATIO, (pattern, unit)


def _parsed(pattern: str) -> Any:
    return import_module("re._parser").parse(pattern)


def _random(source: random.Random, depth: int) -> str:
    text = ""
    for _ in range(source.randint(1, 4)):
        kind = source.random()
        if kind < 0.5 or not depth:
            part = source.choice(["a", "b", "[ab]", ".", r"\w", "[^b]", "x"])
        elif kind < 0.75:
            part = source.choice(["(%s)", "(?:%s)", "(?>%s)"]) % _random(source, depth - 1)
        else:
            part = f"(?:{_random(source, depth - 1)}|{_random(source, depth - 1)})"
        text += part + source.choice(
            ["", "", "", "*", "+", "?", "{1,3}", "{0,2}", "{2}", "{1,30}", "{3,}", "{1,9}+"]
        )
    return text
