"""Hostile requests to real servers: each answer equals the bare application's, byte by byte."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from faults.kit.wire import ABORTED, CANARY, REQUESTS, answer, frame, generated, normal, talk
from support.raw_lines import judge
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers import Server

_SEED: Final = 20_261_122
_GENERATED: Final = 3000
# h11 refuses a request of more than 16 KiB of which it has seen a part only: how the system cuts it decides.
_IN_PIECES: Final = 16 * 1024
_LOOKS: Final = 10
_UVICORN: Final = (
    "uvicorn",
    "faults.kit.echo:asgi",
    "--port",
    "{port}",
    "--timeout-keep-alive",
    "2",
    "--http",
)
_GUNICORN: Final = (
    *("gunicorn", "faults.kit.echo:wsgi", "--bind", "127.0.0.1:{port}", "--no-control-socket"),
    *("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger", "-k"),
)
_SERVERS: Final = {
    "uvicorn-h11": (*_UVICORN, "h11"),
    "uvicorn-httptools": (*_UVICORN, "httptools"),
    "gunicorn-sync": (*_GUNICORN, "sync"),
    "gunicorn-gthread": (*_GUNICORN, "gthread"),
}
# gunicorn parses alike in all its workers: one kind is enough for every change.
_EACH: Final = [
    pytest.param(name, marks=pytest.mark.full if name == "gunicorn-sync" else ()) for name in _SERVERS
]
_OURS: Final = {
    "OTEL_SERVICE_NAME": "echo",
    "AMEIDE_TELEMETRY_TENANT_HEADER": "x-tenant",
    "AMEIDE_TELEMETRY_TRUST": "internal",
}
_CLOSES: Final = {
    "normal": frame(8, b"\x03\xe8"),
    "going-away": frame(8, b"\x03\xe9CaNaRy"),
    "no-code": frame(8, b""),
    "own-code": frame(8, b"\x0f\xa0"),
    "reserved-code": frame(8, b"\x03\xed"),
    "tiny-code": frame(8, b"\x00\x01"),
    "one-byte": frame(8, b"\x03"),
    "text-then-close": frame(1, b"CaNaRy") + frame(8, b"\x03\xe8"),
    "asked": frame(1, b"close") + frame(8, b"\x0f\xa1"),
    "bad-utf8": frame(1, b"\xff"),
    "unmasked": b"\x81\x02hi",
    "reserved-opcode": frame(3, b"x"),
}


class Pair(NamedTuple):
    """The same server twice: without telemetry and with it."""

    bare: Server
    ours: Server


class Pairs:
    """Each server twice, started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[str, Pair] = {}

    def __getitem__(self, name: str) -> Pair:
        if name not in self._started:
            command = (sys.executable, "-m", *_SERVERS[name])
            environments = service_environment(ECHO_BARE="1"), service_environment(**_OURS)
            started = [
                self._stack.enter_context(run_server(command, environment=each, ready=None))
                for each in environments
            ]
            for server in started:
                server.wait_ready("/ready")
            self._started[name] = Pair(*started)
        return self._started[name]

    def judge(self) -> None:
        """Stop ours, and judge what they wrote."""
        for pair in self._started.values():
            _judge(pair.ours.stop())


@pytest.fixture(scope="module")
def pairs() -> Iterator[Pairs]:
    """The servers; when they end, what ours wrote is judged."""
    with ExitStack() as stack:
        started = Pairs(stack)
        yield started
        started.judge()


def _judge(ended: Any) -> None:
    """Every line is valid; of the library's own, none is an error and none has anybody's text."""
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    own = [line for line in judged.records if line["logger"] == "ameide_telemetry"]
    assert not [line for line in own if CANARY.decode() in str(line)]
    assert not [line for line in own if line["level"] in ("error", "critical")][:3]


@pytest.mark.parametrize("server", _EACH)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_hostile_request_is_answered_as_by_the_bare_application(
    pairs: Pairs, server: str, name: str
) -> None:
    """One request of the corpus: status, headers and body are the same."""
    for _ in range(_LOOKS if len(REQUESTS[name]) > _IN_PIECES else 1):
        bare, ours = (normal(answer(each.port, REQUESTS[name])) for each in pairs[server])
        if ours == bare:
            break
    assert ours == bare


@pytest.mark.parametrize("server", _EACH)
@pytest.mark.parametrize("name", ABORTED)
def test_a_client_that_leaves_early_harms_nobody(pairs: Pairs, server: str, name: str) -> None:
    """A request that is never completed is answered as by the bare application, and so is the next one."""
    for data, aborted in ((ABORTED[name], True), (REQUESTS["traceparent-valid"], False)):
        bare, ours = (normal(answer(each.port, data, aborted=aborted)) for each in pairs[server])
        assert ours == bare


@pytest.mark.full
@pytest.mark.parametrize("server", _EACH)
def test_generated_requests_are_answered_as_by_the_bare_application(pairs: Pairs, server: str) -> None:
    """Thousands of requests, made of the corpus and of random bytes by a seed."""
    for number, data in enumerate(generated(_SEED, _GENERATED)):
        bare, ours = (normal(answer(each.port, data)) for each in pairs[server])
        assert ours == bare, (number, data)


@pytest.mark.parametrize("server", ["uvicorn-h11", "uvicorn-httptools"])
@pytest.mark.parametrize("headers", [b"", b"baggage: \xff\\xCaNaRy\r\n", b"traceparent: CaNaRy\r\n"])
@pytest.mark.parametrize("name", _CLOSES)
def test_a_websocket_ends_as_with_the_bare_application(
    pairs: Pairs, server: str, name: str, headers: bytes
) -> None:
    """Whatever frames and close codes come: all bytes that the client gets are the same."""
    bare, ours = (normal(talk(each.port, b"/ws", headers, _CLOSES[name])) for each in pairs[server])
    assert ours == bare


@pytest.mark.parametrize("server", ["uvicorn-h11", "uvicorn-httptools"])
@pytest.mark.parametrize("path", [b"/refused", b"/%ff"])
def test_a_websocket_handshake_is_answered_as_by_the_bare_application(
    pairs: Pairs, server: str, path: bytes
) -> None:
    """A refused handshake, and one with a hostile path."""
    bare, ours = (normal(talk(each.port, path, b"", _CLOSES["normal"])) for each in pairs[server])
    assert ours == bare
