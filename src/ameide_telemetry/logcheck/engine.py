"""What judges a record by the JSON Schema of the contract, and how one is chosen."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol

from ameide_telemetry.exceptions import UnusableInput

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract
    from ameide_telemetry.findings import Finding

__all__ = ["ENGINES", "SchemaEngine", "engine_of"]

ENGINES: Final = ("auto", "standard", "jsonschema-rs")
"""The names under which an engine can be asked for."""

_PACKAGES: Final = ("jsonschema_rs", "orjson")


class SchemaEngine(Protocol):
    """Parses plain lines and judges records. Whichever does it, the findings are the same."""

    @property
    def name(self) -> str:
        """The name under which it can be asked for."""

    def loads(self, raw: bytes, text: str) -> Any:
        """Return what a line holds; raises ValueError for what is not JSON."""

    def findings(self, record: dict[str, Any]) -> list[Finding]:
        """Return everything that is wrong with a record, in the order of the contract."""


def engine_of(name: str, contract: Contract) -> SchemaEngine:
    """Return the engine that is asked for.

    Args:
        name: a word of `ENGINES`; `auto` takes the fastest one that is installed.
        contract: what to judge by.

    Raises:
        UnusableInput: there is no such engine, or it is not installed.
    """
    if name not in ENGINES:
        raise UnusableInput(f"engine {name!r:.60} does not exist; the engines are {', '.join(ENGINES)}")
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if name == "standard" or (name == "auto" and missing):
        from ameide_telemetry.logcheck.standard import StandardEngine  # noqa: PLC0415 the chosen one only

        return StandardEngine(contract)
    if missing:
        raise UnusableInput("engine jsonschema-rs is not installed: pip install ameide-telemetry[check]")
    from ameide_telemetry.logcheck.rust import RustEngine  # noqa: PLC0415 is an extra

    return RustEngine(contract)
