"""Secrets planted in every sink of real processes: none is in what is exported, printed or said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.canaries import canaries, described, leaks
from faults.kit.canary_hunt import API, SHOP, run_script, run_service
from faults.kit.canary_sinks import SINKS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from faults.kit.canary_hunt import Catch

_LEAST: Final = 200
_SALT: Final = "hunt"
# Of those that are only to be found again, so many are enough.
_EVERY: Final = 29


@pytest.fixture(scope="module")
def catches(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Catch]:
    """Return what came out of a script, of uvicorn with FastAPI and of gunicorn with Flask."""
    directory = tmp_path_factory.mktemp("canaries")
    with ThreadPoolExecutor() as threads:
        running = {
            "script": threads.submit(run_script, directory, _SALT),
            "uvicorn": threads.submit(run_service, API, _SALT),
            "gunicorn": threads.submit(run_service, SHOP, _SALT),
        }
        return {name: each.result() for name, each in running.items()}


@pytest.mark.parametrize("process", ["script", "uvicorn", "gunicorn"])
def test_no_planted_secret_comes_out(process: str, catches: Mapping[str, Catch]) -> None:
    """Not in a body that the collector was sent, not on stdout or stderr, not in `status()`."""
    catch = catches[process]
    found = {place: leaks(catch.planted, data) for place, data in catch.outputs.items()}
    size = sum(map(len, catch.outputs.values()))
    print(f"{process}: {len(catch.planted)} canaries, {size:,} bytes, {sum(map(len, found.values()))} found")
    assert len(catch.planted) >= _LEAST
    assert {place: each[:5] for place, each in found.items() if each} == {}


@pytest.mark.parametrize("process", ["script", "uvicorn", "gunicorn"])
def test_everything_was_there_to_be_searched(process: str, catches: Mapping[str, Catch]) -> None:
    """No record was dropped on the way, and every channel had as much as the sinks make."""
    catch = catches[process]
    assert all(catch.outputs[place] for place in ("traces", "metrics", "logs", "stdout", "status"))
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
def test_the_search_finds_what_services_do_not_redact(command: tuple[str, ...]) -> None:
    """With redaction switched off in a service, all that its requests brought is found."""
    catch = run_service(command, "bare", CANARY_UNREDACTED="1", CANARY_EVERY=str(_EVERY))
    sent = canaries("bare")[::_EVERY]
    for place in ("traces", "logs", "stdout"):
        assert len(leaks(sent, catch.outputs[place])) == len(sent), place
