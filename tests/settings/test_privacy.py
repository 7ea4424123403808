"""What a deployment says about redaction: each wrong entry is said once, and no key is ever shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES, SECRET_CLASSES
from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import TelemetrySettings, codes
from ameide_telemetry.settings.secrets import PseudonymKey

if TYPE_CHECKING:
    from pathlib import Path

_OWN: Final = "AMEIDE_TELEMETRY_"
_SECRET: Final = "sesame-0123456789"
_KEY: Final = f"v1:{_SECRET}"
_NO: Final = "the value is not accepted: "
_NO_COLON: Final = f"{_NO}it has no `:` between the id of the key and the secret"
_NO_ID: Final = f"{_NO}the id of the key is not 1 to 16 letters, digits, `_` or `-`"
_NO_SECRET: Final = f"{_NO}the secret has less than 16 bytes or more than 1024"
_NO_NAME: Final = ", which is none: letters, digits and `_ . - /`"
_REF: Final = "entry 1 for 'ref' names the class"
_UNKNOWN: Final = ", which does not exist"
_LIMITLESS: Final = "has no limit and is not the end of the pattern; use {1,64} instead of +"


def _lenient(**variables: str) -> TelemetrySettings:
    return TelemetrySettings.resolve(
        {"strict": False}, {_OWN + name: text for name, text in variables.items()}
    )


def _said(settings: TelemetrySettings) -> list[str]:
    return [each.message.removesuffix("; ignored") for each in settings.warnings]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "customer ref=personal, staffNumber = National_ID",
            (("customer ref", "personal"), ("staffNumber", "national_id")),
        ),
        ({"order.ref": "none"}, (("order.ref", "none"),)),
        ([("a", "email"), ["a", "email"]], (("a", "email"),)),
    ],
)
def test_names(given: object, kept: object) -> None:
    """Names with a class each, from a variable, a mapping or pairs."""
    environ = {f"{_OWN}REDACT_NAMES": given} if isinstance(given, str) else {}
    arguments = {} if environ else {"redact_names": given}
    settings = TelemetrySettings.resolve({"strict": True, **arguments}, environ)
    assert settings.redact_names == kept
    assert TelemetrySettings.resolve({"settings": settings}, {}) == settings


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("REDACT_NAMES", "ref=emial", f"{_REF} 'emial'{_UNKNOWN}; did you mean email?"),
        ("REDACT_NAMES", "ref=nonsense", f"{_REF} 'nonsense'{_UNKNOWN}"),
        ("REDACT_NAMES", "a=email,sesame", "entry 2 is no pair of texts with `=` between them"),
        ("REDACT_NAMES", "=email", "entry 1 is no pair of texts with `=` between them"),
        ("REDACT_NAMES", "a=", "entry 1 is no pair of texts with `=` between them"),
        ("REDACT_NAMES", "4711=email", f"entry 1 has the name '4711'{_NO_NAME}"),
        ("REDACT_NAMES", "a=email,A=phone", "'A' has two classes, email and phone; write one"),
        ("REDACT_PATTERNS", "sesame", "entry 1 is no pair of texts with `=` between them"),
        ("REDACT_PATTERNS", "xyz=EMP", "entry 1 names the class 'xyz', which does not exist"),
        ("REDACT_PATTERNS", "s3same s3same=EMP", "entry 1 names a class that does not exist"),
        (
            "REDACT_PATTERNS",
            "custom=EMP-[0-9]{4}\n\ncustom=E+x",
            f"entry 2 for custom, 'E+x', is not accepted: `E+` {_LIMITLESS}",
        ),
        (
            "UNREDACTED_CLASSES",
            "ip,adress",
            f"entry 2 names the class 'adress'{_UNKNOWN}; did you mean address?",
        ),
        ("PSEUDONYM_KEY", "sesame", _NO_COLON),
        ("PSEUDONYM_KEY", ":", _NO_ID),
        ("PSEUDONYM_KEY", "v1:", _NO_SECRET),
        ("PSEUDONYM_KEY", "v1:sesame", _NO_SECRET),
        ("PSEUDONYM_KEY", f"v 1:{_SECRET}", _NO_ID),
        ("PSEUDONYM_KEY", f"v1:{_SECRET}\udc80", f"{_NO}the secret is no text in UTF-8"),
        ("PSEUDONYM_CLASSES", "token", "entry 1 names token, a class of secrets, which get no pseudonym"),
    ],
)
def test_a_wrong_entry_is_one_finding(variable: str, text: str, said: str) -> None:
    """It is named by its number and what may be shown of it; strict raises the same; no secret is said."""
    settings = _lenient(**{variable: text})
    assert _said(settings) == [said]
    assert settings.warnings[0].location == _OWN + variable
    assert settings.warnings[0].hint.startswith("accepted: ")
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True}, {_OWN + variable: text})
    (problem,) = caught.value.findings
    assert problem.message == said
    for shown in (str(settings.warnings), repr(settings), str(settings.as_status()), str(caught.value)):
        assert "sesame" not in shown
        assert "s3same" not in shown


def test_the_right_entries_stay() -> None:
    """What is wrong is off by itself; the other entries of the same list hold."""
    settings = _lenient(
        REDACT_NAMES="a=email,b=nothing,c=none",
        REDACT_PATTERNS="custom=(a+)+$\nphone=EXT-[0-9]{4}",
        UNREDACTED_CLASSES="ip,nothing",
        PSEUDONYM_KEY=_KEY,
        PSEUDONYM_CLASSES="email,password,phone",
    )
    assert settings.redact_names == (("a", "email"), ("c", "none"))
    assert settings.redact_patterns == (("phone", "EXT-[0-9]{4}"),)
    assert settings.unredacted_classes == ("ip",)
    assert settings.pseudonym_classes == ("email", "phone")
    assert len(settings.warnings) == 4


def test_only_as_many_patterns_as_a_line_can_bear() -> None:
    """Each pattern costs on each line, so that their number has a limit; the first ones hold."""
    settings = _lenient(REDACT_PATTERNS="\n".join(f"custom=EMP{index}x" for index in range(66)))
    assert len(settings.redact_patterns) == 64
    assert _said(settings) == [f"entry {index} is beyond the 64 that are possible" for index in (65, 66)]


def test_classes_are_those_of_the_contract() -> None:
    """Every class may be left alone, every personal one may get a pseudonym, and no other."""
    every = [*SECRET_CLASSES, *PERSONAL_CLASSES]
    assert TelemetrySettings.resolve({"unredacted_classes": every}, {}).unredacted_classes == tuple(every)
    settings = _lenient(PSEUDONYM_KEY=_KEY, PSEUDONYM_CLASSES=",".join(every))
    assert settings.pseudonym_classes == tuple(PERSONAL_CLASSES)
    assert len(settings.warnings) == len(SECRET_CLASSES)


def test_a_key_is_nowhere_to_be_seen() -> None:
    """Neither repr nor status nor JSON shows the secret; equality and differences notice another one."""
    one, other = (_lenient(PSEUDONYM_KEY=f"v1:{_SECRET}{end}", PSEUDONYM_CLASSES="email") for end in "ab")
    assert one.pseudonym_key == PseudonymKey("v1", f"{_SECRET}a".encode())
    assert one != other
    assert one.differences(other) == ("pseudonym_key",)
    assert one.as_status()["pseudonym_key"] == {"value": "v1:***", "origin": f"{_OWN}PSEUDONYM_KEY"}
    for shown in (
        f"{one!r} {one} {one.pseudonym_key}",
        json.dumps(one.as_status()),
        f"{one.differences(other)}",
    ):
        assert "sesame" not in shown


def test_a_key_from_a_file(tmp_path: Path) -> None:
    """A file of the same form works, also when the settings are given on; its content is not shown."""
    file = tmp_path / "key"
    file.write_text(f"{_KEY}\n")
    settings = _lenient(PSEUDONYM_KEY_FILE=str(file), PSEUDONYM_CLASSES="email")
    assert settings.warnings == ()
    assert settings.pseudonym_key == PseudonymKey("v1", _SECRET.encode())
    assert settings.origins["pseudonym_key"] == f"{_OWN}PSEUDONYM_KEY_FILE"
    again = TelemetrySettings.resolve({"settings": settings, "service": "a"}, {})
    assert again.differences(settings) == ("service",)
    assert "sesame" not in f"{settings!r}{settings.as_status()}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"sesame", "it has no `:`"),
        (b"v1:sesame", "less than 16 bytes"),
        (b"v1:" + b"sesame" * 1_000, "less than 16 bytes or more than 1024"),
        (b"v1:sesame\xff" * 9, "no text in UTF-8"),
    ],
)
def test_a_file_without_a_key_is_one_finding(tmp_path: Path, content: bytes, said: str) -> None:
    """What is wrong with it is said without its content, and nobody gets a pseudonym."""
    file = tmp_path / "key"
    file.write_bytes(content)
    settings = _lenient(PSEUDONYM_KEY_FILE=str(file), PSEUDONYM_CLASSES="email")
    (message,) = _said(settings)
    assert said in message
    assert "sesame" not in message
    assert (settings.pseudonym_key, settings.pseudonym_key_file, settings.pseudonym_classes) == (
        None,
        None,
        (),
    )


def test_a_missing_file_is_one_finding() -> None:
    """A key file that is not there is said once, with its own code."""
    settings = _lenient(PSEUDONYM_KEY_FILE="/nowhere/key", PSEUDONYM_CLASSES="email")
    assert [each.code for each in settings.warnings] == [codes.UNREADABLE_FILE]
    assert settings.pseudonym_key is None
    assert _said(settings) == [
        "'/nowhere/key' is not accepted: there is no such file; no value gets a pseudonym"
    ]


def test_a_device_is_no_file() -> None:
    """Nor is a pipe, which to read may take for ever."""
    settings = _lenient(PSEUDONYM_KEY_FILE="/dev/null", PSEUDONYM_CLASSES="email")
    (message,) = _said(settings)
    assert "'/dev/null' is not accepted: it is a device or a pipe, not a file" in message


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (".", "it fits a single 'a'"),
        (r"\w", "it fits a single 'a'"),
        (r"\d+", "it fits a single '0'"),
        (r"\S+", "it fits a single 'a'"),
        (".*", "it can match the empty text"),
        ("(?:x|)", "it can match the empty text"),
        (r"\w{2,64}", "it fits most of any ordinary line"),
        (".{9}", "it fits most of any ordinary line"),
        (r"E+@corp", "'E+@corp', is not accepted"),
        (r"password=(a|b)+x", "'password=(a|b)+x', is not accepted"),
        ("ghp_" + "a1B2" * 9 + "E+x", "'***', is not accepted"),
    ],
)
def test_a_wrong_pattern_is_shown_and_off(pattern: str, said: str) -> None:
    """Whoever has to mend it finds it, though a key that stands in it is not said."""
    settings = _lenient(REDACT_PATTERNS=f"custom=EMP-[0-9]{{4}}\ncustom={pattern}")
    assert settings.redact_patterns == (("custom", "EMP-[0-9]{4}"),)
    (message,) = _said(settings)
    assert message.startswith("entry 2 for custom, ")
    assert said in message
    assert "ghp_" not in message


@pytest.mark.parametrize("secret", [_KEY, "v1:short"])
def test_a_key_and_a_file_exclude_each_other(tmp_path: Path, secret: str) -> None:
    """Neither wins silently: both are off, and strict mode raises."""
    file = tmp_path / "key"
    file.write_text(_KEY)
    variables = {"PSEUDONYM_KEY": secret, "PSEUDONYM_KEY_FILE": str(file), "PSEUDONYM_CLASSES": "email"}
    settings = _lenient(**variables)
    assert codes.CONTRADICTION in [each.code for each in settings.warnings]
    assert (settings.pseudonym_key, settings.pseudonym_classes) == (None, ())
    assert any(each.endswith("neither is used, and no value gets a pseudonym") for each in _said(settings))
    with pytest.raises(SettingsError, match="pseudonym_key and pseudonym_key_file are both set"):
        TelemetrySettings.resolve({"strict": True}, {_OWN + name: text for name, text in variables.items()})


def test_classes_need_a_key_and_a_key_needs_classes() -> None:
    """Classes without a key raise in strict mode; a key without classes is only a warning."""
    without_key = _lenient(PSEUDONYM_CLASSES="email")
    assert [each.code for each in without_key.warnings] == [codes.CONTRADICTION]
    assert without_key.pseudonym_classes == ()
    with pytest.raises(SettingsError, match="there is no key"):
        TelemetrySettings.resolve({"strict": True, "pseudonym_classes": ["email"]}, {})
    strict = TelemetrySettings.resolve({"strict": True, "pseudonym_key": _KEY}, {})
    assert [each.code for each in strict.warnings] == [codes.WITHOUT_EFFECT]


def test_a_class_is_not_left_alone_and_given_pseudonyms() -> None:
    """What contradicts itself is redacted: hiding too much is the smaller harm."""
    settings = _lenient(UNREDACTED_CLASSES="ip,email", PSEUDONYM_KEY=_KEY, PSEUDONYM_CLASSES="email")
    assert [each.code for each in settings.warnings] == [codes.CONTRADICTION]
    assert settings.unredacted_classes == ("ip",)
