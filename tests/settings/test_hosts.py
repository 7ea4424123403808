"""Lists of hosts: what may stand there, in which one spelling, and what is said about the rest."""

from __future__ import annotations

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.settings.forms import RefusedError
from ameide_telemetry.settings.hosts import HOSTS


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("internal", ("internal",)),
        (" * ", ("*",)),
        ("none", ()),
        ("None", ()),
        ([], ()),
        ("Api.Example.COM., api.example.com", ("api.example.com",)),
        ("db,my_compose-service", ("db", "my_compose-service")),
        (".Corp.Example", (".corp.example",)),
        ("10.0.0.1,[::1],FD00::1", ("10.0.0.1", "::1", "fd00::1")),
        ("10.0.0.0/8,fd00:0::/8", ("10.0.0.0/8", "fd00::/8")),
        (["INTERNAL", "xn--bcher-kva.example"], ("internal", "xn--bcher-kva.example")),
    ],
)
def test_entries_have_one_spelling(given: object, kept: tuple[str, ...]) -> None:
    """Every entry is kept in lower case, without a final dot, once."""
    assert HOSTS.take(given) == kept


@pytest.mark.parametrize(
    ("entry", "cure"),
    [
        ("http://api.example.com/", "write the host alone"),
        ("user@api.example.com", "write the host alone"),
        ("api.example.com:443", "write the host alone"),
        ("api.example.com/v1", "no network"),
        ("*.example.com", "write `.example.com`"),
        ("api*", "`*` stands alone"),
        ("10.1.2.3/8", "write 10.0.0.0/8"),
        ("1.2.3", "no IP address"),
        ("0x7f.1", "no IP address"),
        ("300.1.1.1", "no IP address"),
        ("::g", "no IP address"),
        ("none", "stands alone"),
        ("bücher.example", "xn--"),
        ("a b", "parted by commas"),
        ("a..b", "neither a name nor an address"),
        ("-a.example", "neither a name nor an address"),
        (f"{'a' * 64}.example", "neither a name nor an address"),
        (".", "neither a name nor an address"),
    ],
)
def test_a_wrong_entry_is_named_with_its_cure(entry: str, cure: str) -> None:
    """It is off, the others hold, and what is said names it and the edit."""
    with pytest.raises(RefusedError) as caught:
        HOSTS.take(["db", entry, ".corp.example"])
    (said,) = caught.value.entries
    assert said.startswith("entry 2, ")
    assert cure in said
    assert caught.value.kept == ("db", ".corp.example")


def test_each_wrong_entry_is_said_once() -> None:
    """Strict: one error lists all. Lenient: each is a warning; when none is right, the default stays."""
    environ = {"AMEIDE_TELEMETRY_TRACE_HOSTS": "db:1,http://u:sesame@h/,.a,a..b"}
    lenient = TelemetrySettings.resolve({"strict": False}, environ)
    assert lenient.trace_hosts == (".a",)
    assert [each.message.partition(",")[0] for each in lenient.warnings] == ["entry 1", "entry 2", "entry 4"]
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True}, environ)
    assert len(caught.value.findings) == 3
    assert "sesame" not in f"{caught.value}{lenient.warnings}{lenient}"
    nothing = TelemetrySettings.resolve({"strict": False}, {"AMEIDE_TELEMETRY_TRACE_HOSTS": "a..b"})
    assert nothing.trace_hosts == ("internal",)
