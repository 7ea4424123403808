"""The orders that are sent, and what came back."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demonstration.halt import Halt

__all__ = ["FAILING", "GOOD", "ORDERS", "SLOW", "Answer", "Order", "key_of", "send", "summed_up"]

_AT_ONCE: Final = 4
_TIMEOUT_SECONDS: Final = 10.0
_ALL_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Order:
    """One order to send.

    Attributes:
        status: the HTTP status that is right.
        at_least: seconds that the backend takes for it.
    """

    tenant: str
    sku: str
    status: int = HTTPStatus.ACCEPTED
    at_least: float = 0.0

    @property
    def shipped(self) -> bool:
        """Whether it reaches the worker."""
        return self.status == HTTPStatus.ACCEPTED

    @property
    def spans(self) -> int:
        """How many spans its trace has."""
        return 5 if self.shipped else 3


GOOD: Final = Order("acme", "lamp")
SLOW: Final = Order("initech", "piano", at_least=1.0)
FAILING: Final = Order("globex", "unobtainium", status=HTTPStatus.INTERNAL_SERVER_ERROR)
ORDERS: Final = (
    *(Order(tenant, "chair") for tenant in ("acme", "globex", "initech")),
    SLOW,
    *(Order(tenant, "lamp") for tenant in ("globex", "initech", "acme")),
    FAILING,
    *(Order(tenant, "chair") for tenant in ("initech", "globex", "acme")),
    GOOD,
)
"""The slow one goes early, so that the others overtake it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client saw.

    Attributes:
        request_id: the one that it sent.
        returned_id: the one in the response's `x-request-id`.
        status: 0 where there was no answer; `error` says why.
        seconds: from sending to the last byte.
    """

    order: Order
    request_id: str
    returned_id: str = ""
    status: int = 0
    seconds: float = 0.0
    error: str = ""


def key_of(tenant: str) -> str:
    """Return the API key by which the gateway knows a tenant."""
    return f"{tenant}-demo-key"


def send(port: int, orders: Sequence[Order], halt: Halt) -> tuple[Answer, ...]:
    """Send the orders to the gateway, four at a time, and return the answers in the same order."""
    run = secrets.token_hex(2)
    unsent = [Answer(each, f"order-{run}-{number:02}") for number, each in enumerate(orders, 1)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(_send_one, port, each) for each in unsent]
        try:
            halt.wait_for(lambda: all(each.done() for each in waiting), _ALL_SECONDS)
        finally:
            pool.shutdown(cancel_futures=True)
    return tuple(
        replace(was, error="not sent in time") if future.cancelled() else future.result()
        for was, future in zip(unsent, waiting, strict=True)
    )


def summed_up(answers: Sequence[Answer]) -> str:
    """Return the answers in one row of text."""
    tenants = len({answer.order.tenant for answer in answers})
    statuses = sorted(Counter(answer.status for answer in answers).items())
    counted = ", ".join(f"{count} x {status or 'no answer'}" for status, count in statuses)
    slowest = max(answer.seconds for answer in answers)
    return f"{len(answers)} orders of {tenants} tenants: {counted}; slowest {slowest:.1f} s"


def _send_one(port: int, unsent: Answer) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    headers = {"x-api-key": key_of(unsent.order.tenant), "x-request-id": unsent.request_id}
    began = time.monotonic()
    try:
        connection.request("POST", f"/orders/{unsent.order.sku}", headers=headers)
        response = connection.getresponse()
        response.read()
    except (OSError, HTTPException) as error:
        return replace(unsent, error=f"{type(error).__name__}: {error}")
    finally:
        connection.close()
    returned_id = response.getheader("x-request-id", "")
    seconds = time.monotonic() - began
    return replace(unsent, returned_id=returned_id, status=response.status, seconds=seconds)
