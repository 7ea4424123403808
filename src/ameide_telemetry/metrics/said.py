"""What is said of instruments: each thing once for each instrument, and never too much of it."""

from __future__ import annotations

import logging
from typing import Final

from ameide_telemetry import guard
from ameide_telemetry.values.text import exact

__all__ = ["Remarks", "Said", "spelled"]

_SAY: Final = guard.site("metrics.say", foreign=True)
_MOST: Final = 100
_LONGEST: Final = 100
_logger = logging.getLogger("ameide_telemetry")


class Said:
    """What has been said already: a message is said once, and a hundred of them at most."""

    def __init__(self) -> None:
        self._messages: set[str] = set()

    def say(self, message: str) -> None:
        """Say it, unless that was done; never raises."""
        if message in self._messages or len(self._messages) >= _MOST:
            return
        self._messages.add(message)
        _SAY.call(_logger.warning, "%s", message)


class Remarks:
    """What is said of one instrument.

    Args:
        about: the instrument in words, such as `the metric orders.placed`.
        said: what has been said of all of them.
    """

    __slots__ = ("_about", "_said")

    def __init__(self, about: str, said: Said) -> None:
        self._about = about
        self._said = said

    def say(self, message: str) -> None:
        """Say it, unless that was done.

        Args:
            message: with `{}` in the place of the instrument.
        """
        self._said.say(message.format(self._about))


def spelled(name: str) -> str:
    """Return a name as at most a hundred printable ASCII characters; names may be made of anything."""
    return ascii(exact(name)[:_LONGEST])[1:-1][:_LONGEST]
