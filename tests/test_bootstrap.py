"""`init_telemetry` and the handle."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry import propagate, trace

import ameide_telemetry
from ameide_telemetry import (
    Telemetry,
    TelemetryError,
    TelemetrySettings,
    bind_context,
    bootstrap,
    init_telemetry,
)
from ameide_telemetry.exceptions import ApplicationError, ConflictError, SettingsError
from support.environment import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def _one_at_a_time() -> Iterator[None]:
    yield
    if bootstrap._current is not None:
        bootstrap._current.shutdown(1)


def _run(code: str, **environ: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=TESTS,
        env=service_environment(**environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_every_argument_is_optional() -> None:
    """The service's name comes from the environment, else from the default."""
    code = "from ameide_telemetry import init_telemetry as i; import logging; i(); logging.info('x')"
    _, lines, errors = _run(code, OTEL_SERVICE_NAME="orders")
    assert (errors, lines[-1]["service"]) == ("", "orders")
    _, lines, _ = _run(code, OTEL_RESOURCE_ATTRIBUTES="service.name=parcels,service.version=7")
    assert (lines[-1]["service"], lines[-1]["version"]) == ("parcels", "7")
    assert _run(code)[0] == 0


def test_equal_settings_give_the_same_handle() -> None:
    """The second call does nothing."""
    first = init_telemetry("orders", logs={"capture_streams": False})
    processors = list(structlog.get_config()["processors"])
    assert init_telemetry("orders", logs={"capture_streams": False}) is first
    assert structlog.get_config()["processors"] == processors


def test_different_settings_name_the_fields_in_strict_mode() -> None:
    """The error says which, and the first call stays in force."""
    first = init_telemetry("orders")
    with pytest.raises(ConflictError, match="service, version") as caught:
        init_telemetry("parcels", version="2", strict=True)
    assert isinstance(caught.value, TelemetryError)
    assert first.active


def test_different_settings_warn_once_otherwise() -> None:
    """One line, the same handle."""
    code = (
        "from ameide_telemetry import init_telemetry as i\n"
        "a = i('orders', strict=False); b = i('parcels', strict=False); assert a is b"
    )
    status, lines, _ = _run(code)
    assert status == 0
    found = [line for line in lines if "different settings" in line["message"]]
    assert [(line["level"], "service" in line["message"]) for line in found] == [("warning", True)]


def test_a_trust_that_stays_is_an_error_that_names_both() -> None:
    """Who asked for less trust and does not get it has to see it."""
    code = (
        "from ameide_telemetry import init_telemetry as i\n"
        "i('orders', strict=False); t = i('orders', trust='edge', strict=False)\n"
        "assert t.settings.trust == 'internal'"
    )
    status, lines, _ = _run(code)
    assert status == 0
    found = [line for line in lines if "different settings" in line["message"]]
    assert [line["level"] for line in found] == ["error"]
    assert "trust stays 'internal', not 'edge'" in found[0]["message"]


def test_wrong_settings_are_all_listed_in_strict_mode() -> None:
    """One error for everything."""
    with pytest.raises(SettingsError) as caught:
        init_telemetry(7, trust="nobody", logs={"format": "xml", "colour": "red"}, strict=True)  # type: ignore[arg-type]
    text = str(caught.value)
    for word in ("service", "trust", "xml", "colour"):
        assert word in text
    assert len(caught.value.findings) == 4


def test_wrong_settings_warn_and_start_otherwise() -> None:
    """One warning line each, with the default in force."""
    status, lines, errors = _run(
        "from ameide_telemetry import init_telemetry as i; t = i('orders')\n"
        "assert t.settings.logs.format == 'auto', t.settings.logs",
        AMEIDE_TELEMETRY_LOG_FORMAT="xml",
        OTEL_EXPORTER_OTLP_ENDPOINT="carrier-pigeon://home",
        OTEL_EXPORTER_OTLP_ENDPONT="http://x",
    )
    assert (status, errors) == (0, "")
    warned = [line["message"] for line in lines if line["level"] == "warning"]
    assert len(warned) == 3
    assert any("OTEL_EXPORTER_OTLP_ENDPOINT" in text and "ENDPONT" in text for text in warned)


def test_shutdown_leaves_the_process_as_it_was() -> None:
    """Root logger, structlog, warnings, hooks, streams and propagator."""
    root = logging.getLogger()

    def state() -> list[object]:
        return [
            list(root.handlers),
            root.level,
            structlog.is_configured(),
            structlog.configure,
            warnings.showwarning,
            sys.excepthook,
            threading.excepthook,
            sys.unraisablehook,
            sys.stdout,
            sys.stderr,
            propagate.get_global_textmap(),
            logging.basicConfig,
            signal.getsignal(signal.SIGTERM),
        ]

    before = state()
    telemetry = init_telemetry("orders")
    assert state() != before
    assert signal.getsignal(signal.SIGTERM) is before[-1]
    assert telemetry.shutdown()
    assert state() == before
    assert telemetry.shutdown()
    assert not telemetry.active
    assert "shut down" in repr(telemetry)


def test_a_second_life_works_with_the_first_ones_tracer() -> None:
    """Tracers made at import keep working across shutdown and init."""
    early = trace.get_tracer("early")
    for tenant in ("acme", "globex"):
        with init_telemetry(tenant), early.start_as_current_span("work") as span:
            bind_context(tenant_id=tenant)
            assert span.get_span_context().is_valid
            assert span.attributes["saas.tenant"] == tenant  # type: ignore[attr-defined]
            assert span.resource.attributes["service.name"] == tenant  # type: ignore[attr-defined]


def test_status_says_what_is_in_force_and_who_said_it() -> None:
    """Plain data with origins, pipelines and balanced counts."""
    telemetry = init_telemetry("orders", resource={"team": "shop"})
    logging.getLogger("shop").warning("one line")
    status = telemetry.status()
    json.dumps(status)
    assert status["settings"]["service"] == {"value": "orders", "origin": "argument service"}
    assert status["settings"]["version"]["origin"] == "default"
    assert status["pipelines"]["traces"]["state"] == "off"
    lines = status["pipelines"]["lines"]
    assert lines["emitted"] == lines["delivered"] + lines["dropped"] + lines["queued"]
    assert lines["delivered"] >= 1
    assert status["active"]


def test_an_application_can_be_given_at_once() -> None:
    """What to serve is on the handle."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Nothing."""

    telemetry = init_telemetry("orders", app=app)
    assert telemetry.app is not app
    assert telemetry.instrument_app(telemetry.app) is telemetry.app


def test_what_is_no_application_is_refused() -> None:
    """The error says what was given."""
    telemetry = init_telemetry("orders")
    with pytest.raises(ApplicationError, match="int"):
        telemetry.instrument_app(7)


def test_settings_can_be_made_before() -> None:
    """Arguments override them."""
    settings = TelemetrySettings.from_environment({}, service="orders", environment="test")
    telemetry = init_telemetry(version="2", settings=settings)
    assert (telemetry.settings.service, telemetry.settings.version) == ("orders", "2")
    assert isinstance(telemetry, Telemetry)


def test_lines_can_be_left_to_the_service() -> None:
    """`logs=False` touches no logging at all."""
    root = logging.getLogger()
    before = list(root.handlers)
    telemetry = init_telemetry("orders", logs=False)
    assert list(root.handlers) == before
    assert telemetry.status()["pipelines"]["lines"]["state"] == "off"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Nothing."""

    telemetry.instrument_app(app)
    telemetry._access(20, "GET", {})


def test_a_script_that_crashes_in_the_block_leaves_one_line() -> None:
    """The exit code stays and stderr is empty; without a crash the process is as before."""
    code = "from ameide_telemetry import init_telemetry as i\nwith i('job'):\n    raise ValueError('boom')"
    status, lines, errors = _run(code)
    assert (status, errors) == (1, "")
    assert [line["exception_message"] for line in lines] == ["boom"]
    done = _run(
        "from ameide_telemetry import init_telemetry as i\nwith i('job'):\n    pass\nimport sys; sys.exit(3)"
    )
    assert done == (3, [], "")


def test_disabled_keeps_lines_and_propagation() -> None:
    """`OTEL_SDK_DISABLED`: the caller's trace id is on the line and goes on, and nothing is exported."""
    code = """
from ameide_telemetry import init_telemetry
from opentelemetry import propagate, context
import logging
telemetry = init_telemetry('orders')
parent = '00-' + 'ab' * 16 + '-' + 'cd' * 8 + '-01'
token = context.attach(propagate.extract({'traceparent': parent}))
logging.info('hello')
carrier = {}
propagate.inject(carrier)
assert carrier['traceparent'] == parent, carrier
assert telemetry.status()['providers'] == {'traces': 'disabled', 'metrics': 'disabled', 'logs': 'disabled'}
"""
    status, lines, errors = _run(
        code, OTEL_SDK_DISABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
    )
    assert (status, errors) == (0, "")
    assert lines[-1]["trace_id"] == "ab" * 16


def test_an_operators_provider_is_adopted() -> None:
    """Ours attach to it; nothing is fought, and status says so."""
    code = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider(); provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from ameide_telemetry import init_telemetry, bound_context
telemetry = init_telemetry('orders')
assert trace.get_tracer_provider() is provider
with bound_context(tenant_id='acme'), trace.get_tracer('x').start_as_current_span('work'):
    pass
assert exporter.get_finished_spans()[0].attributes['saas.tenant'] == 'acme'
assert telemetry.status()['providers']['traces'] == 'adopted'
"""
    assert _run(code)[0] == 0


def test_importing_does_nothing() -> None:
    """No thread, file, port or handler, and no SDK."""
    code = """
import sys, threading, logging, signal, os, json
def state():
    files = sorted(os.listdir('/proc/self/fd'))
    root = logging.getLogger()
    return threading.active_count(), list(root.handlers), signal.getsignal(signal.SIGTERM), files
before = state()
import ameide_telemetry
assert before == state()
heavy = ('opentelemetry', 'structlog', 'requests', 'google')
heavy = [name for name in sys.modules if name.startswith(heavy)]
assert heavy == [], heavy
assert 'init_telemetry' in dir(ameide_telemetry)
"""
    status, _, errors = _run(code)
    assert (status, errors) == (0, "")


def test_without_an_endpoint_there_is_no_thread_and_no_exporter() -> None:
    """Nothing is exported, imported or started."""
    code = """
import sys, threading
from ameide_telemetry import init_telemetry
from opentelemetry import trace, metrics
telemetry = init_telemetry('orders')
with trace.get_tracer('x').start_as_current_span('work'):
    metrics.get_meter('x').create_counter('c').add(1)
assert threading.active_count() == 1, threading.enumerate()
assert not [name for name in sys.modules if name.startswith(('requests', 'google.protobuf'))]
assert telemetry.force_flush(1)
"""
    status, _, errors = _run(code)
    assert (status, errors) == (0, "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The front door knows its names only."""
    with pytest.raises(AttributeError, match="nonsense"):
        ameide_telemetry.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_METRICS_EXEMPLAR_FILTER",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_PYTHON_CONTEXT",
        "OTEL_PYTHON_TRACER_PROVIDER",
        "OTEL_PYTHON_METER_PROVIDER",
        "OTEL_PROPAGATORS",
        "OTEL_TRACES_SAMPLER",
    ],
)
def test_variables_that_opentelemetry_stumbles_over_do_not_stop_the_start(name: str) -> None:
    """It reads them itself while it is imported; here they are one warning line each, and stay as set."""
    code = (
        "import os; from ameide_telemetry import init_telemetry; init_telemetry('orders')\n"
        f"assert os.environ[{name!r}] == 'x'\n"
        "from opentelemetry import trace, metrics; trace.get_tracer('t').start_span('s').end()\n"
        "metrics.get_meter('m').create_counter('c').add(1)"
    )
    status, lines, errors = _run(code, **{name: "x"})
    assert (status, errors) == (0, "")
    assert [line["level"] for line in lines if name in line["message"]] == ["warning"]


def test_a_wrong_application_is_found_before_anything_changes() -> None:
    """With the other problems in strict mode, and the corrected call is the first one."""
    handlers = list(logging.getLogger().handlers)
    with pytest.raises(SettingsError, match=r"(?s)trust.*argument app"):
        init_telemetry("orders", app=42, trust="nobody", strict=True)  # type: ignore[arg-type]
    with pytest.raises(ApplicationError):
        init_telemetry("orders", app=42)
    assert list(logging.getLogger().handlers) == handlers
    assert init_telemetry("parcels", strict=True).settings.service == "parcels"


def test_a_start_that_fails_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it stays behind without a handle to undo it."""

    def broken(*_: object) -> None:
        raise RuntimeError("no resource")

    stdout, handlers = sys.stdout, list(logging.getLogger().handlers)
    monkeypatch.setattr(bootstrap, "build_resource", broken)
    with pytest.raises(RuntimeError, match="no resource"):
        init_telemetry("orders")
    assert (sys.stdout, list(logging.getLogger().handlers)) == (stdout, handlers)


def test_a_start_that_fails_late_leaves_no_thread() -> None:
    """A worker that had been started already ends with the start that failed."""
    code = (
        "import threading\n"
        "from ameide_telemetry import bootstrap\n"
        "def broken(*_, **__): raise RuntimeError\n"
        "bootstrap.instrument_clients = broken\n"
        "try: bootstrap.init_telemetry('orders', metrics={'endpoint': 'http://127.0.0.1:9/v1/metrics'})\n"
        "except RuntimeError: print(any(each.name == 'ameide-telemetry-metrics' and not each.join(20)"
        " and each.is_alive() for each in threading.enumerate()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=service_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_sigterm_is_handled_on_request_only() -> None:
    """The argument and the variable install a handler; shutting down puts back what was there."""
    code = (
        "import signal, sys\n"
        "from ameide_telemetry import init_telemetry\n"
        "before = signal.getsignal(signal.SIGTERM)\n"
        "handle = init_telemetry('orders', handle_sigterm={'yes': True, 'no': False}.get(sys.argv[1]))\n"
        "found = signal.getsignal(signal.SIGTERM) is not before\n"
        "handle.shutdown()\n"
        "print(found, signal.getsignal(signal.SIGTERM) is before)"
    )

    def answer(choice: str, **environ: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, choice],
            env=service_environment(**environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    assert answer("yes") == "True True\n"
    assert answer("unsaid", AMEIDE_TELEMETRY_HANDLE_SIGTERM="true") == "True True\n"
    assert answer("unsaid") == answer("no", AMEIDE_TELEMETRY_HANDLE_SIGTERM="true") == "False True\n"


@pytest.mark.parametrize("timeout", [None, "x", -1, float("nan"), True])
def test_a_wrong_timeout_is_said_and_the_default_taken(
    timeout: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A shutdown shuts down whatever it is given."""
    stdout = sys.stdout
    telemetry = init_telemetry("orders")
    assert telemetry.force_flush(timeout)
    assert telemetry.shutdown(timeout)
    assert not telemetry.active
    assert sys.stdout is stdout
    assert "accepted are seconds from 0" in caplog.text
