"""Pseudonyms: the same for the same person, another for any other, and no way back without the key."""

from __future__ import annotations

import hmac
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
    """Whatever a value is: it has one, always the same, and it shows nothing of it."""
    made = _NAMES.of(kind, value)
    assert made is not None
    assert made == _NAMES.of(kind, value) == _NAMES.of(kind, f" {value} ")
    assert len(made) == len(f"[{kind}:v1:]") + 24
