"""Which host may be told what: the names and addresses of a deployment, and those of strangers.

Judged by the text of the host alone, without asking a resolver: that would cost a request, and its answer may
be another one a moment later. Whatever is not plainly a name or an address is a stranger's.
"""

from __future__ import annotations

import re
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Allowance", "HostPolicy"]

_INTERNAL: Final = "internal"
_EVERYTHING: Final = "*"
_MAX_HOST: Final = 253
_MAX_KNOWN: Final = 1024
# Underscores are no part of host names, and of names in compose files nevertheless.
_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# What the WHATWG URL standard calls "ends in a number": resolvers read all of these as an address, as in
# 2130706433, 0x7f.1 or 0177.0.0.1. Only the four plain decimals are one for us, the rest is a stranger's.
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_NETWORKS: Final = (
    "127.0.0.0/8",  # loopback, RFC 1122
    "10.0.0.0/8",  # private, RFC 1918
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",  # link-local, RFC 3927
    "::1/128",  # loopback, RFC 4291
    "fc00::/7",  # unique local, RFC 4193
    "fe80::/10",  # link-local, RFC 4291
)
_CLOSE: Final = (
    ".localhost",  # RFC 6761: never leaves the machine
    ".svc",  # Kubernetes' DNS specification: services of this cluster
    ".cluster.local",
)
_NEAR: Final = (
    *_CLOSE,
    ".internal",  # ICANN, 2024: reserved for private use
    ".local",  # RFC 6762: multicast DNS, never in the public tree
    ".home.arpa",  # RFC 8375: homes
    ".lan",  # RFC 6762, appendix G: in wide private use, and not delegated
    ".intranet",
    ".corp",  # the same; ICANN deferred its delegation for good in 2018, for that use
)


class Allowance(IntEnum):
    """How much a host may be told; the smaller, the less."""

    NOTHING = 0
    TRACE = 1
    EVERYTHING = 2


class HostPolicy:
    """Says of each host how much it may be told. Shared by all threads.

    Args:
        trace: hosts that get the trace context.
        baggage: hosts that get baggage and trace state too, where `trace` has them.
    """

    __slots__ = ("_baggage", "_known", "_trace")

    def __init__(self, trace: Iterable[str], baggage: Iterable[str]) -> None:
        self._trace = _HostList(trace, _NEAR)
        self._baggage = _HostList(baggage, _CLOSE)
        self._known: dict[str, Allowance] = {}

    def allowance(self, host: str) -> Allowance:
        """Return what may be sent to a host.

        Args:
            host: name or address as a library connects to it, without user, port and path.
        """
        known = self._known.get(host)
        if known is not None:
            return known
        judged = self._judge(host)
        if len(host) <= _MAX_HOST:
            if len(self._known) >= _MAX_KNOWN:
                # Another thread may be doing the same.
                self._known = {}
            self._known[host] = judged
        return judged

    def _judge(self, text: str) -> Allowance:
        host = _parse(text)
        if not self._trace.has(host):
            return Allowance.NOTHING
        return Allowance.EVERYTHING if self._baggage.has(host) else Allowance.TRACE


class _Host(NamedTuple):
    """A host, taken apart; of a stranger's nothing is set."""

    name: str = ""
    address: IPv4Address | IPv6Address | None = None
    rooted: bool = False

    @property
    def one_label(self) -> bool:
        # With a dot at the end it is a top-level domain of the public tree, and some of those are hosts.
        return bool(self.name) and "." not in self.name and not self.rooted


class _HostList:
    """The entries of one setting; one that is nothing of what may stand there has no effect."""

    __slots__ = ("_any", "_internal", "_names", "_networks", "_suffixes")

    def __init__(self, entries: Iterable[str], internal: tuple[str, ...]) -> None:
        chosen = [each.strip() for each in entries]
        self._any = _EVERYTHING in chosen
        self._internal = _INTERNAL in chosen
        given = [each for each in chosen if each not in {_EVERYTHING, _INTERNAL}]
        suffixes = [f".{_parse(each[1:]).name}" for each in given if each.startswith(".")]
        self._suffixes = (*(internal if self._internal else ()), *(each for each in suffixes if each != "."))
        self._networks = [
            *(map(ip_network, _NETWORKS) if self._internal else ()),
            *(found for each in given if (found := _network(each)) is not None),
        ]
        self._names = {name for each in given if (name := _parse(each).name)}

    def has(self, host: _Host) -> bool:
        if self._any:
            return True
        if host.address is not None:
            return any(_within(host.address, network) for network in self._networks)
        if host.name in self._names or host.name.endswith(self._suffixes):
            return bool(host.name)
        return self._internal and (host.one_label or host.name == "localhost")


def _parse(text: str) -> _Host:
    if not text or len(text) > _MAX_HOST + 2:
        return _Host()
    if not text.isascii():
        text = _ascii(text)
    text = text.lower()
    bare = text[1:-1] if text[0] == "[" and text[-1] == "]" else text
    if ":" in bare:
        return _Host(address=_ipv6(bare))
    name = text.removesuffix(".")
    if len(name) > _MAX_HOST or _NAME.fullmatch(name) is None:
        return _Host()
    if _ENDS_IN_NUMBER.fullmatch(name):
        return _Host(address=_ipv4(text))
    return _Host(name=name, rooted=name != text)


def _ascii(text: str) -> str:
    """Return the name as DNS has it; full stops and letters of other scripts are not what they look like."""
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return "?"


def _ipv4(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def _ipv6(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """Return the network that an entry names; an address is one of one."""
    try:
        return ip_network(entry.strip("[]"), strict=False) if "/" in entry else _alone(entry)
    except ValueError:
        return None


def _alone(entry: str) -> IPv4Network | IPv6Network | None:
    address = _parse(entry).address
    return None if address is None else ip_network(address)


def _within(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network
