"""Secrets planted in every sink of real processes: none is in what is exported, printed or said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.canaries import canaries, described, leaks
from faults.kit.canary_hunt import API, SHOP, run_script, run_service
from faults.kit.canary_sinks import SINKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from faults.kit.canary_hunt import Catch

_LEAST: Final = 200
_SALT: Final = "hunt"
# Of those that are only to be found again, so many are enough.
_EVERY: Final = 29
_SERVICES: Final = {"uvicorn": API, "gunicorn": SHOP}
# Each plants thousands; one such process is enough for every change.
_PROCESSES: Final = [
    "uvicorn",
    *(pytest.param(each, marks=pytest.mark.full) for each in ("gunicorn", "script")),
]


@pytest.mark.parametrize("process", _PROCESSES)
def test_no_planted_secret_comes_out(
    process: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Not in a body that the collector was sent, not on stdout or stderr, not in `status()` or `repr`."""
    service = _SERVICES.get(process)
    catch = run_script(tmp_path, _SALT) if service is None else run_service(service, _SALT)
    found = {place: leaks(catch.planted, data) for place, data in catch.outputs.items()}
    size = sum(map(len, catch.outputs.values()))
    total, count = len(catch.planted), sum(map(len, found.values()))
    record_property("canaries", f"{max(0, total - count)} of {total}")
    print(f"{process}: {total} canaries, {size:,} bytes, {count} found")
    assert len(catch.planted) >= _LEAST
    assert {place: each[:5] for place, each in found.items() if each} == {}
    _complete(catch)


def _complete(catch: Catch) -> None:
    """Assert that nothing was missed: no record was dropped, and every channel had what the sinks make."""
    places = ("traces", "metrics", "logs", "stdout", "status", "repr")
    assert all(catch.outputs[place] for place in places)
    # Of a script, which calls a place that keeps the headers; by two clients each time.
    if "propagated" in catch.outputs:
        assert catch.outputs["propagated"].count(b'"traceparent": "00-') >= 2 * _LEAST
    for signal, counts in catch.counts.items():
        assert counts["dropped"] == 0, (signal, counts)
        assert counts["delivered"] >= _LEAST, (signal, counts)
    assert catch.outputs["stdout"].count(b"[redacted:") > 10 * _LEAST


def test_the_search_finds_what_is_not_redacted(tmp_path: Path) -> None:
    """With redaction switched off in the process, what each single sink was given is found."""
    catch = run_script(tmp_path, "bare", CANARY_UNREDACTED="1", CANARY_OWN="1", CANARY_EVERY=str(_EVERY))
    outputs = tuple(catch.outputs.values())
    for sink in SINKS:
        # Baggage goes to other services, and the script calls none with it.
        planted = [] if sink == "baggage" else canaries(f"bare {sink}")[::_EVERY]
        assert len(leaks(planted, *outputs)) == len(planted), sink
    assert len(leaks(described("bare"), catch.outputs["traces"])) == len(described("bare"))
    assert leaks(catch.planted[-1:], catch.outputs["stdout"])


@pytest.mark.parametrize("command", [API, SHOP], ids=["uvicorn", "gunicorn"])
def test_the_search_finds_what_services_do_not_redact(
    command: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    """With redaction switched off in a service, all that its requests brought is found."""
    catch = run_service(command, "bare", CANARY_UNREDACTED="1", CANARY_EVERY=str(_EVERY))
    sent = canaries("bare")[::_EVERY]
    found = {place: len(leaks(sent, catch.outputs[place])) for place in ("traces", "logs", "stdout")}
    record_property("canaries_bare", f"{len(sent) - min(found.values())} of {len(sent)}")
    assert found == dict.fromkeys(found, len(sent))
