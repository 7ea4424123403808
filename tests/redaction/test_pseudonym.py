"""Pseudonyms: the same for the same person, another for any other, and no way back without the key."""

from __future__ import annotations

import hmac
import timeit
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES, SECRET_CLASSES
from ameide_telemetry.redaction.pseudonym import Pseudonyms

_KEY: Final = b"sesame-0123456789"
_EVERY: Final = (*PERSONAL_CLASSES, *SECRET_CLASSES)
_NAMES: Final = Pseudonyms(_KEY, "v1", _EVERY)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("email", "Jane.Doe@Example.COM", b"email:jane.doe@example.com"),
        ("phone", "+49 (0) 170 123-4567", b"phone:491701234567"),
        ("iban", "DE89 3704 0044 0532 0130 00", b"iban:de89370400440532013000"),
        ("name", " Jane  DOE ", b"name:jane doe"),
        ("ip", "::FFFF:192.0.2.1", b"ip:192.0.2.1"),
        ("custom", "EMP-4711", b"custom:emp-4711"),
    ],
)
def test_vectors(kind: str, value: str, text: bytes) -> None:
    """A pseudonym is 24 digits of the HMAC-SHA-256 over class and canonical value, with class and key id."""
    digits = hmac.new(_KEY, text, "sha256").hexdigest()[:24]
    assert _NAMES.of(kind, value) == f"[{kind}:v1:{digits}]"


def test_a_vector_in_full() -> None:
    """The digits stand here once, so that no change of the code can take the tests along with it."""
    assert (
        Pseudonyms(b"k" * 16, "k1", ["email"]).of("email", "a@b.example")
        == "[email:k1:8626d08280ea593f08f5bef6]"
    )


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("email", ["jane@example.com", "Jane@EXAMPLE.com", " jane@example.com\n", "jane%40example.com"]),
        ("email", ["jane@example.com", "mailto:jane@example.com", "Jane Doe <jane@example.com>"]),
        ("email", ["jane@example.com", "\uff4a\uff41\uff4e\uff45@example.com"]),
        (
            "phone",
            ["+491701234567", "+49 170 1234567", "0049-170-1234567", "%2B491701234567", "+49 (170) 123.4567"],
        ),
        ("card", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"]),
        ("iban", ["GB82WEST12345698765432", "gb82 west 1234 5698 7654 32"]),
        ("national_id", ["123-45-6789", "123456789", "123 45 6789"]),
        ("name", ["Jos\u00e9 Mu\u00f1oz", "JOSE\u0301 MUN\u0303OZ", "jos\u00e9\u00a0mu\u00f1oz"]),
        ("name", ["Stra\u00dfer", "STRASSER"]),
        ("ip", ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8::1]"]),
        ("address", ["1 High Street", "1  high\tstreet"]),
        ("email", ["jane@m\u00fcnchen.example", "jane@xn--mnchen-3ya.example", "Jane@MU\u0308NCHEN.example"]),
        (
            "email",
            ["jane@xn--mnchen-3ya.example", "JANE@XN--MNCHEN-3YA.EXAMPLE", "jane@m%C3%BCnchen.example"],
        ),
        (
            "email",
            ["jane@example.com", "jane%2540example.com", "jane%252540example.com", "jane@example.com."],
        ),
        ("email", ["jos\u00e9@example.com", "jose\u0301@example.com", "jos%C3%A9@example.com"]),
        ("email", ["jane@example.com", "mailto:jane@example.com?subject=x", "< jane@example.com >"]),
        (
            "phone",
            ["+491701234567", "00 49 170 1234567", " +49\u00a0170\u20111234567", "tel:+49-170-1234567"],
        ),
        ("phone", ["+491701234567", "%2B49%20170%201234567", "tel:+491701234567;ext=7"]),
        (
            "phone",
            ["+491701234567", "+\u0664\u0669\u0661\u0667\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667"],
        ),
        ("name", ["jane doe", "Jane%20Doe", "jane%2520doe"]),
        ("ip", ["192.0.2.1", "192.0.2.1:8080", " 192.0.2.1 ", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"]),
        ("ip", ["192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:ffff:c000:201", '"192.0.2.1"', "for=192.0.2.1"]),
        ("ip", ["192.0.2.1", "192.0.2.1, 198.51.100.7", "unknown, 192.0.2.1", "192.0.2.1:1,10.0.0.1:2"]),
        (
            "ip",
            ["2001:db8::1", "[2001:db8::1]:443", 'for="[2001:DB8::1]:4711";proto=https', "2001:db8::1%eth0"],
        ),
        ("ip", ["2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1, 10.0.0.1"]),
    ],
)
def test_the_same_in_other_spellings_is_the_same(kind: str, spellings: list[str]) -> None:
    """Case, width, separators and escapes do not make another person."""
    assert len({_NAMES.of(kind, each) for each in spellings}) == 1


def test_others_are_others() -> None:
    """Another value, class, key or key id is another pseudonym."""
    keys = [(_KEY, "v1"), (_KEY, "v2"), (b"another-0123456789", "v1")]
    made = {
        Pseudonyms(key, key_id, _EVERY).of(kind, value)
        for key, key_id in keys
        for kind in PERSONAL_CLASSES
        for value in ("4111111111111111", "4111111111111112")
    }
    assert len(made) == len(keys) * len(PERSONAL_CLASSES) * 2
    assert None not in made


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("ip", "2001:db8::1:80", "[2001:db8::1]:80"),
        ("ip", "198.51.100.7, 192.0.2.1", "192.0.2.1, 198.51.100.7"),
        ("email", "jane@xn--mnchen-3ya.example", "jane@munchen.example"),
        ("email", "jane@xn--99999999.example", "jane@xn--99999998.example"),
        ("email", "jane@example.com", "jane.doe@example.com"),
        ("phone", "+491701234567", "+4917012345678"),
        ("phone", "+1 (0) 2", "+1 2 0"),
    ],
)
def test_what_only_looks_alike_is_another(kind: str, one: str, other: str) -> None:
    """An address whose last part looks like a port, the order of a list, letters with marks."""
    assert _NAMES.of(kind, one) != _NAMES.of(kind, other)


@pytest.mark.parametrize("kind", ["ip", "email", "name", "phone"])
@pytest.mark.parametrize("value", ["unknown", "-", " Unknown ", "null", "None", "n/a", "", " ", "anonymous"])
def test_nobody_gets_none(kind: str, value: str) -> None:
    """Else all whom a program does not know would be one person; the plain marker says the class."""
    assert _NAMES.of(kind, value) is None


@pytest.mark.parametrize("value", ["unknown, -", ",", "unknown,unknown"])
def test_a_list_of_nobody_is_nobody(value: str) -> None:
    """Proxies write such lists where they hide who asked."""
    assert _NAMES.of("ip", value) is None


@pytest.mark.parametrize(
    ("kind", "part"),
    [("email", "%25"), ("email", "xn--a."), ("email", "<"), ("ip", "1,"), ("ip", "[:"), ("phone", "(0)")],
)
def test_time_grows_with_the_length(kind: str, part: str) -> None:
    """Whatever is repeated in a value: twice the length takes about twice the time."""

    def seconds(count: int) -> float:
        text = part * count
        return min(timeit.repeat(lambda: _NAMES.of(kind, text), number=1, repeat=7))

    # What others do to the machine is gone at the next look; what is quadratic stays.
    assert any(seconds(40_000) <= 2.5 * seconds(20_000) + 0.002 for _ in range(5))


def test_secrets_never_get_one() -> None:
    """A pseudonym of a password could be guessed at by who knows the key; asked for, there is none."""
    assert [_NAMES.of(kind, "sesame") for kind in SECRET_CLASSES] == [None] * len(SECRET_CLASSES)


def test_only_classes_that_were_asked_for_get_one() -> None:
    """All other classes get their marker."""
    names = Pseudonyms(_KEY, "v1", ["email"])
    assert [kind for kind in _EVERY if names.of(kind, "a")] == ["email"]


def test_repr_shows_no_key() -> None:
    """The id and the classes are shown, the key is not."""
    assert (
        repr(Pseudonyms(_KEY, "v1", ["phone", "email"]))
        == "Pseudonyms(key_id='v1', classes=['email', 'phone'])"
    )


@given(st.sampled_from(sorted(PERSONAL_CLASSES)), st.text())
def test_any_text_has_one(kind: str, value: str) -> None:
    """Whatever a value is, unless it says nobody: it has one, always the same, that shows nothing of it."""
    made = _NAMES.of(kind, value)
    if made is None:
        assert _NAMES.of(kind, f" {value} ") is None
        return
    assert made == _NAMES.of(kind, value) == _NAMES.of(kind, f" {value} ")
    assert len(made) == len(f"[{kind}:v1:]") + 24
