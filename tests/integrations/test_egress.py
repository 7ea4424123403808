"""Where the policy for outgoing headers is kept, and what happens where that place is not as expected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest
import requests
import urllib3
from opentelemetry import propagate
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.propagators.textmap import TextMapPropagator

from ameide_telemetry import guard
from ameide_telemetry.integrations.egress import Egress
from ameide_telemetry.integrations.hosts import Allowance
from ameide_telemetry.settings import TelemetrySettings
from integrations.shared_egress import OURS, inside_a_trace, instrumented, ours
from integrations.test_egress_http import NEIGHBOUR, STRANGER, Site
from integrations.test_egress_http import site as site  # noqa: PLC0414 a fixture is used by its name

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def by_hand() -> Iterator[None]:
    """The service instrumented its clients itself, before telemetry started."""
    instrumentors = (RequestsInstrumentor(), URLLib3Instrumentor())
    for each in instrumentors:
        each.instrument()
    yield
    for each in instrumentors:
        each.uninstrument()


def test_what_the_service_instrumented_itself_keeps_the_policy(by_hand: None, site: Site) -> None:
    """An instrumentor that was there first writes our baggage as well, and sits above us as well."""
    with instrumented("requests", "urllib3") as result, inside_a_trace():
        assert result.active == []
        requests.get(site.url(STRANGER), timeout=5)
        with urllib3.PoolManager() as pool:
            pool.request("GET", site.url(STRANGER), timeout=5)
            pool.request("GET", site.url(NEIGHBOUR), timeout=5)
    assert [ours(headers) for _, headers in site.seen] == [set(), set(), OURS]


def test_a_proxy_is_part_of_the_way(site: Site) -> None:
    """The host that the request is for decides, not the proxy that it is handed to."""
    proxy = site.url("proxy.example")
    with instrumented("urllib3", "requests", "httpx"), inside_a_trace():
        with urllib3.ProxyManager(proxy) as pool:
            pool.request("GET", f"http://{NEIGHBOUR}:1/", timeout=5)
            pool.request("GET", f"http://{STRANGER}:1/", timeout=5)
        requests.get(f"http://{STRANGER}:1/", timeout=5, proxies={"http": site.url(NEIGHBOUR)})
        with httpx.Client(proxy=site.url(NEIGHBOUR)) as client:
            client.get(f"http://{STRANGER}:1/")
            client.get(f"http://{NEIGHBOUR}:1/")
    assert [ours(headers) for _, headers in site.seen] == [OURS, set(), set(), set(), OURS]


def test_a_pool_that_is_used_as_a_proxy_counts_too(site: Site) -> None:
    """A whole URL sent to a pool without a proxy is read by the pool's host, and maybe by the other one."""
    port = int(site.url("").rpartition(":")[2].strip("/"))
    with instrumented("urllib3"), inside_a_trace():
        for host, url in (
            (STRANGER, "http://orders/"),
            (NEIGHBOUR, "http://other.example/"),
            (NEIGHBOUR, "/"),
        ):
            with urllib3.HTTPConnectionPool(host, port) as pool:
                pool.urlopen("GET", url, assert_same_host=False, timeout=5)
    assert [ours(headers) for _, headers in site.seen] == [set(), set(), OURS]


def test_a_place_that_is_not_there_leaves_the_client_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, site: Site
) -> None:
    """Without the means to keep the policy nothing is written that it would have to hold back."""
    with monkeypatch.context() as patch:
        patch.delattr(httpcore.ConnectionPool, "handle_request")
        patch.delattr("urllib3.connectionpool.HTTPConnectionPool._make_request")
        with instrumented("httpx", "requests", "urllib3") as result:
            assert result.active == []
    guard.reset()
    assert [record.getMessage().partition(" is not")[0] for record in caplog.records] == [
        "httpx",
        "requests",
        "urllib3",
    ]
    with instrumented("requests"), inside_a_trace():
        requests.get(site.url(NEIGHBOUR), timeout=5)
    assert ours(site.last) == OURS


def test_what_others_put_over_it_stays_and_ours_does_nothing(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    """The end of telemetry does not undo somebody else's patch, and a new start works on top of it."""
    pool = urllib3.HTTPConnectionPool
    monkeypatch.setattr(pool, "_make_request", pool._make_request)
    calls = []
    with instrumented("requests"):
        below: Any = pool._make_request

        def over(self: Any, *args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            return below.__get__(self, pool)(*args, **kwargs)

        pool._make_request = over  # type: ignore[method-assign]
    assert vars(pool)["_make_request"] is over
    requests.get(site.url(STRANGER), timeout=5, headers={"baggage": "a=b"})
    assert site.last["baggage"] == "a=b"
    with instrumented("requests"), inside_a_trace():
        requests.get(site.url(STRANGER), timeout=5, headers={"baggage": "a=b"})
    assert ours(site.last) == set()
    assert len(calls) == 2


LATE = """
import json, logging, sys
import wrapt
said = []
logging.getLogger("ameide_telemetry").addHandler(handler := logging.Handler())
handler.emit = lambda record: said.append(record.getMessage())
from ameide_telemetry.integrations.clients import instrument_clients
from ameide_telemetry.settings import TelemetrySettings
if sys.argv[1] == "broken":
    break_it = lambda module: delattr(module.ConnectionPool, "handle_request")
    wrapt.register_post_import_hook(break_it, "httpcore")
result = instrument_clients(TelemetrySettings(instrument=("httpx",)))
import httpx
before = list(result.active), "httpcore" in sys.modules
import httpcore
plain = not hasattr(vars(httpx.HTTPTransport)["handle_request"], "__wrapped__")
watched = hasattr(vars(httpcore.AsyncConnectionPool)["handle_async_request"], "__wrapped__")
print(json.dumps([before, result.active, plain, watched, said]))
result.undo()
"""


@pytest.mark.parametrize(("how", "active"), [("whole", ["httpx"]), ("broken", [])])
def test_a_library_below_that_comes_later(how: str, active: list[str]) -> None:
    """httpx imports what sends its requests with its first client: no sooner, and in time."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", LATE, how],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert result.returncode == 0, result.stderr
    before, after, plain, watched, said = json.loads(result.stdout)
    assert before == [["httpx"], False]
    assert after == active
    assert (plain, watched) == (not active, bool(active))
    assert ["httpx is not instrumented" in line for line in said] == ([] if active else [True])


class Zipkin(TextMapPropagator):
    """A propagator with headers of its own, spelt as some do."""

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        """Return nothing new."""
        return context

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        """Write the two kinds of headers that propagators write."""
        carrier["X-B3-TraceId"] = "abc"
        carrier["uberctx-user"] = "eve"
        carrier["ot-baggage-user"] = "eve"

    @property
    def fields(self) -> set[str]:
        """The fixed one of its headers."""
        return {"X-B3-TraceId"}


def test_another_propagators_headers_obey_as_well(site: Site) -> None:
    """Its fields go where trace context goes, and what it writes for each entry of baggage like baggage."""
    before = propagate.get_global_textmap()
    try:
        for hosts in ((), ("*",)):
            with instrumented("requests", trace_hosts=hosts):
                propagate.set_global_textmap(Zipkin())
                requests.get(site.url(STRANGER), timeout=5, headers={"X-Own": "kept"})
                propagate.set_global_textmap(before)
    finally:
        propagate.set_global_textmap(before)
    written = {"x-b3-traceid", "uberctx-user", "ot-baggage-user", "x-own"}
    assert [written & set(headers) for _, headers in site.seen] == [{"x-own"}, {"x-b3-traceid", "x-own"}]


def test_fields_that_cannot_be_read_are_the_standard_ones() -> None:
    """A propagator of somebody else's may fail; the three headers are held back all the same."""

    class Broken(Zipkin):
        @property
        def fields(self) -> set[str]:
            raise ValueError

    before = propagate.get_global_textmap()
    guard.reset()
    propagate.set_global_textmap(Broken())
    try:
        assert Egress(TelemetrySettings()).headers(Allowance.NOTHING).names == OURS
    finally:
        propagate.set_global_textmap(before)
    assert guard.counts() == {"egress.strip": 1}
    guard.reset()


def test_odd_headers_are_taken_as_they_are(site: Site) -> None:
    """Bytes as names, a mapping that repeats a name, no headers at all."""
    headers = urllib3.HTTPHeaderDict([("X-Own", "1"), ("X-Own", "2"), ("BAGGAGE", "a=b"), ("Baggage", "c=d")])
    with instrumented("urllib3"), inside_a_trace(), urllib3.PoolManager() as pool:
        pool.request("GET", site.url(STRANGER), timeout=5, headers=headers)
        twice: Any = {b"Baggage": "a=b", "x-own": "1"}
        pool.request("GET", site.url(STRANGER), timeout=5, headers=twice)
        pool.request("GET", site.url(STRANGER), timeout=5)
    assert [ours(headers) for _, headers in site.seen] == [set()] * 3
    assert [headers.get("x-own") for _, headers in site.seen][1:] == ["1", None]
    assert headers["BAGGAGE"] == "a=b, c=d"
