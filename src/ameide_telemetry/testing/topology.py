"""The fixture `telemetry_topology`: applications that call each other, joined in the test's process.

Each one listens on a real port of this machine and has a name: `http://b/` reaches the application `b`, from
every client library that resolves and connects by Python's `socket`, sync and async. Transports that a client
is given instead of the network would be none of what the instrumentations and the policy for hosts see.

All applications share one start of telemetry, and so one service name, one trust and one list of hosts. What
tells them apart is the request that a span belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.testing import propagated
from ameide_telemetry.testing.calls import LOOPBACK, Answer, Caller, ask
from ameide_telemetry.testing.loopback_names import LoopbackNames
from ameide_telemetry.testing.passages import Passages
from ameide_telemetry.testing.query import TelemetryAssertionError
from ameide_telemetry.testing.serving import serve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.testing.capture import TelemetryCapture
    from ameide_telemetry.testing.passages import Passage
    from ameide_telemetry.testing.serving import Server

__all__ = ["Side", "Topologies", "Topology"]

_SETTLE_SECONDS: Final = 10.0


class Side(Caller):
    """One application of a topology, as its callers see it.

    Attributes:
        name: `http://<name>/` is where the others reach it.
        url: where it really listens, without a slash at the end.
    """

    def __init__(self, name: str, port: int, passages: Passages) -> None:
        self.name = name
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._passages = passages

    @property
    def received(self) -> list[Passage]:
        """Every request that came to it, in order, with its headers."""
        return [each for each in self._passages.all if each.to == self.name]

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        sent = {"host": self.name, **headers}
        drives = self._passages.drives
        answer = ask(self._port, method, path, headers=sent, body=body, connected=drives)
        # Server spans end, and background tasks run, after the answer is out.
        self._passages.settle(_SETTLE_SECONDS)
        return answer


class Topology:
    """Running applications; `topology.a` is the one called `a`."""

    def __init__(
        self, telemetry: TelemetryCapture, apps: Mapping[str, Any], strangers: Sequence[str]
    ) -> None:
        if not apps:
            raise ValueError("name at least one application: telemetry_topology(a=app1, b=app2)")
        self._telemetry = telemetry
        self._strangers = tuple(strangers)
        self._passages = Passages()
        self._servers: list[Server] = []
        self._names: LoopbackNames | None = None
        self._sides: dict[str, Side] = {}
        try:
            for name, app in {**apps, **dict.fromkeys(strangers, _stranger)}.items():
                server = serve(app, self._passages.around(app, name), name)
                self._servers.append(server)
                self._sides[name] = Side(name, server.port, self._passages)
            ports = {name: server.port for name, server in zip(self._sides, self._servers, strict=True)}
            self._names = LoopbackNames(ports)
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Side:
        if name not in self._sides:
            raise KeyError(f"no application {name!r}; there are {', '.join(self._sides)}")
        return self._sides[name]

    def __getattr__(self, name: str) -> Side:
        sides: dict[str, Side] = self.__dict__.get("_sides", {})
        if name not in sides:
            raise AttributeError(f"no application {name!r}; there are {', '.join(sides)}")
        return sides[name]

    def request(
        self,
        to: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request to an application from outside, and wait until all of them are at rest again.

        Args:
            to: name of the application.
            method: such as `GET`.
            path: with its query.
            headers: of the request.
            json: what is sent as JSON.
            body: what is sent as it is, instead of `json`.
        """
        return self[to].request(method, path, headers=headers, json=json, body=body)

    def tree(self) -> str:
        """Return the traces as outlines, with the application of each server span, and every call."""
        return self._story().tree()

    def assert_propagated(self, *, tenant: str | None = None, request_id: str | None = None) -> None:
        """Every call from one application to another went on in the same trace and context.

        The client span of the caller is the parent of the server span of the one that is called; the
        contract's baggage has arrived, and none that the contract does not know; hosts that may not be told
        were told nothing.

        Args:
            tenant: what each application that is called must be told.
            request_id: likewise.

        Raises:
            TelemetryAssertionError: it did not, or none was called by another one; the text has the traces
                and what differs.
        """
        self._rest()
        propagated.check_propagated(self._story(), tenant, request_id)

    def assert_not_propagated(self, to: str) -> None:
        """No call to this application decided about its trace or its context, as at an edge.

        Args:
            to: name of the application.

        Raises:
            TelemetryAssertionError: one did, or nobody has called it.
        """
        self._rest()
        propagated.check_not_propagated(self._story(), self[to].name)

    def close(self) -> None:
        """End all servers."""
        if self._names is not None:
            self._names.close()
            self._names = None
        while self._servers:
            self._servers.pop().close()

    def _story(self) -> propagated.Story:
        return propagated.Story(self._telemetry.spans, tuple(self._passages.all), self._strangers)

    def _rest(self) -> None:
        if not self._passages.settle(_SETTLE_SECONDS):
            raise TelemetryAssertionError(f"an application is at work for more than {_SETTLE_SECONDS:g} s")


class Topologies:
    """What `telemetry_topology` is: joins applications for one test, and ends them.

    Args:
        telemetry: of the test.
    """

    def __init__(self, telemetry: TelemetryCapture) -> None:
        self._telemetry = telemetry
        self._open: list[Topology] = []

    def __call__(self, *, strangers: Sequence[str] = (), **apps: Any) -> Topology:
        """Start applications.

        Args:
            strangers: names of hosts that are not of the deployment, such as `api.partner.example`: they
                answer every request with 200 and an empty body, over http.
            apps: the applications by their names; ASGI or WSGI.

        Raises:
            TypeError: one is no application.
            TelemetryAssertionError: one does not start, or what serves it is not installed.
        """
        topology = Topology(self._telemetry, apps, strangers)
        self._open.append(topology)
        return topology

    def close(self) -> None:
        """End every topology of the test."""
        while self._open:
            self._open.pop().close()


def _stranger(environ: Any, start_response: Any) -> list[bytes]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"].read(length)
    start_response("200 OK", [("content-length", "0")])
    return []
