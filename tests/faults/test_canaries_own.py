"""What telemetry itself is trusted with: where it sends, by whom it believes it, and what it leaves out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.export.otlp import destination
from ameide_telemetry.redaction import shown_settings
from ameide_telemetry.settings import TelemetrySettings
from faults.kit.canaries import canaries, described, leaks, one
from faults.kit.canary_hunt import own_secrets
from faults.kit.programs import program, ran
from support.collector import FakeCollector
from support.grpc_collector import GrpcCollector
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from pathlib import Path

_KINDS: Final = {"http": FakeCollector, "grpc": GrpcCollector}
_SIGNALS: Final = ("traces", "metrics", "logs")
# Everything that could say another way to the collector, in both spellings.
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
_PASSWORD: Final = one("password", "netrc").value
_WORK: Final = """
    import logging, os
    from ameide_telemetry import init_telemetry
    from opentelemetry import metrics, trace
    telemetry = init_telemetry()
    with trace.get_tracer("orders").start_as_current_span("work"):
        metrics.get_meter("orders").create_counter("orders.done").add(1)
        logging.getLogger("orders").warning("served")
    telemetry.force_flush(20)
"""


@pytest.mark.parametrize("kind", _KINDS)
def test_neither_proxies_nor_netrc_have_a_say(kind: str, tmp_path: Path) -> None:
    """A process sends all signals straight to its collector, without the credentials that lie around."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login svc password {_PASSWORD}\n", encoding="utf-8")
    netrc.chmod(0o600)
    with FakeCollector() as proxy, _KINDS[kind]() as collector:
        names = [spelled for name in _PROXIES for spelled in (name, name.upper())]
        ways = dict.fromkeys(names, proxy.endpoint()) | {"NO_PROXY": "", "no_proxy": ""}
        home = {"HOME": str(tmp_path), "NETRC": str(netrc)}
        ended = ran(_WORK, tmp_path, **collector.environment(), **ways, **home)
        assert ended.status == 0, ended
        assert proxy.attempts == 0
        assert all(collector.requests[signal] for signal in _SIGNALS)
        headers = [each for signal in _SIGNALS for each in collector.headers[signal]]
        assert not any("authorization" in each for each in headers)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("variable", ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"])
def test_a_file_for_tls_that_is_missing_is_an_error(protocol: str, variable: str) -> None:
    """Strict, a start names the variable; nothing is sent by other roots."""
    environ = _secure(protocol, variable)
    with pytest.raises(SettingsError) as raised:
        TelemetrySettings.resolve({"strict": True}, environ)
    assert f"OTEL_EXPORTER_OTLP_{variable}" in str(raised.value)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("variable", ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"])
def test_a_file_for_tls_that_is_missing_is_no_downgrade(protocol: str, variable: str) -> None:
    """Lenient, the start says so, and no attempt is made without the file: the records are counted."""
    found = TelemetrySettings.resolve({"strict": False}, _secure(protocol, variable))
    assert [each.location for each in found.warnings] == [f"OTEL_EXPORTER_OTLP_{variable}"]
    where = destination("traces", "otlp", found.traces.otlp, timeout=1)
    assert where is not None
    with pytest.raises(OSError, match=r"nowhere"):
        where.connect()


def _secure(protocol: str, variable: str, path: str = "/nowhere/file.pem") -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        f"OTEL_EXPORTER_OTLP_{variable}": path,
    }


def test_no_attempt_is_made_without_the_file(tmp_path: Path) -> None:
    """A file for TLS that vanishes after the start ends the export, over HTTP and gRPC, and is counted."""
    for protocol in ("http/protobuf", "grpc"):
        certificate = tmp_path / "roots.pem"
        certificate.touch()
        settings = TelemetrySettings.resolve(
            {"strict": True},
            _secure(protocol, "CERTIFICATE") | {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate)},
        )
        certificate.unlink()
        where = destination("traces", "otlp", settings.traces.otlp, timeout=1)
        assert where is not None
        with pytest.raises(FileNotFoundError):
            where.connect()


def test_commands_are_never_exported(tmp_path: Path) -> None:
    """Not in a forked child either, where the SDK asks its detectors once more."""
    secret = one("password", "argument")
    source = f"""
        import os, sys
        sys.orig_argv[:] = ["python", "--password={secret.value}"]
        from ameide_telemetry import init_telemetry
        from opentelemetry import trace
        telemetry = init_telemetry(resource={{"process.command_line": "python --password={secret.value}"}})
        with trace.get_tracer("orders").start_as_current_span("parent"):
            pass
        telemetry.force_flush(20)
        child = os.fork()
        if not child:
            with trace.get_tracer("orders").start_as_current_span("child"):
                pass
            telemetry.force_flush(20)
            os._exit(0)
        os.waitpid(child, 0)
    """
    with FakeCollector() as collector:
        ended = ran(
            source, tmp_path, **collector.environment(), OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process"
        )
        assert ended.status == 0, ended
        resources = [
            {each.key for each in part.resource.attributes} for part in collector.resources("traces")
        ]
        assert len(resources) == 2
        assert all("process.pid" in each for each in resources)
        assert not any(name.startswith("process.command") for each in resources for name in each)
        sent = b"".join(each.SerializeToString() for each in collector.requests["traces"])
        assert leaks([secret], sent, ended.stdout, ended.stderr) == []


def test_a_stack_has_no_locals_and_no_arguments(tmp_path: Path) -> None:
    """A traceback on a line, a span and a log record is where it happened, not with which values."""
    secret = one("anything", "local")
    source = f"""
        import logging
        from ameide_telemetry import init_telemetry
        from opentelemetry import trace
        telemetry = init_telemetry()

        def work(argument):
            local = argument + "x"
            raise RuntimeError("failed")

        with trace.get_tracer("orders").start_as_current_span("work"):
            try:
                work("".join({list(secret.value)!r}))
            except RuntimeError as error:
                logging.getLogger("orders").exception("failed", stack_info=True)
                trace.get_current_span().record_exception(error)
        telemetry.force_flush(20)
        work("".join({list(secret.value)!r}))
    """
    with FakeCollector() as collector:
        ended = ran(source, tmp_path, **collector.environment())
        assert ended.status == 1
        sent = [each.SerializeToString() for signal in _SIGNALS for each in collector.requests[signal]]
        assert b"raise RuntimeError" in b"".join(sent)
        assert leaks([secret], *sent, ended.stdout, ended.stderr) == []


def test_attributes_of_the_resource_are_not_shown() -> None:
    """`status()` and `repr` name them without what is redacted where they are exported."""
    planted = described("shown")
    settings = TelemetrySettings.resolve({"resource": {each.name: each.value for each in planted}}, {})
    shown = json.dumps(shown_settings(settings)["resource_attributes"]) + repr(settings)
    assert leaks(planted, shown.encode()) == []


def test_a_key_that_is_printed_over_several_lines_is_hidden(tmp_path: Path) -> None:
    """The body of a PEM block is no line of its own."""
    body = "\\n".join(one("pem", f"printed {number}").value * 2 for number in range(3))
    source = f"""
        from ameide_telemetry import init_telemetry
        init_telemetry()
        print("-----BEGIN " + "PRIVATE KEY-----\\n{body}\\n-----END " + "PRIVATE KEY-----")
    """
    planted = [one("pem", f"printed {number}") for number in range(3)]
    ended = ran(source, tmp_path)
    assert ended.status == 0, ended
    assert leaks(planted, ended.stdout, ended.stderr) == []


def _attributes(collector: FakeCollector) -> dict[str, Any]:
    return {each.key: each.value for span in collector.spans() for each in span.attributes}


def test_headers_are_captured_by_those_who_are_told_to(tmp_path: Path) -> None:
    """Only contrib's clients obey the variables for it; what is called like a secret is redacted."""
    secrets = [one(name, "captured") for name in ("authorization", "x-api-key", "set-cookie")]
    headers = {each.name: each.value for each in secrets} | {"x-plain": "plain"}
    with ExitStack() as stack:
        collector, place = (stack.enter_context(FakeCollector()) for _ in range(2))
        source = f"""
            from ameide_telemetry import init_telemetry
            telemetry = init_telemetry()
            import requests
            requests.post({place.endpoint("traces")!r}, headers={headers!r}, timeout=20)
            telemetry.force_flush(20)
        """
        names = ("CLIENT_REQUEST", "CLIENT_RESPONSE", "SERVER_REQUEST", "SERVER_RESPONSE")
        variables = {f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{name}": ".*" for name in names}
        with program(source, tmp_path, **collector.environment(), **variables) as process:
            ended = process.wait(60)
        assert ended.status == 0, ended
        found = _attributes(collector)
        assert found["http.request.header.x_plain"].array_value.values[0].string_value == "plain"
        for each in secrets:
            assert f"http.request.header.{each.name.replace('-', '_')}" in found
        sent = [each.SerializeToString() for each in collector.requests["traces"]]
        assert leaks(secrets, *sent, ended.stdout, ended.stderr) == []


def test_commands_print_no_secret(tmp_path: Path) -> None:
    """Our own command neither prints nor stores what a process was given, its settings and its canaries."""
    salt, store, report = "commands", tmp_path / "store.sqlite", tmp_path / "report.json"
    own = own_secrets(salt)
    environment = service_environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"https://user:{own['otlp-user'].value}@collector.test:4318",
        OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{own['otlp-token'].value}",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS=f"x-api-key={own['otlp-api-key'].value}",
        AMEIDE_TELEMETRY_PSEUDONYM_KEY=f"k1:{own['pseudonym_key'].value}",
        OTEL_RESOURCE_ATTRIBUTES=",".join(f"{each.name}={each.value}" for each in described(salt)),
        OTEL_SERVICE_NAME="orders",
        CANARY_SALT=salt,
        CANARY_EVERY="29",
        CANARY_REPORT=str(report),
    )
    script = ("--store", str(store), "--", sys.executable, "-m", "faults.kit.canary_script")
    written = b""
    for arguments in (
        ("settings",),
        ("settings", "--json"),
        ("run", *script),
        ("trace", "--last", "--store", str(store)),
    ):
        command = [sys.executable, "-m", "ameide_telemetry", *arguments]
        with run_server(command, environment=environment, ready=None) as process:
            ended = process.wait(60)
        written += ended.stdout + ended.stderr
    assert report.exists(), written[-2000:]
    stored = b"".join(each.read_bytes() for each in tmp_path.glob("store.sqlite*"))
    assert b"[redacted:" in written
    assert b"[redacted:" in stored
    planted = [*canaries(salt), *own.values(), *described(salt), one("password", f"{salt} end")]
    assert leaks(planted, written, stored) == []


def test_lines_for_people_have_no_secret(tmp_path: Path) -> None:
    """On a terminal lines look different and hide the same."""
    salt, report = "terminal", tmp_path / "report.json"
    environment = service_environment(
        AMEIDE_TELEMETRY_LOG_FORMAT="pretty",
        TERM="xterm",
        CANARY_SALT=salt,
        CANARY_EVERY="29",
        # What is printed to a terminal stays as it is.
        CANARY_WITHOUT="printed",
        CANARY_REPORT=str(report),
    )
    command = [sys.executable, "-m", "faults.kit.canary_script"]
    shown = _on_a_terminal(command, environment)
    assert report.exists(), shown[-2000:]
    # Not JSON, and everything was there.
    assert b'{"timestamp"' not in shown
    assert shown.count(b"[redacted:") > 100
    assert leaks([*canaries(salt), one("password", f"{salt} end")], shown) == []


def _on_a_terminal(command: list[str], environment: dict[str, str]) -> bytes:
    """Run a command whose streams are a terminal, and return what it shows."""
    ours, theirs = os.openpty()
    shown = bytearray()
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        timer = threading.Timer(60, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        # The end of the last process that has the terminal is an error to whoever reads from it.
        with suppress(OSError):
            while part := os.read(ours, 65_536):
                shown += part
        process.wait()
        timer.cancel()
        timer.join()
    os.close(ours)
    return bytes(shown)
