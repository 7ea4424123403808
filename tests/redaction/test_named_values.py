"""Values that stand apart from their names."""

from __future__ import annotations

import pytest

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor

REDACTOR = Redactor(RedactionPolicy())
P = "[redacted:password]"

HIDDEN = (
    ('{"key": "password", "value": "tulip"}', f'{{"key": "password", "value": "{P}"}}'),
    ('<add key="password" value="tu lip"/>', f'<add key="password" value="{P}"/>'),
    ("<input type='text' name='password' value='tulip'>", f"<input type='text' name='password' value='{P}'>"),
    # What was validated.
    (
        "[{'type': 'x', 'loc': ('body', 'password'), 'msg': 'm', 'input': 'tu\\'lip'}]",
        f"[{{'type': 'x', 'loc': ('body', 'password'), 'msg': 'm', 'input': '{P}'}}]",
    ),
    (
        '{"loc": ["passwords", 0, "str"], "input": ["tulip]"], "url": "u"}',
        f'{{"loc": ["passwords", 0, "str"], "input": "{P}", "url": "u"}}',
    ),
    (
        '"{\\"loc\\": [\\"password\\"], \\"input\\": \\"tulip\\"}"',
        f'"{{\\"loc\\": [\\"password\\"], \\"input\\": \\"{P}\\"}}"',
    ),
    (
        "1 error\nuser.password\n  Too\n  short [type=x, input_value='tulip', input_type=str]\n  For",
        f"1 error\nuser.password\n  Too\n  short [type=x, input_value='{P}', input_type=str]\n  For",
    ),
    (
        "  | password.str\n  |   Too short [type=x, input_value={'a': 'tulip'}, input_type=dict]",
        f"  | password.str\n  |   Too short [type=x, input_value={P}, input_type=dict]",
    ),
    (
        r"'1 error\npassword\n  Too short [type=x, input_value=tulip, input_type=X]'",
        rf"'1 error\npassword\n  Too short [type=x, input_value={P}, input_type=X]'",
    ),
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
    '<add key="colour" value="red"/>',
    "[{'type': 'x', 'loc': ('body', 'colour'), 'msg': 'm', 'input': 'red'}]",
    "1 error\ncolour\n  Too short [type=x, input_value='red', input_type=str]",
    "password\ncolour\n  Too short [type=x, input_value='red', input_type=str]",
    "[type=x, input_value='red', input_type=str]",
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


def test_an_error_of_validation_is_redacted_as_a_field_too() -> None:
    """What was refused stands apart from its name in lists of errors, with what they say about it."""
    errors = [
        {"loc": ("body", "password"), "input": "tulip", "ctx": {"min_length": 12}, "msg": "m"},
        {"loc": ["passwords", 0], "input": {"a": "tulip"}},
        {"loc": ("body", "colour"), "input": "red"},
        {"loc": ("body",), "input": {"password": "tulip"}},
    ]
    shown = REDACTOR.field("errors", errors, {})
    assert "tulip" not in str(shown)
    assert shown[0] == {"loc": ("body", "password"), "input": P, "ctx": P, "msg": "m"}
    assert shown[2] == errors[2]


@pytest.mark.parametrize("name", ["exception.message", "exception.stacktrace"])
def test_an_error_of_validation_is_redacted_on_events(name: str) -> None:
    """As the exceptions of spans have it."""
    text = "ValidationError: 1 error\npassword\n  Too short [type=x, input_value='tulip', input_type=str]"
    assert "tulip" not in REDACTOR.field(name, text, {})
