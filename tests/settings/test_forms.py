"""Forms: what is accepted from a variable and as an argument."""

from __future__ import annotations

import math

import pytest

from ameide_telemetry.settings import forms
from ameide_telemetry.settings.forms import Form, RefusedError


def _kept(form: Form, text: str) -> object:
    return form.take(form.read(text))


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        (forms.BOOLEAN, "TRUE", True),
        (forms.BOOLEAN, "1", True),
        (forms.BOOLEAN, "yes", True),
        (forms.BOOLEAN, "On", True),
        (forms.BOOLEAN, "false", False),
        (forms.BOOLEAN, "0", False),
        (forms.BOOLEAN, "No", False),
        (forms.BOOLEAN, "off", False),
        (forms.TIMEOUT, "10", 10.0),
        (forms.TIMEOUT, "99.9", 99.9),
        (forms.TIMEOUT, "100", 0.1),
        (forms.TIMEOUT, "10000", 10.0),
        (forms.MILLISECONDS, "5000", 5.0),
        (forms.SECONDS, "2.5", 2.5),
        (forms.RATIO, "0", 0.0),
        (forms.RATIO, "1", 1.0),
        (forms.LEVEL, "WARN", 30),
        (forms.LEVEL, "fatal", 50),
        (forms.LEVEL, "15", 15),
        (forms.TEXT, "  orders ", "orders"),
        (forms.TEXT, "orders:1.2@sha256:0a1b", "orders:1.2@sha256:0a1b"),
        (forms.whole(1, 9), "9", 9),
        (forms.choice("a", "b"), " B ", "b"),
        (forms.exporter(), "otlp", "otlp"),
        (forms.exporter(), "otlp,prometheus", "otlp"),
    ],
)
def test_text_becomes_a_value(form: Form, text: str, value: object) -> None:
    """Each form reads the spellings that it says it accepts."""
    kept = _kept(form, text)
    assert (kept, type(kept)) == (value, type(value))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (forms.BOOLEAN, "maybe"),
        (forms.BOOLEAN, "2"),
        (forms.TIMEOUT, "10s"),
        (forms.TIMEOUT, "0"),
        (forms.TIMEOUT, "-1"),
        (forms.TIMEOUT, "inf"),
        (forms.TIMEOUT, "nan"),
        (forms.MILLISECONDS, "0"),
        (forms.RATIO, "1.1"),
        (forms.LEVEL, "loud"),
        (forms.LEVEL, "0"),
        (forms.LEVEL, "99"),
        (forms.LEVEL, "9" * 5000),
        (forms.TEXT, "a\nb"),
        (forms.TEXT, "a" * 256),
        (forms.TEXT, "\udc80"),
        (forms.whole(1, 9), "10"),
        (forms.whole(1, 9), "1.5"),
        (forms.whole(1, 9999), "1_000"),
        (forms.whole(1, 9999), "\u0661\u0662"),
        (forms.whole(1, 9999), "\uff11"),
        (forms.whole(1, 9999), "1" * 5000),
        (forms.SECONDS, "1_0"),
        (forms.SECONDS, "\u0661"),
        (forms.LEVEL, "\u0662\u0660"),
        (forms.TEXT, "https://user:sesame@h/"),
        (forms.TEXT, "user:sesame@h"),
        (forms.choice("a"), "c"),
        (forms.exporter(), "otlp,console"),
        (forms.exporter(), "prometheus"),
    ],
)
def test_other_text_is_refused(form: Form, text: str) -> None:
    """What a form does not accept raises, so that nothing is guessed."""
    with pytest.raises(RefusedError):
        _kept(form, text)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (forms.BOOLEAN, "false"),
        (forms.BOOLEAN, 1),
        (forms.SECONDS, "5"),
        (forms.SECONDS, True),
        (forms.SECONDS, math.nan),
        (forms.SECONDS, None),
        (forms.whole(0, 1), True),
        (forms.whole(0, 1), 1.0),
        (forms.LEVEL, True),
        (forms.LEVEL, None),
        (forms.LEVEL, []),
        (forms.TEXT, 5),
        (forms.choice("a"), ["a"]),
        (forms.names("", lambda parts: parts), 5),
        (forms.names("", lambda parts: parts), [5]),
    ],
)
def test_arguments_are_not_converted(form: Form, value: object) -> None:
    """An argument of another type is refused: in code a wrong type is a mistake, not a spelling."""
    with pytest.raises(RefusedError):
        form.take(value)


def test_names_keep_their_order_and_lose_repetition() -> None:
    """A list is stripped and free of repetition; a set, which has no order, is sorted."""
    form = forms.names("", lambda parts: parts)
    assert form.take(" b, a,,b ") == ("b", "a")
    assert form.take(["b", "a"]) == ("b", "a")
    assert form.take({"b", "a"}) == ("a", "b")


def test_ci_says_nothing_unless_it_is_true() -> None:
    """`CI=woodpecker` and `CI=false` leave the decision to the next variable."""
    assert (forms.CI.read("true"), forms.CI.read("false"), forms.CI.read("woodpecker")) == (True, None, None)


def test_shown_never_runs_foreign_code() -> None:
    """A foreign object is named by its type, a long text is cut."""

    class Hostile:
        def __repr__(self) -> str:
            raise AssertionError

    assert forms.shown(Hostile()) == "a value of type Hostile"
    assert forms.shown("x" * 100) == f"'{'x' * 59}..."
    assert forms.shown(None) == "None"
    assert forms.shown(10**5000) == "a number of 16610 bits"


@pytest.mark.parametrize(
    "text",
    [
        "https://user:sesame@h/",
        "user:sesame@h",
        "postgres://h/db?password=sesame",
        "h/?sesame#sesame@",
        "Bearer sesame",
        "authorization=sesame",
        "x-api-key: sesame",
        "PASSWORD sesame",
        "eyJsesame",
        "ghp_sesame",
        "AKIAsesame",
        "-----BEGIN sesame",
        "sesame0123456789abcdef",
        f"{'x' * 990}://user:{'y' * 990}sesame@h",
    ],
)
def test_shown_hides_what_looks_like_a_secret(text: str) -> None:
    """A wrong value may have been meant for another variable, where it is a secret."""
    assert "sesame" not in forms.shown(text)


@pytest.mark.parametrize("text", ["10s", "http/json", "brotli", "/nowhere/ca.pem", "collector:4318", "50%"])
def test_shown_shows_what_is_just_wrong(text: str) -> None:
    """What looks like no secret is shown as it was written."""
    assert forms.shown(text) == repr(text)
