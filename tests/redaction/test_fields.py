"""Fields: by name, by what they hold, nested, counted, and with pseudonyms."""

from __future__ import annotations

from typing import Any

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.pseudonym import Pseudonyms

REDACTOR = Redactor(RedactionPolicy())
KEY = b"0123456789abcdef"
E, P = "[redacted:email]", "[redacted:password]"

FIELDS: tuple[tuple[str, Any, Any, Found], ...] = (
    ("auth_token_v2", "x", "[redacted:token]", {"token": 1}),
    ("X-API-KEY-V1", "x", "[redacted:key]", {"key": 1}),
    ("forwarded", "for=203.0.113.7", "[redacted:ip]", {"ip": 1}),
    ("http.request.header.forwarded", ["for=203.0.113.7"], ["[redacted:ip]"], {"ip": 1}),
    ("mail_forwarded", "yes", "yes", {}),
    ("email", "bob@example.com", E, {"email": 1}),
    ("email", None, None, {}),
    ("email", "", "", {}),
    ("email", True, True, {}),
    ("email", 3, 3, {}),
    ("email", E, E, {}),
    ("emails", ["a@b.de", None, "c@d.de"], [E, None, E], {"email": 2}),
    ("emails", [], [], {}),
    ("pin", 1234, P, {"password": 1}),
    ("card_number", 4111111111111111, "[redacted:card]", {"card": 1}),
    ("customer_address", {"street": "Elm 1", "city": "X"}, "[redacted:address]", {"address": 1}),
    ("cookies", {}, {}, {}),
    ("session_id", "4111 1111 1111 1111", "4111 1111 1111 1111", {}),
    ("enduser.id", "Bob <bob@example.com>", f"Bob <{E}>", {"email": 1}),
    ("enduser.id", "4111 1111 1111 1111", "4111 1111 1111 1111", {}),
    ("user.id", "bob@example.com", E, {"email": 1}),
    ("messaging.message.id", "<17.4@mail.example.com>", "<17.4@mail.example.com>", {}),
    ("service.instance.id", "celery@one.example.com", "celery@one.example.com", {}),
    ("note", "mail bob@example.com or a@b.de", f"mail {E} or {E}", {"email": 2}),
    ("note", b"mail bob@example.com", f"mail {E}", {"email": 1}),
    (
        "body",
        {"user": {"email": "x", "n": 5}, "a@b.de": 1},
        {"user": {"email": E, "n": 5}, E: 1},
        {"email": 2},
    ),
    ("body", {"tenant_id": "a@b.de"}, {"tenant_id": E}, {"email": 1}),
    ("rows", [{"password": "x"}, {"password": "y"}], [{"password": P}, {"password": P}], {"password": 2}),
    ("tags", ("a@b.de", "c"), (E, "c"), {"email": 1}),
    ("db.query.parameter.0", "bob", "[redacted:literal]", {"literal": 1}),
    ("amount", 4111111111111111, 4111111111111111, {}),
    (
        "headers",
        [["x-api-key", "s3cret"], ["accept", "*/*"]],
        [["x-api-key", "[redacted:key]"], ["accept", "*/*"]],
        {"key": 1},
    ),
    ("headers", [("cookie", "sid=1")], [("cookie", "[redacted:cookie]")], {"cookie": 1}),
    ("env", [{"name": "DB_PASSWORD", "value": "s"}], [{"name": "DB_PASSWORD", "value": P}], {"password": 1}),
    ("env", [{"name": "LEVEL", "value": "debug"}], [{"name": "LEVEL", "value": "debug"}], {}),
    ("cmd", ["psql", "--password", "s", "-h", "db"], ["psql", "--password", P, "-h", "db"], {"password": 1}),
    ("columns", ["password", "email"], ["password", "email"], {}),
    (
        "form",
        {"card": 17, "fax": 0, "token": 0, "pin": 12},
        {"card": 17, "fax": 0, "token": 0, "pin": P},
        {"password": 1},
    ),
    (
        "diagnostics",
        {"redaction.email": 5, "redaction.key": 2_000},
        {"redaction.email": 5, "redaction.key": 2_000},
        {},
    ),
)


@pytest.mark.parametrize(("name", "value", "shown", "found"), FIELDS)
def test_a_field_is_redacted_by_its_name_and_by_what_it_holds(
    name: str, value: Any, shown: Any, found: Found
) -> None:
    """Each value is counted once; nothing, answers and numbers of other kinds stay."""
    counted: Found = {}
    assert REDACTOR.field(name, value, counted) == shown
    assert counted == found


def test_text_of_a_derived_type_is_redacted_as_text() -> None:
    """Enumerations and marked-up text are strings, too."""

    class Marked(str):
        __slots__ = ()

    assert REDACTOR.field("note", Marked("mail bob@example.com"), {}) == f"mail {E}"


def test_nesting_and_size_are_bounded_and_nothing_gets_through_below() -> None:
    """What is too deep is left out, not let through; what is too much is cut."""
    deep: Any = "bob@example.com"
    for _ in range(100):
        deep = [deep]
    assert "bob" not in repr(REDACTOR.field("note", deep, {}))
    assert len(REDACTOR.field("note", ["x"] * 100_000, {})) <= 1_000


def test_people_get_a_pseudonym_and_secrets_a_marker() -> None:
    """The same person has the same name in fields and texts, and twice is once."""
    redactor = Redactor(RedactionPolicy(pseudonyms=Pseudonyms(KEY, "k1", ["email", "password"])))
    found: Found = {}
    name = redactor.field("email", "Bob@Example.com", found)
    assert name.startswith("[email:k1:")
    text = redactor.text("from bob@example.com, /a?email=bob%40example.com password=x", found)
    assert text == f"from {name}, /a?email={name} password={P}"
    assert found == {"email": 3, "password": 1}
    assert redactor.text(text, found) == text
    assert redactor.field("email", name, found) == name
    assert found == {"email": 3, "password": 1}


def test_a_class_that_is_shown_stays() -> None:
    """What a deployment wants to see is neither hidden nor counted."""
    redactor = Redactor(RedactionPolicy(shown=frozenset({"email"})))
    found: Found = {}
    assert redactor.text("bob@example.com password=x", found) == f"bob@example.com password={P}"
    assert redactor.field("email", "bob", found) == "bob"
    assert found == {"password": 1}
