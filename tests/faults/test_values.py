"""The corpus of bad values through every front end of logs: no call raises, each line is strict."""

from __future__ import annotations

import logging
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from ameide_telemetry.context import bound_context
from faults.kit.corpus import CORPUS, QUICK, Case, corpus_size
from faults.kit.fronts import KNOWN, LINES, LOGGER
from faults.kit.strict import strict
from faults.kit.trial import alone, problem_of
from support.lines import InstalledLines, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

SPAN: Final = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
IDS: Final = {
    "trace_id": f"{0xABC:032x}",
    "span_id": f"{0xDEF:016x}",
    "trace_flags": "01",
    "tenant_id": "acme",
    "saas.tenant": "acme",
    "request_id": "r-1",
    "ameide_session_id": "s-1",
}
# The costly values go through these; through the others they go in the long run.
ALL: Final = {
    "stdlib-message",
    "stdlib-argument",
    "stdlib-extra",
    "stdlib-exc-info",
    "structlog-field",
    "print",
}
# These change what is in force, or write lines of their own that nothing is in force for.
CHANGES: Final = {"bound-ids", "bind", "stdlib-odd-name"}


class Reader:
    """Reads what was written since it was asked last."""

    def __init__(self, lines: InstalledLines) -> None:
        self.hooks: Any = lines.installation._hooks
        self._file = lines.path.open("rb")

    def new(self) -> list[dict[str, Any]]:
        """Return the new lines, each checked."""
        return [strict(line) for line in self._file.read().split(b"\n")[:-1]]

    def close(self) -> None:
        self._file.close()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Telemetry's lines, printed text included, for every test here."""
    with installed(tmp_path_factory.mktemp("lines"), capture_streams=True) as lines:
        made = Reader(lines)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(SPAN), otel_context.Context()))
    yield
    otel_context.detach(token)


@pytest.mark.parametrize("front", LINES)
def test_every_value_becomes_strict_lines_and_harms_no_neighbour(front: str, reader: Reader) -> None:
    """A good line, the bad one and a good line: no call raises, all are there, all ids are ours."""
    with alone():
        cases = CORPUS if front in ALL else QUICK
        failures = [f"{front} {case}: {each}" for case in cases for each in _problems(front, case, reader)]
    assert not failures, "\n".join(failures[:50])


@pytest.mark.full
@pytest.mark.parametrize("front", sorted(LINES.keys() - ALL))
def test_the_costly_values_become_strict_lines_in_every_other_front_end_too(
    front: str, reader: Reader
) -> None:
    """Those of many megabytes and ten thousand frames, which take a second together."""
    with alone():
        cases = [case for case in CORPUS if case not in QUICK]
        failures = [f"{front} {case}: {each}" for case in cases for each in _problems(front, case, reader)]
    assert not failures, "\n".join(failures[:50])


def _problems(front: str, case: Case, reader: Reader) -> Iterator[str]:
    value = case.make()
    log = logging.getLogger(LOGGER)
    token = otel_context.attach(otel_context.get_current())
    with bound_context(tenant_id="acme", request_id="r-1", session_id="s-1"):
        log.info("good %s", "before")
        problem = problem_of(front, LINES[front], value)
    otel_context.detach(token)
    with bound_context(tenant_id="acme", request_id="r-1", session_id="s-1"):
        log.info("good %s", "after")
    if problem is not None:
        yield problem
    try:
        lines = reader.new()
    except (AssertionError, ValueError) as error:
        yield f"{type(error).__name__}: {error}"[:500]
        return
    if [lines[0]["message"], lines[-1]["message"]] != ["good before", "good after"]:
        yield f"neighbours: {[line['message'][:50] for line in lines]}"
    if front not in CHANGES and case.id not in {"changes-bound", "changes-context"}:
        for line in lines:
            wrong = {key: line.get(key) for key, own in IDS.items() if line.get(key) != own}
            if wrong and line["logger"] != "ameide_telemetry":
                yield f"ids: {wrong}"


def test_every_uncaught_error_and_every_warning_becomes_a_strict_line(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the interpreter hands to its hooks when nobody else wants it."""
    hooks, failures = reader.hooks, []
    # pytest has hooks of its own, which ours would call as well.
    before = {threading: threading.__excepthook__, sys: sys.__unraisablehook__}
    monkeypatch.setattr(hooks, "_before", lambda owner, _: before[owner])
    with alone():
        for case in QUICK:
            value = case.make()
            calls: list[tuple[Any, ...]] = [(hooks._warning, value, UserWarning, "shop.py", 1)]
            if issubclass(type(value), BaseException) and type(value) is not SystemExit:
                parts = SimpleNamespace(
                    exc_type=type(value), exc_value=value, exc_traceback=None, thread=None
                )
                calls.append((hooks._uncaught_in_thread, parts))
                ignored = SimpleNamespace(exc_value=value, err_msg=None, object=value)
                calls.append((hooks._unraisable, ignored))
            problems = [problem_of("hook", *call) for call in calls]
            failures += [f"{case}: {problem}" for problem in problems if problem]
            if len(reader.new()) < len(calls):
                failures.append(f"{case}: no line")
    assert not failures, "\n".join(failures[:50])


def test_what_raises_before_we_are_reached_is_a_short_list() -> None:
    """Each exception of the promise has its reason."""
    assert len(KNOWN) <= 5
    assert all(KNOWN.values())


def test_the_corpus_is_large_and_its_ids_are_unique() -> None:
    """At least four hundred values, each with a reason."""
    assert corpus_size() == len(CORPUS) >= 400
    assert all(case.reason for case in CORPUS)
