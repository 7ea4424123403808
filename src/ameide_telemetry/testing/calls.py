"""Requests of a test to a server on this machine: the standard library's client, which nobody instruments."""

from __future__ import annotations

import http.client
import json as json_text
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LOOPBACK", "Answer", "Caller", "ask"]

LOOPBACK: Final = "127.0.0.1"
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered.

    Attributes:
        status: such as 200.
        headers: by their names in lower case; of a repeated one the last.
        body: the whole of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return what the body says as JSON."""
        return json_text.loads(self.body)


def ask(
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = _SECONDS,
    connected: Callable[[int], object] | None = None,
) -> Answer:
    """Send one request over a connection of its own.

    Args:
        port: on 127.0.0.1.
        method: such as `GET`.
        path: with its query.
        headers: a `host` among them is sent as it is.
        body: of the request.
        seconds: the longest that any part of it may take.
        connected: is told the port that the connection comes from, before the request is sent.

    Raises:
        OSError: nobody answers.
        InvalidURL: the path has spaces or control characters.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.connect()
        if connected is not None:
            connected(connection.sock.getsockname()[1])
        connection.request(method, path, body, {"connection": "close", **(headers or {})})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    except http.client.InvalidURL:
        raise
    except http.client.HTTPException as error:
        # A server that is ending closes what it has accepted.
        raise ConnectionError(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()


class Caller:
    """Sends requests; whoever has a server says where to."""

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and return what came back, whatever its status.

        Args:
            method: such as `GET`.
            path: with its query.
            headers: of the request.
            json: what is sent as JSON.
            body: what is sent as it is, instead of `json`.
        """
        sent = dict(headers or {})
        if json is not None:
            body = json_text.dumps(json).encode()
            sent.setdefault("content-type", "application/json")
        return self._ask(method, path, sent, body)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET."""
        return self.request("GET", path, headers=headers)

    def post(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a POST."""
        return self.request("POST", path, headers=headers, json=json, body=body)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        raise NotImplementedError
