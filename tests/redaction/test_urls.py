"""URLs inside of text, and queries."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.urls import hide_in_urls

REDACTOR = Redactor(RedactionPolicy())
C, Q = "[redacted:credentials]", "[redacted:query]"

URLS = (
    ("'QUERY_STRING': 'token=abc&x=AnnaX'", f"'QUERY_STRING': 'token=[redacted:token]&x={Q}'"),
    ("(b'query_string', b'x=AnnaX')", f"(b'query_string', b'x={Q}')"),
    ("QUERY_STRING=q=AnnaX n=1", f"QUERY_STRING=q={Q} n=1"),
    ("url.query=q=AnnaX", f"url.query=q={Q}"),
    ("query=7 rows=3 query_string: none query_string=''", None),
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


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
USER_INFOS = (
    ("proxy //bob:s3cret@h:80/x", f"proxy //{C}@h:80/x"),
    ('{"u": "https:\\/\\/bob:s3cret@h\\/x"}', f'{{"u": "https:\\/\\/{C}@h\\/x"}}'),
    ("jdbc:oracle:thin:scott/s3cret@h:1521", f"jdbc:oracle:thin:{C}@h:1521"),
    ("// todo: bob@h // see:this @h //h:80/x@y", None),
    ("jdbc:oracle:thin:@h:1521/x", None),
    ("https:\\/\\/h:80\\/x", None),
    (f"https://h/x#{'aB3' * 8} n=1", f"https://h/x#{Q} n=1"),
    (f"https://h/x#installation-of-the-package-2 /x#{'aB3' * 8}", None),
    ("https://h/x#Section3", None),
)


@pytest.mark.parametrize(("text", "shown"), USER_INFOS)
def test_credentials_go_without_a_scheme_and_behind_escapes_too(text: str, shown: str | None) -> None:
    """So do fragments that nobody would call a section; comments, ports and sections stay."""
    found: Found = {}
    expected = text if shown is None else shown
    assert REDACTOR.text(text, found) == expected
    assert sum(found.values()) == expected.count("[redacted:")
    assert REDACTOR.text(expected, {}) == expected


IDS = (
    *(f"{name}={TRACE}" for name in ("traceId", "trace_id", "trace-id", "X-B3-TraceId")),
    *(f"{name}={SPAN}" for name in ("spanId", "span_id")),
    f"traceparent=00-{TRACE}-{SPAN}-01",
    *("request_id=req-8f3a9b2c", "requestId=7.x", "tenant_id=acme", "saas.tenant=acme!", "tenantId=t-1"),
    "ameide_session_id=s-1",
)
NO_IDS = (
    *(f"trace_id={value}" for value in (TRACE[1:], TRACE + "0", "0" * 32, TRACE.upper(), "hunter2")),
    f"span_id={TRACE}",
    *(
        f"request_id={value}"
        for value in ("a b", "bob%40example.com", "a" * 65, "eyJhbGciOiJub25lIn0.eyJhIjox.")
    ),
    *(f"tenant_id={value}" for value in ("ghp_" + "a1B2" * 9, "DE89370400440532013000", "a" * 151, "a/b")),
    *(f"{name}={TRACE}" for name in ("session_id", "id", "sid", "user_id", "x" * 40)),
)


@pytest.mark.parametrize("pair", IDS)
def test_an_id_that_lines_are_joined_by_stays_in_a_query(pair: str) -> None:
    """In all spellings, and beside values that go."""
    assert REDACTOR.text(f"GET /x?{pair}&q=bob", {}) == f"GET /x?{pair}&q={Q}"
    assert REDACTOR.field("url.query", f"q=bob&{pair}", {}) == f"q={Q}&{pair}"


@pytest.mark.parametrize("pair", NO_IDS)
def test_under_the_name_of_an_id_only_ids_stay(pair: str) -> None:
    """What has another form, or looks like a secret, goes as all other values do."""
    name, _, value = pair.partition("=")
    redacted = REDACTOR.field("url.query", pair, {})
    assert redacted.startswith(f"{name}=[redacted:")
    assert value not in redacted


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


@pytest.mark.parametrize(
    "text",
    [
        "note=postgres%3A%2F%2Fsvc%3A{}%40db.internal%3A5432%2Forders,session_id=s-17",
        "note=postgres%3a%2f%2f%3a{}%40db.internal",
        "next=https%253A%252F%252Fsvc%253A{}%2540db.internal%252Forders",
    ],
)
def test_user_info_of_an_escaped_url_is_hidden(text: str) -> None:
    """URLs stand in other URLs, in baggage and in forms; the host stays."""
    shown = REDACTOR.text(text.format("rLiFaLZsCA9pR3"), {})
    assert "rLiFaLZsCA9pR3" not in shown
    assert "[redacted:credentials]" in shown
    assert "db.internal" in shown
    plain = "https%3A%2F%2Fdb.internal%3A5432%2Forders%40v2"
    assert REDACTOR.text(plain, {}) == plain
