"""Other spellings of values that give themselves away, and machines that have names like people."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
HEX, WORD, UPPER = "0a1b2c3d" * 20, "a1B2" * 30, "A1B2" * 16
PEOPLE = (
    ("jose\u0301@example.com", "email"),
    ("bob@exa\u0301mple.com", "email"),
    ("bob@cafe\u0301.example.com", "email"),
    ("o'brien@example.com", "email"),
    ("d'angelo.m@example.com", "email"),
    ('"john doe"@example.com', "email"),
    ("anna.meier@corp.internal", "email"),
    ("anna@example.com", "email"),
    ("anna2@company.local", "email"),
    ("root@example.com", "email"),
    ("root@163.com", "email"),
    ("anna@db.example.com", "email"),
    ("de89370400440532013000", "iban"),
    ("de89 3704 0044 0532 0130 00", "iban"),
    ("gb82west12345698765432", "iban"),
    ("gb82 west 1234 5698 7654 32", "iban"),
    ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "jwt"),
    ("eyJhbGciOiJkaXIifQ..aXZpdml2.Y2lwaGVy.dGFn", "jwt"),
    ("eyJhbGciOiJSU0EifQ.a2V5a2V5.aXZpdml2.Y2lwaGVy.dGFn", "jwt"),
    ("+49301234567", "phone"),
    ("+15551234567", "phone"),
    ("+1-555-123-4567", "phone"),
    ("+49 30 1234567", "phone"),
)


@pytest.mark.parametrize(("value", "kind"), PEOPLE)
def test_a_value_is_found_in_its_rarer_spellings(value: str, kind: str) -> None:
    """Alone and in a sentence, all of it, once, and twice is once."""
    for frame in ("{}", "sent to {} twice", "to={} n=1", "({})"):
        found: Found = {}
        redacted = REDACTOR.text(frame.format(value), found)
        assert redacted.rstrip(".") == frame.format(f"[redacted:{kind}]").rstrip(".") or kind == "jwt"
        assert (found, value.rstrip(".") in redacted) == ({kind: 1}, False)
        assert REDACTOR.text(redacted, {}) == redacted


MACHINES = (
    "root@db01.internal",
    "worker@host.internal",
    "name@host.internal",
    "deploy@corp.local",
    "checkout@v4.main",
    "celery@ip-10-0-0-1",
    "celery@ip-10-0-0-1.eu-west-1.compute.internal",
    "celery@worker1.prod.example.com",
    "postgres@db.svc.cluster.local",
    "git@github.com",
    "git@github.com: Permission denied",
    "left-pad@1.2.3",
    "user@localhost",
    "handles: \"a\", '@example.com'",
    "{'user':'x','handle':'@example.com'}",
    "de89370400440532013001",
    "DE88-3704-0044-0532-0130-00",
    "be68539007547034f",
    "0be68539007547034",
    "balance +49301234567 EUR",
    "balance: +49301234567",
    "moved by +49301234567 bytes",
    "total=+49301234567",
)


@pytest.mark.parametrize("text", MACHINES)
def test_what_belongs_to_machines_stays(text: str) -> None:
    """Accounts of programs on hosts, packages, ids with other check digits, amounts."""
    assert REDACTOR.text(text, {}) == text


def test_of_an_address_in_quotes_of_code_the_prefix_stays() -> None:
    """What marks a literal is no part of a name."""
    for text in ("b'bob@example.com'", "('bob@example.com',)", "f'bob@example.com'"):
        assert REDACTOR.text(text, {}) == text.replace("bob@example.com", "[redacted:email]")


VENDORS = (
    *("A3-A1B2C3-A1B2C3D4E5F-A1B2C-D3E4F-G5H6I", "AKCp" + WORD[:69], "cmVmd" + WORD[:59], "LTAI" + WORD[:20]),
    *("abc8Q~" + WORD[:34], f"v1.0-{HEX[:24]}-{HEX[:146]}", "CLOJARS_" + WORD[:60], "pul-" + HEX[:40]),
    *(
        "pnu_" + WORD[:36],
        "NRII-" + WORD[:32],
        "API-" + UPPER[:26],
        "sha256~" + WORD[:43],
        "rdme_" + HEX[:70],
    ),
    *("access-production-01234567-89ab-cdef-0123-456789abcdef", f"a1b2c3_{WORD[:29]}_mmk", "sqp_" + HEX[:40]),
    *("tfp_" + WORD[:59], "dckr_oat_" + WORD[:32], "ATCTT3" + WORD[:60], "ATBB" + WORD[:32]),
    *("CFPAT-" + WORD[:43], "EZAK" + WORD[:54], "shippo_live_" + HEX[:40], "duffel_live_" + WORD[:43]),
    *("FLWSECK_TEST-" + WORD[:32], "rzp_live_" + WORD[:14], f"lsv2_pt_{HEX[:32]}_{HEX[:10]}"),
    *(f"pcsk_a1B2c_{WORD[:63]}", "tvly-" + WORD[:32], "nfp_" + WORD[:36], "CCIPAT_" + WORD[:60]),
    *("phx_" + WORD[:43], "sb_secret_" + WORD[:31], "sk-lf-01234567-89ab-cdef-0123-456789abcdef"),
    *("p8e-" + WORD[:32], "123456789:AA" + WORD[:33], f"sk.eyJ{WORD[:80]}.{WORD[:22]}"),
)


@pytest.mark.parametrize("key", VENDORS)
def test_more_keys_are_told_by_their_look(key: str) -> None:
    """Alone, in quotes, in a sentence and escaped; nothing of it stays."""
    for frame in ("{}", "'{}'", "the partner has {} on file", "https://x.test/{}", "%22{}%22"):
        found: Found = {}
        redacted = REDACTOR.text(frame.format(key), found)
        assert (sum(found.values()), key[-8:] in redacted) == (1, False)


NO_KEYS = (
    "API-REFERENCE API-KEYS-AND-TOKENS-ARE-HERE sha256~short",
    f"sha256:{HEX[:64]} pul-request LTAI{WORD[:10]} p8e-short",
    "access-production-database access-sandbox-01 sqp_short",
    "sk.eyJshort A3-A1B2C3 v1.0-rc1 v1.0-0123456789abcdef01234567",
    "what is Q~ a8Q~short faq_of_the_company_mmk",
)


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_only_begins_like_a_key_stays(text: str) -> None:
    """Other lengths and words of prose are none."""
    assert REDACTOR.text(text, {}) == text
