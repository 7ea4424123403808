"""The time limit of one attempt, kept by every operation of its socket.

A timeout of `requests` begins anew with each byte that arrives, so a peer that sends one byte per second
holds a request for as long as it likes. The sockets made here ask before each operation how much of the
whole attempt is left.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

__all__ = ["Limit"]


class Limit:
    """When the attempt that is under way has to be over, and the socket that it speaks through.

    One thread makes attempts; `cut` may be called from any.

    Attributes:
        closed: whether it was cut: every attempt fails at once from then on.
    """

    __slots__ = ("_deadline", "_plain", "_socket", "_tls", "closed")

    def __init__(self) -> None:
        self.closed = False
        self._deadline = 0.0
        self._socket: socket.socket | None = None
        self._plain, self._tls = _socket_classes(self)

    def begin(self, deadline: float) -> None:
        """Begin an attempt that is over at `deadline`, a `time.monotonic()` value."""
        self._deadline = deadline

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: none are.
            ConnectionAbortedError: `cut` was called.
        """
        if self.closed:
            raise ConnectionAbortedError("closed")
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address of `host` that takes it, all of them within the limit.

        Raises:
            OSError: none did; what the last one said.
        """
        problem = OSError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            candidate = self._plain(family, kind, protocol)
            try:
                self._take(candidate)
                candidate.connect(address)
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                candidate.close()
                problem = error
                if self.closed:
                    # The system has many names for it, of which urllib3 takes one for a success.
                    break
            else:
                return candidate
        self.left()
        raise problem

    def secure(self, context: ssl.SSLContext) -> None:
        """Have the TLS connections of a context keep the limit too, from the handshake on."""
        context.sslsocket_class = self._tls

    def cut(self) -> None:
        """End the attempt under way, and every later one."""
        self.closed = True
        current = self._socket
        if current is not None:
            try:
                # Not the method of a TLS socket: that takes its state away from the thread that reads.
                socket.socket.shutdown(current, socket.SHUT_RDWR)
            except OSError:
                return

    def _take(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.settimeout(self.left())


def _socket_classes(limit: Limit) -> tuple[type[socket.socket], type[ssl.SSLSocket]]:
    """Return classes rather than objects: a TLS socket shakes hands while it is being made."""

    class Timed:
        def recv_into(self: Any, *arguments: Any) -> int:
            self.settimeout(limit.left())
            return int(super().recv_into(*arguments))  # type: ignore[misc]

        def send(self: Any, *arguments: Any) -> int:
            self.settimeout(limit.left())
            return int(super().send(*arguments))  # type: ignore[misc]

    class Plain(Timed, socket.socket):
        def sendall(self, *arguments: Any) -> None:
            self.settimeout(limit.left())
            super().sendall(*arguments)

    class Tls(Timed, ssl.SSLSocket):
        # Its `sendall` sends by `send`, piece by piece.
        def do_handshake(self, block: bool = False) -> None:
            limit._take(self)  # noqa: SLF001 one noun
            super().do_handshake(block)

    return Plain, Tls
