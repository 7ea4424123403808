"""Which hosts get trace context and baggage from HTTP clients: real ones, and a real server on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from integrations.shared_egress import (
    OURS,
    SAMPLED,
    TRACE_ID,
    UNSAMPLED,
    inside_a_trace,
    instrumented,
    ours,
    record_spans,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry import trace

STRANGER = "third-party.example"
NEIGHBOUR = "orders"
NEAR = "orders.internal"
OWN = {"X-Own": "kept", "Authorization": "Bearer own"}


class Site:
    """One server under many names, that keeps the headers of each request by the name it came to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                site.seen.append((headers["host"].rpartition(":")[0], headers))
                to = parse_qs(urlsplit(self.path).query).get("to")
                self.send_response(302 if to else 200)
                if to:
                    self.send_header("location", to[0])
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def url(self, host: str, to: str | None = None) -> str:
        """Return the address under a name; `to`: it sends on to that address."""
        return f"http://{host}:{self._server.server_port}/" + (f"?to={quote(to)}" if to else "")

    @property
    def last(self) -> dict[str, str]:
        """The headers of the newest request."""
        return self.seen[-1][1]

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server, and a resolver to which every name is on loopback."""
    resolve = socket.getaddrinfo

    def on_loopback(host: Any, *args: Any, **kwargs: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        return resolve("127.0.0.1" if text and not text[0].isdigit() else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", on_loopback)
    site = Site()
    yield site
    site.close()


def by_requests(url: str, headers: Mapping[str, str]) -> int:
    """GET by requests."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=dict(headers), timeout=5).status_code


def by_urllib3(url: str, headers: Mapping[str, str]) -> int:
    """GET by urllib3."""
    with urllib3.PoolManager(headers=dict(headers)) as pool:
        return pool.request("GET", url, timeout=5).status


def by_httpx(url: str, headers: Mapping[str, str], library: Any = httpx) -> int:
    """GET by httpx or its successor."""
    with library.Client(follow_redirects=True, trust_env=False, timeout=5) as client:
        return int(client.get(url, headers=dict(headers)).status_code)


def by_async_httpx(url: str, headers: Mapping[str, str], library: Any = httpx) -> int:
    """GET by the asynchronous client of httpx or its successor."""

    async def get() -> int:
        async with library.AsyncClient(follow_redirects=True, trust_env=False, timeout=5) as client:
            return int((await client.get(url, headers=dict(headers))).status_code)

    return asyncio.run(asyncio.wait_for(get(), 10))


def by_aiohttp(url: str, headers: Mapping[str, str]) -> int:
    """GET by aiohttp."""

    async def get() -> int:
        connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url, headers=dict(headers)) as response,
        ):
            return response.status

    return asyncio.run(asyncio.wait_for(get(), 10))


CALLS: dict[str, tuple[str, Callable[[str, Mapping[str, str]], int]]] = {
    "aiohttp": ("aiohttp-client", by_aiohttp),
    "httpx": ("httpx", by_httpx),
    "httpx async": ("httpx", by_async_httpx),
    "httpx2": ("httpx2", lambda url, headers: by_httpx(url, headers, httpx2)),
    "httpx2 async": ("httpx2", lambda url, headers: by_async_httpx(url, headers, httpx2)),
    "requests": ("requests", by_requests),
    "urllib3": ("urllib3", by_urllib3),
}
clients = pytest.mark.parametrize(("name", "get"), CALLS.values(), ids=CALLS)


def own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the application's headers among what arrived."""
    return {key: headers[key.lower()] for key in OWN}


@clients
@pytest.mark.parametrize("flags", [SAMPLED, UNSAMPLED])
def test_a_neighbour_gets_all_and_a_stranger_nothing(
    name: str, get: Callable[..., int], flags: trace.TraceFlags, site: Site
) -> None:
    """The default, sampled or not; what the application sends itself arrives at both."""
    with instrumented(name), inside_a_trace(flags):
        for host in (NEIGHBOUR, "127.0.0.1", STRANGER, NEAR):
            assert get(site.url(host), OWN) == 200
    neighbour, address, stranger, near = (headers for _, headers in site.seen)
    for headers in (neighbour, address):
        assert headers["traceparent"].startswith(f"00-{TRACE_ID:032x}-")
        assert headers["traceparent"].endswith(f"{flags:02x}")
        assert (headers["tracestate"], headers["baggage"]) == ("vendor=secret", "tenant_id=acme")
    assert ours(stranger) == set()
    assert ours(near) == {"traceparent"}
    assert all(own_headers(headers) == OWN for _, headers in site.seen)


@clients
def test_a_stranger_that_may_get_the_trace_gets_no_more(
    name: str, get: Callable[..., int], site: Site
) -> None:
    """Trace context everywhere: baggage and trace state are not part of it."""
    with instrumented(name, trace_hosts=("*",)), inside_a_trace():
        get(site.url(STRANGER), OWN)
        get(site.url(NEIGHBOUR), OWN)
    assert ours(site.seen[0][1]) == {"traceparent"}
    assert ours(site.seen[1][1]) == OURS


@clients
def test_a_host_that_both_lists_name_gets_all(name: str, get: Callable[..., int], site: Site) -> None:
    """A deployment may trust a host outside; baggage alone is not given."""
    with instrumented(name, trace_hosts=(STRANGER,), baggage_hosts=(".example",)), inside_a_trace():
        get(site.url(STRANGER), OWN)
        get(site.url("other.example"), OWN)
    assert [ours(headers) for _, headers in site.seen] == [OURS, set()]


@clients
def test_a_redirect_takes_nothing_to_a_stranger(name: str, get: Callable[..., int], site: Site) -> None:
    """Libraries copy the headers of the first request; the way back inside is no error."""
    with instrumented(name), inside_a_trace():
        assert get(site.url(NEIGHBOUR, to=site.url(STRANGER, to=site.url(NEAR))), {"X-Own": "kept"}) == 200
    assert [host for host, _ in site.seen] == [NEIGHBOUR, STRANGER, NEAR]
    assert [ours(headers) for _, headers in site.seen][:2] == [OURS, set()]
    assert ours(site.last) <= {"traceparent"}
    assert all(headers["x-own"] == "kept" for _, headers in site.seen)


@clients
def test_the_span_of_a_call_to_a_stranger_is_recorded(
    name: str, get: Callable[..., int], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not sent is not lost for the service itself."""
    exporter = record_spans(monkeypatch)
    with instrumented(name), inside_a_trace():
        get(site.url(STRANGER), OWN)
    (span,) = exporter.get_finished_spans()
    assert span.context is not None
    assert (span.context.trace_id, ours(site.last)) == (TRACE_ID, set())


@clients
def test_the_applications_own_trace_headers_are_no_exception(
    name: str, get: Callable[..., int], site: Site
) -> None:
    """Who wrote a header cannot be told, so the policy holds for all; inside, ours replace them."""
    own = {"traceparent": f"00-{7:032x}-{7:016x}-01", "baggage": "user=eve", "tracestate": "a=b"}
    with instrumented(name), inside_a_trace():
        get(site.url(STRANGER), own)
        get(site.url(NEIGHBOUR), own)
    assert ours(site.seen[0][1]) == set()
    assert f"{TRACE_ID:032x}" in site.last["traceparent"]


@clients
def test_after_undo_and_again(name: str, get: Callable[..., int], site: Site) -> None:
    """Nothing is left of it at the end, and a second start is like the first."""
    own = {"traceparent": f"00-{7:032x}-{7:016x}-01"}
    for _ in range(2):
        with instrumented(name), inside_a_trace():
            get(site.url(STRANGER), own)
        get(site.url(STRANGER), own)
    assert [ours(headers) for _, headers in site.seen] == [set(), {"traceparent"}] * 2
