"""What else programs hold a value in, and the forms in which it is written down: more sinks for canaries."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import httpx
from opentelemetry import metrics, trace
from requests.structures import CaseInsensitiveDict

from faults.kit.canaries import PERSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faults.kit.canaries import Canary

__all__ = ["SHAPES"]

# Its fields are known when it runs.
_tuple_of: Final[Any] = namedtuple  # noqa: PYI024
_log: Final = logging.getLogger("orders")
_tracer: Final = trace.get_tracer("orders")
_counter: Final = metrics.get_meter("orders").create_counter("orders.keyed")


def _containers(canary: Canary) -> None:
    """Everything that holds something, in a field and as an argument."""
    name, text = canary.identifier, canary.text
    pair = {name: canary.value}
    found: tuple[Any, ...] = (
        *((text, 3), {text}, frozenset({text}), deque([text]), text.encode(), bytearray(text.encode())),
        *(UserDict(pair), MappingProxyType(pair), SimpleNamespace(**pair), OrderedDict(pair)),
        *(ChainMap(pair), defaultdict(list, {name: [canary.value]}), Counter({text: 2})),
        *(ValueError(text), [ValueError(text)]),
        *(partial(print, text), partial(print, **pair), [[name, canary.value]], [(name, canary.value)]),
    )
    for each in found:
        _log.info("holds %s", each)
    held = {f"held{number}": each for number, each in enumerate(found)}
    _log.info("holds", extra=held)
    _log.info("holds", extra={"deep": {"held": [held]}})
    # As a field it is a list, which has no names.
    _log.info("holds %s", _tuple_of("Order", [name, "amount"])(canary.value, 3))
    with _tracer.start_as_current_span("holds") as span:
        span.set_attributes({"bytes": text.encode(), "tuple": (text, text), "repr": repr(found)})


def _keyed(canary: Canary) -> None:
    """A value in the place of a name."""
    counts = {canary.text: 1}
    _log.info("by key", extra={"counts": counts, "deep": {"counts": [counts]}, **counts})
    _log.info("by key %s", counts)
    with _tracer.start_as_current_span("by key", attributes=counts) as span:
        span.add_event("by key", counts)
    _counter.add(1, counts)


def _misfits(canary: Canary) -> None:
    """Log calls whose arguments do not fit, and an exception in the place of a message."""
    _log.info("%d of %s", canary.text)
    _log.info("no place", canary.text)
    _log.info("%(name)d", {"name": canary.text})
    _log.info(ValueError(canary.text))
    _log.info(RuntimeError("failed", {canary.name: canary.value}))
    _log.info("stack", stack_info=True, extra={"error": ValueError(canary.text)})


def _headers(canary: Canary) -> None:
    """Headers as frameworks hold them and as they go over the wire."""
    if not canary.is_line:
        return
    name, value = canary.header.lower(), canary.value
    raw = [(b"host", b"shop.test"), (name.encode(), value.encode()), (b"accept", b"*/*")]
    texts = [(key.decode(), each.decode()) for key, each in raw]
    for headers in (raw, texts, dict(texts), dict(raw), httpx.Headers(texts), CaseInsensitiveDict(texts)):
        _log.info("headers %s", headers)
        _log.info("headers", extra={"headers": headers, "scope": {"headers": headers}})
    wire = "\r\n".join(("POST /orders HTTP/1.1", *(f"{key}: {each}" for key, each in texts), "", "{}"))
    if canary.kind != PERSON:
        _log.info(wire)
        _log.info("sent %r", wire.encode())
        _log.info("curl -X POST -H '%s: %s' https://shop.test/orders", name, value)


def _documents(canary: Canary) -> None:
    """What a configuration, a message or a command looks like."""
    texts = [*_written(canary.name, canary.value)] if canary.is_line else []
    # What a text has behind a name and a colon is prose, unless it looks like what the name says.
    if canary.is_line and canary.kind != PERSON:
        texts.append(f"debug: true\n{canary.name}: {canary.value}\nport: 80\n")
    for text in texts:
        _log.info(text)
        _log.info("document", extra={"document": text})
        with _tracer.start_as_current_span("document") as span:
            span.set_attribute("document", text)


def _written(name: str, value: str) -> Iterator[str]:
    yield f'[service]\n{name} = "{value}"\nport = 80\n'
    yield f"{name}={value}\nPORT=80\n"
    yield f"<order><{name}>{value}</{name}><id>17</id></order>"
    yield f"run --{name}={value} --port 80"
    yield f'mutation {{ send({name}: "{value}", id: 17) {{ id }} }}'
    yield repr({"kwargs": {name: value}, "args": []})
    yield json.dumps({"lines": [{"deep": {name: value}}]}, indent=2)


def _neglected(canary: Canary) -> None:
    """Failures that nobody waits for: of a task, of a callback, of a finaliser."""

    async def fail() -> None:
        raise ValueError(canary.text)

    async def leave() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        del task
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": canary.text, canary.identifier: canary.value})

    class Failing:
        def __del__(self) -> None:
            raise ValueError(canary.text)

    # A service has a loop in this thread already.
    thread = threading.Thread(target=lambda: asyncio.run(leave()))
    thread.start()
    thread.join()
    Failing()


SHAPES: Final[Mapping[str, Callable[[Canary], None]]] = {
    "containers": _containers,
    "keyed": _keyed,
    "misfits": _misfits,
    "headers": _headers,
    "documents": _documents,
    "neglected": _neglected,
}
