"""Requests that provoke every kind of line, and what each of them must leave behind."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.apps import provocations
from support.clients import Answer, ask, ask_websocket, send_raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from services.setups import Setup

__all__ = ["Exchange", "Step", "drive", "exchange", "steps_of"]

_ELSEWHERE: Final = {"failing", "reconfigured", "slow", "task_hold", "task_release"}
_CONCURRENT: Final = 4
_NO_HTTP: Final = (
    b"GET /\xff\xe9\x01 HTTP/1.1\r\nx-\x1b[31m: \x00\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n",
    b'{"timestamp": "forged"}\n\n',
)


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        path: without the query, which holds the token.
        status: of the response.
        marks: names that its lines bear; None when the response body lists them.
        bound: whether the application gets to bind the tenant.
        identified: whether the response passes through the middleware; a server's own 500 does not.
        websocket: whether to open one.
    """

    path: str
    method: str = "GET"
    body: bytes | None = None
    status: int = 200
    marks: tuple[str, ...] | None = None
    bound: bool = True
    identified: bool = True
    websocket: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was made: its ids, chosen by the client, and the response."""

    step: Step
    answer: Answer
    token: str
    tenant: str | None
    trace_id: str

    @property
    def request_id(self) -> str:
        """The id that was sent, and must come back."""
        return f"r-{self.token}"

    @property
    def marks(self) -> tuple[str, ...]:
        """The names that lines bear."""
        return tuple(self.answer.body.decode().split()) if self.step.marks is None else self.step.marks


def exchange(port: int, step: Step, tenant: str | None = "acme") -> Exchange:
    """Make one request in a trace of its own."""
    token, trace_id = secrets.token_hex(8), secrets.token_hex(16)
    headers = {
        "x-token": token,
        "x-request-id": f"r-{token}",
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
        **({"x-tenant": tenant} if tenant is not None else {}),
        **({"content-type": "application/json"} if step.body is not None else {}),
    }
    # No line may show the query: it is personal data more often than not.
    path = f"{step.path}?token={token}"
    if step.websocket:
        answer = ask_websocket(port, path, headers=headers)
    else:
        answer = ask(port, path, method=step.method, headers=headers, body=step.body)
    return Exchange(step, answer, token, tenant, trace_id)


def drive(port: int, setup: Setup) -> list[Exchange]:
    """Send everything: one after another, several at once, bytes that are no HTTP, a new logging set-up."""
    kind = _KINDS[setup.app][0]
    done = [exchange(port, step, f"tenant-{number}") for number, step in enumerate(steps_of(setup))]
    burst = [Step(f"/{kind}/{name}") for name in ("long", "plain", "console", "caught") * 5]
    with ThreadPoolExecutor(_CONCURRENT) as pool:
        done += pool.map(lambda step: exchange(port, step), burst)
    for data in _NO_HTTP:
        _send_anyway(port, data)
    return done + [exchange(port, Step(f"/{kind}/{name}")) for name in ("reconfigured", "plain", "console")]


def steps_of(setup: Setup) -> Iterator[Step]:
    """Yield the requests that an application understands."""
    names = {
        "sync": sorted(provocations.SYNC.keys() - _ELSEWHERE),
        "async": sorted(provocations.ASYNC.keys() - _ELSEWHERE),
    }
    for kind in _KINDS[setup.app]:
        yield from (Step(f"/{kind}/{name}") for name in names[kind])
        marks = ("failing",) if setup.traceback else ()
        yield Step(f"/{kind}/failing", status=500, marks=marks, identified=setup.app != "bare")
    if setup.app == "bare":
        yield from (Step(f"/async/{name}") for name in names["sync"])
    yield from _OF[setup.app]


def _send_anyway(port: int, data: bytes) -> None:
    try:
        send_raw(port, data)
    except OSError:
        return


_MISSING: Final = Step("/caf%C3%A9/%00%1b%5B31m%0a%E2%80%AE/missing", status=404, marks=(), bound=False)
_KINDS: Final[Mapping[str, Sequence[str]]] = {"api": ("sync", "async"), "shop": ("sync",), "bare": ("async",)}
_OF: Final[Mapping[str, Iterable[Step]]] = {
    "api": (
        _MISSING,
        Step("/background"),
        Step("/stream"),
        Step("/orders", "POST", b'{"item": "\xe2\x80\xa8 \\u0000 \\u001b", "count": 2}'),
        Step("/orders", "POST", b'{"item": 1}', status=422, marks=(), bound=False),
        Step("/socket", status=101, websocket=True),
    ),
    "shop": (_MISSING, Step("/own"), Step("/stream")),
    "bare": (_MISSING,),
}
