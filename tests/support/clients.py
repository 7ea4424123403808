"""Clients for servers on loopback: one HTTP request, one websocket, raw and pipelined bytes."""

from __future__ import annotations

import base64
import http.client
import os
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Answer", "ask", "ask_websocket", "send_pipelined", "send_raw"]

_SECONDS: Final = 20.0
_HOST: Final = "127.0.0.1"
_TEXT_FRAME: Final = 0x81
_CLOSE_FRAME: Final = 0x88
_MASKED: Final = 0x80


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = _SECONDS,
) -> Answer:
    """Send one request on a connection of its own; raises OSError when there is no valid answer."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=max(0.1, seconds))
    try:
        connection.request(method, path, body=body, headers={"connection": "close", **(headers or {})})
        return _answer(connection.getresponse())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def ask_websocket(port: int, path: str, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Open a websocket, send one text, return the handshake's answer with the first text as its body."""
    given = {
        "host": f"{_HOST}:{port}",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": base64.b64encode(os.urandom(16)).decode(),
        **(headers or {}),
    }
    with _connected(port) as connection, connection.makefile("rb") as stream:
        connection.sendall(_request("GET", path, given))
        status, found = _head(stream)
        connection.sendall(bytes([_TEXT_FRAME, _MASKED | 2]) + bytes(4) + b"hi")
        text = _text_frame(stream)
        # 1000: a normal closure.
        connection.sendall(bytes([_CLOSE_FRAME, _MASKED | 2]) + bytes(4) + (1000).to_bytes(2, "big"))
        stream.read()
    return Answer(status, found, text)


def send_raw(port: int, data: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back until the server closes."""
    received = bytearray()
    with _connected(port) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            received += chunk
    return bytes(received)


def send_pipelined(port: int, requests: Sequence[tuple[str, Mapping[str, str]]]) -> list[Answer]:
    """Send several GETs (path, headers) in one write on one connection, and read the answers in order."""
    host = {"host": f"{_HOST}:{port}"}
    data = b"".join(_request("GET", path, {**host, **headers}) for path, headers in requests)
    with _connected(port) as connection:
        connection.sendall(data)
        return list(_answers(connection, len(requests)))


def _answers(connection: socket.socket, count: int) -> Iterator[Answer]:
    with connection.makefile("rb") as stream:
        for _ in range(count):
            status, headers = _head(stream)
            yield Answer(status, headers, stream.read(int(headers["content-length"])))


def _connected(port: int) -> socket.socket:
    return socket.create_connection((_HOST, port), timeout=_SECONDS)


def _request(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def _head(stream: Any) -> tuple[int, dict[str, str]]:
    status = int(stream.readline().split()[1])
    headers = http.client.parse_headers(stream)
    return status, {name.lower(): value for name, value in headers.items()}


def _text_frame(stream: Any) -> bytes:
    kind, length = stream.read(2)
    assert kind == _TEXT_FRAME, kind
    if length == 126:
        length = int.from_bytes(stream.read(2), "big")
    text: bytes = stream.read(length)
    return text
