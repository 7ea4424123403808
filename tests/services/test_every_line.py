"""Every line that a real service process writes, on both streams, by its raw bytes.

What is not covered, because it never passes through Python's objects: bytes that C code or `os.write` puts
on the descriptors, child processes that inherit them, `faulthandler`, and what the interpreter prints after
`sys.stdout` is gone.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.contract import names
from services.setups import LOG_CONFIG, SETUPS, STATUS, Setup, environment
from services.traffic import Exchange, drive
from support.pipelines import wait_until
from support.raw_lines import Judged, judge
from support.servers import Ended, run_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_MARK: Final = re.compile(r"\[([0-9a-z]+):([a-z0-9_.]+)\]")
_ACCESS: Final = names.ACCESS_LOGGER.encode()
_BY_SETUP: Final = pytest.mark.parametrize("setup", SETUPS.values(), ids=str)


@dataclass(frozen=True, slots=True)
class Observation:
    """One run of a server, from start to SIGTERM."""

    exchanges: list[Exchange]
    ended: Ended
    stdout: Judged
    stderr: Judged

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every valid line."""
        return self.stdout.records + self.stderr.records

    def lines_of(self, exchange: Exchange) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the marks of one request with the line that bears each."""
        for record in self.records:
            for name in _marks_in(record).get(exchange.token, ()):
                yield name, record

    def access_lines(self, exchange: Exchange) -> list[dict[str, Any]]:
        """Return the access lines with the request's id."""
        return [
            record
            for record in self.records
            if record["logger"] == names.ACCESS_LOGGER and record.get("request_id") == exchange.request_id
        ]


def observe(setup: Setup) -> Observation:
    """Return what a server did; it is started once, also when that fails."""
    seen = _observed(setup)
    if isinstance(seen, Observation):
        return seen
    raise AssertionError(f"{setup} could not be observed") from seen


@cache
def _observed(setup: Setup) -> Observation | Exception:
    """Start a server, send everything, end it, and read what it wrote."""
    try:
        with run_server(setup.argv, environment=environment()) as server:
            exchanges = drive(server.port, setup)
            # A response is complete a moment before its request is, and not every server waits for that.
            last = exchanges[-1].request_id.encode()
            wait_until(lambda: any(last in line and _ACCESS in line for line in server.stdout.splitlines()))
            ended = server.stop()
    except (AssertionError, OSError) as error:
        return error
    return Observation(exchanges, ended, judge(ended.stdout), judge(ended.stderr))


def _marks_in(record: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    # A mark may stand in several fields of one line: message of an exception and its traceback.
    for token, name in _MARK.findall(json.dumps(record, ensure_ascii=False)):
        found.setdefault(token, set()).add(name)
    return found


def _report(record_property: Any, name: str, stdout: Judged, stderr: Judged) -> None:
    record_property(
        "valid_lines",
        (name, len(stdout.records), stdout.total, len(stderr.records), stderr.total),
    )


def _counted(found: Iterable[str], expected: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the names whose number differs, with (found, expected)."""
    one, other = Counter(found), Counter(expected)
    return {name: (one[name], other[name]) for name in one | other if one[name] != other[name]}


@_BY_SETUP
def test_every_line_conforms(setup: Setup, record_property: Any) -> None:
    """Each line of both streams is strict single-line JSON, UTF-8, short enough, and by the contract."""
    seen = observe(setup)
    _report(record_property, setup.name, seen.stdout, seen.stderr)
    assert seen.stdout.total > 100, seen.stdout
    assert not seen.stdout.offenders, f"stdout: {seen.stdout}"
    assert not seen.stderr.offenders, f"stderr: {seen.stderr}"


@_BY_SETUP
def test_every_record_is_one_line(setup: Setup) -> None:
    """Whatever is logged, printed, warned or raised is in exactly one line: none is lost, none doubled."""
    seen = observe(setup)
    wrong = {}
    for exchange in seen.exchanges:
        difference = _counted((name for name, _ in seen.lines_of(exchange)), exchange.marks)
        if difference:
            wrong[exchange.step.path] = difference
    assert not wrong, f"(found, expected): {wrong}"


@_BY_SETUP
def test_every_line_of_a_request_has_its_ids(setup: Setup) -> None:
    """Lines logged inside a request carry its request id, trace, span and tenant; no line another's."""
    seen = observe(setup)
    wrong = []
    for exchange in seen.exchanges:
        span_id = seen.access_lines(exchange)[0]["span_id"]
        expected = {
            "request_id": exchange.request_id,
            "trace_id": exchange.trace_id,
            "span_id": span_id,
            "tenant_id": exchange.tenant,
            "saas.tenant": exchange.tenant,
        }
        for name, record in seen.lines_of(exchange):
            found = {key: record.get(key) for key in expected}
            # A thread without the request's context has no ids, and never those of another request.
            nobody = name.startswith("free.") and not any(found.values())
            if found != expected and not nobody:
                wrong.append((exchange.step.path, name, record["logger"], found, expected))
    assert not wrong, f"{len(wrong)} lines, the first: {wrong[:3]}"


@_BY_SETUP
def test_every_request_has_one_access_line(setup: Setup) -> None:
    """One access line per request, with its ids, status and tenant, and no second one by the server."""
    seen = observe(setup)
    for exchange in seen.exchanges:
        lines = seen.access_lines(exchange)
        assert len(lines) == 1, (exchange.step.path, lines)
        line = lines[0]
        assert line["trace_id"] == exchange.trace_id
        assert line["http_response_status_code"] == exchange.step.status
        assert not exchange.step.bound or line["tenant_id"] == exchange.tenant
    rooms = {exchange.step.path.split("/")[1] for exchange in seen.exchanges}
    by_server = re.compile(rf"\b(GET|POST|WebSocket) /({'|'.join(map(re.escape, rooms))})\b|\?token=")
    doubled = [
        record
        for record in seen.records
        if record["logger"] != names.ACCESS_LOGGER and by_server.search(record["message"])
    ]
    assert not doubled, f"{len(doubled)} lines by the server itself, the first: {doubled[:2]}"


@_BY_SETUP
def test_every_response_has_the_request_id(setup: Setup) -> None:
    """Each response has the status that it should, and returns the request's id."""
    for exchange in observe(setup).exchanges:
        assert exchange.answer.status == exchange.step.status, exchange
        if exchange.step.identified:
            assert exchange.answer.headers.get("x-request-id") == exchange.request_id, exchange


@_BY_SETUP
def test_the_server_ends_as_ever(setup: Setup) -> None:
    """SIGTERM ends the server in time with its own exit status, and telemetry had no error of its own."""
    seen = observe(setup)
    assert seen.ended.status == STATUS[setup.name]
    errors = [record["message"] for record in seen.records if "telemetry error at" in record["message"]]
    assert not errors


@pytest.mark.parametrize(
    ("ending", "status"), [("end", 0), ("crash", 1), ("quit", 1), ("wait", -signal.SIGINT)], ids=str
)
def test_every_line_of_a_script_conforms(
    ending: str, status: int, tmp_path: Path, record_property: Any
) -> None:
    """A script that ends, crashes, quits or is interrupted writes nothing but lines and keeps its status."""
    marks = tmp_path / "marks"
    command = (sys.executable, "-m", "services.apps.script", ending)
    with run_server(command, environment=environment(MARKS=str(marks)), ready=None) as script:
        if ending == "wait":
            script.wait_for(b"free.waiting")
            script.wait_at_rest()
            script.send(signal.SIGINT)
        ended = script.wait()
    stdout, stderr = judge(ended.stdout), judge(ended.stderr)
    _report(record_property, f"script-{ending}", stdout, stderr)
    assert not stdout.offenders, f"stdout: {stdout}"
    assert not stderr.offenders, f"stderr: {stderr}"
    assert ended.status == status
    records = stdout.records + stderr.records
    found = [name for record in records for name in _marks_in(record).get("script", ())]
    assert not _counted(found, marks.read_text().split())
    for record in records:
        if any(not name.startswith("free.") for name in _marks_in(record).get("script", ())):
            assert record["tenant_id"] == "script", record
    uncaught = [
        record for record in records if record["logger"] == "uncaught" and record["level"] == "critical"
    ]
    assert len(uncaught) == (ending == "crash")


def test_the_documented_command_prints_the_log_config() -> None:
    """What `--log-config` is given above is what the command prints."""
    command = (sys.executable, "-m", "ameide_telemetry", "uvicorn-log-config")
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == LOG_CONFIG


def test_processes_that_share_a_pipe_tear_no_line() -> None:
    """Long lines of several processes stay whole, also when the reader of their pipe is slow."""
    command = (sys.executable, "-m", "services.apps.crowd", "4", "60")
    with run_server(command, environment=environment(), ready=None, slow_reader=True) as crowd:
        ended = crowd.wait()
    judged = judge(ended.stdout, ended.stderr)
    assert not judged.offenders, judged
    assert judged.total == 4 * 60
