"""Context into threads: an executor, and a wrapper for a single function.

A plain `threading.Thread` and `concurrent.futures` start with an empty context, so that lines and spans
made there lack the request's ids. `asyncio.to_thread` and Starlette's thread pool carry it by themselves.
"""

from __future__ import annotations

import contextvars
import functools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ContextThreadPoolExecutor", "carry_context"]

P = ParamSpec("P")
T = TypeVar("T")


def carry_context(function: Callable[P, T]) -> Callable[P, T]:
    """Return `function` bound to the context of this call: tenant, request id, span, context variables.

    The result may run in any thread, several times and at the same time; each run has its own copy, so
    that what one run sets is not seen by another.
    """
    context = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.copy().run(function, *args, **kwargs)

    return carried


class ContextThreadPoolExecutor(ThreadPoolExecutor):
    """A `ThreadPoolExecutor` whose tasks run in the context of the code that submitted them.

    `map` and `loop.run_in_executor` go through `submit` and carry the context too.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Schedule `fn(*args, **kwargs)`; raises RuntimeError after shutdown, as the base class does."""
        return super().submit(contextvars.copy_context().run, fn, *args, **kwargs)  # type: ignore[arg-type]
