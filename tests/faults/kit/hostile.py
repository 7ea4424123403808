"""Objects that fail whoever looks at them, each in one way."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry import context as otel_context

from ameide_telemetry.context import bind_context

__all__ = [
    "HOOKS",
    "RAISED",
    "ChangesContext",
    "EvilDict",
    "EvilInt",
    "EvilList",
    "EvilMapping",
    "EvilMeta",
    "EvilStr",
    "HugeText",
    "LogsAgain",
    "MutatesItsOwner",
    "NotText",
    "Recursive",
    "hostile",
]

HOOKS = (
    "__repr__",
    "__str__",
    "__format__",
    "__len__",
    "__iter__",
    "__bool__",
    "__eq__",
    "__hash__",
    "__getattr__",
    "__getattribute__",
    "__class__",
    "__dict__",
    "__contains__",
    "__getitem__",
    "__index__",
    "__int__",
    "__float__",
    "__call__",
    "__reduce_ex__",
    "__instancecheck__",
)


class _OwnError(BaseException):
    """Derives from neither Exception nor anything that is known."""


RAISED: dict[str, type[BaseException]] = {
    "error": RuntimeError,
    "exit": SystemExit,
    "recursion": RecursionError,
    "memory": MemoryError,
    "generator-exit": GeneratorExit,
    "stop": StopIteration,
    "own-base": _OwnError,
}


def hostile(*hooks: str, error: type[BaseException] = RuntimeError) -> Any:
    """Return an object whose named methods raise; `__class__` and `__dict__` raise when they are read."""

    def fails(self: object, *_: object, **__: object) -> Any:
        raise error("hostile")

    members: dict[str, Any] = {}
    for hook in hooks:
        members[hook] = property(fails) if hook in {"__class__", "__dict__"} else fails
    return type("Hostile", (), members)()


class EvilStr(str):
    """A str that lies and fails whenever it is asked by a method of its own."""

    __slots__ = ()

    def _fails(self, *_: object) -> Any:
        raise RuntimeError("evil str")

    __str__ = __repr__ = __len__ = __iter__ = __getitem__ = __eq__ = __contains__ = __add__ = _fails
    __mod__ = __format__ = __bool__ = encode = startswith = endswith = replace = isascii = _fails  # type: ignore[assignment]

    __hash__ = str.__hash__


class EvilInt(int):
    """An int that fails when it is printed or compared."""

    def _fails(self, *_: object) -> Any:
        raise RuntimeError("evil int")

    __str__ = __repr__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __index__ = bit_length = _fails

    def __hash__(self) -> int:
        return 7


class EvilDict(dict[Any, Any]):
    """A dict whose every method fails."""

    def _fails(self, *_: object) -> Any:
        raise RuntimeError("evil dict")

    items = keys = values = get = pop = copy = __iter__ = __len__ = __getitem__ = __contains__ = _fails
    __repr__ = __bool__ = update = setdefault = _fails  # type: ignore[assignment]


class EvilList(list[Any]):
    """A list whose every method fails."""

    def _fails(self, *_: object) -> Any:
        raise RuntimeError("evil list")

    __iter__ = __len__ = __getitem__ = __repr__ = __bool__ = copy = _fails


class EvilMapping(Mapping[str, int]):
    """A mapping that is endless, or lies about its length."""

    def __init__(self, *, endless: bool) -> None:
        self._endless = endless

    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while self._endless or number < 3:
            yield f"key{number}"
            number += 1

    def __len__(self) -> int:
        return sys.maxsize


class EvilMeta(type):
    """A metaclass that fails when its classes are named, hashed, compared or asked for their kind."""

    def _fails(cls, *_: object) -> Any:
        raise RuntimeError("evil class")

    __repr__ = __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = _fails
    __name__ = __module__ = property(_fails)


class NotText:
    """Its text is of another type."""

    def __init__(self, text: object) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text  # type: ignore[return-value]

    __repr__ = __str__


class Recursive:
    """Printing it prints it."""

    def __repr__(self) -> str:
        return f"<{self!r}>"


class HugeText:
    """Its text has so many characters."""

    def __init__(self, size: int, unit: str = "x") -> None:
        self._size, self._unit = size, unit

    def __repr__(self) -> str:
        return self._unit * self._size


class LogsAgain:
    """Logs itself, several times, whenever it is printed."""

    def __init__(self, times: int = 2) -> None:
        self._times = times

    def __repr__(self) -> str:
        for _ in range(self._times):
            logging.getLogger("again").info("printed %s", self, extra={"value": self})
        return "LogsAgain"


class ChangesContext:
    """Changes what is in force whenever it is printed."""

    def __init__(self, how: str) -> None:
        self._how = how

    def __repr__(self) -> str:
        if self._how == "bind":
            bind_context(request_id="changed")
        elif self._how == "attach":
            otel_context.attach(otel_context.Context())
        else:
            logging.getLogger("again").setLevel(logging.INFO)
        return "ChangesContext"


class MutatesItsOwner:
    """Adds to the dict or list that it is in, whenever it is printed."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __repr__(self) -> str:
        if isinstance(self._owner, dict):
            self._owner[f"new{len(self._owner)}"] = self
        else:
            self._owner.append(self)
        return "MutatesItsOwner"
