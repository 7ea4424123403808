"""Every fault that is put into a green service is named; of rewrites that change nothing nothing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lint.faults import cases, codes_in, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lint.samples import Service


def _sample() -> Iterator[tuple[str, str, Service]]:
    """Yield each change once, each in another kind of service and another layout than the one before."""
    services: dict[tuple[str, str], list[Service]] = {}
    for name, code, service in cases():
        services.setdefault((name, code), []).append(service)
    for number, ((name, code), some) in enumerate(services.items()):
        yield name, code, some[number * 4 % len(some)]


_CASES = list(_sample())


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


@pytest.mark.full
def test_the_shares_of_all_services_are_what_is_promised(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 in 100 faults are named in all kinds and layouts, and no rewrite is."""
    assert main([]) == 0, capsys.readouterr().out
