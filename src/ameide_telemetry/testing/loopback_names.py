"""Names that lead to servers of this test: `http://b/` reaches a port of this machine.

Resolving gives each name an address that nobody else has, and connecting to that address goes to the server's
port, whichever port was asked for. That is below every client that resolves and connects by Python's
`socket`, and above nothing that they do with a request: what arrives has gone over a real connection.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.testing.calls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LoopbackNames"]

# Of 127.0.0.0/8: where something does not come by here, it is refused at once and leaves no machine.
_ADDRESS: Final = "127.83.{}.{}"
_PER_BLOCK: Final = 250
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")


class _State:
    """What is in force in this process; several topologies of one test share it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ports: dict[str, int] = {}
        self.addresses: dict[str, str] = {}
        self.given = 0
        self.users = 0
        self.getaddrinfo: Any = None


_state: Final = _State()


class LoopbackNames:
    """Has names lead to ports of 127.0.0.1 until it is closed.

    Args:
        ports: by name.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._names = [*ports]
        self._environ = {name: os.environ.get(name) for name in _NO_PROXY}
        with _state.lock:
            taken = [name for name in ports if name in _state.addresses]
            if taken:
                raise ValueError(f"{taken[0]!r} is a name of another topology of this test")
            for name, port in ports.items():
                _state.given += 1
                address = _ADDRESS.format(*divmod(_state.given, _PER_BLOCK))
                _state.addresses[name], _state.ports[address] = address, port
            _state.users += 1
            if _state.users == 1:
                _attach()
        # A proxy of the environment would be asked for names that it cannot know.
        for name, value in self._environ.items():
            os.environ[name] = ",".join([*([value] if value else []), *ports, LOOPBACK])

    def close(self) -> None:
        """Have the names lead nowhere again."""
        for name, value in self._environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        with _state.lock:
            for name in self._names:
                _state.ports.pop(_state.addresses.pop(name))
            _state.users -= 1
            if not _state.users:
                _detach()


def _attach() -> None:
    _state.getaddrinfo = socket.getaddrinfo
    kind: Any = socket.socket
    socket.getaddrinfo = _getaddrinfo
    kind.connect, kind.connect_ex = _connecting(kind.connect), _connecting(kind.connect_ex)


def _detach() -> None:
    kind: Any = socket.socket
    socket.getaddrinfo = _state.getaddrinfo
    # The originals are the parent's: what stands before them was set here.
    del kind.connect, kind.connect_ex


def _getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
    name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else host
    address = _state.addresses.get(name.lower()) if isinstance(name, str) else None
    return _state.getaddrinfo(address or host, *args, **named)


def _connecting(original: Any) -> Any:
    def connect(self: Any, address: Any, /) -> Any:
        port = _state.ports.get(address[0]) if isinstance(address, tuple) and address else None
        return original(self, address if port is None else (LOOPBACK, port))

    return connect
