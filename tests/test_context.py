"""The tenant, request and session in force."""

from __future__ import annotations

import asyncio
import gc
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry import guard
from ameide_telemetry.context import (
    Bindings,
    activate,
    bind_context,
    bound_context,
    clear_context,
    current_bindings,
    current_context,
    forget,
    remember,
    remembered,
    restore,
)
from ameide_telemetry.contract import names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


def test_nothing_is_bound_at_first() -> None:
    """An empty context is an empty mapping."""
    assert dict(current_context()) == {}
    assert current_context().tenant_id is None


def test_values_are_seen_by_key_and_by_property() -> None:
    """The same values, by log key, by alias and as properties."""
    bind_context(tenant_id="acme", request_id="r-1", session_id="s-1", order=7)
    context = current_context()
    assert dict(context) == {
        "tenant_id": "acme",
        "request_id": "r-1",
        "ameide_session_id": "s-1",
        "order": 7,
    }
    assert (context.tenant_id, context.request_id, context.session_id) == ("acme", "r-1", "s-1")
    assert context["session_id"] == "s-1"
    assert "acme" in repr(context)


def test_the_snapshot_does_not_change_later() -> None:
    """What was read stays as it was read."""
    bind_context(tenant_id="acme")
    before = current_context()
    bind_context(tenant_id="globex")
    assert before.tenant_id == "acme"


def test_none_removes_a_field_and_clear_removes_all() -> None:
    """A field goes by None; everything goes by clear_context."""
    bind_context(tenant_id="acme", order=7)
    bind_context(order=None)
    assert dict(current_context()) == {"tenant_id": "acme"}
    clear_context()
    assert dict(current_context()) == {}


def test_bound_context_restores_also_after_an_error() -> None:
    """The block's values end with the block."""
    bind_context(tenant_id="outer")
    with bound_context(tenant_id="inner", step=1) as inside:
        assert dict(inside) == {"tenant_id": "inner", "step": 1}
    assert dict(current_context()) == {"tenant_id": "outer"}
    with pytest.raises(ValueError, match="inside"), bound_context(tenant_id="inner"):
        raise ValueError("inside")
    assert dict(current_context()) == {"tenant_id": "outer"}


def test_parallel_tasks_do_not_see_each_other() -> None:
    """Each task's block holds for that task alone."""

    async def one(tenant: str) -> str | None:
        with bound_context(tenant_id=tenant):
            await asyncio.sleep(0)
            return current_context().tenant_id

    async def many() -> list[str | None]:
        return await asyncio.gather(*(one(f"t{number}") for number in range(20)))

    assert asyncio.run(many()) == [f"t{number}" for number in range(20)]


def test_a_binding_in_a_copied_context_reaches_the_whole_unit_of_work() -> None:
    """What a sync dependency binds in a worker thread is seen outside of it."""
    token = activate(Bindings({"request_id": "r-1"}))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, lambda: bind_context(tenant_id="acme")).result(10)
    assert current_context().tenant_id == "acme"
    otel_context.detach(token)


def test_a_bare_thread_starts_empty() -> None:
    """Threads do not inherit context; that is what the helpers in integrations are for."""
    bind_context(tenant_id="acme")
    seen: list[dict[str, object]] = []
    thread = threading.Thread(target=lambda: seen.append(dict(current_context())))
    thread.start()
    thread.join(10)
    assert seen == [{}]


def test_open_spans_get_a_later_binding() -> None:
    """A tenant found halfway reaches the span that is open already, with both spellings."""
    tracer = TracerProvider().get_tracer("test")
    bindings = Bindings()
    token = activate(bindings)
    span = tracer.start_span("request")
    bindings.opened(span)
    bind_context(tenant_id="acme", session_id="s-1")
    attributes = dict(span.attributes or {})  # type: ignore[attr-defined]
    assert attributes == {"tenant_id": "acme", "saas.tenant": "acme", "ameide.session_id": "s-1"}
    bindings.closed(span.get_span_context().span_id)
    bind_context(tenant_id="globex")
    assert span.attributes["tenant_id"] == "acme"  # type: ignore[attr-defined]
    otel_context.detach(token)


def test_the_current_span_gets_a_binding_outside_of_a_request() -> None:
    """A script binds inside its own span and finds the tenant on it."""
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("job") as span:
        bind_context(tenant_id="acme")
        assert span.attributes["saas.tenant"] == "acme"  # type: ignore[attr-defined]


@given(value=st.one_of(st.text(min_size=1, max_size=400), st.integers(), st.binary(min_size=1)))
def test_any_value_becomes_one_that_the_contract_accepts(value: object) -> None:
    """Whatever is bound as a tenant or request id fits the contract's pattern."""
    with bound_context(tenant_id=value, request_id=value):  # type: ignore[arg-type]
        found = current_context()
        assert re.fullmatch(names.TENANT_ID_PATTERN, found.tenant_id or "")
        assert re.fullmatch(names.REQUEST_ID_PATTERN, found.request_id or "")


def test_a_replaced_value_is_counted_and_an_unprintable_one_left_out() -> None:
    """Nothing is repaired silently."""

    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    guard.reset()
    bind_context(tenant_id="acme corp/eu")
    assert re.fullmatch("acme_corp_eu-[0-9a-f]{16}", current_context().tenant_id or "")
    bind_context(request_id=Unprintable())  # type: ignore[arg-type]
    assert current_context().request_id is None
    assert guard.counts() == {"context.tenant_id_replaced": 1, "values.foreign": 1}


def test_a_context_that_is_closed_elsewhere_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """An async generator whose client went away is closed by another task; nothing is logged for that."""
    guard.reset()

    async def stream() -> AsyncIterator[str | None]:
        with bound_context(tenant_id="acme"):
            while True:
                yield current_context().tenant_id

    async def disconnect() -> None:
        chunks = stream()
        assert await asyncio.create_task(anext(chunks)) == "acme"  # type: ignore[arg-type]
        await asyncio.create_task(chunks.aclose())  # type: ignore[attr-defined]

    for _ in range(100):
        asyncio.run(disconnect())
    assert guard.counts() == {"context.not_restored": 100}
    assert not caplog.records


def test_a_token_of_another_runtime_context_is_given_back_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTel lets a process bring its own; its tokens are not contextvars' then."""
    given: list[object] = []
    monkeypatch.setattr(otel_context, "detach", given.append)
    restore("token")  # type: ignore[arg-type]
    assert given == ["token"]


def test_bindings_travel_in_the_otel_context() -> None:
    """Whatever carries an OTel context carries the tenant."""
    with bound_context(tenant_id="acme"):
        carried = otel_context.get_current()
    assert current_bindings() is None
    found = current_bindings(carried)
    assert found is not None
    assert found.span_attributes() == {"tenant_id": "acme", "saas.tenant": "acme"}


def _leave(error: BaseException, tenant: str, departures: list[Any] | None = None) -> None:
    """Raise inside a unit of work, as a middleware lets it out."""
    try:
        with bound_context(tenant_id=tenant):
            inside = otel_context.get_current()
            raise error
    except BaseException as caught:
        _departure = remember(caught, inside)
        if departures is not None:
            departures.append(ref(_departure))
        raise


def _tenant(error: BaseException) -> str | None:
    found = remembered(error)
    bindings = None if found is None else current_bindings(found)
    return None if bindings is None else bindings.values["tenant_id"]


def test_an_exception_is_known_by_where_it_left() -> None:
    """A server's line about it has the ids, though the unit of work is over; one cause deep."""
    error = ValueError("boom")
    with pytest.raises(ValueError, match="boom"):
        _leave(error, "acme")
    assert _tenant(error) == "acme"
    outer, later = RuntimeError("outer"), RuntimeError("later")
    outer.__cause__ = error
    later.__context__ = error
    assert _tenant(outer) == _tenant(later) == "acme"
    assert _tenant(ValueError("boom")) is None
    forget()
    assert _tenant(error) is None


def test_an_exception_that_several_share_belongs_to_who_raised_it_here() -> None:
    """Each thread sees the unit of work that the exception left there last; elsewhere there is none."""
    error = ConnectionError("the pool is exhausted")

    def serve(tenant: str) -> str | None:
        with pytest.raises(ConnectionError):
            _leave(error, tenant)
        raised.wait(10)
        return _tenant(error)

    raised = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(serve, "abcd")) == ["a", "b", "c", "d"]
    assert _tenant(error) is None
    for number in range(2_000):
        with pytest.raises(ConnectionError):
            _leave(error, f"t{number}")
    assert _tenant(error) == "t1999"


def test_nothing_is_written_on_an_exception() -> None:
    """It is the application's: an error handler may pickle it, or answer with its attributes."""
    error = ValueError("boom")
    with pytest.raises(ValueError, match="boom"):
        _leave(error, "acme")
    assert vars(error) == {}
    assert pickle.loads(pickle.dumps(error)).args == ("boom",)


def test_a_note_lives_as_long_as_the_traceback() -> None:
    """Neither the exception nor what its frames hold is kept for a line that nobody may ever write."""
    departures: list[Any] = []
    error = ValueError("boom")
    gc.collect()
    gc.disable()
    try:
        try:
            _leave(error, "acme", departures)
        except ValueError:
            assert departures[0]() is not None
        error.__traceback__ = None
        assert departures[0]() is None
        assert _tenant(error) is None
    finally:
        gc.enable()


class _Hostile(Exception):  # noqa: N818 no error of ours
    """Its own attributes end the process, or the task."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(3)


class _Properties(Exception):  # noqa: N818 no error of ours
    __cause__ = property(lambda _: (_ for _ in ()).throw(asyncio.CancelledError()))
    __context__ = __traceback__ = __dict__ = __cause__


@pytest.mark.parametrize("kind", [_Hostile, _Properties])
def test_an_exceptions_own_code_does_not_run(kind: type[Exception]) -> None:
    """Whatever a class puts before the attributes of an exception, it is not asked."""
    error = kind("boom")
    caught = False
    try:
        _leave(error, "acme")
    except kind:
        caught = True
    assert caught
    assert _tenant(error) == "acme"


def test_an_exception_that_was_never_raised_left_nothing() -> None:
    """It has no traceback: it is counted, and nothing is noted."""
    guard.reset()
    assert remember(ValueError("boom"), otel_context.get_current()) is None
    assert guard.counts() == {"context.remember": 1}
