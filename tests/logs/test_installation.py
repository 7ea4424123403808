"""One log side per process, provisional in a server's parent."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from support.environment import service_environment


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
    with installation._current.sink._lock:
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
