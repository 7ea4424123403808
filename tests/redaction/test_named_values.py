"""Values that stand apart from their names."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
P = "[redacted:password]"

HIDDEN = (
    ('{"name": "password", "value": "tulip"}', f'{{"name": "password", "value": "{P}"}}'),
    ("[{'name': 'db_password', 'value': 'tu lip'}]", f"[{{'name': 'db_password', 'value': '{P}'}}]"),
    ('{"key":"password","value":"a\\"b","name":1}', f'{{"key":"password","value":"{P}","name":1}}'),
    (
        'form-data; name="password"\r\n\r\ntulip and more\r\n--x--',
        f'form-data; name="password"\r\n\r\n{P}\r\n--x--',
    ),
    (
        'form-data; name="password"; filename="p"\nContent-Type: text/plain\n\ntulip\n--x',
        f'form-data; name="password"; filename="p"\nContent-Type: text/plain\n\n{P}\n--x',
    ),
    (r"""b'name="password"\r\n\r\ntulip\r\n--x'""", rf"""b'name="password"\r\n\r\n{P}\r\n--x'"""),
    ("['run', '--password', 'tulip']", f"['run', '--password', '{P}']"),
    ('exec ["run","--password","tulip","-v"]', f'exec ["run","--password","{P}","-v"]'),
)
SHOWN = (
    '{"name": "colour", "value": "red"}',
    '{"name": "page_token_count", "value": "7"}',
    'form-data; name="colour"\r\n\r\nred\r\n--x--',
    "['run', '--colour', 'red']",
    "['run', '--no-password', 'red']",
    'the name="password" of a field',
)


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_a_value_apart_from_its_name_is_hidden(text: str, expected: str) -> None:
    """The name tells, wherever it stands; and what is hidden stays as it is."""
    found: Found = {}
    assert REDACTOR.text(text, found) == expected
    assert found == {"password": 1}
    assert REDACTOR.text(expected, {}) == expected


@pytest.mark.parametrize("text", SHOWN)
def test_a_value_with_another_name_stays(text: str) -> None:
    """Most names tell nothing."""
    found: Found = {}
    assert REDACTOR.text(text, found) == text
    assert found == {}


def test_a_pair_is_searched_in_its_name_too() -> None:
    """Programs hold what they count by its value; a tuple with names is a tuple."""
    held = [["card 5121159109034931", 3], ("password=hunter2secret", 3)]
    assert REDACTOR.field("held", held, {}) == [["card [redacted:card]", 3], (f"password={P}", 3)]


@pytest.mark.parametrize(
    "number", ["%2B49%2030%208830%200981", "+49%2030%208830%200981", "%2B49%2030%208830-0981"]
)
def test_a_number_with_escaped_spaces_is_one(number: str) -> None:
    """As in baggage."""
    assert REDACTOR.text(f"note={number};x=20", {}) == "note=[redacted:phone];x=20"
