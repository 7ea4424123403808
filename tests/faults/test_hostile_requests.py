"""Hostile requests by a grammar, over raw sockets: all answered exactly as by the bare application."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from faults.kit.hostile_duel import Duel
from faults.kit.hostile_requests import CANARY, STATUS_PATH, pieces
from support.clients import ask
from support.raw_lines import judge
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED: Final = 20_261_122
_QUICK: Final = 1_000
# More than 100,000 with all three servers.
_FULL: Final = 34_000
_JUDGED: Final = 2_000
_UVICORN: Final = (
    *("uvicorn", "faults.kit.hostile_echo:asgi", "--port", "{port}"),
    *("--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "1", "--http"),
)
_GUNICORN: Final = (
    *("gunicorn", "faults.kit.hostile_echo:wsgi", "--bind", "127.0.0.1:{port}", "--no-control-socket"),
    *("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger", "--keep-alive", "75"),
    *("--graceful-timeout", "1", "-k", "gthread", "--threads", "2"),
)


class _Kind(NamedTuple):
    argv: tuple[str, ...]
    trust: str
    packets: bool = True


# A worker of gunicorn's may leave the second request of a packet where it is until something else comes.
_SERVERS: Final = {
    "uvicorn-h11": _Kind((*_UVICORN, "h11"), "internal"),
    "uvicorn-httptools": _Kind((*_UVICORN, "httptools"), "edge"),
    "gunicorn-flask": _Kind(_GUNICORN, "internal", packets=False),
}


def _fought(name: str, count: int) -> tuple[Duel, Any, bytes]:
    """Send so many requests to both; return what came of it, the status, and all that ours wrote."""
    kind = _SERVERS[name]
    command = (sys.executable, "-m", *kind.argv)
    ours = {
        "OTEL_SERVICE_NAME": "echo",
        "AMEIDE_TELEMETRY_TENANT_HEADER": "x-tenant",
        "AMEIDE_TELEMETRY_TRUST": kind.trust,
    }
    with ExitStack() as stack:
        bare, instrumented = (
            # werkzeug sorts the methods of an `Allow` by their hash.
            stack.enter_context(
                run_server(command, environment=service_environment(PYTHONHASHSEED="0", **each))
            )
            for each in ({"ECHO_BARE": "1"}, ours)
        )
        duel = Duel(bare.port, instrumented.port)
        duel.run(pieces(_SEED, count, packets=kind.packets))
        status = json.loads(ask(instrumented.port, STATUS_PATH).body)
        ended = instrumented.stop()
    return duel, status, ended.stdout + ended.stderr


def _judge(written: bytes) -> None:
    """No diagnostic, ours or OpenTelemetry's, has a stranger's text; lines here and there are all valid."""
    lines = written.splitlines(keepends=True)
    own = [
        each for each in lines if b'"logger":"ameide_telemetry"' in each or b'"logger":"opentelemetry' in each
    ]
    assert not [each for each in own if CANARY in each][:3]
    assert not [each for each in own if b'"level":"error"' in each or b'"level":"critical"' in each][:3]
    judged = judge(b"".join(lines[:: max(1, len(lines) // _JUDGED)]))
    assert not judged.offenders, judged


def _settle(name: str, count: int, record: Callable[[str, object], None]) -> None:
    duel, status, written = _fought(name, count)
    same = duel.asked - len(duel.differences)
    figure = f"{same} of {duel.asked} answered as by the bare application ({duel.refused} other than 200)"
    record("hostile_requests", f"{same} of {duel.asked}")
    print(f"{name}: {figure}; {duel.varied} answered in several ways by the bare one")
    assert not duel.differences, "\n".join(map(str, duel.differences[:2]))
    assert duel.asked >= count
    # Otherwise the grammar, or the look at what varies, says nothing.
    assert duel.refused < duel.asked * 0.4
    assert duel.varied <= max(2, duel.asked // 1000)
    assert CANARY.decode() not in json.dumps(status)
    _judge(written)


@pytest.mark.parametrize("name", _SERVERS)
def test_hostile_requests_are_answered_as_by_the_bare_application(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """Status, headers, body, or the close: the same bytes for each of a thousand requests."""
    _settle(name, _QUICK, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("name", _SERVERS)
def test_a_hundred_thousand_hostile_requests(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """The same for more than 100,000 over all servers."""
    _settle(name, _FULL, record_property)
