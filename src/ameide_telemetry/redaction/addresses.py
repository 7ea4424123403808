"""Addresses of clients in text: those of the internet behind names such as `client_ip`.

Servers say addresses of machines under the same names as those of people. Of machines, they are in networks
of their own, which nobody at home has.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

__all__ = ["addresses_at", "is_public"]

_DIGITS: Final = r"[0-9A-Fa-f:.]{1,44}(?:[0-9A-Fa-f]|(?<=:):)"
_ADDRESS: Final = rf"(?:\[{_DIGITS}(?:%[\w.\-]{{1,32}})?\](?::[0-9]{{1,5}})?|{_DIGITS}(?:%[\w.\-]{{1,32}})?)"
# A bracket opens a list, unless it is that of an address.
_BEGIN: Final = re.compile(
    r"(?:IPv[46]Address\()?(?:(?!\[[0-9A-Fa-f:.]{2,45}\])[\[(])?b?\\{0,3}[\"']?(?=\[?[0-9A-Fa-f:])"
)
# In quotes of their own each, or all within one pair of quotes.
_ADDRESSES: Final = re.compile(rf"{_ADDRESS}(?:\\{{0,3}}[\"']?, ?\\{{0,3}}[\"']?{_ADDRESS}){{0,31}}")
_EACH: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_NEXT: Final = re.compile(r"[\w\-/]|\.\w")
# RFC 1918, 6598, 3927, 4193 and 4291, loopback, multicast, and no address at all.
_OF_MACHINES: Final = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
            *("127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/3", "fc00::/7", "fe80::/10", "::/127", "ff00::/8"),
        ),
    )
)


def is_public(text: str) -> bool:
    """Tell whether it is an address, with a port or without, that is in none of the networks of machines."""
    bare = text.strip("[]").partition("%")[0].partition("]")[0]
    if "." in bare and bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    return not any(address.version == each.version and address in each for each in _OF_MACHINES)


def addresses_at(text: str, begin: int) -> tuple[int, int] | None:
    """Return where a list of addresses stands, without its quotes, one of which at least is public."""
    front = _BEGIN.match(text, begin)
    found = None if front is None else _ADDRESSES.match(text, front.end())
    if found is None or _NEXT.match(text, found.end()) is not None:
        return None
    if not any(map(is_public, _EACH.findall(found[0]))):
        return None
    first, last = found.span()
    return first, last
