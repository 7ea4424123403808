"""The constants: the agreed values, the agreed types, and an import that costs nothing."""

from __future__ import annotations

import subprocess
import sys

from ameide_telemetry.contract import names


def test_the_names_that_others_rely_on() -> None:
    """Spellings that dashboards, other languages and the target state rely on do not change by accident."""
    assert (names.LOG_TENANT_ID, names.LOG_SAAS_TENANT, names.LOG_SESSION_ID) == (
        "tenant_id",
        "saas.tenant",
        "ameide_session_id",
    )
    assert (names.SPAN_TENANT_ID, names.SPAN_SAAS_TENANT) == ("tenant_id", "saas.tenant")
    assert (names.LOG_TRUNCATED_BYTES, names.SPAN_TRUNCATED_BYTES) == (
        "truncated_bytes",
        "ameide.truncated_bytes",
    )
    assert names.LEVELS == ("debug", "info", "warning", "error", "critical")
    assert names.HEADER_REQUEST_ID == "x-request-id"
    assert names.REQUEST_ID_PATTERN == "[A-Za-z0-9._-]{1,64}"
    assert names.CONTEXT_LOG_KEYS["tenant_id"] == ("tenant_id", "saas.tenant")
    assert names.CONTEXT_SPAN_ATTRIBUTES["ameide_session_id"] == ("ameide.session_id",)
    assert names.CONTEXT_BAGGAGE_KEYS["ameide_session_id"] == "ameide.session_id"
    assert names.RESOURCE_ENVIRONMENT["k8s.pod.name"] == ("K8S_POD_NAME", "POD_NAME")


def test_access_keys_are_free_and_the_line_s_own_are_reserved() -> None:
    """A service may use the access keys for its own data, and none of the keys that identify a line."""
    assert names.LOG_DURATION_MS not in names.RESERVED_LOG_KEYS
    assert names.LOG_HTTP_ROUTE not in names.RESERVED_LOG_KEYS
    assert {names.LOG_TIMESTAMP, names.LOG_SAAS_TENANT, names.LOG_EXTRA} <= names.RESERVED_LOG_KEYS


def test_no_identity_may_become_a_metric_attribute() -> None:
    """The denied attributes are every spelling of the identities."""
    assert {
        "tenant",
        "tenant.id",
        "tenant_id",
        "saas.tenant",
        "request_id",
        "ameide.session_id",
        "ameide_session_id",
        "session.id",
        "session_id",
        "trace_id",
        "span_id",
    } == names.METRIC_DENIED_ATTRIBUTES


def test_everything_exported_exists_in_order() -> None:
    """`__all__` is sorted and names exactly the constants."""
    constants = [name for name in vars(names) if name.isupper() and name != "TYPE_CHECKING"]
    assert names.__all__ == sorted(constants)


def test_importing_the_names_loads_no_parser_and_no_sdk() -> None:
    """A service that starts pays for the constants only: no TOML, no JSON, no model, no SDK."""
    program = (
        "import sys; before = set(sys.modules)\n"
        "import ameide_telemetry.contract.names\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {module.split(".")[0] for module in done.stdout.split()}
    assert loaded & {"opentelemetry", "structlog", "tomllib", "json", "dataclasses", "logging"} == set()
