"""Tenants, requests and sessions: what the contract refuses is replaced, and stays apart."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.values.identity import RESERVED_TENANTS, accepted, digest_with

_PATTERNS: Final = {
    "tenant_id": names.TENANT_ID_PATTERN,
    "request_id": names.REQUEST_ID_PATTERN,
    "ameide_session_id": names.SESSION_ID_PATTERN,
}


@pytest.mark.parametrize("name", _PATTERNS)
@given(one=st.text(min_size=1, max_size=300), other=st.text(min_size=1, max_size=300))
def test_two_values_never_become_one(name: str, one: str, other: str) -> None:
    """Whatever is bound fits the contract; only equal values become equal ones."""
    found = [accepted(name, each) or "" for each in (one, other)]
    assert all(re.fullmatch(_PATTERNS[name], each) for each in found)
    assert (found[0] == found[1]) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/b", "a:b"),
        ("a b", "a_b"),
        ("bob@acme.test", "bob.acme.test"),
        ("t" * 151, "t" * 152),
        ("t" * 200 + "1", "t" * 200 + "2"),
        ("\ud800", "\ud801"),
        (".", ".."),
        (".", "_"),
    ],
)
def test_tenants_that_look_alike_stay_apart(one: str, other: str) -> None:
    """Two tenants that Loki and Tempo would refuse are not one tenant afterwards."""
    found = {accepted("tenant_id", one), accepted("tenant_id", other)}
    assert len(found) == 2
    assert all(re.fullmatch(names.TENANT_ID_PATTERN, each or "") for each in found)


def test_a_replaced_tenant_is_still_readable_and_counted() -> None:
    """The allowed characters stay; an accepted value is left as it is."""
    guard.reset()
    assert re.fullmatch("acme_corp_eu-[0-9a-f]{16}", accepted("tenant_id", "acme corp/eu") or "")
    assert accepted("tenant_id", "acme!-_.*'()") == "acme!-_.*'()"
    assert guard.counts() == {"context.tenant_id_replaced": 1}
    guard.reset()


@pytest.mark.parametrize("tenant", sorted(RESERVED_TENANTS))
def test_a_tenant_that_is_a_path_is_replaced(tenant: str) -> None:
    """Loki and Tempo make a folder of a tenant, and refuse these two."""
    assert re.fullmatch("[.]{1,2}-[0-9a-f]{16}", accepted("tenant_id", tenant) or "")
    assert accepted("tenant_id", "...") == "..."


PEOPLE: Final = (
    ("anna@example.com", "redacted_email"),
    ("acme/anna@example.com", "redacted_email"),
    ("anna%40example.com", "redacted_email"),
    ("anna\uff20example.com", "redacted_email"),
    ("+49 30 1234567", "redacted_phone"),
    ("+49301234567", "redacted_phone"),
    ("%2B49301234567", "redacted_phone"),
    ("Łukasz", "_ukasz"),
    ("Anna Smith " * 20, None),
)


@pytest.mark.parametrize("name", _PATTERNS)
@pytest.mark.parametrize(("value", "shown"), PEOPLE)
def test_a_digest_of_what_nobody_can_read_has_a_key(name: str, value: str, shown: str | None) -> None:
    """A person is neither shown nor found by trying; with the key of the deployment, joins hold."""
    made = accepted(name, value) or ""
    readable, _, digest = made.rpartition("-")
    assert shown in {None, readable}
    assert re.fullmatch(_PATTERNS[name], made)
    assert digest != sha256(value.encode()).hexdigest()[:16]
    assert made == accepted(name, value)
    assert made != accepted(name, f"{value}2")
    undo = digest_with(b"k" * 16)
    try:
        expected = hmac.new(b"k" * 16, b"id:" + value.encode(), "sha256").hexdigest()[:16]
        assert accepted(name, value) == f"{readable}-{expected}"
    finally:
        undo()
    assert made == accepted(name, value)


def test_a_digest_of_what_everybody_can_read_is_the_same_everywhere() -> None:
    """Services without a common key have the same tenant: the digest says only which signs those were."""
    assert accepted("tenant_id", "acme corp/eu") == "acme_corp_eu-ea0724f94aa9b17b"
