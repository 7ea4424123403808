"""Nothing of one request is seen in another: not with pipelining, not in reused threads, not at full load."""

from __future__ import annotations

import json
import random
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from services.setups import SETUPS, Setup, environment
from services.traffic import Exchange, Step, exchange
from support.clients import Answer, send_pipelined
from support.raw_lines import judge
from support.servers import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers import Server

_TENANTS: Final = [f"tenant-{number}" for number in range(20)]
_CLIENTS: Final = 8
_REQUESTS: Final = 300
_TOKEN: Final = re.compile(r"\[([0-9a-f]{16}):")
_IN_ONE_PACKET: Final = ("a", None, "b", None, None, "a", None) * 3
_PIPELINING: Final = ("uvicorn", "uvicorn-h11-asyncio")
_THREADED: Final = Setup(
    "gunicorn-gthread-8",
    "shop",
    (*SETUPS["gunicorn-sync"].command, "-k", "gthread", "--threads", "8"),
    SETUPS["gunicorn-sync"].setting,
)


@contextmanager
def _running(setup: Setup) -> Iterator[tuple[Server, list[dict[str, Any]]]]:
    """Run a server; the list is filled with its lines when the block ends."""
    records: list[dict[str, Any]] = []
    with run_server(setup.argv, environment=environment()) as server:
        yield server, records
        ended = server.stop()
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    records += judged.records


def _by_token(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        for token in set(_TOKEN.findall(json.dumps(record))):
            found.setdefault(token, []).append(record)
    return found


def _ids(record: dict[str, Any]) -> tuple[str | None, ...]:
    return tuple(record.get(key) for key in ("request_id", "tenant_id", "saas.tenant"))


class Pipelined(NamedTuple):
    """What was sent in one packet, what came back, and what the server wrote."""

    tokens: list[str]
    answers: list[Answer]
    held: Exchange
    lines: dict[str, list[dict[str, Any]]]


@cache
def _pipelined(name: str) -> Pipelined:
    """Send all tenants in one packet, then have a failed task of one request collected in another."""
    tokens = [secrets.token_hex(8) for _ in _IN_ONE_PACKET]
    requests = [
        ("/async/contextual", {"x-token": token, "x-request-id": token, **_tenant_header(tenant)})
        for token, tenant in zip(tokens, _IN_ONE_PACKET, strict=True)
    ]
    with _running(SETUPS[name]) as (server, records):
        answers = send_pipelined(server.port, requests)
        held = exchange(server.port, Step("/async/task_hold"), "holder")
        exchange(server.port, Step("/async/task_release"), "releaser")
    return Pipelined(tokens, answers, held, _by_token(records))


def _tenant_header(tenant: str | None) -> dict[str, str]:
    return {} if tenant is None else {"x-tenant": tenant}


@pytest.mark.parametrize("name", _PIPELINING)
def test_pipelined_requests_share_nothing(name: str) -> None:
    """Requests in one packet: each its own trace, request id and tenant, and none where none was bound."""
    tokens, answers, _, lines = _pipelined(name)
    assert [answer.status for answer in answers] == [200] * len(tokens)
    assert [answer.headers["x-request-id"] for answer in answers] == tokens
    for token, tenant in zip(tokens, _IN_ONE_PACKET, strict=True):
        assert [_ids(line) for line in lines[token]] == [(token, tenant, tenant)] * 2
    traces = [{line["trace_id"] for line in lines[token]} for token in tokens]
    assert all(len(each) == 1 for each in traces)
    assert len(set().union(*traces)) == len(tokens)


@pytest.mark.parametrize("name", _PIPELINING)
def test_pipelined_requests_do_not_share_structlog_variables(name: str) -> None:
    """What a request binds with structlog's own context variables is not on the lines of the next one."""
    tokens, _, _, lines = _pipelined(name)
    carts = [[line.get("cart") for line in lines[token]] for token in tokens]
    assert carts == [[None, token] for token in tokens]


@pytest.mark.parametrize("name", _PIPELINING)
def test_a_failed_task_does_not_bear_another_request(name: str) -> None:
    """The loop complains about a failed task when it is collected: that may happen during another request."""
    _, _, held, lines = _pipelined(name)
    (line,) = lines[held.token]
    assert line["logger"] == "asyncio"
    assert _ids(line) in {(None, None, None), (held.request_id, "holder", "holder")}


@pytest.mark.parametrize("setup", [_THREADED, SETUPS["uvicorn"]], ids=str)
def test_the_tenant_of_a_line_is_that_of_its_request(setup: Setup) -> None:
    """300 requests of 20 tenants by 8 clients at once: each line has its own request's tenant, or none."""
    choice = random.Random(2026)
    tenants = [choice.choice([*_TENANTS, None]) for _ in range(_REQUESTS)]
    names = [choice.choice(["plain", "structured", "contextual", "threads"]) for _ in tenants]
    with _running(setup) as (server, records), ThreadPoolExecutor(_CLIENTS) as clients:

        def send(number: int) -> Exchange:
            return exchange(server.port, Step(f"/sync/{names[number]}"), tenants[number])

        done = list(clients.map(send, range(_REQUESTS)))
    lines = _by_token(records)
    for each in done:
        own = [line for line in lines[each.token] if "free." not in line["message"]]
        expected = (each.request_id, each.tenant, each.tenant)
        assert len(own) == len([mark for mark in each.marks if not mark.startswith("free.")]), each
        assert {_ids(line) for line in own} == {expected}, each
        assert {line["trace_id"] for line in own} == {each.trace_id}, each
        assert {line.get("cart") for line in own} <= {None, each.token}, each
