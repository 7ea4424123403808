"""Passwords that look like something else: like code, like a sentence, like a line of their own."""

from __future__ import annotations

import json

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
P = "[redacted:password]"

HIDDEN = (
    # Code, where no code stands.
    ("password=f(x) n=1", f"password={P} n=1"),
    ("password={X} n=1", f"password={P} n=1"),
    ("password=self.X n=1", f"password={P} n=1"),
    ("user=bob password=password", f"user=bob password={P}"),
    ("login failed (password=f(x)) n=1", f"login failed (password={P}) n=1"),
    ("password={ab trace_id=7", f"password={P} trace_id=7"),
    ("Driver={x};PWD={ab;cd 9};n=1", f"Driver={{x}};PWD={P};n=1"),
    # Several words.
    ("password: My Pass 99x", f"password: {P}"),
    ("password: My Pass 99x for bob trace_id=7", f"password: {P} for bob trace_id=7"),
    ("password: hunter2 2026-11-22T18:00:01Z", f"password: {P} 2026-11-22T18:00:01Z"),
    ("password: hunter2 4bf92f3577b34da6a3ce929d0e0e4736", f"password: {P} 4bf92f3577b34da6a3ce929d0e0e4736"),
    ("Server=db;Password=my long pass 9;Timeout=5", f"Server=db;Password={P};Timeout=5"),
    ("passphrase: correct horse battery staple", f"passphrase: {P}"),
    # Signs of other pairs within the value.
    ("password=YWJjZGVm= n=1", f"password={P} n=1"),
    ("password=hunter=2 n=1", f"password={P} n=1"),
    # Lines below.
    ("password:\n  s3cret\nn: 1", f"password:\n  {P}\nn: 1"),
    ("password:\r\n  s3cret\r\nn: 1", f"password:\r\n  {P}\r\nn: 1"),
    ("passwords:\n  - abc1\n  - def2\nn: 1", f"passwords:\n  - {P}\nn: 1"),
    ("password: |\n  s3cret\n  more\nn: 1", f"password: |\n  {P}\nn: 1"),
    ("password: >-\n    s3cret\n    more\nn: 1", f"password: >-\n    {P}\nn: 1"),
    ('"password: |\\n  s3cret\\n  more\\nn: 1", "m"', f'"password: |\\n  {P}\\nn: 1", "m"'),
    # Behind a marker.
    ("password=[redacted:token]rest n=1", f"password={P} n=1"),
    ('"password": "[redacted:email]rest"', f'"password": "{P}"'),
    ("password=abc[redacted:email]def n=1", f"password={P} n=1"),
    ("password=abc[redacted:email] n=1", f"password={P} n=1"),
)


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_a_password_is_hidden_whatever_it_looks_like(text: str, shown: str) -> None:
    """All of it and nothing else, and twice is once."""
    found: Found = {}
    redacted = REDACTOR.text(text, found)
    assert (redacted, found) == (shown, {"password": 1})
    assert REDACTOR.text(redacted, {}) == redacted


SHOWN = (
    'File "/srv/a.py", line 3, in f\n    login(a,\n    password=self.X)',
    '  File "/srv/a.py", line 3, in f\n    password=f(x)\n',
    "    password=f(x)",
    "connect(host, password=password, n=1)",
    "connect(host, password=self.password)",
    "password = f(x)",
    "password={value} password={0} password={TOKEN} password={pw!r} password={}",
    "password=%(password)s user=%(user)s",
    "%(password)s: %(user)s",
    "password=${DB_PASSWORD}",
    "password: too short for the policy",
    "passphrase: too short for the key",
    "password:\n  user: bob",
    "if password:\n    return\n",
    "if password:\n    login1(x)\n",
    "password:\n  required\n",
)


@pytest.mark.parametrize("text", SHOWN)
def test_source_templates_and_sentences_stay(text: str) -> None:
    """In a line of source, between the arguments of a call, in an assignment; before it is rendered."""
    assert REDACTOR.text(text, {}) == text


def test_a_template_is_hidden_as_soon_as_it_is_rendered() -> None:
    """What `logging` makes of a template and its arguments has a password; the template has none."""
    template = "user=%(user)s password=%(password)s"
    assert REDACTOR.text(template, {}) == template
    rendered = template % {"user": "bob", "password": "hunter2"}
    assert REDACTOR.text(rendered, {}) == f"user=bob password={P}"


JSON = (
    '{"password": 12345, "n": 1}',
    '{"passwords": ["a", "b"], "n": 1}',
    '{"credentials": {"a": [1, "]"]}, "n": 1}',
    '{"pin":1234,"n":1}',
    '{"dsn": [1, 2, [3]], "n": 1}',
)


@pytest.mark.parametrize("text", JSON)
def test_json_stays_json(text: str) -> None:
    """A number or a list is replaced by a text; within a string of JSON, too."""
    redacted = REDACTOR.text(text, {})
    first, second = json.loads(redacted).values()
    assert first.startswith("[redacted:")
    assert second == 1
    assert REDACTOR.text(redacted, {}) == redacted
    within = REDACTOR.text(json.dumps({"body": text}), {})
    assert json.loads(json.loads(within)["body"]) == json.loads(redacted)
