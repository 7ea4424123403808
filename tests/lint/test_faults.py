"""Every fault that is put into a green service is named; of rewrites that change nothing nothing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from lint.faults import KINDS, LAYOUTS, cases, codes_in

if TYPE_CHECKING:
    from pathlib import Path

    from lint.faults import Service

# One layout for each kind: all of them are `python -m lint.faults`.
_LAYOUT: Final = dict(zip(KINDS, [*LAYOUTS, *LAYOUTS], strict=False))
_CASES: Final = [case for case in cases() if _LAYOUT[case[2].kind] == case[2].layout]


@pytest.mark.parametrize(
    ("name", "code", "service"),
    _CASES,
    ids=[f"{service.kind}: {name}".replace("/", " ") for name, _, service in _CASES],
)
def test_a_fault_is_named_and_a_rewrite_is_not(
    name: str, code: str, service: Service, tmp_path: Path
) -> None:
    """The expected code is known by construction."""
    found = codes_in(service, tmp_path.resolve())
    if code:
        assert code in found, (name, found)
    else:
        assert not found, name
