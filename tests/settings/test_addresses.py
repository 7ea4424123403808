"""Forms of endpoints, headers, files, protocols and plug-in names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.settings import addresses, codes
from ameide_telemetry.settings.forms import Form, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

_BAD_ESCAPE = "has a `%` without two hexadecimal digits; `%` itself is written %25"


def _refusal(form: Form, value: object) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        form.take(form.read(value) if isinstance(value, str) else value)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "https://h:4318/v1/traces",
        "http://[::1]:4318",
        "http://u:p@h",
        "collector:4317",
        "HTTP://h",
    ],
)
def test_reachable_endpoints(url: str) -> None:
    """URLs of both schemes are accepted, and `host:port`, which gRPC knows."""
    assert addresses.ENDPOINT.take(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://h", "neither http nor https"),
        ("http://", "no host"),
        ("http://:4318", "no host"),
        ("http:///v1/traces", "no host"),
        ("http://h:99999", "malformed"),
        ("http://h:port", "malformed"),
        ("http://[::1", "malformed"),
        ("http://h:0", "port is 0"),
        ("http://h h", "white space"),
        ("http://h\x00", "white space"),
        ("collector", "neither a scheme nor a port"),
        ("https//h", "neither a scheme nor a port"),
    ],
)
def test_impossible_endpoints(url: str, reason: str) -> None:
    """An endpoint that nothing can be sent to is refused with the reason."""
    refusal = _refusal(addresses.ENDPOINT, url)
    assert reason in refusal.reason
    assert refusal.code == codes.BAD_ENDPOINT


def test_endpoint_of_another_type() -> None:
    """An endpoint is text, and is shown without credentials."""
    assert _refusal(addresses.ENDPOINT, 5).code == codes.BAD_ENDPOINT
    assert addresses.ENDPOINT.show("ftp://u:secret@h") == "'ftp://***@h'"
    assert addresses.ENDPOINT.show(5) == "5"


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("Api-Key=1,b=two%2Cthree", (("api-key", "1"), ("b", "two,three"))),
        ("authorization=Basic dXNlcjpwdw==", (("authorization", "Basic dXNlcjpwdw=="),)),
        (" a = 1 , ", (("a", "1"),)),
        ("a=50%25", (("a", "50%"),)),
        ({"A": "1"}, (("a", "1"),)),
        ((("a", "1"), ("A", "2")), (("a", "2"),)),
    ],
)
def test_headers(given: object, pairs: tuple[tuple[str, str], ...]) -> None:
    """Headers come percent-decoded, with names in lower case, the last of two winning."""
    form = addresses.HEADERS
    assert form.take(form.read(given) if isinstance(given, str) else given) == pairs


@pytest.mark.parametrize(
    ("given", "reason", "kept"),
    [
        ("a=1,sesame", "entry 2 has no `=`", (("a", "1"),)),
        ("sesame", "entry 1 has no `=`", None),
        ("ses ame=1,a=1", "header number 1 is malformed", (("a", "1"),)),
        ("a=sesame%0A", "header a is malformed", None),
        ("a=sesame%zz,b=1", f"entry 1 {_BAD_ESCAPE}", (("b", "1"),)),
        ("b=1,a=sesame%", f"entry 2 {_BAD_ESCAPE}", (("b", "1"),)),
        ("a=sesame%ff", "entry 1 is no UTF-8 when it is decoded", None),
        ("sesame,a=%4", f"entry 1 has no `=`; entry 2 {_BAD_ESCAPE}", None),
        ({"a": "sesame\n"}, "header a is malformed", None),
        ({"a": 5}, "", None),
        (["sesame"], "", None),
        (5, "", None),
    ],
)
def test_broken_headers_keep_their_secrets(given: object, reason: str, kept: object) -> None:
    """A broken header is named by its key or number, the usable rest is kept, no value is shown."""
    refusal = _refusal(addresses.HEADERS, given)
    assert (refusal.reason, refusal.kept) == (reason, kept)
    assert "sesame" not in f"{refusal.reason}{addresses.HEADERS.show(given)}"


def test_header_name() -> None:
    """A header's name is a token, kept in lower case."""
    assert addresses.HEADER_NAME.take(" X-Tenant ") == "x-tenant"
    for wrong in ("x tenant", "", 5):
        _refusal(addresses.HEADER_NAME, wrong)


@pytest.mark.parametrize("name", ["x-tenant", "X-Tenant-ID", "x-org", "x-scope-orgid", "x-author", "tenant"])
def test_a_header_of_ones_own_may_name_the_tenant(name: str) -> None:
    """Those that nobody else gives a meaning to."""
    assert addresses.HEADER_NAME.take(name) == name.lower()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *(
            (name, "secret")
            for name in ("Authorization", "cookie", "x-api-key", "X-Auth-Token", "x_csrf_token")
        ),
        *(
            (name, "secret")
            for name in ("proxy-authorization", "set-cookie", "x-amz-security-token", "api_key")
        ),
        *(
            (name, "meaning")
            for name in ("baggage", "traceparent", "tracestate", "X-Request-ID", "x_request_id")
        ),
        *((name, "meaning") for name in ("host", "user-agent", "content-length", "x-forwarded-for", "b3")),
    ],
)
def test_a_header_with_a_secret_or_another_meaning_is_no_tenants(name: str, reason: str) -> None:
    """Its value would be on every line and span, and in the baggage of every call."""
    refusal = _refusal(addresses.HEADER_NAME, name)
    assert reason in refusal.reason
    assert (refusal.kept, refusal.instead) == (None, "no header names the tenant")


def test_file(tmp_path: Path) -> None:
    """A readable file is accepted as text or path; its absence is a problem of its own code."""
    file = tmp_path / "ca.pem"
    file.touch()
    assert addresses.FILE.take(file) == addresses.FILE.take(str(file)) == str(file)
    for wrong in (str(tmp_path / "none.pem"), str(tmp_path), "a\0b"):
        assert _refusal(addresses.FILE, wrong).code == codes.UNREADABLE_FILE
    assert _refusal(addresses.FILE, str(tmp_path / "none.pem")).reason == "there is no such file"
    assert _refusal(addresses.FILE, str(tmp_path)).reason == "it is a directory, not a file"
    assert _refusal(addresses.FILE, 5).code == codes.BAD_VALUE
    # Who needs the file then fails, instead of doing without.
    assert _refusal(addresses.FILE, str(tmp_path / "none.pem")).kept == str(tmp_path / "none.pem")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without read permission is refused; root may read all, so the answer is put in."""
    file = tmp_path / "key.pem"
    file.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert _refusal(addresses.FILE, str(file)).reason == "the file cannot be read"


def test_grpc_needs_its_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    """`grpc` is accepted where the exporter is installed, and refused with the cure where it is not."""
    assert addresses.PROTOCOL.take("grpc") == "grpc"
    for module in ("ameide_telemetry.absent", "absent_package.exporter"):
        monkeypatch.setattr(addresses, "_GRPC", module)
        refusal = _refusal(addresses.PROTOCOL, "grpc")
        assert refusal.code == codes.NOT_INSTALLED
        assert "ameide-telemetry[grpc]" in refusal.reason
    assert addresses.PROTOCOL.take("http/protobuf") == "http/protobuf"
    _refusal(addresses.PROTOCOL, "http/json")


def test_plugins_are_known_or_installed() -> None:
    """A plug-in's name is known, or found among the entry points, or refused; `none` empties the list."""
    form = addresses.plugins("console_scripts", ("known",), "")
    assert form.take("known,ameide-telemetry") == ("known", "ameide-telemetry")
    assert form.take("known,NONE") == ()
    refusal = _refusal(form, "known,absent")
    assert (refusal.code, refusal.kept) == (codes.NOT_INSTALLED, ("known",))
    assert _refusal(form, "absent").kept is None


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("auto", "auto"),
        ("True", "auto"),
        (True, "auto"),
        ("none", ()),
        (False, ()),
        ([], ()),
        ("httpx,requests", ("httpx", "requests")),
        (["httpx"], ("httpx",)),
    ],
)
def test_instrument(given: object, value: object) -> None:
    """`auto`, nothing, or names."""
    assert addresses.INSTRUMENT.take(given) == value


def test_malformed_parts_are_left_out() -> None:
    """Of a list the well-formed parts are kept."""
    assert addresses.PATHS.take("/health,/internal/*") == ("/health", "/internal/*")
    assert _refusal(addresses.PATHS, "/health,metrics").kept == ("/health",)
    assert _refusal(addresses.PATHS, "/a*b").kept is None
    assert _refusal(addresses.INSTRUMENT, ["a b"]).reason == "'a b' is malformed"
    assert _refusal(addresses.INSTRUMENT, 5).reason == ""
