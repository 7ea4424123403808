"""Names of fields: which are steady, which are taken, which are about people or hold secrets."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.names import (
    KEPT_NAMES,
    METRIC_DENIED_ATTRIBUTES,
    PERSONAL_NAMES,
    RESERVED_LOG_KEYS,
)

if TYPE_CHECKING:
    from ameide_telemetry.redaction.keys import NameTable

__all__ = ["clash", "denied_on_metrics", "is_clashing", "is_private", "is_steady", "private_class"]

_STEADY: Final = re.compile(r"_?[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Beside what the contract denies: names of users that services have for the same.
_USERS: Final = frozenset(
    {
        "userid",
        "useruuid",
        "enduserid",
        "customerid",
        "accountid",
        "orgid",
        "organizationid",
        "organisationid",
    }
    | {"workspaceid", "correlationid", "useremail", "email"}
)
_NARROW: Final = str.maketrans("", "", "._-")
_DENIED: Final = frozenset(each.lower().translate(_NARROW) for each in METRIC_DENIED_ATTRIBUTES) | _USERS


def is_steady(key: str) -> bool:
    """Return whether a key has the form of the contract: words in lower case, joined by `_` or `.`."""
    return _STEADY.fullmatch(key) is not None


def clash(key: str, *, record: bool = True) -> str:
    """Return whom a key belongs to already; empty for nobody.

    Args:
        key: of `extra`, or a keyword.
        record: whether attributes of stdlib's records are taken too.
    """
    if record and key in _RECORD:
        return "an attribute of `LogRecord`, `logging` raises KeyError for it"
    return "a field of the contract, the value is moved into `extra`" if key in RESERVED_LOG_KEYS else ""


def is_clashing(key: str) -> bool:
    """Return whether a key is taken."""
    return bool(clash(key))


@cache
def _table() -> NameTable:
    from ameide_telemetry.redaction.keys import NameTable  # noqa: PLC0415 a run that looks at nothing new is quicker

    return NameTable({**dict.fromkeys(KEPT_NAMES), **PERSONAL_NAMES})


def private_class(name: str) -> str | None:
    """Return the class of the contract that a name is of; None where its values may be shown."""
    return _table().class_of(name)


def is_private(name: str) -> bool:
    """Return whether a name is one of a class that is redacted."""
    return private_class(name) is not None


def denied_on_metrics(key: str) -> bool:
    """Return whether an attribute of this name has too many values for a metric."""
    return key.lower().translate(_NARROW) in _DENIED
