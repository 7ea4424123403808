"""Context carried into threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ameide_telemetry.context import bound_context, current_context
from ameide_telemetry.integrations.threads import ContextThreadPoolExecutor, carry_context


def tenant(_: object = None) -> str | None:
    """Return the tenant in force."""
    return current_context().tenant_id


def test_executor_carries_what_the_standard_one_loses() -> None:
    """submit, map and run_in_executor see the submitter's tenant; the standard executor does not."""
    with (
        ThreadPoolExecutor(1) as plain,
        ContextThreadPoolExecutor(2) as ours,
        bound_context(tenant_id="acme"),
    ):
        assert plain.submit(tenant).result(5) is None
        assert ours.submit(tenant).result(5) == "acme"
        assert list(ours.map(tenant, range(4), timeout=5)) == ["acme"] * 4

        async def in_loop() -> str | None:
            return await asyncio.get_running_loop().run_in_executor(ours, tenant)

        assert asyncio.run(in_loop()) == "acme"


def test_executor_keeps_submitters_apart() -> None:
    """A worker thread is reused: the next task has its own submitter's context."""
    with ContextThreadPoolExecutor(1) as ours:
        for name in ("a", "b"):
            with bound_context(tenant_id=name):
                assert ours.submit(tenant).result(5) == name
        assert ours.submit(tenant).result(5) is None


def test_executor_refuses_after_shutdown() -> None:
    """The errors of the base class are its own."""
    ours = ContextThreadPoolExecutor(1)
    ours.shutdown()
    with pytest.raises(RuntimeError):
        ours.submit(tenant)


def test_carried_function_runs_in_many_threads_at_once() -> None:
    """One wrapped function may run in several threads at once, each with the context of its making."""
    seen: list[str | None] = []
    meeting = threading.Barrier(4, timeout=5)

    def work(prefix: str, *, suffix: str) -> None:
        meeting.wait()
        seen.append(f"{prefix}{tenant()}{suffix}")

    with bound_context(tenant_id="acme"):
        carried = carry_context(work)
    threads = [threading.Thread(target=carried, args=("<",), kwargs={"suffix": ">"}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert seen == ["<acme>"] * 4
    assert carried.__name__ == "work"
