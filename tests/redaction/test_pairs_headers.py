"""`Authorization` and `Cookie` in text: a header is hidden whole, what is said about one stays."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())

SAID = (
    "cookie: none set, session_id=abc",
    "authorization=enabled trace_id=7",
    "authorization: denied for user 7",
    "cookie=off",
    "cookie: the jar is full",
    "cookies: 3 sent",
    "cookie: sent, session: new",
    "authorization=rbac",
    "authorization: bearer token required",
    "authorization: bearer",
    "authorization: RBAC mode enabled",
    'cookie="-" authorization="none"',
    "Authorization: Bearer $TOKEN",
    "Authorization: {value}",
)


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_about_a_header_stays(text: str) -> None:
    """Whether there is one, how it is checked, how many there are."""
    assert REDACTOR.text(text, {}) == text


WHOLE = (
    ("Authorization: Bearer x.y", "Authorization: {}"),
    ("Authorization: Basic dTpw", "Authorization: {}"),
    ("Authorization: Negotiate YIIabc==", "Authorization: {}"),
    ("Authorization: Token ghijkl", "Authorization: {}"),
    ('Authorization: Bearer "abc99"', "Authorization: {}"),
    ('Authorization: Digest username="bob", realm="x", response="9a"', "Authorization: {}"),
    ('Authorization: OAuth realm="x", oauth_token="a", oauth_signature="b"', "Authorization: {}"),
    (
        "Authorization: AWS4-HMAC-SHA256 Credential=A/s3, SignedHeaders=host, Signature=9a",
        "Authorization: {}",
    ),
    ('authorization=Digest username="bob", response="9a" status=200', "authorization={} status=200"),
    ('curl -H \'Authorization: Digest username="b", response="9a"\' x', "curl -H 'Authorization: {}' x"),
    ("Authorization: abc123def session_id=7", "Authorization: {} session_id=7"),
    ("Authorization: Bearer abc123, Host: x.test", "Authorization: {}, Host: x.test"),
    ("Authorization: Bearer abc123 Host: x route=/x", "Authorization: {} Host: x route=/x"),
    (
        '{"msg": "got Authorization: Bearer ab1", "route": "/x"}',
        '{"msg": "got Authorization: {}", "route": "/x"}',
    ),
    ('{"m": "\\"Authorization: Bearer ab1\\"", "n": 1}', '{"m": "\\"Authorization: {}\\"", "n": 1}'),
)
COOKIES = (
    ("Cookie: a=b; c=d", "Cookie: {}"),
    ("Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: {}"),
    ("Set-Cookie: sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/, b=2; Path=/", "Set-Cookie: {}"),
    ("Cookie: name=O'Brien; session=abc99", "Cookie: {}"),
    ('Cookie: a="x y"; session=abc', "Cookie: {}"),
    ("Cookie: a=b; c=d, session_id=7", "Cookie: {}, session_id=7"),
    ("Cookie: a=b; session_id=7; c=d", "Cookie: {}"),
)


def _shown(kind: str, pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(text, shown.replace("{}", f"[redacted:{kind}]")) for text, shown in pairs]


@pytest.mark.parametrize(("text", "shown"), [*_shown("authorization", WHOLE), *_shown("cookie", COOKIES)])
def test_a_header_is_hidden_whole_and_what_the_line_says_besides_stays(text: str, shown: str) -> None:
    """Whatever its scheme and its quotes are; ids, routes and hosts behind it are no part of it."""
    redacted = REDACTOR.text(text, {})
    assert redacted == shown
    assert REDACTOR.text(redacted, {}) == redacted
