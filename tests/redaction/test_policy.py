"""What the settings say about redaction, as the redactor takes it, and what comes of it."""

from __future__ import annotations

import hmac
from typing import Final

import pytest

from ameide_telemetry.redaction import Found, Redactor, redactor_of, shown_settings
from ameide_telemetry.redaction.keys import NameTable
from ameide_telemetry.redaction.policy import RedactionPolicy, policy_of
from ameide_telemetry.settings import TelemetrySettings

_KEY: Final = "v1:sesame-0123456789"


def _settings(**arguments: object) -> TelemetrySettings:
    return TelemetrySettings.resolve({"strict": True, **arguments}, {})


def _field(settings: TelemetrySettings, name: str, value: object) -> object:
    return Redactor(policy_of(settings)).field(name, value, {})


def test_nothing_said_adds_nothing() -> None:
    """Without settings the built-in classes hold, and nobody gets a pseudonym."""
    assert policy_of(TelemetrySettings()) == RedactionPolicy()


def test_the_settings_become_the_policy() -> None:
    """Names, patterns, kept names and classes arrive; patterns compiled."""
    policy = policy_of(
        _settings(
            redact_names={"staff number": "national_id", "order.ref": "none"},
            redact_patterns=[("custom", "EMP-[0-9]{4}"), ("custom", "TKT-[0-9]{4}")],
            unredacted_classes=["ip"],
            pseudonym_key=_KEY,
            pseudonym_classes=["email"],
        )
    )
    assert policy.names == (("staff number", "national_id"),)
    assert [(kind, pattern.pattern) for kind, pattern in policy.patterns] == [
        ("custom", "EMP-[0-9]{4}"),
        ("custom", "TKT-[0-9]{4}"),
    ]
    assert policy.kept == ("order.ref",)
    assert policy.shown == {"ip"}
    assert repr(policy.pseudonyms) == "Pseudonyms(key_id='v1', classes=['email'])"
    assert "sesame" not in repr(policy)


def test_a_key_alone_makes_no_pseudonyms() -> None:
    """Without a class there is nothing to make them for."""
    assert policy_of(_settings(pseudonym_key=_KEY)).pseudonyms is None


@pytest.mark.parametrize("name", ["staffNumber", "employee.staff_number", "X-STAFF-NUMBER"])
def test_a_name_counts_by_its_last_words(name: str) -> None:
    """However it is spelt and whatever stands before it."""
    settings = _settings(redact_names={"staff number": "national_id"})
    assert _field(settings, name, "A 12") == "[redacted:national_id]"
    assert _field(settings, f"{name}.count", "A 12") == "A 12"


def test_none_is_for_one_name_in_full() -> None:
    """What stands under this name is not even searched; a longer or nested name is redacted as ever."""
    settings = _settings(redact_names={"contact.email": "none"})
    assert _field(settings, "contact.email", "a@b.example") == "a@b.example"
    assert _field(settings, "Contact.Email", "a@b.example") == "a@b.example"
    for name in ("email", "billing.contact.email", "contact_email"):
        assert _field(settings, name, "a@b.example") == "[redacted:email]"
    assert _field(settings, "order", {"contact.email": "a@b.example"}) == {
        "contact.email": "[redacted:email]"
    }


E, Q, L = "[redacted:email]", "[redacted:query]", "[redacted:literal]"
KEPT = (
    (
        "card payment_id=4526533175575379 card 4526533175575379",
        "card payment_id=4526533175575379 card [redacted:card]",
    ),
    ('{"payment_id": "a@b.example", "n": 1}', None),
    ("GET /x?payment_id=45&b=c", f"GET /x?payment_id=45&b={Q}"),
    ("Payment_ID: a@b.example, b@b.example", f"Payment_ID: a@b.example, {E}"),
    (r"{\"payment_id\": \"a@b.example\"}", None),
    ("SELECT a FROM t WHERE payment_id=45 AND b='c'", f"SELECT a FROM t WHERE payment_id=45 AND b={L}"),
    ("card_payment_id: a@b.example", f"card_payment_id: {E}"),
    ("payment_ids=a@b.example", f"payment_ids={E}"),
    ("\ue0f0\ue100\ue0f1 payment_id=a@b.example", f"\ue0f0\ue100\ue0f1 payment_id={E}"),
)


@pytest.mark.parametrize(("text", "shown"), KEPT)
def test_none_is_for_the_name_in_texts_and_queries_too(text: str, shown: str | None) -> None:
    """The value of that name in full stays, and nothing else; a text with marks of its own is searched."""
    redactor = redactor_of(_settings(redact_names={"payment_id": "none"}))
    assert redactor.text(text, {}) == (shown or text)
    assert redactor.text(shown or text, {}) == (shown or text)
    assert redactor.field("url.query", "payment_id=45&b=c", {}) == f"payment_id=45&b={Q}"


def test_none_by_last_words_would_show_what_nobody_meant() -> None:
    """The reason for names in full: one entry would open all names that end in it, and the next releases'."""
    names = ["ip", "client.ip", "peer_ip", "remote-ip", "customer.ip", "userIp", "login.ip"]
    exact = NameTable({"ip": None})
    phrase = NameTable({}, [("ip", None)])
    assert [each for each in names if exact.class_of(each) is None] == ["ip"]
    assert len([each for each in names if phrase.class_of(each) is None]) >= 4


def test_patterns_are_looked_for_everywhere() -> None:
    """In text of every kind, short ones included, beside the built-in ones."""
    settings = _settings(redact_patterns={"custom": "EMP-[0-9]{4}"})
    found: Found = {}
    redactor = redactor_of(settings)
    assert redactor.text("by EMP-1234", found) == "by [redacted:custom]"
    assert redactor.text("EMP-1234 a@b.example", found) == "[redacted:custom] [redacted:email]"
    assert found == {"custom": 2, "email": 1}


def test_unredacted_classes_are_shown() -> None:
    """A class that is left alone is neither hidden nor counted."""
    found: Found = {}
    redactor = redactor_of(_settings(unredacted_classes=["email"]))
    assert redactor.field("email", "a@b.example", found) == "a@b.example"
    assert redactor.text("by a@b.example", found) == "by a@b.example"
    assert found == {}


def test_pseudonyms_join() -> None:
    """The same person has the same pseudonym in a field and in a text, whatever the spelling."""
    redactor = redactor_of(_settings(pseudonym_key=_KEY, pseudonym_classes=["email"]))
    digits = hmac.new(b"sesame-0123456789", b"email:a@b.example", "sha256").hexdigest()[:24]
    assert redactor.field("email", "A@B.example", {}) == f"[email:v1:{digits}]"
    assert redactor.text("sent to a@b.example", {}) == f"sent to [email:v1:{digits}]"
    assert redactor.field("password", "a@b.example", {}) == "[redacted:password]"


def test_another_key_is_another_redactor() -> None:
    """Settings that differ in the key only do not share one."""
    one, other = (
        redactor_of(_settings(pseudonym_key=f"v1:{'k' * 16}{end}", pseudonym_classes=["email"]))
        for end in "ab"
    )
    assert one.field("email", "a@b.example", {}) != other.field("email", "a@b.example", {})


def test_a_command_line_among_the_settings_is_not_shown() -> None:
    """Nor does it leave as an attribute of the resource; others of those stay."""
    settings = TelemetrySettings.resolve(
        {}, {"OTEL_RESOURCE_ATTRIBUTES": "process.command_line=run --pw tulip,team=a"}
    )
    assert shown_settings(settings)["resource_attributes"]["value"] == {"team": "a"}
