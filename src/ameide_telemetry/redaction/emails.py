"""Addresses of people in text; those of machines and of packages look alike, and stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_emails", "may_hold_emails"]

_AT: Final = r"(?:@|%(?:25)?40|\\u0040|&#(?:64|x40);|\uff20)"
_DOMAIN: Final = re.compile(_AT + r"(?=([^\s@<>()\[\]{},;:\\\"'/=?&#%!|*$^`~+]{1,255}+))", re.IGNORECASE)
_PLAIN_DOMAIN: Final = re.compile(_DOMAIN.pattern.replace(_AT, "[@\uff20]", 1))
# Accents may stand apart, behind their letter.
_ACCENTS: Final = "\u0300-\u036f"
_LABELS: Final = re.compile(
    rf"(?:[^\W_](?:[\w\-{_ACCENTS}]{{0,61}}(?:[^\W_]|[{_ACCENTS}]))?\.){{1,8}}"
    rf"(?:xn--[A-Za-z0-9\-]{{1,59}}|[^\W\d_]{{2,24}})(?![\w\-])"
)
# Versions of packages, units of systemd and files have such names too.
_NO_DOMAIN: Final = re.compile(
    r"v?[0-9]+\.[0-9]|(?:.{1,255}\.)?(?:main|master|latest|stable|snapshot|service|socket|timer|mount|automount|slice|scope|target|device|swap"
    r"|png|jpe?g|gif|svg|webp|css|mjs|json|html?|txt|log|ya?ml|lock|whl|gz|tgz|jar|dll|exe)\Z",
    re.IGNORECASE,
)
# What a copy or a clone over SSH writes behind the host.
_REMOTE_PATH: Final = re.compile(r":[\w.~/\-]{1,256}\.git(?![\w.])")
# RFC 5322 atoms without what usually surrounds an address in text.
_NOT_LOCAL: Final = " \t\r\n\v\f\u00a0@<>()[]{},;:\\\"'/=?&#|*`$^!~"
_MAX_LOCAL: Final = 64
_REPOSITORIES: Final = frozenset({"git", "hg", "svn"})
# Only some letters stand before the apostrophe in names; others before that of a literal in code.
_APOSTROPHE: Final = re.compile(
    r"(?<![\w'.])(?:[\w+\-]{1,32}\.){0,3}(?:[ac-eg-qstv-z]|[^\W\d_]{2,16})\Z", re.IGNORECASE
)
_QUOTED_LOCAL: Final = re.compile(r"(?<![\w:])(\\?\")[A-Za-z0-9][\w.+' \-]{0,62}\1\Z")
# What never leads anywhere on the internet: RFC 6761, 6762, 8375, ICANN's `internal`, and names in clusters.
_PRIVATE: Final = re.compile(
    r"(?:.{1,255}\.)?(?:internal|local|localhost|localdomain|lan|intranet|home\.arpa|svc|consul)\Z",
    re.IGNORECASE,
)
_MACHINES: Final = frozenset(
    {
        *("root", "celery", "postgres", "mysql", "redis", "rabbit", "rabbitmq", "kafka", "nginx", "jenkins"),
        *(
            "ubuntu",
            "ec2-user",
            "admin",
            "deploy",
            "daemon",
            "nobody",
            "www-data",
            "node",
            "worker",
            "system",
        ),
    }
)
# The first label of a host has a number, or says what it does.
_HOST: Final = re.compile(
    r"[^.]{0,63}[0-9]|(?:host|node|db|worker|web|app|api|cache|queue|broker|primary|replica|server|localhost)\.",
    re.IGNORECASE,
)
_TWO_OF_THREE: Final = 2


def may_hold_emails(text: str) -> bool:
    """Tell whether one of the spellings of `@` is in text."""
    return (
        "@" in text
        or "\uff20" in text
        or ("%" in text and "40" in text)
        or ("\\" in text and "0040" in text)
        or "&#" in text
    )


def hide_emails(text: str, hide: Hide) -> str:
    """Return text with the addresses of people hidden."""
    pieces = []
    done = 0
    for at in (_DOMAIN if "%" in text or "\\" in text or "&" in text else _PLAIN_DOMAIN).finditer(text):
        begin = at.start()
        if begin < done:
            continue
        domain = _LABELS.match(text, at.start(1), at.end(1))
        if domain is None:
            continue
        local = _local(text[max(done, begin - _MAX_LOCAL) : begin])
        end = domain.end()
        if not local or _is_no_address(text, local, domain):
            continue
        first = begin - len(local)
        pieces.append(text[done:first])
        pieces.append(hide("email", text[first:end]))
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _is_no_address(text: str, local: str, domain: re.Match[str]) -> bool:
    end = domain.end()
    if _NO_DOMAIN.match(domain[0]) is not None or _REMOTE_PATH.match(text, end) is not None:
        return True
    return local.lower() in _REPOSITORIES or _is_of_machine(local.lower(), domain[0])


def _is_of_machine(local: str, domain: str) -> bool:
    """Tell whether two of three say so: an account of a program, the name of a host, a private network."""
    private = _PRIVATE.match(domain) is not None
    of_host = (private or domain.count(".") > 1) and _HOST.match(domain) is not None
    return private + of_host + (local in _MACHINES) >= _TWO_OF_THREE


def _local(before: str) -> str:
    """Return the part of an address before its `@`: the end of a text, as far as it can belong to one."""
    quoted = _QUOTED_LOCAL.search(before) if before[-1:] == '"' else None
    if quoted is not None:
        return quoted[0]
    for index in range(len(before) - 1, -1, -1):
        if before[index] in _NOT_LOCAL:
            name = _APOSTROPHE.search(before, 0, index) if before[index] == "'" else None
            # What stands behind the apostrophe begins with a letter, as a name does.
            begin = (
                name.start() if name is not None and before[index + 1 : index + 2].isalpha() else index + 1
            )
            before = before[begin:]
            break
    return before.lstrip(".")
