"""One log side per process, provisional in a server's parent."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs.installation import LogInstallation
from support.environment import service_environment
from support.lines import installed, log_settings

if TYPE_CHECKING:
    from pathlib import Path


def _lines(code: str, **environ: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=service_environment(**environ),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_provisional_side_gives_way_to_the_real_one() -> None:
    """The parent's lines have the name from the environment, the application's the one from the call."""
    code = """
import logging
from ameide_telemetry.logs import install_provisionally
first = install_provisionally()
assert install_provisionally() is first
logging.getLogger("server").warning("parent")
from ameide_telemetry import init_telemetry
init_telemetry("orders")
logging.getLogger("server").warning("application")
"""
    found = [(line["service"], line["message"]) for line in _lines(code, OTEL_SERVICE_NAME="edge")]
    assert found == [("edge", "parent"), ("orders", "application")]


def test_a_log_config_file_can_name_the_handler() -> None:
    """As uvicorn's `--log-config` does; wrong settings stop no server."""
    code = """
import json, logging.config
from importlib.resources import files
config = json.loads(files("ameide_telemetry.logs").joinpath("uvicorn.json").read_text())
logging.config.dictConfig(config)
logging.getLogger("uvicorn.error").info("started")
print("printed")
"""
    lines = _lines(code, AMEIDE_TELEMETRY_TRUST="nobody", AMEIDE_TELEMETRY_STRICT="true")
    assert [line["message"] for line in lines] == ["started", "printed"]


def test_a_forked_child_writes_lines() -> None:
    """Also when another thread held the sink's lock at the moment of the fork."""
    code = """
import logging, os, warnings
warnings.simplefilter("ignore")  # Python 3.12 and later warn of a fork beside threads
from ameide_telemetry import init_telemetry
from ameide_telemetry.logs import installation
init_telemetry("orders")
import threading
locked, go = threading.Event(), threading.Event()
def hold():
    with installation._current.sink.channel._lock:
        locked.set()
        go.wait(20)
thread = threading.Thread(target=hold); thread.start(); locked.wait(20)
child = os.fork()
if child == 0:
    logging.getLogger("child").warning("from the child")
    os._exit(0)
go.set(); thread.join()
_, status = os.waitpid(child, 0)
assert status == 0
logging.getLogger("parent").warning("from the parent")
"""
    assert sorted(line["logger"] for line in _lines(code)) == ["child", "parent"]


def test_an_access_line_respects_its_loggers_level() -> None:
    """`ameide_telemetry.access` can be made quiet like any logger."""
    code = """
import logging
from ameide_telemetry import init_telemetry
from ameide_telemetry.logs import installation
init_telemetry("orders")
installation._current.access(logging.INFO, "GET / 200", {})
logging.getLogger("ameide_telemetry.access").setLevel(logging.WARNING)
installation._current.access(logging.INFO, "GET / 200", {})
"""
    assert len(_lines(code)) == 1


def test_lines_of_a_config_files_handler_change_their_name_too() -> None:
    """A worker that inherited the parent's config file speaks for the service once that is known."""
    code = """
import json, logging, logging.config
from importlib.resources import files
config = json.loads(files("ameide_telemetry.logs").joinpath("uvicorn.json").read_text())
logging.config.dictConfig(config)
from ameide_telemetry import init_telemetry
init_telemetry("orders")
logging.getLogger("uvicorn.error").info("started")
logging.getLogger("shop").info("own")
"""
    assert [line["service"] for line in _lines(code)] == ["orders", "orders"]


def test_an_installation_takes_over_what_waits() -> None:
    """The lines of the provisional side leave before those of the real one, through the same pipe."""
    code = """
import logging, os, sys, threading
read, write = os.pipe()
real, sys.stdout = sys.stdout, os.fdopen(write, "w")
from ameide_telemetry.logs import install, install_provisionally
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.settings import TelemetrySettings
first = install_provisionally({"AMEIDE_TELEMETRY_LOG_CAPTURE_STREAMS": "false"})
for number in range(300):
    logging.getLogger("parent").warning("%d %s", number, "x" * 400)
ledger = Ledger()
second = install(TelemetrySettings.resolve({"service": "a", "logs": {"capture_streams": False}}, {}), ledger)
assert second.sink.channel is first.sink.channel
logging.getLogger("application").warning("last")
assert ledger.lines.counts()["queued"] == 1
def drain():
    while chunk := os.read(read, 65536):
        os.write(real.fileno(), chunk)
thread = threading.Thread(target=drain)
thread.start()
import time
second.finish(time.monotonic() + 20)
assert ledger.lines.counts()["delivered"] == 1
os.close(write)
second.sink.channel.outbox.turn.outlet.close()
thread.join(20)
sys.stdout = real
"""
    lines = _lines(code)
    assert [line["logger"] for line in lines] == ["parent"] * 300 + ["application"]


def test_finish_waits_only_until_the_deadline_that_it_is_given(tmp_path: Path) -> None:
    """Without one, or with one that is over, it writes what leaves at once, and the rest goes on waiting."""
    with installed(tmp_path, capture_streams=False) as lines:
        read, write = os.pipe()
        with os.fdopen(write, "w") as stream, os.fdopen(read, "rb", buffering=0):
            ledger = Ledger()
            installation = LogInstallation(log_settings(), ledger, stream)
            for number in range(300):
                installation.access(logging.INFO, f"{number} {'x' * 400}", {})
            waiting = ledger.lines.counts()["queued"]
            assert waiting > 0
            installation.finish()
            installation.finish(time.monotonic() - 1)
            assert ledger.lines.counts()["queued"] == waiting
            installation.finish(time.monotonic() + 0.05)
            counts = ledger.lines.counts()
            assert (counts["queued"], counts["dropped_by_reason"]) == (0, {"shutdown": waiting})
            installation.resume()
            installation.access(logging.INFO, "goes on", {})
            assert ledger.lines.counts()["queued"] == 1
            installation.at_exit()
        assert lines.raw() == []


def test_suppressed_lines_are_said_at_the_end(tmp_path: Path) -> None:
    """When the process ends, and when telemetry is taken away."""
    with installed(tmp_path, capture_streams=False, storm_limit=2) as lines:
        log = logging.getLogger("shop")
        for number in range(5):
            log.warning("order %d", number)
        lines.installation.finish()
        for number in range(4):
            log.warning("order %d", number)
    found = [line["suppressed"] for line in lines.all() if "suppressed" in line]
    assert sum(found) + len([line for line in lines.all() if line["logger"] == "shop"]) == 9
    assert lines.ledger.lines.counts()["dropped_by_reason"] == {"storm": sum(found)}
