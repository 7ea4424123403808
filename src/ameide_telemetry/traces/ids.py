"""Trace and span ids: random, and never the same in two processes."""

from __future__ import annotations

import os
import random

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

__all__ = ["ProcessIdGenerator"]


class ProcessIdGenerator(RandomIdGenerator):
    """Makes ids from random numbers of its own.

    The SDK's generator draws from Python's shared `random` (1.45). A service that seeds that, for results
    that can be repeated, would get the same ids in every process; and so would the children of a fork in C,
    as uWSGI makes them, of which `random` does not learn.
    """

    def __init__(self) -> None:
        self._begin()

    def generate_span_id(self) -> int:
        """Return 64 random bits that are not all zero."""
        if self._pid != os.getpid():
            self._begin()
        return self._bits(64) or 1

    def generate_trace_id(self) -> int:
        """Return 128 random bits that are not all zero."""
        if self._pid != os.getpid():
            self._begin()
        return self._bits(128) or 1

    def _begin(self) -> None:
        # Seeded by the operating system. Ids need to differ, not to be secret.
        self._random = random.Random()  # noqa: S311 see above
        self._bits = self._random.getrandbits
        self._pid = os.getpid()
