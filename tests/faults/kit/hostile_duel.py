"""The same bytes to the bare application and to the one with telemetry, and what differs in the answers."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faults.kit.hostile_requests import Piece

__all__ = ["Duel"]

_SECONDS: Final = 20.0
_AGAIN: Final = 5
_TIMES: Final = re.compile(rb"(?i)\r\ndate: [^\r\n]*")
_OURS: Final = re.compile(rb"(?i)\r\nx-request-id: ([^\r\n]*)")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
_END: Final = b"\r\n\r\n"
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Duel:
    """Two servers, asked the same.

    Attributes:
        asked: how many requests were sent to each.
        refused: how many of them the bare server or application answered otherwise than with 200, or not.
        varied: of how many pieces the bare application alone gave several answers, ours among them.
        differences: what was sent, and the two answers, wherever ours is none that the bare one gives.
    """

    def __init__(self, bare: int, ours: int) -> None:
        self._bare = _Line(bare)
        self._ours = _Line(ours)
        self.asked = 0
        self.refused = 0
        self.varied = 0
        self.differences: list[tuple[Piece, list[bytes], list[bytes]]] = []

    def run(self, pieces: Iterable[Piece]) -> None:
        """Send all; stops early when too much differs."""
        for piece in pieces:
            self._ask(piece)
            if len(self.differences) > _AGAIN:
                break
        self._hang_up()

    def _ask(self, piece: Piece) -> None:
        for line in (self._bare, self._ours):
            line.send(piece)
        bare, ours = self._bare.receive(piece), self._ours.receive(piece)
        self.asked += len(piece.requests)
        if self._bare.ended or self._ours.ended:
            self._hang_up()
        self.refused += len(piece.requests) - sum(each.startswith(b"HTTP/1.1 200") for each in bare)
        if _compared(bare) != _compared(ours):
            self._look_closer(piece, bare, ours)
        else:
            assert _identified(bare, ours), (piece, ours)

    def _look_closer(self, piece: Piece, bare: list[bytes], ours: list[bytes]) -> None:
        """A server may itself answer one packet in several ways, as its bytes come in one read or in two."""
        self._hang_up()
        possible = [_compared(bare)]
        for _ in range(_AGAIN):
            self._bare.send(piece)
            possible.append(_compared(self._bare.receive(piece)))
            self._bare.hang_up()
        if _compared(ours) in possible:
            self.varied += 1
        else:
            self.differences.append((piece, bare, ours))

    def _hang_up(self) -> None:
        self._bare.hang_up()
        self._ours.hang_up()


class _Line:
    """A connection to one server, made anew when it has ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._received = b""
        self.ended = False

    def send(self, piece: Piece) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(b"".join(piece.requests))
            if piece.last:
                self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            # A server that refuses a request may close before it has read all of it; what it said is there.
            pass

    def receive(self, piece: Piece) -> list[bytes]:
        """Return the answers, in order; fewer than there were requests where the server closes."""
        if piece.last:
            return [self._rest()]
        answers: list[bytes] = []
        for request in piece.requests:
            if self.ended:
                break
            answers.append(self._answer(is_head=request.startswith(b"HEAD ")))
        return answers

    def hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._received, self.ended = None, b"", False

    def _answer(self, *, is_head: bool) -> bytes:
        while (end := self._received.find(_END)) < 0 and self._more():
            pass
        head = self._received[: end + len(_END)] if end >= 0 else self._received
        low = head.lower()
        if end < 0 or b"\r\nconnection: close" in low:
            return self._rest()
        length = _LENGTH.search(head)
        if b"\r\ntransfer-encoding: chunked" in low and not is_head:
            return self._chunked(len(head))
        return self._take(len(head) + (int(length[1]) if length and not is_head else 0))

    def _chunked(self, head: int) -> bytes:
        while (end := self._received.find(_LAST_CHUNK, head)) < 0 and self._more():
            pass
        return self._take(end + len(_LAST_CHUNK)) if end >= 0 else self._rest()

    def _take(self, size: int) -> bytes:
        while len(self._received) < size and self._more():
            pass
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _rest(self) -> bytes:
        while self._more():
            pass
        return self._take(len(self._received))

    def _more(self) -> bool:
        assert self._socket is not None
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        self.ended = not data
        self._received += data
        return bool(data)


def _compared(answers: list[bytes]) -> list[bytes]:
    """Return the answers without the time, and without what we add."""
    found = []
    for answer in answers:
        head, end, body = answer.partition(_END)
        found.append(_OURS.sub(b"", _TIMES.sub(b"", head)) + end + body)
    return found


def _identified(bare: list[bytes], ours: list[bytes]) -> bool:
    """Return whether each answer has exactly one valid request id, where the application gave it."""
    for plain, answer in zip(bare, ours, strict=True):
        ids = _OURS.findall(answer.partition(_END)[0])
        if plain.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")) and len(ids) != 1:
            return False
        if not all(map(_REQUEST_ID.fullmatch, ids)):
            return False
    return True
