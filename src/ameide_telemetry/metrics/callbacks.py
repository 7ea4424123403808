"""The callbacks of observable instruments: asked before each collection, none longer than its budget.

A callback is the service's own code: it reads a database, raises, hangs, never ends. The SDK calls it in
the thread that exports, in which a callback that blocks stops all metrics, and one that raises `SystemExit`
ends them for good (SDK 1.45). Here callbacks run on a thread of their own. One that does not return within
its budget costs its own metric: the collection goes on, with another thread, and the callback is not called
again until it has returned.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Generator
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Observation

from ameide_telemetry import guard
from ameide_telemetry.export.quiet import untraced
from ameide_telemetry.metrics.said import Remarks, Said
from ameide_telemetry.metrics.values import is_simple, number, plain
from ameide_telemetry.values.foreign import contained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["CALLBACK_SECONDS", "COLLECTION_SECONDS", "Callbacks", "Observed"]

# Of the callbacks of one instrument, and of those of all instruments in one collection.
CALLBACK_SECONDS: Final = 1.0
COLLECTION_SECONDS: Final = 3.0
# Far beyond the cap of attribute sets; who yields more than this never ends, and takes all the memory.
_MOST_OBSERVATIONS: Final = 50_000
_HELPER: Final = "helper"
_PACKAGE: Final = f"{__name__.partition('.')[0]}."
_CALLBACK: Final = guard.site("metrics.callback", foreign=True, thread=True)
_OBSERVATION: Final = guard.site("metrics.observation", foreign=True, thread=True)
_OWN_CALLBACK: Final = guard.site("metrics.own_callback")
_THREAD: Final = guard.site("metrics.callback_thread", thread=True)


class _Call:
    """One call of the callbacks of one instrument.

    Attributes:
        done: set when it has returned.
        given_up: whether the collection has gone on without it.
        observations: what it gave, valid when it is done.
    """

    __slots__ = ("done", "given_up", "observations")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.given_up = False
        self.observations: list[Observation] = []


class Observed:
    """The callbacks of one observable instrument; the SDK takes it for the only one.

    Args:
        name: of the instrument.
        callbacks: functions or generators, as the API takes them.
        monotonic: whether an observation below zero is none.
        remarks: on the instrument.

    Attributes:
        own: whether all callbacks are this library's: they do not block, and need no thread of their own.
    """

    def __init__(
        self, name: str, callbacks: Sequence[Any], *, monotonic: bool, remarks: Remarks | None = None
    ) -> None:
        self._remarks = remarks or Remarks(f"the metric {name}", Said())
        self._monotonic = monotonic
        self._callbacks = [_function(each) for each in callbacks]
        self._call: _Call | None = None
        self._observations: Sequence[Observation] = ()
        self.own = all(_is_own(each) for each in callbacks)

    def __call__(self, _: CallbackOptions) -> Iterable[Observation]:
        """Return the observations of the last call, once."""
        observations, self._observations = self._observations, ()
        return observations

    @property
    def busy(self) -> bool:
        """Whether a call of an earlier collection has not returned yet."""
        return self._call is not None and not self._call.done.is_set()

    def begin(self) -> _Call:
        """Return a new call, to be run by `run`."""
        self._call = _Call()
        return self._call

    def run(self, call: _Call, seconds: float) -> None:
        """Call all callbacks; on whichever thread."""
        options = CallbackOptions(timeout_millis=seconds * 1000)
        try:
            for callback in self._callbacks:
                self._run_one(call, callback, options)
        finally:
            call.done.set()

    def keep(self, call: _Call) -> None:
        """Keep the observations of a call that has returned for the collection that follows."""
        self._observations = call.observations

    def give_up(self, call: _Call) -> None:
        """Go on without a call that has not returned."""
        call.given_up = True
        guard.note("metrics.callback_blocked")
        self._remarks.say("a callback of {} did not return in time: it is left out until it has")

    def forget(self) -> None:
        """Forget a call of the parent process, which will never return in this one."""
        self._call = None
        self._observations = ()

    def _run_one(
        self, call: _Call, callback: Callable[[CallbackOptions], Any], options: CallbackOptions
    ) -> None:
        returned = False
        with _OWN_CALLBACK if self.own else _CALLBACK:
            self._take(call, callback(options))
            returned = True
        if not returned:
            guard.note("metrics.callback_failed")
            self._remarks.say("a callback of {} failed")

    def _take(self, call: _Call, observations: Iterable[Any]) -> None:
        for each in observations:
            if call.given_up:
                return
            if len(call.observations) >= _MOST_OBSERVATIONS:
                guard.note("metrics.callback_endless")
                self._remarks.say("a callback of {} does not end")
                return
            observation = _OBSERVATION.call(self._plain, each)
            if observation is None:
                guard.note("metrics.invalid_observation")
                self._remarks.say("an observation of {} was left out")
            else:
                call.observations.append(observation)

    def _plain(self, observation: Any) -> Observation | None:
        value = number(observation.value)
        if value is None or (self._monotonic and value < 0):
            return None
        attributes, context = observation.attributes, observation.context
        return Observation(
            value,
            attributes if attributes is None or is_simple(attributes) else plain(attributes, self._remarks),
            context if issubclass(type(context), Context) else None,
        )


class Callbacks:
    """The callbacks of all observable instruments of a provider, and the thread that they run on."""

    def __init__(self) -> None:
        self._expected = False
        self._observed: list[Observed] = []
        # One at most. A dictionary, for its steps are whole, and nobody waits for a lock here.
        self._helpers: dict[str, _Helper] = {}

    def add(self, observed: Observed) -> None:
        """Have these callbacks asked from now on."""
        self._observed.append(observed)
        if self._expected:
            self.expect()

    def expect(self) -> None:
        """Prepare for collections: at exit, where the last one is, no thread is started any more."""
        self._expected = True
        if any(not each.own for each in self._observed):
            self._ready(may_start=True)

    def rest(self) -> None:
        """Expect no more collections, and let the thread end."""
        self._expected = False
        self._dismiss()

    def after_fork(self) -> None:
        """Begin anew in a forked child, which has no such thread."""
        self._helpers = {}
        for each in self._observed:
            each.forget()

    def ask(self, seconds: float, *, may_start: bool) -> None:
        """Call what is not busy, and return in time.

        Args:
            seconds: for all of them; `COLLECTION_SECONDS` at most.
            may_start: whether a thread may be started.
        """
        deadline = time.monotonic() + min(seconds, COLLECTION_SECONDS)
        for each in tuple(self._observed):
            if each.busy:
                guard.note("metrics.callback_left_out")
            elif each.own:
                _run_here(each)
            else:
                self._ask_one(each, deadline, may_start=may_start)

    def _ask_one(self, observed: Observed, deadline: float, *, may_start: bool) -> None:
        seconds = min(CALLBACK_SECONDS, deadline - time.monotonic())
        helper = self._ready(may_start=may_start) if seconds > 0 else None
        if helper is None:
            guard.note("metrics.callback_left_out")
            return
        call = observed.begin()
        if helper.run(observed, call, seconds):
            observed.keep(call)
        else:
            observed.give_up(call)
            self._dismiss()

    def _ready(self, *, may_start: bool) -> _Helper | None:
        helper = self._helpers.get(_HELPER)
        if helper is None and may_start:
            helper = _Helper.started()
            if helper is not None:
                helper = self._first(helper)
        return helper

    def _first(self, started: _Helper) -> _Helper:
        """Keep a thread that was started, unless somebody else was quicker; return the one that is kept."""
        kept = self._helpers.setdefault(_HELPER, started)
        if kept is not started:
            started.dismiss()
        else:
            # A provider that nobody holds any more leaves no thread behind.
            weakref.finalize(self, started.dismiss).atexit = False
        return kept

    def _dismiss(self) -> None:
        helper = self._helpers.pop(_HELPER, None)
        if helper is not None:
            helper.dismiss()


class _Helper:
    """A thread that calls callbacks, one after another, until it is dismissed."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Observed, _Call, float] | None] = SimpleQueue()

    @classmethod
    def started(cls) -> _Helper | None:
        """Return one that runs, or None where no thread can be started any more."""
        helper = cls()
        thread = threading.Thread(target=helper._work, name="ameide-telemetry-callbacks", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # Out of threads, or the interpreter ends (python/cpython#104690).
            guard.note("metrics.thread_refused")
            return None
        return helper

    def run(self, observed: Observed, call: _Call, seconds: float) -> bool:
        """Run a call and return whether it returned in time."""
        self._jobs.put((observed, call, seconds))
        return call.done.wait(seconds)

    def dismiss(self) -> None:
        """Let the thread end when the call that it runs has returned."""
        self._jobs.put(None)

    def _work(self) -> None:
        with untraced(), _THREAD:
            while job := self._jobs.get():
                observed, call, seconds = job
                observed.run(call, seconds)


def _run_here(observed: Observed) -> None:
    call = observed.begin()
    observed.run(call, CALLBACK_SECONDS)
    observed.keep(call)


def _function(callback: Any) -> Callable[[CallbackOptions], Iterable[Any]]:
    """Return a callback as a function: the API takes generators too, which are sent the options."""
    if not contained(_is_generator, callback):
        function: Callable[[CallbackOptions], Iterable[Any]] = callback
        return function
    contained(next, callback)
    return lambda options: _sent(callback, options)


def _is_generator(callback: Any) -> bool:
    return issubclass(type(callback), Generator)


def _is_own(callback: Any) -> bool:
    module = contained(getattr, callback, "__module__", "")
    return type(module) is str and module.startswith(_PACKAGE)


def _sent(
    generator: Generator[Iterable[Any], CallbackOptions, None], options: CallbackOptions
) -> Iterable[Any]:
    try:
        return generator.send(options)
    except StopIteration:
        return ()
