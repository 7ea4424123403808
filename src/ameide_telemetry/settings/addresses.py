"""Forms of what leads elsewhere: endpoints, headers, files, protocols, plug-ins by name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ameide_telemetry.contract.names import HEADER_REQUEST_ID
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.forms import Form, RefusedError, choice, names, shown, split
from ameide_telemetry.settings.secrets import concealed_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ENDPOINT",
    "FILE",
    "HEADERS",
    "HEADER_NAME",
    "INSTRUMENT",
    "INSTRUMENTATIONS",
    "KEY_FILE",
    "PATHS",
    "PROTOCOL",
    "SEMCONV",
    "installed",
    "is_url",
    "plugins",
]

_GRPC: Final = "opentelemetry.exporter.otlp.proto.grpc"
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NO_HEADER: Final = "no header names the tenant"
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
# A header that is called like one of these is copied to lines and to other services as the tenant.
_SECRETS: Final = re.compile(
    r"auth(?!or)|authorization|bearer|cookie|credential|csrf|jwt|passw|pwd|secret|session|signature|token"
    r"|xsrf|(?:api|access|private|secret|function|subscription|auth)[-_]?key"
)
_TAKEN: Final = frozenset(
    (
        *(
            "accept",
            "age",
            "allow",
            "cache-control",
            "connection",
            "date",
            "expect",
            "from",
            "host",
            "keep-alive",
        ),
        *("link", "location", "max-forwards", "origin", "pragma", "prefer", "priority", "range", "referer"),
        *(
            "retry-after",
            "server",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "user-agent",
            "vary",
            "via",
        ),
        *("b3", "baggage", "traceparent", "traceresponse", "tracestate", "uber-trace-id", "sentry-trace"),
        *("x-amzn-trace-id", "x-cloud-trace-context", "x-correlation-id", "x-real-ip", "true-client-ip"),
        *(HEADER_REQUEST_ID, "forwarded", "x-client-ip", "idempotency-key", "x-http-method-override"),
    )
)
_FAMILIES: Final = (
    *("accept-", "access-control-", "cf-", "content-", "grpc-", "if-", "proxy-", "sec-", "uberctx-"),
    *("x-b3-", "x-datadog-", "x-envoy-", "x-forwarded-", "x-ot-"),
)
_SEMCONV: Final = re.compile(r"[A-Za-z0-9_./-]+")


def is_url(endpoint: str) -> bool:
    """Return whether `endpoint` has a scheme, as OTLP over HTTP needs it."""
    return "://" in endpoint


def _take_endpoint(value: object) -> str:
    if not isinstance(value, str):
        raise RefusedError(code=codes.BAD_ENDPOINT)
    url = value.strip()
    reason = _unreachable(url)
    if reason:
        raise RefusedError(reason, code=codes.BAD_ENDPOINT)
    return url


def _unreachable(url: str) -> str:
    """Return why nothing can be sent to `url`; empty when something can."""
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return "it holds white space or a character that cannot be printed"
    try:
        parts = urlsplit(url if is_url(url) else f"//{url}")
        port = parts.port
    except ValueError:
        return "its host or port is malformed"
    flaws = {
        "its scheme is neither http nor https": is_url(url) and parts.scheme not in {"http", "https"},
        "it has no host": not parts.hostname,
        "it has neither a scheme nor a port": port is None and not is_url(url),
        "its port is 0": port == 0,
    }
    return next((flaw for flaw, present in flaws.items() if present), "")


def _read_headers(text: str) -> object:
    """Read `k=v,k2=v2`, percent-encoded; a comma inside a value must be encoded."""
    pairs: list[tuple[str, str]] = []
    broken: list[str] = []
    for index, entry in enumerate(split(text), 1):
        try:
            pairs.append(_decoded(entry))
        except ValueError as error:
            broken.append(f"entry {index} {error}")
    if broken:
        raise RefusedError("; ".join(broken), kept=_checked_headers(pairs)[0] or None)
    return pairs


def _decoded(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals:
        raise ValueError("has no `=`")
    if _NO_ESCAPE.search(entry):
        raise ValueError("has a `%` without two hexadecimal digits; `%` itself is written %25")
    try:
        return unquote(name.strip(), errors="strict"), unquote(value.strip(), errors="strict")
    except UnicodeError:
        raise ValueError("is no UTF-8 when it is decoded") from None


def _take_headers(value: object) -> tuple[tuple[str, str], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list | tuple) or not all(_is_pair(pair) for pair in pairs):
        raise RefusedError
    good, broken = _checked_headers(pairs)
    if broken:
        raise RefusedError(f"header {', '.join(broken)} is malformed", kept=good or None)
    return good


def _is_pair(pair: object) -> bool:
    return (
        isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)  # noqa: PLR2004
    )


def _checked_headers(
    pairs: Iterable[tuple[str, str]],
) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Return the usable headers and the shown names of the others. A malformed name may be a secret."""
    good: dict[str, str] = {}
    broken: list[str] = []
    for index, (name, value) in enumerate(pairs, 1):
        if not _TOKEN.fullmatch(name):
            broken.append(f"number {index}")
        elif not value.isprintable():
            broken.append(name.lower())
        else:
            good[name.lower()] = value
    return tuple(good.items()), broken


def _take_header_name(value: object) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value.strip()):
        raise RefusedError
    name = value.strip().lower()
    # To CGI, and so to every WSGI server, `_` and `-` are one.
    spelled = name.replace("_", "-")
    if _SECRETS.search(spelled):
        raise RefusedError("such a header holds a secret, and a tenant is on every line", instead=_NO_HEADER)
    if spelled in _TAKEN or spelled.startswith(_FAMILIES):
        raise RefusedError("this header has a meaning of its own, and is no tenant", instead=_NO_HEADER)
    return name


def _file(instead: str) -> Form:
    """Return the form of a file; what is done where it cannot be read has to be said."""

    def take(value: object) -> str:
        path = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(path, str):
            raise RefusedError(instead=instead)
        if "\0" in path:
            raise RefusedError("there is no such file", code=codes.UNREADABLE_FILE, instead=instead)
        reason = _unreadable(path)
        if reason:
            # Kept, so that whoever needs the file fails: to do without it would be less than was asked for.
            raise RefusedError(reason, code=codes.UNREADABLE_FILE, kept=path, instead=instead)
        return path

    return Form("the path of a readable file", str, take)


def _unreadable(path: str) -> str:
    """Return why a file cannot be read; empty when it can."""
    if os.path.isdir(path):  # noqa: PTH112 pathlib costs start-up time
        return "it is a directory, not a file"
    if not os.path.isfile(path):  # noqa: PTH113 as above
        # A pipe is there once, and to read a device may take for ever.
        return "it is a device or a pipe, not a file" if os.path.exists(path) else "there is no such file"  # noqa: PTH110
    return "" if os.access(path, os.R_OK) else "the file cannot be read"


def _take_protocol(value: object) -> object:
    protocol = _PROTOCOLS.take(value)
    if protocol == "grpc" and not _is_installed(_GRPC):
        raise RefusedError(
            "the gRPC exporter is not installed; install ameide-telemetry[grpc]", code=codes.NOT_INSTALLED
        )
    return protocol


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def plugins(group: str, known: Iterable[str], accepted: str) -> Form:
    """Return the form of a list of plug-in names: those `known`, or of an installed entry point.

    Args:
        group: the entry-point group; read only when a name is not among the known ones.
        known: names that the OpenTelemetry packages always bring.
        accepted: the form in words.
    """
    always = frozenset(known)

    def check(wanted: tuple[str, ...]) -> tuple[str, ...]:
        if "none" in map(str.lower, wanted):
            return ()
        foreign = tuple(name for name in wanted if name not in always)
        missing = set(foreign) - installed(group) if foreign else set()
        if missing:
            kept = tuple(name for name in wanted if name not in missing)
            raise RefusedError(
                f"{', '.join(map(shown, sorted(missing)))} is misspelt or not installed",
                code=codes.NOT_INSTALLED,
                kept=kept or None,
            )
        return wanted

    return names(accepted, check)


def installed(group: str) -> set[str]:
    """Return the names of the installed entry points of a group."""
    from importlib.metadata import entry_points  # noqa: PLC0415 costs 15 ms and is needed for foreign names only

    return {point.name for point in entry_points(group=group)}


def _each(pattern: Callable[[str], object]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def check(parts: tuple[str, ...]) -> tuple[str, ...]:
        broken = [part for part in parts if not pattern(part)]
        if broken:
            kept = tuple(part for part in parts if part not in broken)
            raise RefusedError(f"{shown(broken[0])} is malformed", kept=kept or None)
        return parts

    return check


def _is_path(path: str) -> bool:
    return path.startswith("/") and path.isprintable() and "*" not in path[:-1]


def _take_instrument(value: object) -> object:
    word = str(value).strip().lower() if isinstance(value, str | bool) else ""
    if word in {"auto", "true"}:
        return "auto"
    if word in {"none", "false"}:
        return ()
    return INSTRUMENTATIONS.take(value)


def _hidden(_: object) -> str:
    return "the value"


def _show_endpoint(value: object) -> str:
    return shown(concealed_url(value) if isinstance(value, str) else value)


ENDPOINT: Final = Form(
    "http:// or https:// with a host and, if any, a port from 1 to 65535; host:port with grpc",
    str,
    _take_endpoint,
    _show_endpoint,
)
HEADERS: Final = Form(
    "name=value,name2=value2, values percent-encoded; a mapping as an argument",
    _read_headers,
    _take_headers,
    _hidden,
)
HEADER_NAME: Final = Form(
    "the name of a header of its own, such as x-tenant-id; none that holds a secret or means something else",
    str,
    _take_header_name,
)
FILE: Final = _file("nothing is sent")
KEY_FILE: Final = _file("no value gets a pseudonym")
_PROTOCOLS: Final = choice("http/protobuf", "grpc")
PROTOCOL: Final = Form(_PROTOCOLS.accepted, str, _take_protocol)
PATHS: Final = names("paths that begin with `/`, a `*` only at the end", _each(_is_path))
INSTRUMENTATIONS: Final = names("names of instrumentations such as httpx", _each(_NAME.fullmatch))
SEMCONV: Final = names("values such as http or http/dup", _each(_SEMCONV.fullmatch))
INSTRUMENT: Final = Form("auto, none, or names such as httpx,requests", str, _take_instrument)
