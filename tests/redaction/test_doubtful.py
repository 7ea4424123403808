"""Names that do not decide alone: the value says whether it is a secret, or somebody's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.doubtful import hide_in_doubtful_pairs

REDACTOR = Redactor(RedactionPolicy())
RANDOM = "Zx81kd93jfK2q0"
HEX = "9f86d081884c7d659a2feaa0c55ad015"

HIDDEN = (
    ("tokens", RANDOM, "token"),
    ("auth", RANDOM, "authorization"),
    ("x_auth", RANDOM, "authorization"),
    ("X-Auth", f"{HEX}.{RANDOM}", "authorization"),
    ("pass", "hunter2", "password"),
    ("ftp_pass", "s3cret!", "password"),
    ("kmsKey", "q7Zr0vXn2Lk9Tt4b==", "key"),
    ("sid", HEX, "cookie"),
    ("hmac", HEX, "secret"),
    ("signature", f"sha256={HEX}", "secret"),
    ("signature", "MEUCIQDx8k2/9fWq1Z+a0b3c4d5==", "secret"),
)
SHOWN = (
    ("tokens", "1532"),
    ("tokens", "the quick brown fox"),
    ("auth", "basic"),
    ("auth", "AWS4-HMAC-SHA256"),
    ("auth", "scram-sha-256"),
    ("auth", "oauth2client"),
    ("pass", "3"),
    ("pass", "first"),
    ("pass", "12.5ms"),
    ("pass", "3/5"),
    ("kms_key", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("kms_key", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("sid", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("sid", "SM1f0e8ae6ade43cb3c0ce4525424e404f"),
    ("sid", "S-1-5-21-3623811015-3361044348-30300820-1013"),
    ("hmac", "sha256"),
    ("signature", "a1b2c3d4"),
    ("signature", "f(x)"),
    ("signature", "(self, items: list[str]) -> None"),
    ("signature", "no_such_function_with_2_arguments"),
)


@pytest.mark.parametrize(("name", "value", "kind"), HIDDEN)
def test_what_looks_like_a_secret_under_a_doubtful_name_is_hidden(name: str, value: str, kind: str) -> None:
    """In fields, nested ones, headers, options and objects with a name; in texts in all their spellings."""
    marker = f"[redacted:{kind}]"
    assert REDACTOR.field(name, value, {}) == marker
    assert REDACTOR.field("body", {name: value}, {}) == {name: marker}
    assert REDACTOR.field("body", {"name": name, "value": value}, {}) == {"name": name, "value": marker}
    assert REDACTOR.field("headers", [[name, value]], {}) == [[name, marker]]
    assert REDACTOR.field("argv", [f"--{name}", value], {}) == [f"--{name}", marker]
    assert REDACTOR.field(name, [value, "x"], {}) == [marker, "x"]
    for before, after in (("=", " ok"), ('="', '" ok'), ("='", "'"), ('": "', '"}'), ('\\": \\"', '\\"}')):
        found: Found = {}
        once = REDACTOR.text(f"in {name}{before}{value}{after}", found)
        assert once == f"in {name}{before}{marker}{after}"
        assert found == {kind: 1}
        assert REDACTOR.text(once, found) == once


@pytest.mark.parametrize(("name", "value"), SHOWN)
def test_what_does_not_look_like_it_stays(name: str, value: str) -> None:
    """Ways to sign in, counts, functions and ids are no secrets."""
    assert REDACTOR.field(name, value, {}) == value
    for text in (f"{name}={value} ok", f"{name}: {value}", f'{{"{name}": "{value}"}}'):
        assert REDACTOR.text(text, {}) == text


def test_texts_that_only_speak_of_it_stay() -> None:
    """What runners of tests, compilers and prose say has no value behind the name."""
    for text in (
        "PASS: test_sums_2_numbers",
        "pass: check8bits",
        "Signature: verify2factor(code)",
        "auth=sign4request(key)",
        "tokens=[1, 2, 3]",
    ):
        assert REDACTOR.text(text, {}) == text


def test_what_stands_within_a_doubtful_value_is_searched() -> None:
    """A doubtful name hides nothing of what others tell."""
    text = REDACTOR.text('auth={"user": "x", "password": "tulip"}', {})
    assert "tulip" not in text
    assert REDACTOR.field("auth", {"password": "tulip", "n": 1}, {}) == {
        "password": "[redacted:password]",
        "n": 1,
    }
    assert REDACTOR.field("auth", "from bob@example.com", {}) == "from [redacted:email]"


TELLING = (
    ("privKey", "key"),
    ("privkey", "key"),
    ("stripe_key", "key"),
    ("oauth_code", "password"),
    ("totp_seed", "password"),
    ("recovery_phrase", "secret"),
    ("connect.sid", "cookie"),
)


@pytest.mark.parametrize(("name", "kind"), TELLING)
def test_other_names_leave_no_doubt(name: str, kind: str) -> None:
    """What stands under them is hidden whatever it looks like."""
    assert REDACTOR.field(name, "tulip", {}) == f"[redacted:{kind}]"


PEOPLE = (
    ("mail", "bob@localhost", "[redacted:email]"),
    ("mail", "queued", "queued"),
    ("tel", "030 1234567", "[redacted:phone]"),
    ("tel", 301234567, "[redacted:phone]"),
    ("tel", "112", "112"),
    ("tel", 3, 3),
    ("lng", 13.404954, "[redacted:location]"),
    ("lon", "13.404954", "[redacted:location]"),
    ("lng", "de", "de"),
    ("latitude", 52.520008, "[redacted:location]"),
    ("latitude", 52, 52),
    ("lat", 12.404954, 12.404954),
    ("pins", [1, 2], [1, 2]),
    ("phones", [12, 301234567], ["[redacted:phone]"] * 2),
    ("lng", [13.404954, 5.0], ["[redacted:location]", "5.0"]),
    ("tokens", [12, 15_000], [12, 15_000]),
)


@pytest.mark.parametrize(("name", "value", "shown"), PEOPLE)
def test_people_and_places_are_told_by_name_and_value(name: str, value: Any, shown: Any) -> None:
    """Of a list of numbers all are hidden or none, because an attribute has values of one type."""
    assert REDACTOR.field(name, value, {}) == shown
    assert REDACTOR.field(name, shown, {}) == shown


def test_telephone_numbers_behind_their_name_are_hidden_in_texts() -> None:
    """Without a country, too."""
    assert REDACTOR.text("tel=030/1234567 ok", {}) == "tel=[redacted:phone] ok"
    assert REDACTOR.text("Tel: 030 1234567, x", {}) == "Tel: [redacted:phone], x"


PEERS = ("net.peer.ip", "net.sock.peer.addr", "network.peer.address", "source.address")
PUBLIC = ("93.184.216.34", "2a00:1450:4001:81b::200e", "[2a00:1450:4001:81b::200e]:443", "8.8.8.8:51234")
INSIDE = (
    *("10.0.3.7", "192.168.1.2:51234", "127.0.0.1", "[::1]", "fd00::7", "100.64.3.1", "::ffff:10.0.0.1"),
    *("orders.shop.svc.cluster.local", "api.example.com", "/run/db.sock", "1.2.3"),
)


@pytest.mark.parametrize("name", PEERS)
def test_of_peers_only_addresses_in_the_internet_are_personal(name: str) -> None:
    """The peer of a server is a client or the ingress, that of a client a server; old names as new."""
    assert names.PERSONAL_NAMES[name] == "ip"
    assert {REDACTOR.field(name, address, {}) for address in PUBLIC} == {"[redacted:ip]"}
    for address in INSIDE:
        assert REDACTOR.field(name, address, {}) == address


def test_a_deployment_may_hide_all_peers_or_none() -> None:
    """Its names go before what is in doubt."""
    hidden = Redactor(RedactionPolicy(names=(("peer address", "ip"),)))
    assert hidden.field("network.peer.address", "10.0.3.7", {}) == "[redacted:ip]"
    shown = Redactor(RedactionPolicy(kept=("network.peer.address", "enduser.id")))
    assert shown.field("network.peer.address", "8.8.8.8", {}) == "8.8.8.8"
    assert shown.field("enduser.id", "bob@example.com", {}) == "bob@example.com"


def test_the_client_is_always_personal() -> None:
    """Its address is somebody's, wherever it lies."""
    for name in ("client.address", "http.client_ip", "client_ip", "source_ip"):
        assert REDACTOR.field(name, "10.0.3.7", {}) == "[redacted:ip]"


NEAR_MISSES = (
    *(
        "auth=",
        "auth:",
        "auth = ",
        "auth",
        "auth='",
        'auth\\\\"',
        "auth=sha256=",
        "pass=a1b2c3",
        "pass='",
        "tel: 0 ",
    ),
    *(
        "tel: +(0 1-",
        "sid%3A",
        "a",
        "a.",
        "a-",
        "-",
        "auth=a1b2c3d4e5f6 ",
        "signature=" + "a1" * 200,
        "=>",
        ": ",
    ),
)
SIZE = 20_000
MOST = 2.5


def _seconds(text: str) -> float:
    begin = time.thread_time()
    hide_in_doubtful_pairs(text, lambda kind, _: f"[redacted:{kind}]", REDACTOR._suspected)
    return time.thread_time() - begin


def _growth(unit: str) -> float:
    text = unit * (2 * SIZE // len(unit) + 1)
    rounds = [(_seconds(text[:SIZE]), _seconds(text[: 2 * SIZE])) for _ in range(5)]
    return min(twice for _, twice in rounds) / max(min(once for once, _ in rounds), SIZE * 1e-7)


@pytest.mark.parametrize("unit", NEAR_MISSES)
def test_twice_the_text_takes_twice_the_time(unit: str) -> None:
    """Near misses of all that is looked for cost in proportion to their length."""
    # What others do to the machine is gone at the next look; what is quadratic stays.
    assert any(_growth(unit) <= MOST for _ in range(5))
