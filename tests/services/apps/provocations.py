"""What services do that ends up on stdout or stderr, each piece of it countable.

A provocation gets `Marks`. `marks("name")` returns `[token:name]`, which belongs into exactly one line: the
request's token tells whose line it is. Names that begin with `free.` come from places that have no request
around them, such as a bare thread.

The loggers at the top are made, and partly bound and configured, before telemetry starts.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click
import structlog

from ameide_telemetry import bind_context, get_logger
from ameide_telemetry.integrations.threads import ContextThreadPoolExecutor, carry_context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ASYNC", "SYNC", "Marks", "bind", "provoke", "provoke_async"]

early = logging.getLogger("orders.early")
early_own_handler = logging.getLogger("orders.early.own")
early_own_handler.addHandler(logging.StreamHandler(sys.stdout))
early_own_handler.propagate = False
early_structlog = structlog.get_logger("orders.early.structlog")
early_bound = structlog.get_logger("orders.early.bound").bind(component="cart")
early_ours = get_logger("orders.early.ours")


class Marks:
    """The marks of one request.

    Attributes:
        token: who asked.
        written: the names given out so far.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.written: list[str] = []

    def __call__(self, name: str) -> str:
        """Return the text that goes into one line."""
        self.written.append(name)
        return f"[{self.token}:{name}]"

    @property
    def text(self) -> str:
        """The names, for the response."""
        return " ".join(self.written)


def bind(tenant: str | None) -> None:
    """Bind what a real service would take from a verified token."""
    if tenant is not None:
        bind_context(tenant_id=tenant)


def provoke(name: str, marks: Marks) -> None:
    """Run one synchronous provocation."""
    SYNC[name](marks)


async def provoke_async(name: str, marks: Marks) -> None:
    """Run one provocation of either kind."""
    if name in ASYNC:
        await ASYNC[name](marks)
    else:
        SYNC[name](marks)


def plain(marks: Marks) -> None:
    """Every kind of logger, made before and after the start."""
    early.info("early %s", marks("early"))
    early_own_handler.warning("own handler %s", marks("own_handler"))
    early_structlog.info(f"early structlog {marks('early_structlog')}")
    early_bound.warning(f"early bound {marks('early_bound')}")
    early_ours.info(f"early ours {marks('early_ours')}")
    logging.getLogger("orders.late").error("late %s", marks("late"))
    structlog.get_logger("orders.late.structlog").info(f"late structlog {marks('late_structlog')}")
    get_logger("orders.late.ours").info(f"late ours {marks('late_ours')}")
    logging.info("root %s", marks("root"))  # noqa: LOG015 services do


def structured(marks: Marks) -> None:
    """Fields, by every way there is to give them."""
    early.info(marks("extra"), extra={"order_id": 7, "items": ["a", "b"]})
    early.info({"message": marks("dict"), "order_id": 7})
    early.info(marks("reserved"), extra={"trace_id": "forged", "level": 3, "timestamp": None, "service": "x"})
    early_structlog.info(marks("keywords"), order_id=7, nested={"a": {"b": [1]}})
    early_structlog.info(marks("forged"), tenant_id="forged", span_id="forged", event_name="x")
    early_ours.info(marks("ours"), order_id=7)


def contextual(marks: Marks) -> None:
    """structlog's own context variables, which are not ours to clear but must not reach other requests."""
    early_structlog.info(marks("before"))
    structlog.contextvars.bind_contextvars(cart=marks.token)
    early_structlog.info(marks("after"))


def slow(marks: Marks) -> None:
    """A request that is still being served when somebody stops the server."""
    early.info(marks("slow_begin"))
    time.sleep(0.4)
    early.info(marks("slow_end"))


def console(marks: Marks) -> None:
    """Text that is printed."""
    print(marks("print"))
    print(marks("print_stderr"), file=sys.stderr)
    print("in", "two", end=" ")
    print("parts", marks("print_parts"))
    print(f"{marks('print_first')}\n\n  {marks('print_second')}")
    click.echo(click.style(marks("echo"), fg="red"))
    click.echo(marks("echo_stderr"), err=True)
    sys.stdout.buffer.write(f"{marks('bytes')} \xe9\n".encode("latin-1"))
    sys.stderr.write(f"\r 10 %\r 100 % {marks('progress')}\n")
    print(f'{{"message": "{marks("print_json")}", "price": NaN, "level": "loud", "message2": "\\ud800"}}')
    print(f'{{"message": {{"a": "{marks("print_odd_json")}"}}, "a": 1, "a": 2, "timestamp": 5}}')
    sys.stdout.flush()


def warning(marks: Marks) -> None:
    """Warnings of the warnings module."""
    warnings.warn(marks("warning"), stacklevel=1)
    warnings.warn(marks("resource"), RuntimeWarning, stacklevel=2)


def threads(marks: Marks) -> None:
    """Lines from threads, with the request's context and without."""
    carried = threading.Thread(target=carry_context(partial(early.info, marks("carried"))))
    bare = threading.Thread(target=lambda: early.info(marks("free.bare")))
    for thread in (carried, bare):
        thread.start()
        thread.join()
    with ContextThreadPoolExecutor(2) as pool:
        pool.submit(early_structlog.info, marks("pool")).result()
        list(pool.map(print, [marks("pool_print_1"), marks("pool_print_2")]))


def thread_crash(marks: Marks) -> None:
    """An exception that nobody catches in a thread."""
    thread = threading.Thread(target=_raise, args=(marks("free.thread_crash"),))
    thread.start()
    thread.join()


def caught(marks: Marks) -> None:
    """`logger.exception`, with a cause, a group, and the stack alone."""
    try:
        _chain(marks.token)
    except LookupError:
        early.exception("caught %s", marks("exception"))
        early_structlog.exception(f"caught {marks('structlog_exception')}")
        early_ours.error(marks("ours_exc_info"), exc_info=True)
        early.error(marks("stack"), stack_info=True)
    group = ExceptionGroup("several", [ValueError("a\nb"), OSError(2, "none")])
    early.error(marks("group"), exc_info=group)


class _Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        return "\ud800 \x00 \u2028"


def unholdable(marks: Marks) -> None:
    """Values that JSON cannot hold, and arguments that do not fit."""
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = "bottom"
    for _ in range(2000):
        deep = [deep]
    values = {
        "nan": float("nan"),
        "infinite": [float("inf"), {"a": float("-inf")}],
        "huge": 10**5000,
        "bytes": b"\xff\x00",
        "set": {1, "a"},
        "hostile": _Hostile(),
        "endless": endless,
        "deep": deep,
        "keys": {1: "a", None: "b", (1, 2): "c", _Hostile: "d"},
        "surrogate\ud800": "\ud800",
        "clock": time.time,
        "error": ValueError(_Hostile()),
    }
    early.info(marks("extra"), extra=values)
    early_structlog.info(marks("keywords"), **values)
    early.info(f"{marks('unfit')} %d %s", "x")
    early.info("%s %s", marks("hostile"), _Hostile())
    early.info(marks("many"), extra={f"field_{number}": "x" * 200 for number in range(500)})


def long(marks: Marks) -> None:
    """Lines far beyond the limit."""
    early.info("%s%s", marks("message"), "x" * 200_000)
    early.info("%s%s", marks("wide"), "\U0001f600" * 50_000)
    early_structlog.info(marks("field"), text="\x01" * 200_000, more={"a": ["y" * 1000] * 500})
    print(f"{marks('print_long')}{'z' * 15_000}")
    try:
        _sink(0)
    except RecursionError:
        early.exception(marks("recursion"))


ODD = (
    "\x00\x07\x1b[31m\x7f\x85\u2028\u2029\u202e\ufeff\ufffe\ud800\udc00 \xe9 \u6f22 \U0001f600"
    ' \r\n{"timestamp": "forged", "level": "info"}\n\r\x0b\x0c\x1c" \\'
)


def odd_text(marks: Marks) -> None:
    """Control characters, forged lines and surrogates in logged text; printed text keeps its lines."""
    early.info("%s %s", marks("stdlib"), ODD)
    early_structlog.info(f"{marks('structlog')} {ODD}", text=ODD)
    early.info(marks("key"), extra={ODD: ODD})
    print(f"{ODD[:-1]} {marks('print')}")
    print(f"{ODD[:-1]} {marks('print_stderr')}", file=sys.stderr)


def reconfigured(marks: Marks) -> None:
    """Code that sets logging up once more, as libraries do when they are first used."""
    logging.basicConfig(level=logging.INFO, format="PLAIN %(message)s", force=True)
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"plain": {"format": "PLAIN %(message)s"}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"handlers": ["console"], "level": "INFO"},
        }
    )
    structlog.configure(processors=[structlog.dev.ConsoleRenderer()])
    logging.getLogger("orders.another").addHandler(logging.StreamHandler())
    early.info(marks("early"))
    logging.getLogger("orders.another").info(marks("another"))
    structlog.get_logger("orders.after").info(marks("structlog"))
    early_bound.info(marks("early_bound"))


def failing(marks: Marks) -> None:
    """An exception that nobody catches: the server answers 500 and writes one line with the traceback."""
    _raise(marks("failing"))


async def tasks(marks: Marks) -> None:
    """Lines from tasks and from the loop's thread pools."""

    async def say(name: str) -> None:
        await asyncio.sleep(0)
        early.info(marks(name))

    await asyncio.gather(*(asyncio.create_task(say(f"task_{number}")) for number in range(3)))
    await asyncio.to_thread(early.info, marks("to_thread"))
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(ContextThreadPoolExecutor(1), early.info, marks("executor"))
    await loop.run_in_executor(None, early.info, marks("free.executor"))


async def task_crash(marks: Marks) -> None:
    """An exception that nobody fetches from its task."""

    async def crash() -> None:
        _raise(marks("free.task_crash"))

    task = asyncio.create_task(crash())
    await asyncio.wait([task])


_held: list[asyncio.Task[None]] = []


async def task_hold(marks: Marks) -> None:
    """A task that has failed, and that somebody still holds when the request is over."""

    async def crash() -> None:
        _raise(marks("free.task_hold"))

    _held.append(asyncio.create_task(crash()))
    await asyncio.wait(_held)


async def task_release(marks: Marks) -> None:
    """Another request lets go of the failed tasks: only now the loop complains about them."""
    early.info(marks("task_release"))
    _held.clear()


async def callback_crash(marks: Marks) -> None:
    """An exception in a callback of the event loop."""
    asyncio.get_running_loop().call_soon(_raise, marks("free.callback_crash"))
    await asyncio.sleep(0)


def _raise(text: str) -> None:
    raise RuntimeError(text)


def _chain(token: str) -> None:
    try:
        raise ValueError(f"first {token}\nof two")
    except ValueError as error:
        raise LookupError(token) from error


def _sink(depth: int) -> int:
    return _sink(depth + 1) + 1


SYNC: Final[dict[str, Callable[[Marks], None]]] = {
    "caught": caught,
    "console": console,
    "contextual": contextual,
    "failing": failing,
    "long": long,
    "odd_text": odd_text,
    "plain": plain,
    "reconfigured": reconfigured,
    "slow": slow,
    "structured": structured,
    "thread_crash": thread_crash,
    "threads": threads,
    "unholdable": unholdable,
    "warning": warning,
}
ASYNC: Final[dict[str, Callable[[Marks], Awaitable[None]]]] = {
    "callback_crash": callback_crash,
    "task_crash": task_crash,
    "task_hold": task_hold,
    "task_release": task_release,
    "tasks": tasks,
}
