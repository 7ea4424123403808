"""The registry and its pages -> the reference page in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.checks.registry import CHECKS, FAMILIES, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.checks.registry import Check

__all__ = ["render_checks"]

_HEAD: Final = """\
# Checks

<!-- GENERATED from src/ameide_telemetry/checks by `ameide-telemetry explain --reference`: do not edit. -->

Every finding has a code. `ameide-telemetry explain CODE` prints what stands here, without a network.
`error` and `warning` make [`logs check`](cli.md#logs-check) and [`lint`](cli.md#lint) exit 1; `info` is
told when it is asked for."""
_HEADING: Final = re.compile(r"(?m)^(#+ )")
# Sources of services, wrong ones among them: whoever runs the code blocks of the documents leaves them alone.
_UNFIT: Final = "<!-- skip: start -->\n\n{}\n\n<!-- skip: end -->"


def render_checks() -> str:
    """Return the text of `docs/reference/checks.md`."""
    return "\n\n".join([_HEAD, *_tables(), *map(_section, CHECKS)]) + "\n"


def _tables() -> Iterator[str]:
    for family, title in FAMILIES.items():
        yield f"**{title}**"
        rows = [_row(check) for code, check in CHECKS.items() if code.startswith(family)]
        yield "\n".join(["| Code | Name | Level | Means |", "| --- | --- | --- | --- |", *rows])


def _row(check: Check) -> str:
    link = f"[{check.code}](#{check.code.lower()}-{check.name})"
    return f"| {link} | {check.name} | {check.level} | {check.summary} |"


def _section(code: str) -> str:
    text = _HEADING.sub(r"#\1", page(code)).rstrip("\n")
    return _UNFIT.format(text) if "```python" in text else text
