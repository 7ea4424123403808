"""No value that is bound in one unit of work is seen in another, however they are interleaved."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextvars import Context, copy_context
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from opentelemetry import context as otel_context

from ameide_telemetry.context import (
    Bindings,
    activate,
    bind_context,
    bound_context,
    clear_context,
    current_context,
    restore,
)
from faults.kit.memory import lines_in_memory

if TYPE_CHECKING:
    from pathlib import Path

NAMES: Final = st.sampled_from(["tenant_id", "request_id", "order"])
VALUES: Final = st.integers(0, 999).map(lambda number: f"v{number}")
MOST: Final = 6


class Actor:
    """A thread, task or request: a context of its own, and what the model says is bound in it.

    Attributes:
        context: where its code runs.
        stack: the model's mappings, innermost last; a child shares those of its parent.
        open: the blocks that it is in.
    """

    def __init__(self, context: Context, stack: list[dict[str, str]]) -> None:
        self.context = context
        self.stack = stack
        self.open: list[tuple[Any, int]] = []

    def seen(self) -> dict[str, object]:
        """Return what its code sees."""
        return dict(self.context.run(current_context))


class Isolation(RuleBasedStateMachine):
    """Random steps of several actors, each compared with a model after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.actors: list[Actor] = []

    @initialize()
    def start(self) -> None:
        self.actors = [Actor(Context(), [])]

    def _actor(self, number: int) -> Actor:
        return self.actors[number % len(self.actors)]

    @precondition(lambda self: len(self.actors) < MOST)
    @rule()
    def new_thread(self) -> None:
        """A thread starts with nothing."""
        self.actors.append(Actor(Context(), []))

    @precondition(lambda self: len(self.actors) < MOST)
    @rule(parent=st.integers(0, MOST))
    def new_task(self, parent: int) -> None:
        """A task starts in a copy of its parent's context, and shares the unit of work."""
        actor = self._actor(parent)
        self.actors.append(Actor(actor.context.run(copy_context), list(actor.stack)))

    @rule(number=st.integers(0, MOST), request_id=VALUES)
    def begin_request(self, number: int, request_id: str) -> None:
        """The middleware activates fresh bindings."""
        actor = self._actor(number)
        token = actor.context.run(activate, Bindings({"request_id": request_id}))
        actor.open.append((lambda: restore(token), len(actor.stack)))
        actor.stack.append({"request_id": request_id})

    @rule(number=st.integers(0, MOST), name=NAMES, value=VALUES)
    def enter_block(self, number: int, name: str, value: str) -> None:
        """A block sees the outer values and keeps its own to itself."""
        actor = self._actor(number)
        block = bound_context(**{name: value})
        actor.context.run(block.__enter__)
        actor.open.append((lambda: block.__exit__(None, None, None), len(actor.stack)))
        actor.stack.append({**(actor.stack[-1] if actor.stack else {}), name: value})

    @rule(number=st.integers(0, MOST))
    def leave(self, number: int) -> None:
        """The end of a block or request restores what was."""
        actor = self._actor(number)
        if actor.open:
            undo, depth = actor.open.pop()
            actor.context.run(undo)
            del actor.stack[depth:]

    @rule(number=st.integers(0, MOST), name=NAMES, value=VALUES)
    def bind(self, number: int, name: str, value: str) -> None:
        """Everybody in the same unit of work sees it, and nobody else."""
        actor = self._actor(number)
        actor.context.run(lambda: bind_context(**{name: value}))
        if actor.stack:
            actor.stack[-1][name] = value
        else:
            actor.stack.append({name: value})

    @rule(number=st.integers(0, MOST))
    def clear(self, number: int) -> None:
        """Clearing empties the unit of work."""
        actor = self._actor(number)
        actor.context.run(clear_context)
        if actor.stack:
            actor.stack[-1].clear()

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        for actor in self.actors:
            assert actor.seen() == (actor.stack[-1] if actor.stack else {})


def test_random_steps_of_several_actors_match_the_model() -> None:
    """Three thousand steps; after each, every actor sees exactly what the model says."""
    steps = settings(max_examples=100, stateful_step_count=30, derandomize=True, database=None, deadline=None)
    run_state_machine_as_test(Isolation, settings=steps)


def _say(expected: dict[str, str]) -> None:
    logging.getLogger("shop").info("%s", json.dumps(expected, sort_keys=True))


async def _task(name: str, random: Random, steps: int) -> None:
    with bound_context(tenant_id=name, request_id=name):
        for _ in range(steps):
            kind = random.random()
            if kind < 0.3:
                await asyncio.sleep(0)
            elif kind < 0.5:
                with bound_context(order=name):
                    await asyncio.sleep(0)
                    _say({"tenant_id": name, "request_id": name, "order": name})
            elif kind < 0.6:
                await asyncio.create_task(_child(name))
            else:
                _say({"tenant_id": name, "request_id": name})


async def _child(name: str) -> None:
    await asyncio.sleep(0)
    _say({"tenant_id": name, "request_id": name})


def _thread(number: int, tasks: int, steps: int) -> None:
    async def every() -> None:
        names = [f"t{number}-{task}" for task in range(tasks)]
        await asyncio.gather(*(_task(name, Random(name), steps) for name in names))

    asyncio.run(every())


@pytest.mark.parametrize("steps", [20, pytest.param(400, marks=pytest.mark.full)])
def test_threads_of_tasks_never_mix_their_lines(steps: int, tmp_path: Path) -> None:
    """Eight threads of twenty-five tasks: each line says whose it is, and has those ids and no others."""
    with lines_in_memory(tmp_path) as sink:
        threads = [threading.Thread(target=_thread, args=(number, 25, steps)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
        lines = sink.take()
    assert len(lines) > 8 * 25 * steps / 3
    for line in lines:
        own = json.loads(line["message"])
        assert {key: line[key] for key in ("tenant_id", "request_id", "order") if key in line} == own


def test_a_test_that_forgets_to_unbind_leaves_nothing_behind_in_its_context() -> None:
    """What is bound in a copied context ends with it."""
    copy_context().run(bind_context, tenant_id="acme")
    assert otel_context.get_current().get("tenant_id") is None
    assert dict(copy_context().run(current_context)) == {}
