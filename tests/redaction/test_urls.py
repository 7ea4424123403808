"""URLs inside of text, and queries."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.urls import hide_in_urls

REDACTOR = Redactor(RedactionPolicy())
C, Q = "[redacted:credentials]", "[redacted:query]"

URLS = (
    ("https://h/login?S3cretLink now", f"https://h/login?{Q} now"),
    ("GET /magic?S3cretLink HTTP/1.1", f"GET /magic?{Q} HTTP/1.1"),
    ("what?Nothing at all", "what?Nothing at all"),
    ("curl -u admin:0EE7hn1KW9VLUG https://x", f"curl -u {C} https://x"),
    ("postgres://bob:s3cret@db/x", f"postgres://{C}@db/x"),
    ("postgres://bob:s3/cr?et@db/x", f"postgres://{C}@db/x"),
    ("amqp://:s3cret@mq and redis://:x@r:6379/0", f"amqp://{C}@mq and redis://{C}@r:6379/0"),
    ("https://abcdef@o1.ingest.test/1", f"https://{C}@o1.ingest.test/1"),
    ("postgres://app@db/x", None),
    ("ssh://git@github.com/org/repo", None),
    ("spark://CoarseGrainedScheduler@10.10.34.11:48069", None),
    ("http://db:5432/@scope/pkg", None),
    ("https://x.test/a?q=bob&page=2", f"https://x.test/a?q={Q}&page={Q}"),
    ("GET /a?token=abc&q= HTTP/1.1", "GET /a?token=[redacted:token]&q= HTTP/1.1"),
    ("/a?q=O'Brien&b=1", f"/a?q={Q}&b={Q}"),
    ("'http://x/?a=b', 'c'", f"'http://x/?a={Q}', 'c'"),
    ("https://x/cb#access_token=abc&state=1", f"https://x/cb#access_token=[redacted:token]&state={Q}"),
    ("https://x/a?e=bob%40example.com", f"https://x/a?e={Q}"),
    ("what? really=yes", None),
    ("re.compile('(?P<a>=b)(?:x=y)')", None),
    ("/a;jsessionid=ABC123?x=1", f"/a;jsessionid=[redacted:cookie]?x={Q}"),
    ("https://a.test/x://b@c", None),
)


@pytest.mark.parametrize(("text", "shown"), URLS)
def test_credentials_and_values_go_and_hosts_and_names_stay(text: str, shown: str | None) -> None:
    """Each value is counted once, and what was hidden is not hidden again."""
    found: Found = {}
    expected = text if shown is None else shown
    assert REDACTOR.text(text, found) == expected
    assert sum(found.values()) == expected.count("[redacted:")
    assert REDACTOR.text(expected, found) == expected


OPTIONS = (
    ("curl -u admin:0EE7hn1KW9VLUG https://x", f"curl -u {C} https://x"),
    ("curl --user 'admin:a b' https://x", f"curl --user '{C}' https://x"),
    ('curl -s --user="admin:x" https://x', f'curl -s --user="{C}" https://x'),
    ("curl --proxy-user bob:hunter https://x", f"curl --proxy-user {C} https://x"),
    ("Command '['curl', '-u', 'bob:hunter', 'x']' failed", f"Command '['curl', '-u', '{C}', 'x']' failed"),
    ("docker run -u 1000:1000 --user node:node x", None),
    ("docker run --user www-data:adm x", None),
    ("curl -u admin: https://x", None),
    ("curl -u admin:$PASSWORD https://x", None),
    ("sort -u a.txt | uniq", None),
)


@pytest.mark.parametrize(("text", "shown"), OPTIONS)
def test_user_and_password_behind_an_option_go(text: str, shown: str | None) -> None:
    """What clients of HTTP are started with is a credential; users and groups of containers are none."""
    expected = text if shown is None else shown
    assert hide_in_urls(text, lambda kind, _: f"[redacted:{kind}]", lambda _: None) == expected
    assert REDACTOR.text(expected, {}) == expected


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("a=b", f"a={Q}"),
        ("bob@example.com", Q),
        ("a=&b", f"a=&{Q}"),
        ("&".join(["a=b"] * 70), None),
    ],
)
def test_the_query_of_a_url_has_no_values(query: str, shown: str | None) -> None:
    """An attribute that is a query keeps the names of its parameters at most."""
    redacted = REDACTOR.field("url.query", query, {})
    assert redacted == shown if shown is not None else "b" not in redacted
    assert REDACTOR.field("url.query", redacted, {}) == redacted
