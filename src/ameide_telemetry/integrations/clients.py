"""Outbound calls: the instrumentors of opentelemetry-python-contrib, where library and instrumentor are.

A library that the service did not import yet is not imported for it: the instrumentor is loaded right
after the service's own import, by a post-import hook of wrapt (a dependency of every instrumentor).
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.findings import Finding
from ameide_telemetry.integrations.egress import Egress
from ameide_telemetry.upstream import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["CLIENTS", "Client", "ClientInstrumentation", "instrument_clients"]

_CONTRIB: Final = "opentelemetry.instrumentation"
_SEMCONV: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
_LOAD: Final = guard.site("clients.load", foreign=True)
_UNDO: Final = guard.site("clients.undo", foreign=True)
_logger = logging.getLogger("ameide_telemetry")
_UNWATCHED: Final = "this version sends its requests where nothing keeps trace context from strangers"


@dataclass(frozen=True, slots=True)
class Client:
    """One library and its instrumentor.

    Attributes:
        name: as in `settings.instrument` and in the entry-point group `opentelemetry_instrumentor`.
        library: module whose import triggers the instrumentation.
        module: below `opentelemetry.instrumentation`.
        instrumentor: class in it.
        wire: library that sends its requests to a host, and is watched for what they carry. None: it talks
            to the deployment's own, such as a message broker, or sends no requests.
    """

    name: str
    library: str
    module: str
    instrumentor: str
    wire: str | None = None

    @property
    def install(self) -> str:
        """The line that installs the instrumentor."""
        return f"pip install opentelemetry-instrumentation-{self.module.replace('_', '-')}"


CLIENTS: Final = (
    Client("aiohttp-client", "aiohttp", "aiohttp_client", "AioHttpClientInstrumentor", "aiohttp"),
    Client("celery", "celery", "celery", "CeleryInstrumentor"),
    Client("grpc_aio_client", "grpc", "grpc", "GrpcAioInstrumentorClient", "grpc"),
    Client("grpc_aio_server", "grpc", "grpc", "GrpcAioInstrumentorServer"),
    Client("grpc_client", "grpc", "grpc", "GrpcInstrumentorClient", "grpc"),
    Client("grpc_server", "grpc", "grpc", "GrpcInstrumentorServer"),
    Client("httpx", "httpx", "httpx", "HTTPXClientInstrumentor", "httpcore"),
    Client("httpx2", "httpx2", "httpx", "HTTPX2ClientInstrumentor", "httpcore2"),
    Client("requests", "requests", "requests", "RequestsInstrumentor", "urllib3"),
    Client("urllib3", "urllib3", "urllib3", "URLLib3Instrumentor", "urllib3"),
)
"""Every library that `instrument="auto"` covers."""

# Spellings that people use for a whole family.
_FAMILIES: Final = {
    "aiohttp": ("aiohttp-client",),
    "grpc": ("grpc_aio_client", "grpc_aio_server", "grpc_client", "grpc_server"),
}


@dataclass(slots=True)
class ClientInstrumentation:
    """What was instrumented, what waits for its import, and what could not be.

    Attributes:
        egress: what may go to whom.
        active: names of the clients that are instrumented now.
        waiting: names whose library is installed and not imported yet.
        findings: unknown names, and libraries whose instrumentor is missing.
        wrote_environment: whether `OTEL_SEMCONV_STABILITY_OPT_IN` was set to `http` in this process.
    """

    egress: Egress
    active: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    wrote_environment: bool = False
    _undo: list[Callable[[], object]] = field(default_factory=list)
    _open: bool = True
    _deferred: list[Client] = field(default_factory=list)
    _unwatched: set[str | None] = field(default_factory=set)

    def undo(self) -> None:
        """Take off what was put on; what waits stays off."""
        self._open = False
        while self._undo:
            with _UNDO:
                self._undo.pop()()
        self.active.clear()
        self.waiting.clear()
        if self.wrote_environment:
            os.environ.pop(_SEMCONV, None)
            self.wrote_environment = False

    def start(self, clients: Iterable[Client], flush: Callable[[], object] | None) -> None:
        """Instrument each client now, or as soon as the service imports its library."""
        installed = [each for each in clients if _installed(each.library)]
        ready = [each for each in installed if _installed(f"{_CONTRIB}.{each.module}")]
        self._report_missing(each for each in installed if each not in ready)
        if ready:
            self._opt_in()
        for client in ready:
            self.waiting.append(client.name)
            self._when_imported(client.library, partial(self._load, client))
        if flush is not None and any(each.library == "celery" for each in installed):
            self._when_imported("celery", partial(self._watch_workers, flush))

    def _report_missing(self, clients: Iterable[Client]) -> None:
        for library, install in sorted({(each.library, each.install) for each in clients}):
            message = "installed without its instrumentor: its calls carry no trace context"
            self.findings.append(Finding("TEL051", message, library, install, "info"))

    def _opt_in(self) -> None:
        # The only write to the environment: contrib reads the choice there, once per process, at the
        # first instrumentor; without it the metrics carry the host header and grow without bound.
        if _SEMCONV not in os.environ:
            os.environ[_SEMCONV] = "http"
            self.wrote_environment = True

    def _when_imported(self, library: str, action: Callable[[], None]) -> None:
        def imported() -> None:
            with _LOAD:
                if self._open:
                    action()

        when_imported(library, imported)

    def _load(self, client: Client) -> None:
        self.waiting.remove(client.name)
        module = import_module(f"{_CONTRIB}.{client.module}")
        kind = getattr(module, client.instrumentor, None)
        if kind is None and getattr(module.__spec__, "_initializing", False):
            # One instrumentor module serves httpx and httpx2 and imports both: the import of one library
            # got us here while the module is not complete. It is, when the other one's turn is over.
            self.waiting.append(client.name)
            self._deferred.append(client)
            return
        if kind is None:
            _say_not_instrumented(client, f"its instrumentor is too old; {client.install} --upgrade")
            return
        instrumentor = kind()
        # Before the instrumentor, and also where the service put that on by itself: it writes what we bind.
        self._watch_wire(client, instrumentor)
        if instrumentor.is_instrumented_by_opentelemetry or client.wire in self._unwatched:
            return
        conflict = import_module(f"{_CONTRIB}.dependencies").DependencyConflictError
        try:
            instrumentor.instrument(raise_exception_on_conflict=True)
        except conflict as error:
            _say_not_instrumented(client, str(error))
            return
        self.active.append(client.name)
        self._undo.append(instrumentor.uninstrument)
        while self._deferred:
            self._load(self._deferred.pop())

    def _watch_wire(self, client: Client, instrumentor: Any) -> None:
        """Keep the policy for hosts where this client sends; without it, it is not instrumented."""

        def imported() -> None:
            if not self._open or _LOAD.call(self.egress.watch, client.wire):
                return
            self._unwatched.add(client.wire)
            _say_not_instrumented(client, _UNWATCHED)
            if client.name in self.active:
                self.active.remove(client.name)
                self._undo.remove(instrumentor.uninstrument)
                _UNDO.call(instrumentor.uninstrument)

        if client.wire is not None:
            when_imported(client.wire, imported)

    def _watch_workers(self, flush: Callable[[], object]) -> None:
        celery = import_module("ameide_telemetry.integrations.celery")
        self._undo.append(celery.flush_at_worker_exit(flush))


def instrument_clients(
    settings: TelemetrySettings, *, flush: Callable[[], object] | None = None
) -> ClientInstrumentation:
    """Instrument the outbound libraries that the settings ask for and that are installed.

    Args:
        settings: `instrument` is `auto` or names, `disabled_instrumentations` are left alone; `trace_hosts`
            and `baggage_hosts` say who gets what they send.
        flush: is called when a Celery worker process ends; None leaves Celery's signals alone.
    """
    egress = Egress(settings)
    result = ClientInstrumentation(egress, _undo=[egress.undo])
    asked = _asked(settings, result.findings)
    disabled = set(settings.disabled_instrumentations)
    if "*" not in disabled:
        result.start([each for each in CLIENTS if each.name in asked - disabled], flush)
    return result


def _asked(settings: TelemetrySettings, findings: list[Finding]) -> set[str]:
    known = {each.name for each in CLIENTS}
    if settings.instrument == "auto":
        return known
    asked: set[str] = set()
    for name in settings.instrument:
        names = set(_FAMILIES.get(name, (name,)))
        if not names <= known:
            hint = f"one of {', '.join(sorted(known | set(_FAMILIES)))}"
            findings.append(Finding("TEL050", f"unknown library {name!r}", "instrument", hint, "warning"))
        asked |= names & known
    return asked


def _say_not_instrumented(client: Client, reason: str) -> None:
    _logger.warning("%s is not instrumented: %s", client.library, reason)


def _installed(module: str) -> bool:
    """Return whether the module can be found, without importing it (its parents are imported)."""
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
