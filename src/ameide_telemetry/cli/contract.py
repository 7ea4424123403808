"""`ameide-telemetry contract`: print what the contract derives, or write it into a source checkout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.constants import render_names
from ameide_telemetry.contract.derived import DERIVED, REGISTRY
from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.contract.reference import render_reference
from ameide_telemetry.contract.schema import render_schema
from ameide_telemetry.exceptions import ContractError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from ameide_telemetry.contract.model import Contract

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 argparse names it so only

__all__ = ["register", "run"]

_CURE: Final = "ameide-telemetry contract generate"
_PRINTED: Final[Mapping[str, tuple[Callable[[Contract], str], str]]] = {
    "schema": (render_schema, "print the JSON Schema 2020-12 of a log line"),
    "names": (render_names, "print the constants as a Python module"),
    "reference": (render_reference, "print the reference page as Markdown"),
}


def register(subparsers: Subparsers) -> None:
    """Add the command `contract` with its four verbs."""
    text = "Print what the contract derives, or write it into a source checkout."
    command = subparsers.add_parser("contract", description=text)
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (_, text) in _PRINTED.items():
        verbs.add_parser(verb, help=text, description=text)
    text = "write the derived files of a source checkout"
    generate = verbs.add_parser("generate", help=text, description=text)
    generate.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    generate.add_argument(
        "--root", type=Path, help="root of the checkout (default: searched upwards from here)"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the parsed arguments say.

    Returns:
        0 when done, 1 when `generate --check` finds a stale file, 2 when it cannot be done.
    """
    if arguments.verb in _PRINTED:
        render, _ = _PRINTED[arguments.verb]
        sys.stdout.write(render(load_contract()))
        return 0
    try:
        return _generate(arguments.root, check=arguments.check)
    except (ContractError, OSError) as error:
        print(f"ameide-telemetry contract: {error}", file=sys.stderr)
        return 2


def _generate(root: Path | None, *, check: bool) -> int:
    checkout = root or _checkout(Path.cwd())
    contract = load_contract((checkout / REGISTRY).read_bytes(), file=str(checkout / REGISTRY))
    texts = {derived.path: derived.render(contract).encode() for derived in DERIVED}
    stale = {path: text for path, text in texts.items() if _content(checkout / path) != text}
    if check:
        return _reported(stale)
    for path, text in stale.items():
        target = checkout / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
        print(f"wrote {path}")
    return 0


def _reported(stale: Mapping[str, bytes]) -> int:
    for path in stale:
        print(f"{path} does not match {REGISTRY}", file=sys.stderr)
    if stale:
        print(f"run `{_CURE}` and commit the result", file=sys.stderr)
    return 1 if stale else 0


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _checkout(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / REGISTRY).is_file():
            return folder
    raise FileNotFoundError(f"no {REGISTRY} in {start} or above it: change into a checkout or pass --root")
