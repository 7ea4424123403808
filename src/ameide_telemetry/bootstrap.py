"""`init_telemetry` and the handle that it returns: one per process, undoable, and open about what it did."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from ameide_telemetry import guard, lifecycle, logs, metrics, propagation, traces
from ameide_telemetry.exceptions import ApplicationError, ConflictError, SettingsError
from ameide_telemetry.export import log_records
from ameide_telemetry.export.budget import ByteBudget
from ameide_telemetry.export.together import flush_all, shutdown_all
from ameide_telemetry.findings import Finding
from ameide_telemetry.integrations.application import check_application, instrument_app
from ameide_telemetry.integrations.clients import instrument_clients
from ameide_telemetry.integrations.server import ServerTelemetry
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.redaction import redactor_of, shown_settings
from ameide_telemetry.resource import build_resource
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.upstream import hidden
from ameide_telemetry.values import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer

    from ameide_telemetry.export.results import FlushResult
    from ameide_telemetry.export.worker import Pipeline
    from ameide_telemetry.settings import AttributeValue, LogSettings, MetricSettings, TraceSettings

__all__ = ["Telemetry", "init_telemetry"]

# What is served has the interface of what was given, also where it is a wrapper.
Application = TypeVar("Application")

_DISTRIBUTION: Final = "ameide-telemetry"
_SIGNALS: Final = ("traces", "metrics", "logs")
_FLUSH_SECONDS: Final = 2.0
_SHUTDOWN_SECONDS: Final = 5.0
_UNDO: Final = guard.site("bootstrap.undo")
_logger = logging.getLogger("ameide_telemetry")
_current: Telemetry | None = None


def init_telemetry(
    service: str | None = None,
    *,
    version: str | None = None,
    environment: str | None = None,
    namespace: str | None = None,
    app: object | None = None,
    resource: Mapping[str, AttributeValue] | None = None,
    traces: TraceSettings | Mapping[str, object] | bool | None = None,
    metrics: MetricSettings | Mapping[str, object] | bool | None = None,
    logs: LogSettings | Mapping[str, object] | bool | None = None,
    trust: Literal["internal", "edge"] | None = None,
    instrument: Literal["auto", False] | Iterable[str] = "auto",
    handle_sigterm: bool | None = None,
    strict: bool | None = None,
    settings: TelemetrySettings | None = None,
) -> Telemetry:
    """Start telemetry for this process: JSON lines, traces, metrics, propagation. Every argument is optional.

    An argument goes before `OTEL_*`, that before `AMEIDE_TELEMETRY_*`, that before the default;
    `ameide-telemetry settings` shows what is in force and who said it. Without an OTLP endpoint nothing is
    exported, no thread is started, and lines and propagation work all the same.

    Called again with equal settings it returns the same handle and does nothing. While another thread shuts
    telemetry down, it waits for that.

    Args:
        service: `service.name`; default `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES`.
        version: `service.version`.
        environment: `deployment.environment.name`, such as `production`.
        namespace: `service.namespace`.
        app: application to instrument at once, as `instrument_app` does.
        resource: further resource attributes.
        traces: options for spans by name, or False for none.
        metrics: options for metrics by name, or False for none.
        logs: options for lines by name, or False for none.
        trust: `internal` continues the caller's trace; `edge` starts a new one and links the caller's.
        instrument: client libraries to instrument: `auto` for all that are installed, names, or False.
        handle_sigterm: whether SIGTERM flushes before it ends the process: for scripts and `flask run`.
        strict: whether wrong settings raise; default only under pytest and where `CI` is set.
        settings: settings made before, which the other arguments override.

    Raises:
        SettingsError: strict, and at least one setting is wrong; the text lists all of them.
        ConflictError: strict, and telemetry runs already with different settings.
        InstrumentError: strict, and metric instruments that were made before contradict one another.
        ApplicationError: `app` is neither an ASGI nor a WSGI application.
    """
    # Taken before anything else is a local name, so that no argument can be forgotten here.
    arguments = dict(locals())
    given = {name: value for name, value in arguments.items() if value is not None and name != "app"}
    # Not before the type is known: an argument may compare as it likes.
    if type(instrument) is str and instrument == "auto":
        del given["instrument"]
    with lifecycle.turn():
        handle = _started(_resolved(given, app))
        if app is not None:
            handle.instrument_app(app)
    return handle


def _resolved(given: dict[str, object], app: object | None) -> TelemetrySettings:
    """Check everything before anything is changed, the application included."""
    refused: ApplicationError | None = None
    try:
        if app is not None:
            check_application(app)
    except ApplicationError as error:
        refused = error
    try:
        settings = TelemetrySettings.resolve(given)
    except SettingsError as error:
        if refused is None:
            raise
        findings = (*error.findings, Finding("TEL019", str(refused), "argument app"))
        raise SettingsError(f"{len(findings)} wrong settings", findings) from None
    if refused is not None:
        raise refused
    return settings


def _started(settings: TelemetrySettings) -> Telemetry:
    global _current  # noqa: PLW0603 one handle per process
    if _current is not None and _current.active:
        _compare(_current, settings)
        return _current
    if _current is not None:
        # A thread of the parent may have been in the midst of it.
        _current.shutdown(0)
    with hidden(settings.hidden_variables):
        _current = Telemetry(settings)
    return _current


def _compare(first: Telemetry, second: TelemetrySettings) -> None:
    # The one variable that the first call may have written itself is no difference.
    own = {"semconv_stability_opt_in"} if first.wrote_environment else set()
    differing = [name for name in first.settings.differences(second) if name not in own]
    if not differing:
        return
    weaker = f" (trust stays {first.settings.trust!r}, not {second.trust!r})" if "trust" in differing else ""
    message = (
        f"init_telemetry was called again with different settings ({', '.join(differing)}); the first call's"
        f" stay{weaker}. Call it once, or shutdown() the first handle before"
    )
    if second.strict:
        raise ConflictError(message)
    _logger.log(logging.ERROR if weaker else logging.WARNING, message)


class Telemetry:
    """The telemetry of this process, as `init_telemetry` started it.

    As a context manager it serves scripts: leaving the block shuts it down. When the block ends with an
    exception, records are sent but lines stay in force, so that the crash is one line too.

    Attributes:
        settings: what is in force; every value knows its origin.
        app: what to serve, when an application was instrumented; else None.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self.settings = settings
        self.app: Any = None
        self._active = True
        self._ended_by = 0
        self._result: FlushResult | None = None
        self._ledger = Ledger()
        self._budget = ByteBudget(settings.max_queue_bytes)
        self._pipelines: list[Pipeline] = []
        self._findings = list(settings.warnings)
        self._undo: list[Callable[[], object]] = []
        self._server: ServerTelemetry | None = None
        try:
            self._start()
        except BaseException:
            self._roll_back()
            # A worker may run already: without a handle nobody could stop it.
            shutdown_all(self._pipelines, 0)
            raise

    @property
    def active(self) -> bool:
        """Whether it was not shut down yet."""
        return self._active

    @property
    def wrote_environment(self) -> bool:
        """Whether `OTEL_SEMCONV_STABILITY_OPT_IN` was set to `http` for the client instrumentors."""
        return self._clients.wrote_environment

    def _start(self) -> None:
        settings = self.settings
        self._logs = logs.install(settings, self._ledger) if settings.logs.enabled else None
        if self._logs is not None:
            self._undo.append(self._logs.undo)
        key = settings.pseudonym_key
        self._undo.append(identity.digest_with(key.secret if key else None))
        self._undo.append(propagation.install(settings.propagators, redactor_of(settings)))
        resource = build_resource(settings)
        self._traces = traces.install(settings, resource, self._ledger, self._budget)
        self._undo.append(self._traces.undo)
        self._add(self._traces.pipeline)
        self._metrics = metrics.install(settings, resource, self._ledger)
        self._undo.append(self._metrics.undo)
        self._add(self._metrics.pipeline)
        self._log_records = log_records.install(settings, resource, self._ledger, self._budget)
        self._undo.append(self._log_records.undo)
        self._add(self._log_records.pipeline)
        if self._logs is not None and self._log_records.pipeline is not None:
            self._logs.also_over_otlp(self._log_records, lines=settings.logs.sink != "otlp")
        self._watch()
        self._clients = instrument_clients(settings, flush=lifecycle.flush_now)
        self._undo.append(self._clients.undo)
        self._findings += (*self._clients.findings, *lifecycle.unsupported())
        self._say(each for each in self._findings if each.level != "info" or each in settings.warnings)

    def _add(self, pipeline: Pipeline | None) -> None:
        if pipeline is not None:
            self._pipelines.append(pipeline)

    def _watch(self) -> None:
        """Have what waits sent at the end of the process."""
        watch = lifecycle.watch(
            self._pipelines,
            exit_timeout=self.settings.exit_timeout,
            ledger=self._ledger,
            finish=self._logs.finish if self._logs is not None else None,
            go_on=self._logs.resume if self._logs is not None else None,
        )
        self._undo.append(watch.undo)
        if self.settings.handle_sigterm:
            sigterm = lifecycle.handle_sigterm()
            self._undo.append(sigterm.undo)
            self._findings += sigterm.findings

    def instrument_app(self, app: Application) -> Application:
        """Put the request middleware around an application, outermost, and return what to serve.

        FastAPI, Starlette and Flask applications are changed in place and returned; any other ASGI or
        WSGI callable is wrapped, and the wrapper must be served. Doing it twice changes nothing.

        Raises:
            ApplicationError: `app` is neither; the text says what was given.
        """
        if self._server is None:
            self._server = ServerTelemetry.build(
                self.settings,
                access=self._access,
                flush=lifecycle.flush_now,
                tracer_provider=self._traces.provider,
                meter_provider=self._metrics.provider,
                version=_own_version(),
            )
        served: Application = instrument_app(app, self._server, on_undo=self._undo.append)
        self.app = served
        if self._logs is not None:
            self._logs.silence_server_access()
        return served

    def tracer(self, name: str) -> Tracer:
        """Return an OpenTelemetry tracer; the same as `opentelemetry.trace.get_tracer(name)`."""
        return self._traces.tracer(name)

    def meter(self, name: str) -> Meter:
        """Return an OpenTelemetry meter; the same as `opentelemetry.metrics.get_meter(name)`."""
        return self._metrics.meter(name)

    def force_flush(self, timeout: float = _FLUSH_SECONDS) -> FlushResult:
        """Send what waits, and return within `timeout` seconds for all signals together.

        Returns:
            Per signal: whether everything that waited was acknowledged, and the counts. False as a whole
            when any signal was not.
        """
        return flush_all(self._pipelines, self._seconds("force_flush", timeout, _FLUSH_SECONDS))

    def shutdown(self, timeout: float = _SHUTDOWN_SECONDS) -> FlushResult:
        """Send what waits, stop, and leave the process as it was before `init_telemetry`.

        Root logger, structlog, warnings, exception hooks, streams, propagator and applications are
        restored. Returns within `timeout` seconds plus the time of the restoring. A second call does nothing
        and returns the result of the first; while the first is at work in another thread, it waits for
        that, and says after `timeout` seconds how far it has come.
        """
        seconds = self._seconds("shutdown", timeout, _SHUTDOWN_SECONDS)
        deadline = time.monotonic() + seconds
        turn = lifecycle.turn()
        if not turn.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
            return flush_all(self._pipelines, 0)
        try:
            return self._shut_down(deadline - time.monotonic())
        finally:
            turn.release()

    def _shut_down(self, seconds: float) -> FlushResult:
        if self._result is not None:
            return self._result
        if self._ended_by == os.getpid():
            # A signal handler has interrupted this very thread in here.
            return flush_all(self._pipelines, seconds)
        self._active, self._ended_by = False, os.getpid()
        try:
            self._result = shutdown_all(self._pipelines, seconds)
            return self._result
        finally:
            self._roll_back()

    def status(self) -> dict[str, Any]:
        """Return what is in force and what became of every record, as plain data without secrets.

        `settings` has value and origin of each, `pipelines` state and counts per signal (`lines` is
        stdout), `counts` the balances alone: emitted = delivered + dropped + queued.
        """
        if self._logs is not None:
            # A fork in C tells nobody, and whoever looks may be the first to notice.
            self._logs.sink.after_fork()
        return {
            "active": self._active,
            "library_version": _own_version(),
            "settings": shown_settings(self.settings),
            "providers": {
                "traces": self._traces.origin,
                "metrics": self._metrics.origin,
                "logs": self._log_records.origin,
            },
            "pipelines": {**{signal: self._pipeline(signal) for signal in _SIGNALS}, "lines": self._lines()},
            "counts": dict(self._ledger.counts()),
            "instrumented": {"active": list(self._clients.active), "waiting": list(self._clients.waiting)},
            "environment_written": ["OTEL_SEMCONV_STABILITY_OPT_IN"] if self.wrote_environment else [],
            "findings": [str(finding) for finding in self._findings],
            "diagnostics": guard.counts(),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.shutdown(self.settings.exit_timeout)
        else:
            # By the same way as the hook at exit, which comes next and shares its time.
            lifecycle.flush_now(self.settings.exit_timeout)

    def __repr__(self) -> str:
        state = "active" if self._active else "shut down"
        return f"<Telemetry {self.settings.service} {state}>"

    def _roll_back(self) -> None:
        while self._undo:
            with _UNDO:
                self._undo.pop()()

    def _seconds(self, call: str, timeout: object, default: float) -> float:
        if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and 0 <= timeout < math.inf:
            return float(timeout)
        _logger.warning("%s(timeout=%.40r): accepted are seconds from 0; %s is used", call, timeout, default)
        return default

    def _pipeline(self, signal: str) -> dict[str, Any]:
        pipeline = next((each for each in self._pipelines if each.signal == signal), None)
        status = dict(pipeline.status()) if pipeline is not None else {"state": "off", "exporter": "none"}
        counts = self._ledger.counts()[signal]
        return {**status, **counts, "counts": counts}

    def _lines(self) -> dict[str, Any]:
        counts = self._ledger.lines.counts()
        failing = counts["queued"] or self._ledger.lines.losing()
        state = "off" if self._logs is None else "failing" if failing else "ok"
        form = "none" if self._logs is None else f"stdout {self._logs.format}"
        return {"state": state, "exporter": form, **counts, "counts": counts}

    def _access(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        if self._logs is not None:
            self._logs.access(level, message, fields)

    def _say(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            level = logging.WARNING if finding.level != "info" else logging.INFO
            _logger.log(level, "%s", finding)


def _own_version() -> str:
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        # A copy of the sources on the path, without the metadata of an installation.
        return "unknown"
