"""What must not be shown: header values, and credentials and queries in URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HIDDEN", "concealed_headers", "concealed_url"]

HIDDEN: Final = "***"


def concealed_url(url: str) -> str:
    """Return `url` with its credentials, query and fragment replaced; never raises.

    Everything up to the last `@` counts as credentials: a password may hold `/`, `?` and `@` when
    somebody forgot to encode it, and hiding too much is the smaller harm.
    """
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    _, at, place = rest.rpartition("@")
    path = place.partition("?")[0].partition("#")[0]
    hidden_query = f"?{HIDDEN}" if path != place else ""
    return f"{scheme}{mark}{HIDDEN if at else ''}{at}{path}{hidden_query}"


def concealed_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers with every value replaced."""
    return tuple((name, HIDDEN) for name, _ in headers)
