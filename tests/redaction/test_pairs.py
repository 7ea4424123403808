"""Names with their values inside of text."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())

# What is written -> what must be gone, what must still be there.
PAIRS = (
    ("password=hunter2", "hunter2", "password="),
    ("password = 'hun\\'ter2' x", "ter2", " x"),
    ('{"password": "hun\\"ter2", "user": "bob"}', "ter2", '"user": "bob"}'),
    ('{\\"password\\": \\"hunter2\\", \\"n\\": 1}', "hunter2", '\\"n\\": 1}'),
    ("{'password': b'hunter2', 'n': 1}", "hunter2", "'n': 1}"),
    ("{'pin': 1234, 'n': 1}", "1234", "'n': 1}"),
    ("password=abc,def user=bob", "def", "user=bob"),
    ("password=p(ss)w0rd! n=1", "w0rd", "n=1"),
    ("password=Summer(2024) n=1", "2024", "n=1"),
    ("Server=x;Password=a;b;Timeout=5", ";b", "Timeout=5"),
    ("a=1&password=x&b=2", "=x&", "b=2"),
    ("password: hunter2", "hunter2", "password: "),
    ("password: hunter user: bob", "hunter", "user: bob"),
    ("mysql --password hunter2 -h db", "hunter2", "-h db"),
    ("run --api-key=k3y-v4l --n 1", "k3y-v4l", "--n 1"),
    ("java -Djavax.net.ssl.keyStorePassword=changeit App", "changeit", "App"),
    ("line\\ntoken=abc123\\nx=1", "abc123", "token="),
    ("body=%7B%22password%22%3A%22s3cret%22%7D", "s3cret", "password"),
    ("&quot;password&quot;: &quot;s3cret x&quot; after", "cret x", " after"),
    ('"credentials": {"a": {"b": 1}, "c": "sec]r}et"}, "n": 1', "r}et", '"n": 1'),
    ('"passwords": ["a)b", "c]d"], "n": 1', "c]d", '"n": 1'),
    ("<password>s3cret</password>", "s3cret", "</password>"),
    ('<password type="text">s3cret</password>', "s3cret", "</password>"),
    ("<token><![CDATA[s3cret1]]></token>", "s3cret1", "</token>"),
    ("Authorization: Basic YTpi\r\nHost: x", "YTpi", "Host: x"),
    ('Authorization: Digest username="bob", response="9a"', "9a", "Authorization: "),
    ("curl -H 'Authorization: Bearer abc' https://x", "abc", "https://x"),
    ('Cookie: a="x"; session=abc', "abc", "Cookie: "),
    ("cookie=a=b; c=d status=200", "c=d", "status=200"),
    ("set-cookie: sid=abc; Path=/", "abc", "set-cookie: "),
    ("[(b'host', b'x'), (b'authorization', b'Bearer abc')]", "abc", "(b'host', b'x')"),
    ("[(b'cookie', b'sid=1; b=2'), (b'host', b'x')]", "sid=1", "(b'host', b'x')"),
    ("token=" + "a" * 9_000 + " n=1", "aaaa", "n=1"),
    ("first_name=Bob Smith status=ok", "Smith", "status=ok"),
    ("phone: 030 1234567, n: 1", "1234567", "n: 1"),
    ("reset token: 8f3a9b2c7d fails", "8f3a9b2c7d", "fails"),
    ("client_secret => 'abc'", "abc", "=> '"),
    ("password=***tail", "tail", "password="),
)


@pytest.mark.parametrize(("text", "gone", "kept"), PAIRS)
def test_what_stands_behind_a_telling_name_is_hidden(text: str, gone: str, kept: str) -> None:
    """Quotes, escapes, nesting and neighbours do not matter; the rest stays, and twice is once."""
    found: Found = {}
    redacted = REDACTOR.text(text, found)
    assert gone not in redacted
    assert kept in redacted
    assert sum(found.values()) == 1, redacted
    assert REDACTOR.text(redacted, found) == redacted
    assert sum(found.values()) == 1
