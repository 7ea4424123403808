"""One test run: what is asked for, which test is running, and what was found so far."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.testing.arrival import Arrivals
from ameide_telemetry.testing.options import TelemetryOptions, options_of
from ameide_telemetry.testing.sink import SWITCH, Sink

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from ameide_telemetry.logcheck.rules import Rules
    from ameide_telemetry.testing.capture import TelemetryCapture
    from ameide_telemetry.testing.restoring import Before
    from ameide_telemetry.testing.summary import Totals
    from ameide_telemetry.testing.verdict import Judge

__all__ = ["FIXTURE", "Watch"]

FIXTURE: Final = "telemetry"
_FIXTURES: Final = frozenset({FIXTURE, "telemetry_process", "telemetry_topology"})
_BOOTSTRAP: Final = "ameide_telemetry.bootstrap"
_NOTHING: Final = TelemetryOptions()


class Watch:
    """What the hooks of the plugin share.

    Everything beyond the standard library is imported by the first test that needs it.

    Args:
        mode: `fail`, `warn` or `off` for the whole run; None: `fail` from the first `init_telemetry` on.
        config: of the run: says where its root is, and which file has the rules for lines.
    """

    def __init__(self, mode: str | None, config: pytest.Config) -> None:
        self.mode = mode
        self.root = str(config.rootpath)
        self._config = config
        self._rules: Rules | None = None
        self._totals: Totals | None = None
        self._judge: Judge | None = None
        self._arrivals = Arrivals()
        self._lines = False
        self._item: pytest.Item | None = None
        self._outer: Sink | None = None
        self._handlers: tuple[logging.Handler, ...] = ()
        self._before: Before | None = None
        self._fixture = False
        self._narrowing = False

    def begin(self) -> None:
        """Watch for the libraries that there is something to do about."""
        self._arrivals.begin()
        expect = self._arrivals.expect
        expect(_BOOTSTRAP, self.arrived)
        expect("opentelemetry.sdk.trace", lambda: _prepare("spans"))
        expect("opentelemetry.sdk.metrics", lambda: _prepare("points"))
        for protocol in ("http", "grpc"):
            for module in ("trace_exporter", "metric_exporter", "_log_exporter"):
                name = f"opentelemetry.exporter.otlp.proto.{protocol}.{module}"
                expect(name, lambda name=name: _refuse(name))  # type: ignore[misc]

    def end(self) -> None:
        """Watch no more."""
        self._arrivals.end()

    def arrived(self) -> None:
        """Tap the lines: the code under test has imported `init_telemetry`, or a test asks for telemetry."""
        if self._lines:
            return
        from ameide_telemetry.testing.routing import attach_lines  # noqa: PLC0415 not before it is needed

        self._lines = True
        attach_lines()
        if self._item is not None and self._before is None:
            self._note()

    def started(self, item: pytest.Item) -> None:
        """Give a test a sink of its own."""
        options = options_of(item)
        # A test of pytest plugins runs pytest in the midst of a test.
        self._outer = SWITCH.sink
        sink = SWITCH.sink = Sink(network=options.network)
        self._item, self._before, self._fixture = item, None, False
        self._handlers = tuple(logging.getLogger().handlers)
        if FIXTURE in getattr(item, "fixturenames", ()):
            self._capture(sink)
        elif self._lines:
            self._note()

    def capture(self) -> TelemetryCapture:
        """Return what the fixture gives."""
        from ameide_telemetry.testing.capture import TelemetryCapture  # noqa: PLC0415 see above

        sink = self.sink
        self._capture(sink)
        return TelemetryCapture(sink)

    def widened(self) -> None:
        """Take what a fixture of a wider scope has changed for the state that tests begin with."""
        if self._before is not None:
            self._note()

    def narrowing(self) -> None:
        """Restore what the test has left behind, before a fixture of a wider scope is finalised."""
        if self._before is not None:
            self._restore()
            self._narrowing = True

    def narrowed(self) -> None:
        """Take what that fixture has restored for the state that tests begin with."""
        if self._narrowing:
            self._narrowing = False
            self.widened()

    def ended(self) -> None:
        """Restore what the test has left behind."""
        if self._fixture:
            from ameide_telemetry.testing.routes.lines import StandIn  # noqa: PLC0415 see above

            StandIn.end()
        self._restore()
        SWITCH.sink = self._outer
        self._item, self._before, self._fixture = None, None, False

    def mode_of(self, options: TelemetryOptions, default: str = "off") -> str:
        """Return what becomes of findings in a test; `default` where nobody has started telemetry."""
        chosen = options.contract or self.mode
        if chosen is not None:
            return chosen
        bootstrap = sys.modules.get(_BOOTSTRAP)
        return default if getattr(bootstrap, "_current", None) is None else "fail"

    def alone(self) -> AbstractContextManager[object]:
        """Return a block in which no span of a plugin that traces tests is the current one."""
        if not self._fixture:
            return nullcontext()
        from ameide_telemetry.testing.restoring import without_foreign_span  # noqa: PLC0415 see above

        return without_foreign_span()

    def collected(self, items: Iterable[pytest.Item]) -> None:
        """Read the rules for lines before any test runs, where there is use for them.

        Raises:
            pytest.UsageError: they are wrong.
        """
        used = (not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) for item in items)
        if not (self._lines or any(used)):
            return
        from ameide_telemetry.testing.rules import names_us, project_file  # noqa: PLC0415 see above

        # Few projects ask for anything, and what reads it is long to import.
        if names_us(project_file(self._config)):
            self.rules  # noqa: B018 reads them

    def judge(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Fail the report of a teardown where the lines of the test break the contract."""
        sink, options = SWITCH.sink, options_of(item)
        if sink is None or not (sink.lines or sink.lost or sink.processes):
            return
        mode = self.mode_of(options, default="fail" if sink.processes else "off")
        if mode == "off":
            return
        from ameide_telemetry.testing.verdict import Judge  # noqa: PLC0415 see above
        from ameide_telemetry.testing.wording import SECTION, failed, told, unruled  # noqa: PLC0415

        try:
            judge = self._judge = self._judge or Judge(self.rules)
        except pytest.UsageError as error:
            # Not known before the tests ran, or not to be told then: see `collected`.
            if report.passed:
                report.outcome, report.longrepr = "failed", unruled(str(error))
            return
        failures = judge.failures(sink.lines, options.allow, item.nodeid, self.shown)
        looked, lost = len(sink.lines), sink.lost
        coverage = max(judge.coverage, self.totals().coverage)
        for process in sink.processes:
            found, seen = process.failures(options.allow, item.nodeid)
            failures += found
            looked, lost, coverage = looked + process.examined, lost + process.lost, max(coverage, seen)
        self.totals().count(looked, lost, failures, coverage)
        for each in failures:
            report.user_properties.append(("telemetry", f"{each.code} {each.level} {each.count}"))
        serious = [each for each in failures if each.level != "info"]
        if not serious:
            return
        text = told(serious, looked)
        if mode == "fail" and report.passed:
            report.outcome, report.longrepr = "failed", failed(serious, text)
        else:
            report.sections.append((SECTION, text))

    def judged(self) -> None:
        """Forget what the test emitted: plugins that run a test again do so within one protocol."""
        if SWITCH.sink is not None:
            SWITCH.sink.clear()

    @property
    def rules(self) -> Rules:
        """What the project asks of its lines.

        Raises:
            pytest.UsageError: it asks wrongly.
        """
        if self._rules is None:
            from ameide_telemetry.testing.rules import project_file, rules_in  # noqa: PLC0415 see above

            self._rules = rules_in(project_file(self._config))
        return self._rules

    @property
    def sink(self) -> Sink:
        """The sink of the running test."""
        if SWITCH.sink is None:
            SWITCH.sink = Sink()
        return SWITCH.sink

    def totals(self) -> Totals:
        """Return what was counted so far."""
        if self._totals is None:
            from ameide_telemetry.testing.summary import Totals  # noqa: PLC0415 see above

            self._totals = Totals()
        return self._totals

    def finished(self) -> Totals | None:
        """Return what was counted in the whole run; None where there was nothing."""
        if SWITCH.refusals:
            totals = self.totals()
            totals.refused.update(SWITCH.refusals)
        return self._totals

    def shown(self, path: str) -> str:
        """Return a path as it is shown: relative to the folder of the run where it is inside."""
        inside = path.startswith(self.root + os.sep)
        return path[len(self.root) + 1 :] if inside else path

    def _capture(self, sink: Sink) -> None:
        if self._fixture:
            return
        from ameide_telemetry.testing.routes.lines import StandIn  # noqa: PLC0415 see above
        from ameide_telemetry.testing.routes.points import collected  # noqa: PLC0415
        from ameide_telemetry.testing.routing import attach_signals  # noqa: PLC0415

        self._fixture = True
        self.arrived()
        if self._before is None:
            self._note()
        attach_signals()
        # What was measured before belongs to nobody.
        collected()
        sink.wants_spans = True
        StandIn.begin()

    def _note(self) -> None:
        from ameide_telemetry.testing.restoring import Before  # noqa: PLC0415 see above

        self._before = Before(self._handlers)

    def _restore(self) -> None:
        """Restore what the test has left behind, and keep in mind what of the service's cannot be."""
        stuck = self._before.restore() if self._before is not None else []
        if not stuck or self._item is None:
            return
        from ameide_telemetry.testing.variables import name_in_service  # noqa: PLC0415 seldom needed

        for variable in stuck:
            name = name_in_service(variable, self.root)
            if name:
                self.totals().stuck.setdefault(name, self._item.nodeid)


def _prepare(signal: str) -> None:
    """Keep the providers of the SDK in mind, from right after its import on."""
    name = f"ameide_telemetry.testing.routes.{signal}"
    # Where the route itself is what imports the SDK, it does so when it is attached.
    if name not in sys.modules:
        import_module(name).prepare()


def _refuse(module: str) -> None:
    from ameide_telemetry.testing.routes.network import refuse_foreign  # noqa: PLC0415 see above

    refuse_foreign(module)
