"""Reserved fields are ours on every line, whichever way a caller tries; the caller's value is kept apart."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from ameide_telemetry.context import bound_context
from ameide_telemetry.contract import names
from ameide_telemetry.logs.structured import get_logger
from faults.kit.hostile import EvilStr
from faults.kit.strict import strict
from faults.kit.trial import alone
from support.lines import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESERVED: Final = sorted(names.RESERVED_LOG_KEYS)
# In `extra`, logging itself refuses the names of its own attributes.
REFUSED_BY_LOGGING: Final = {"message"}
# These say the message when a mapping stands in its place.
SAYS: Final = {"message"}
SPAN: Final = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))


def _structured() -> Any:
    return get_logger("shop")


def _own_contextvars(key: str) -> None:
    with structlog.contextvars.bound_contextvars(**{key: "FAKE"}):
        get_logger("shop").info("said")


def _bound(key: str) -> None:
    with bound_context(**{f"{key}": "FAKE"}):
        logging.getLogger("shop").info("said")


def _bound_and_said(key: str) -> None:
    with bound_context(**{f"{key}": "BOUND"}):
        get_logger("shop").info("said", **{key: "FAKE"})


def _print(key: str) -> None:
    print(json.dumps({"message": "said", key: "FAKE"}))


FRONTS: Final[dict[str, Any]] = {
    "stdlib-extra": lambda key: logging.getLogger("shop").info("said", extra={key: "FAKE"}),
    "stdlib-evil": lambda key: logging.getLogger("shop").info({"message": "said", EvilStr(key): "FAKE"}),
    "stdlib-mapping": lambda key: logging.getLogger("shop").info({"message": "said", key: "FAKE"}),
    "structlog-field": lambda key: get_logger("shop").info("said", **{key: "FAKE"}),
    "structlog-bind": lambda key: get_logger("shop").bind(**{key: "FAKE"}).info("said"),
    "structlog-evil": lambda key: get_logger("shop").info("said", **{EvilStr(key): "FAKE"}),
    "structlog-mapping": lambda key: _structured().info({"message": "said", key: "FAKE"}),
    "structlog-contextvars": _own_contextvars,
    "bound": _bound,
    "bound-and-said": _bound_and_said,
    "print": _print,
}
# What binding these means is to set them.
BINDABLE: Final = {"tenant_id", "request_id", "ameide_session_id", "saas.tenant"}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a function that calls a front end and returns the line that it wrote."""
    directory: Path = tmp_path_factory.mktemp("lines")
    with installed(directory, capture_streams=True) as lines, lines.path.open("rb") as written:

        def said(call: Any, key: str) -> dict[str, Any]:
            stdout, sys.stdout = sys.stdout, lines.installation._streams._installed["stdout"]
            try:
                with alone():
                    call(key)
            finally:
                sys.stdout = stdout
            (found,) = written.read().split(b"\n")[:-1]
            return strict(found)

        yield said


@pytest.mark.parametrize("key", RESERVED)
@pytest.mark.parametrize("front", FRONTS)
def test_no_front_end_can_set_a_reserved_field(front: str, key: str, line: Any) -> None:
    """The field is ours or absent, and the caller's value stands under `extra`."""
    if front == "stdlib-extra" and key in REFUSED_BY_LOGGING:
        return
    if key in SAYS and front in {"stdlib-mapping", "structlog-mapping", "stdlib-evil", "print"}:
        return
    if front in {"bound", "bound-and-said"} and key in BINDABLE:
        return
    token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(SPAN), otel_context.Context()))
    with bound_context(tenant_id="acme", request_id="r-1", session_id="s-1"):
        found = line(FRONTS[front], key)
    otel_context.detach(token)
    assert found["message"] == "said"
    assert found["extra"] == {key: "FAKE"}
    assert "FAKE" not in {str(value) for name, value in found.items() if name != "extra"}
    assert found["trace_id"] == f"{0xABC:032x}"
    assert found["tenant_id"] == found["saas.tenant"] == "acme"
    assert (found["level"], found["service"]) == ("info", "orders")


@pytest.mark.parametrize("key", ["Level", "SERVICE", "Trace_Id", "level ", "tenant_id\u200b"])
def test_a_name_that_only_looks_reserved_is_a_field_like_any(key: str, line: Any) -> None:
    """Keys of JSON are compared as they are."""
    found = line(FRONTS["structlog-field"], key)
    assert found[key] == "FAKE"
    assert found["level"] == "info"


def test_a_bound_field_and_one_of_the_call_stand_once(line: Any) -> None:
    """The call's is the nearer one."""

    def call(key: str) -> None:
        with bound_context(order="bound", other=1):
            get_logger("shop").info("said", **{key: "said"})

    found = line(call, "order")
    assert (found["order"], found["other"]) == ("said", 1)
