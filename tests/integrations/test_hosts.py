"""Which host may be told what, by its text alone."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.integrations.hosts import Allowance, HostPolicy

NOTHING, TRACE, EVERYTHING = Allowance.NOTHING, Allowance.TRACE, Allowance.EVERYTHING
DEFAULT = HostPolicy(("internal",), ("internal",))

INSIDE = [
    "localhost",
    "LOCALHOST.",
    "api.localhost",
    "orders",
    "my_db",
    "orders.shop.svc",
    "Orders.Shop.SVC.cluster.local.",
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.1.1",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "fd12:3456::1",
    "[FD12:3456::1]",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "::ffff:10.0.0.1",
    "[::ffff:a00:1]",
    "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
]
NEAR = [
    "orders.internal",
    "printer.local",
    "box.lan",
    "nas.home.arpa",
    "wiki.intranet",
    "wiki.corp.",
    "WIKI.CORP",
]
STRANGERS = [
    "example.com",
    "10.0.0.1.evil.com",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "orders.svc.evil.com",
    "evilsvc.com",
    "orders.notsvc",
    "internal.evil.com",
    "evil-internal.com",
    "172.32.0.1",
    "11.0.0.1",
    "192.169.0.1",
    "8.8.8.8",
    "0.0.0.0",
    "100.64.0.1",
    "::",
    "2001:db8::1",
    "::ffff:8.8.8.8",
    "::10.0.0.1",
    "64:ff9b::a00:1",
    "fec0::1",
    "ai.",
    "2130706433",
    "134744072",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0.0.1",
    "0177.0.0.1",
    "010.0.0.1",
    "127.1",
    "127.0.0.1.",
    "10.0.0.256",
    "evil.0x8",
    "1.svc.2",
    "",
    ".",
    "..",
    "localhost..",
    ".localhost",
    "a..svc",
    "user@localhost",
    "localhost@evil.com",
    "localhost:80",
    "localhost/",
    "localhost#.evil.com",
    "localhost\\.evil.com",
    "localhost%2eevil.com",
    "localhost\x00.evil.com",
    "localhost\n",
    " localhost",
    "-localhost",
    "*",
    "[localhost]",
    "[10.0.0.1]",
    "[::1",
    "evil\u3002com",
    "evil\uff0ecom",
    "b\u00fccher.example",
    "xn--bcher-kva.example",
    "\ud800",
    "a" * 64,
    "a" * 300,
    ".".join(["a"] * 200),
]


@pytest.mark.parametrize(
    ("host", "allowance"),
    [
        *((host, EVERYTHING) for host in INSIDE),
        *((host, TRACE) for host in NEAR),
        *((host, NOTHING) for host in STRANGERS),
    ],
)
def test_the_built_in_lists(host: str, allowance: Allowance) -> None:
    """What belongs to the deployment, what is near to it, and what only looks like either."""
    assert DEFAULT.allowance(host) is allowance
    assert DEFAULT.allowance(host) is allowance


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ("api.example.com", ["api.example.com", "API.Example.com."], ["example.com", "x.api.example.com"]),
        (".example.com", ["a.example.com", "a.b.EXAMPLE.com."], ["example.com", "badexample.com", "a.com"]),
        (" API.example.com. ", ["api.example.com"], ["api.example.org"]),
        ("b\u00fccher.example", ["b\u00fccher.example", "xn--bcher-kva.example"], ["bucher.example"]),
        (".b\u00fccher.example", ["a.xn--bcher-kva.example"], ["a.bucher.example"]),
        ("203.0.113.7", ["203.0.113.7", "::ffff:203.0.113.7"], ["203.0.113.8", "203.0.113.7.evil.com"]),
        ("203.0.113.0/24", ["203.0.113.7"], ["203.0.114.7", "203.0.113.7.evil.com"]),
        ("203.0.113.9/24", ["203.0.113.7"], ["203.0.114.7"]),
        ("2001:db8::/32", ["2001:db8::1", "[2001:DB8::1%eth0]"], ["2001:db9::1", "32.1.13.184"]),
        ("[2001:db8::1]", ["2001:db8:0::1"], ["2001:db8::2"]),
        ("0.0.0.0/0", ["8.8.8.8"], ["2001:db8::1", "example.com", "134744072"]),
        ("*", ["example.com", "8.8.8.8", "0x7f.1", ""], []),
        ("", [], ["example.com", "", "localhost"]),
        (".", [], ["example.com", "", "localhost"]),
        ("*.example.com", [], ["a.example.com", "example.com"]),
        ("10.0.0.0/99", [], ["10.0.0.1"]),
        ("http://a.example", [], ["a.example", "http"]),
    ],
)
def test_an_entry_of_the_settings(entry: str, inside: list[str], outside: list[str]) -> None:
    """Names in full, suffixes on whole labels, addresses, networks; what is no entry has no effect."""
    policy = HostPolicy((entry,), (entry,))
    assert {host: policy.allowance(host) for host in inside} == dict.fromkeys(inside, EVERYTHING)
    assert {host: policy.allowance(host) for host in outside} == dict.fromkeys(outside, NOTHING)


def test_baggage_goes_only_where_the_trace_goes() -> None:
    """The two lists are no alternatives."""
    policy = HostPolicy((".a.example",), (".b.example", "x.a.example"))
    assert policy.allowance("x.a.example") is EVERYTHING
    assert policy.allowance("y.a.example") is TRACE
    assert policy.allowance("x.b.example") is NOTHING
    assert HostPolicy((), ("*",)).allowance("localhost") is NOTHING


@given(host=st.text(max_size=300))
def test_any_text_is_judged(host: str) -> None:
    """No text is an error, and an address or a name of the public tree is never the deployment's."""
    DEFAULT.allowance(host)
    assert DEFAULT.allowance(f"{host}.example.com") is NOTHING


@given(address=st.ip_addresses(network="0.0.0.0/0") | st.ip_addresses(network="::/0"))
def test_an_address_is_inside_by_its_network_alone(address: object) -> None:
    """However it is written: by number it is never taken for a name of one label."""
    whole = DEFAULT.allowance(str(address))
    assert DEFAULT.allowance(f"[{address}]" if ":" in str(address) else str(address)) is whole
    assert DEFAULT.allowance(str(int(address))) is NOTHING  # type: ignore[call-overload]
    assert DEFAULT.allowance(hex(int(address))) is NOTHING  # type: ignore[call-overload]


def test_what_is_remembered_is_bounded() -> None:
    """A crawler meets a million hosts; threads may judge at the same time."""
    policy = HostPolicy(("internal",), ("internal",))

    def crawl(name: str) -> None:
        for number in range(3000):
            assert policy.allowance(f"{name}{number}.example") is NOTHING
            assert policy.allowance("localhost") is EVERYTHING

    threads = [threading.Thread(target=crawl, args=(name,)) for name in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert 0 < len(policy._known) <= 1030
    before = len(policy._known)
    policy.allowance("x" * 10_000)
    assert len(policy._known) == before
    assert sys.getsizeof(policy._known) < 200_000
