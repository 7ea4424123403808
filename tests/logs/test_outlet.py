"""Ways out of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.logs.outlet import descriptor_of, open_outlet
from support.environment import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return both ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_number_that_became_another_files_is_not_closed(pipe: tuple[int, int]) -> None:
    """Somebody who closes every descriptor of the process may have opened another there since."""
    outlet = open_outlet(pipe[1])
    assert outlet.is_current()
    with open(os.devnull, "wb") as other:  # noqa: PTH123 a descriptor is what this is about
        os.dup2(other.fileno(), outlet.descriptor)
        assert not outlet.is_current()
        outlet.close()
        os.fstat(outlet.descriptor)
        os.close(outlet.descriptor)


def test_a_dropped_outlet_closes_what_it_opened(pipe: tuple[int, int]) -> None:
    """And nothing else; closing twice is harmless."""
    outlet = open_outlet(pipe[1])
    own = outlet.descriptor
    outlet.close()
    outlet.close()
    del outlet
    os.fstat(pipe[1])
    if own != pipe[1]:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(own)


def test_a_place_of_a_standard_stream_is_never_taken() -> None:
    """A service may have closed its stdin; what is opened there later would be taken for it."""
    code = """
import os
from ameide_telemetry.logs.outlet import open_outlet
os.close(0)
outlet = open_outlet(1)
assert outlet.descriptor > 2
try:
    os.fstat(0)
except OSError:
    outlet.write(b"free")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=service_environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == (b"free", b"")


@pytest.mark.parametrize("number", [-1, "3", None])
def test_a_stream_may_say_nonsense_about_its_descriptor(number: object) -> None:
    """It is treated as one without."""

    class Stream:
        def fileno(self) -> object:
            return number

    assert descriptor_of(Stream()) is None


def test_a_file_is_written_as_it_is() -> None:
    """Nobody can keep its writer waiting."""
    with open(os.devnull, "wb") as null:  # noqa: PTH123 a descriptor is what this is about
        outlet = open_outlet(null.fileno())
        assert outlet.descriptor == null.fileno()
        assert not outlet.shared
