"""A listening port that is sick below the protocol: what a collector looks like when its host suffers.

Modes:
    silent   connections are accepted and never read
    backlog  nobody accepts and the queue is full: the system does not answer new connections
    reset    connections are accepted, and reset as soon as something arrives
    drip     connections are accepted, and answered with one byte per second
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SICK", "SickListener"]

SICK: Final = frozenset({"silent", "backlog", "reset", "drip"})
_FILLERS: Final = 8


class SickListener:
    """Listens on 127.0.0.1 until it is closed.

    Args:
        port: where.
        mode: one of the above.
        on_connect: called for every connection that is accepted.
        prompt: bytes that a drip sends at once.
        drip: bytes that it sends one by one.
    """

    def __init__(
        self, port: int, mode: str, *, on_connect: Callable[[], None], prompt: bytes = b"", drip: bytes = b""
    ) -> None:
        self._meet = {"silent": self._ignore, "reset": self._reset, "drip": self._drip}.get(mode)
        self._on_connect = on_connect
        self._prompt = prompt
        self._bytes = drip
        self._closed = threading.Event()
        self._connections: list[socket.socket] = []
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(64 if self._meet is not None else 0)
        if self._meet is not None:
            threading.Thread(target=self._accept, daemon=True).start()
        else:
            self._fill(port)

    def close(self) -> None:
        """End everything; returns when the port is free."""
        self._closed.set()
        for each in (self._socket, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _fill(self, port: int) -> None:
        for _ in range(_FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            self._connections.append(filler)

    def _accept(self) -> None:
        assert self._meet is not None
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._on_connect()
            threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _ignore(self, connection: socket.socket) -> None:
        """Leave it as it is: what the peer sends stays with the system."""

    def _reset(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.recv(65536)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def _drip(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(self._prompt)
            for position in range(len(self._bytes)):
                connection.sendall(self._bytes[position : position + 1])
                if self._closed.wait(1):
                    return
