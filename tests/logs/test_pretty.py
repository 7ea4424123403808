"""Lines for a person at a terminal."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys

import pytest

from ameide_telemetry.context import bound_context
from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.pretty import PrettyRenderer
from support.environment import service_environment

SCRIPT = """
from ameide_telemetry import init_telemetry
import logging
telemetry = init_telemetry("orders")
logging.getLogger("shop").warning("hello", extra={"sku": 7})
print("printed as it is")
telemetry.shutdown()
"""


def test_an_event_for_a_person() -> None:
    """Time, level, message, context and fields on one line; the stack below."""
    error = ValueError("boom")
    event = Event(0.0, logging.ERROR, "shop", "failed", {"sku": 7}, (ValueError, error, None), "Stack: here")
    with bound_context(tenant_id="acme"):
        text = PrettyRenderer(colors=False).render(event).decode()
    first = text.splitlines()[0]
    assert re.match(r"\d\d:\d\d:\d\d", first)
    for part in ("error", "failed", "shop", "tenant_id=acme", "sku=7"):
        assert part in first
    assert "Stack: here" in text
    assert "ValueError: boom" in text


@pytest.mark.parametrize(
    "name", ["timestamp", "level", "logger", "logger_name", "event", "stack", "exception", "exc_info"]
)
def test_fields_called_as_ours_are_shown_apart(name: str) -> None:
    """Neither a field of the call nor a bound one takes the place of time, level, logger or message."""
    renderer = PrettyRenderer(colors=False)
    plain = renderer.render(Event(0.0, logging.ERROR, "shop", "failed")).decode().rstrip()
    for fields in ({name: "theirs"}, {name: "theirs", "extra": {"a": 1}}, {name: "theirs", "extra": 7}):
        text = renderer.render(Event(0.0, logging.ERROR, "shop", "failed", fields)).decode()
        assert text.startswith(plain)
        assert re.search(rf"extra=.*'{name}': 'theirs'", text)
    with bound_context(**{name: "bound"}):
        assert renderer.render(Event(0.0, logging.ERROR, "shop", "failed")).decode().startswith(plain)


def test_text_that_utf8_cannot_hold_is_shown_escaped() -> None:
    """A person sees what it was."""
    assert rb"\ud800" in PrettyRenderer(colors=False).render(Event(0.0, 20, "l", "a\ud800"))


def _on_a_terminal(**environ: str) -> str:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=follower,
        env=service_environment(TERM="xterm", **environ),
    )
    os.close(follower)
    output = bytearray()
    try:
        while chunk := os.read(leader, 65536):
            output += chunk
    except OSError:
        pass  # Linux says EIO when the last writer has gone.
    finally:
        os.close(leader)
    assert process.wait(60) == 0
    return output.decode()


def test_auto_is_pretty_on_a_terminal_and_prints_stay_as_they_are() -> None:
    """The same program gives JSON into a pipe."""
    text = _on_a_terminal()
    assert "hello" in text
    assert '"message"' not in text
    assert "printed as it is\r\n" in text
    assert '"message":"hello"' in _on_a_terminal(AMEIDE_TELEMETRY_LOG_FORMAT="json")


def test_no_color_is_honoured() -> None:
    """https://no-color.org: any value that is not empty turns colours off."""
    assert "\x1b[" in _on_a_terminal()
    assert "\x1b[" not in _on_a_terminal(NO_COLOR="1")
