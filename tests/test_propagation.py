"""W3C trace context and baggage with the contract's allow-list."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, propagate
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import DefaultGetter

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, bound_context, current_bindings, with_bindings
from ameide_telemetry.propagation import ContractBaggagePropagator, install
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.settings import TelemetrySettings
from support.environment import service_environment

if TYPE_CHECKING:
    from pathlib import Path


PROPAGATOR = ContractBaggagePropagator()


def _extracted(header: str) -> dict[str, str]:
    bindings = current_bindings(PROPAGATOR.extract({"baggage": header}, Context()))
    return dict(bindings.values) if bindings is not None else {}


def test_contract_keys_come_in_and_nothing_else() -> None:
    """Tenant, request and session are taken, whatever stands around them."""
    header = "user=eve, tenant_id = acme;ttl=1,request_id=r%2D1,ameide.session_id=s-1,evil"
    context = PROPAGATOR.extract({"baggage": header}, Context())
    found = current_bindings(context)
    assert found is not None
    assert found.values == {"tenant_id": "acme", "request_id": "r-1", "ameide_session_id": "s-1"}
    assert baggage.get_all(context) == {}


def test_bindings_and_the_services_own_baggage_go_out() -> None:
    """What is in force is written, percent-encoded."""
    carrier: dict[str, str] = {}
    context = baggage.set_baggage("plan", "gold & green", Context())
    context = with_bindings(Bindings({"tenant_id": "acme", "request_id": "r-1"}), context)
    PROPAGATOR.inject(carrier, context)
    assert carrier == {"baggage": "tenant_id=acme,request_id=r-1,plan=gold+%26+green"}


def test_the_services_own_baggage_is_redacted() -> None:
    """By its name and by how it looks, like a field; the contract's ids and the rest go out whole."""
    carrier: dict[str, str] = {}
    context = Context()
    own = {"plan": "gold", "contact": "eve@shop.example", "password": "hunter2", "attempts": 3}
    for key, value in own.items():
        context = baggage.set_baggage(key, value, context)
    context = with_bindings(Bindings({"tenant_id": "4111111111111111"}), context)
    undo = install(("baggage",), redactor_of(TelemetrySettings()))
    propagate.inject(carrier, context)
    undo()
    parts = dict(each.split("=", 1) for each in carrier["baggage"].split(","))
    assert (parts["tenant_id"], parts["plan"], parts["attempts"]) == ("4111111111111111", "gold", "3")
    assert parts["contact"] == quote_plus("[redacted:email]")
    assert unquote_plus(parts["password"]).startswith("[redacted:")


def test_own_baggage_cannot_replace_the_contracts_ids() -> None:
    """What is bound goes before a like-named entry of the service's own."""
    carrier: dict[str, str] = {}
    context = baggage.set_baggage("tenant_id", "globex", Context())
    ContractBaggagePropagator(redactor_of(TelemetrySettings())).inject(
        carrier, with_bindings(Bindings({"tenant_id": "acme"}), context)
    )
    assert carrier == {"baggage": "tenant_id=acme"}


def test_nothing_in_force_writes_no_header() -> None:
    """An empty header would only cost bytes."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, Context())
    assert carrier == {}


@given(tenant=st.text(min_size=1, max_size=60), session=st.text(min_size=1, max_size=60))
def test_what_goes_out_comes_in(tenant: str, session: str) -> None:
    """A round trip changes nothing."""
    with bound_context(tenant_id=tenant, session_id=session):
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        sent = current_bindings()
        assert sent is not None
        assert _extracted(carrier["baggage"]) == sent.values


@given(header=st.text(max_size=300))
def test_any_header_is_survived(header: str) -> None:
    """Extraction is total and keeps the given context."""
    context = PROPAGATOR.extract({"baggage": header}, Context({"mark": 1}))
    assert context["mark"] == 1


def test_an_oversized_header_is_refused_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """A long header is counted; no byte of it reaches a log."""
    caplog.set_level(logging.DEBUG)
    guard.reset()
    assert _extracted("tenant_id=acme," + "x" * 9000) == {}
    assert guard.counts() == {"propagation.baggage_refused": 1}
    assert caplog.records == []


def test_outgoing_baggage_stays_within_the_limit() -> None:
    """Entries beyond 8,192 bytes are left out and counted."""
    guard.reset()
    context = Context()
    for number in range(20):
        context = baggage.set_baggage(f"key{number}", "v" * 1000, context)
    context = with_bindings(Bindings({"tenant_id": "acme"}), context)
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, context)
    assert len(carrier["baggage"]) <= 8192
    assert carrier["baggage"].startswith("tenant_id=acme,key0=")
    assert guard.counts() == {"propagation.baggage_too_long": 12}


@pytest.mark.parametrize("key", ["a b", "a\r\nx-evil: 1", "", "käse", "\ud800", "a=b", "a,b", "a;b"])
def test_a_baggage_key_that_is_no_token_stays_here(key: str) -> None:
    """A line break in a key would be a header of its own; the rest of the baggage goes out."""
    guard.reset()
    context = baggage.set_baggage("plan", "gold", baggage.set_baggage(key, "v", Context()))
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, context)
    assert carrier == {"baggage": "plan=gold"}
    assert guard.counts() == {"propagation.baggage_key_refused": 1}


@pytest.mark.parametrize("header", [7, [b"tenant_id=acme"], [None], object()])
def test_a_carrier_that_returns_something_else_is_no_error(header: object) -> None:
    """The context comes back as it was."""

    class Odd(DefaultGetter):
        def get(self, carrier: object, key: str) -> object:  # type: ignore[override]
            return header

    before = Context()
    assert PROPAGATOR.extract({}, before, Odd()) is before


def test_install_is_undone_exactly() -> None:
    """The global propagator afterwards is the one from before."""
    before = propagate.get_global_textmap()
    undo = install(("tracecontext", "baggage"))
    carrier: dict[str, str] = {}
    with bound_context(tenant_id="acme"):
        propagate.inject(carrier)
    assert carrier == {"baggage": "tenant_id=acme"}
    undo()
    assert propagate.get_global_textmap() is before


def test_undo_leaves_a_later_owner_alone() -> None:
    """Somebody else's propagator is not thrown out."""
    before = propagate.get_global_textmap()
    undo = install(("none",))
    propagate.set_global_textmap(before)
    undo()
    assert propagate.get_global_textmap() is before


def test_a_propagator_that_is_not_installed_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The rest works, and the line says what to do."""
    guard.reset()
    install(("tracecontext", "pigeon"))()
    assert "pigeon" in caplog.text
    assert "install the package" in caplog.text


def test_an_installed_propagator_is_loaded_by_its_entry_point(tmp_path: Path) -> None:
    """Names beyond the two standard ones come from the entry-point group of whatever is installed."""
    (tmp_path / "pigeon.py").write_text(
        "from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator\n"
        "class Pigeon(TraceContextTextMapPropagator):\n"
        "    fields = {'x-pigeon'}\n"
    )
    metadata = tmp_path / "pigeon-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[opentelemetry_propagator]\npigeon = pigeon:Pigeon\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from ameide_telemetry.propagation import install; from opentelemetry import propagate\n"
        "install(('pigeon',)); assert propagate.get_global_textmap().fields == {'x-pigeon'}"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=service_environment(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_header_field_is_named() -> None:
    """Carriers that must be cleared first ask for the fields."""
    assert PROPAGATOR.fields == {"baggage"}


def test_a_name_that_is_not_installed_does_not_stop_the_start() -> None:
    """OpenTelemetry itself raises on import then; the service starts all the same and is told."""
    code = (
        "import ameide_telemetry as t, os; h = t.init_telemetry('orders', strict=False)\n"
        "assert os.environ['OTEL_PROPAGATORS'] == 'tracecontext,pigeon'\n"
        "from opentelemetry import propagate; assert 'traceparent' in propagate.get_global_textmap().fields"
    )
    environ = service_environment(OTEL_PROPAGATORS="tracecontext,pigeon")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"pigeon" in done.stdout
