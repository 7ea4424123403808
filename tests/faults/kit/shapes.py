"""Bad containers, keys and objects of the corpus, by id; each with the reason why it is there."""

from __future__ import annotations

import array
import asyncio
import collections
import dataclasses
import enum
import io
import logging
import pathlib
import re
import socket
import sys
import threading
import time
import types
import uuid
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from faults.kit.hostile import (
    HOOKS,
    RAISED,
    ChangesContext,
    EvilDict,
    EvilInt,
    EvilList,
    EvilMapping,
    EvilMeta,
    EvilStr,
    HugeText,
    LogsAgain,
    MutatesItsOwner,
    NotText,
    Recursive,
    hostile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTAINERS", "HOSTILE", "KEYS", "OBJECTS"]

Table = dict[str, tuple[str, "Callable[[], Any]"]]


def _deep(levels: int, *, of: type = list) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = {"k": value} if of is dict else (value,) if of is tuple else [value]
    return value


def _cycle(*, of: type = list) -> Any:
    value: Any = {} if of is dict else []
    if of is dict:
        value["self"] = value
    else:
        value.append(value)
    return value


def _mutual() -> Any:
    first: dict[str, Any] = {}
    second = [first]
    first["second"] = second
    return first


def _shared(levels: int, *, of: type = list) -> Any:
    value: Any = ["x"]
    for _ in range(levels):
        value = {"a": value, "b": value} if of is dict else [value, value]
    return value


def _owned(owner: Any) -> Any:
    if isinstance(owner, dict):
        owner["self"] = MutatesItsOwner(owner)
    else:
        owner.append(MutatesItsOwner(owner))
    return owner


def _view(of: str) -> Any:
    return getattr({"a": 1}, of)()


def _endless() -> Any:
    while True:
        yield 1


def _raises_later() -> Any:
    yield 1
    raise RuntimeError("later")


@dataclasses.dataclass
class Node:
    """A dataclass that may refer to itself."""

    name: str
    next: Any = None


def _linked(length: int) -> Node:
    node = Node("last")
    for number in range(length):
        node = Node(str(number), node)
    return node


def _self_node() -> Node:
    node = Node("self")
    node.next = node
    return node


class Colour(enum.Enum):
    """An enum with a bad value."""

    BAD = float("nan")
    LIST = [1, [2]]  # noqa: RUF012 a bad value is the point


class Number(enum.IntEnum):
    """An enum that is a number."""

    BIG = 2**70


class Text(enum.StrEnum):
    """An enum that is a text."""

    LONE = "\ud800"


Point = collections.namedtuple("Point", ["x", "y"])  # noqa: PYI024 the untyped kind is what is meant

CONTAINERS: Table = {
    "list-empty": ("nothing in it", list),
    "dict-empty": ("nothing in it", dict),
    **{
        f"deep-list-{n}": ("deeper than a stack", partial(_deep, n))
        for n in (10, 100, 1_000, 10_000, 100_000)
    },
    **{f"deep-dict-{n}": ("deeper than a stack", partial(_deep, n, of=dict)) for n in (10, 1_000, 100_000)},
    "deep-tuple-1000": ("deeper than a stack", lambda: _deep(1_000, of=tuple)),
    "wide-list": ("a million items", lambda: list(range(1_000_000))),
    "wide-texts": ("a thousand long texts", lambda: ["x" * 10_000] * 1_000),
    "wide-dict": ("a hundred thousand keys", lambda: dict.fromkeys(map(str, range(100_000)), 1)),
    "wide-set": ("a hundred thousand members", lambda: set(range(100_000))),
    "wide-deque": ("a hundred thousand items", lambda: collections.deque(range(100_000))),
    "wide-array": ("a million numbers", lambda: array.array("q", bytes(8_000_000))),
    "wide-range": ("an endless range", lambda: range(10**12)),
    "cycle-list": ("holds itself", _cycle),
    "cycle-dict": ("holds itself", lambda: _cycle(of=dict)),
    "cycle-mutual": ("two that hold each other", _mutual),
    "shared-list-30": ("a billion nodes when it is written out", lambda: _shared(30)),
    "shared-dict-30": ("a billion nodes when it is written out", lambda: _shared(30, of=dict)),
    "shared-list-200": ("more nodes than atoms", lambda: _shared(200)),
    "mutates-dict": ("changes while it is looked at", lambda: _owned({})),
    "mutates-list": ("grows while it is looked at", lambda: _owned([])),
    "frozenset-nested": ("a set of sets", lambda: frozenset({frozenset({1}), frozenset()})),
    "namedtuple": ("a tuple with names", lambda: Point(1, float("nan"))),
    "ordered-dict": ("a dict of another class", lambda: collections.OrderedDict(a=1)),
    "default-dict": ("makes keys when it is asked", lambda: collections.defaultdict(list, a=1)),
    "counter": ("a dict of counts", lambda: collections.Counter("abc")),
    "chain-map": ("a mapping of mappings", lambda: collections.ChainMap({"a": 1}, {"b": 2})),
    "mapping-proxy": ("a mapping that is no dict", lambda: types.MappingProxyType({"a": 1})),
    "user-dict": ("a mapping in Python", lambda: collections.UserDict(a=1)),
    "user-list": ("a list in Python", lambda: collections.UserList([1])),
    "user-string": ("a text in Python", lambda: collections.UserString("\ud800")),
    "dict-keys": ("a view", lambda: _view("keys")),
    "dict-values": ("a view", lambda: _view("values")),
    "generator": ("can be read once", lambda: (each for each in [1, 2])),
    "generator-endless": ("never ends", _endless),
    "generator-raises": ("fails on the way", _raises_later),
    "list-of-bad": ("one bad item among good ones", lambda: [1, hostile("__repr__", "__str__"), 2]),
    "dict-of-bad": ("one bad value among good ones", lambda: {"a": 1, "b": hostile("__repr__"), "c": 2}),
    "list-of-surrogates": ("texts that UTF-8 cannot hold", lambda: ["\ud800"] * 10),
    "list-of-big-ints": ("numbers that 64 bits cannot hold", lambda: [2**64, 10**5000]),
    "list-of-nan": ("numbers that JSON lacks", lambda: [float("nan"), float("inf")]),
    "list-mixed": ("types that OTLP does not mix", lambda: [1, "a", None, 2.5, b"x", [True]]),
    "list-of-bytes": ("bytes inside", lambda: [b"\xff", bytearray(b"a")]),
    "dict-of-reserved": ("reserved names inside", lambda: {"level": "x", "service": "y", "tenant_id": "z"}),
}

KEYS: Table = {
    "key-none": ("no text", lambda: {None: 1}),
    "key-int": ("no text", lambda: {1: 1}),
    "key-twice": ("two keys with one text", lambda: {1: "int", "1": "text", 1.5: "f", "1.5": "t"}),
    "key-bool": ("no text", lambda: {True: 1, "True": 2}),
    "key-nan": ("unequal to itself", lambda: {float("nan"): 1, float("nan") * 1: 2}),
    "key-tuple": ("no text", lambda: {(1, 2): 1}),
    "key-bytes": ("no text", lambda: {b"\xff": 1}),
    "key-frozenset": ("no text", lambda: {frozenset({1}): 1}),
    "key-class": ("no text", lambda: {int: 1}),
    "key-empty": ("an empty name", lambda: {"": 1}),
    "key-space": ("a blank name", lambda: {" ": 1}),
    "key-10k": ("ten thousand characters", lambda: {"k" * 10_000: 1}),
    "keys-same-start": ("equal once they are cut", lambda: {"k" * 300 + "a": 1, "k" * 300 + "b": 2}),
    "key-surrogate": ("no UTF-8 for it", lambda: {"\ud800": 1}),
    "keys-surrogates": (
        "equal once they are repaired",
        lambda: dict(zip("\ud800\udfff\ufffd", range(3), strict=True)),
    ),
    "key-newline": ("ends the line", lambda: {"a\nb": 1}),
    "key-quote": ("ends the key", lambda: {'a":1,"level': 1}),
    "key-nul": ("a control character", lambda: {"a\x00b": 1}),
    "key-bidi": ("turns the text around it", lambda: {"\u202eevil": 1}),
    "key-del": ("a control character", lambda: {"\x7f": 1}),
    "key-dotted": ("looks like a path", lambda: {"a.b.c": 1, "a": {"b": 2}}),
    "key-proto": ("means something to JavaScript", lambda: {"__proto__": 1, "constructor": 2}),
    "key-private": ("is private", lambda: {"_private": 1}),
    "key-reserved": ("is ours", lambda: {"level": "FAKE", "service": "other", "trace_id": "SPOOF"}),
    "key-reserved-case": ("is ours in other letters", lambda: {"Level": 1, "SERVICE": 2, "Trace_Id": 3}),
    "key-reserved-space": ("looks as ours", lambda: {"level ": 1, " service": 2, "tenant_id\u200b": 3}),
    "key-reserved-evil": ("is ours and denies it", lambda: {EvilStr("level"): "FAKE", EvilStr("service"): 1}),
    "key-structlog": (
        "means something to structlog",
        lambda: {"event": 1, "stack": "x", "_level_number": 50},
    ),
    "key-python": ("means something to Python", lambda: {"self": 1, "cls": 2, "class": 3}),
    "key-hash-raises": ("fails later", lambda: {_ChangesHash(): 1}),
    "key-str-raises": ("cannot be printed", lambda: {hostile("__repr__", "__str__"): 1}),
    "key-str-exits": ("ends the process", lambda: {hostile("__str__", error=SystemExit): 1}),
    "key-huge": ("fifty megabytes of name", lambda: {HugeText(50_000_000): 1}),
    "keys-many-long": ("names fill the line", lambda: {f"{n}{'k' * 250}": n for n in range(200)}),
}


class _ChangesHash:
    """Can be hashed once."""

    def __init__(self) -> None:
        self._times = 0

    def __hash__(self) -> int:
        self._times += 1
        if self._times > 1:
            raise RuntimeError("hash")
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")


def _code() -> types.CodeType:
    return _code.__code__


async def _coroutine() -> None:
    await asyncio.sleep(0)


def _closed_coroutine() -> Any:
    made = _coroutine()
    made.close()
    return made


def _closed_file() -> io.StringIO:
    file = io.StringIO()
    file.close()
    return file


def _closed_socket() -> socket.socket:
    made = socket.socket()
    made.close()
    return made


class _Slots:
    __slots__ = ("never_set",)


class _Descriptor:
    @property
    def value(self) -> None:
        raise RuntimeError("property")


OBJECTS: Table = {
    "object": ("says nothing of itself", object),
    "class": ("a class", lambda: Colour),
    "type": ("the class of classes", lambda: type),
    "module": ("a module", lambda: sys),
    "function": ("a function", lambda: _deep),
    "lambda": ("a function without a name", lambda: lambda: 1),
    "builtin": ("a function in C", lambda: len),
    "method": ("a bound method", lambda: [].append),
    "code": ("code", _code),
    "frame": ("a running frame", sys._getframe),
    "lock": ("a lock", threading.Lock),
    "thread": ("a thread", lambda: threading.Thread(name="\ud800")),
    "socket": ("a closed socket", _closed_socket),
    "file": ("a closed file", _closed_file),
    "coroutine": ("a coroutine that ran", _closed_coroutine),
    "event-loop-policy": ("a future without a loop", lambda: asyncio.Queue),
    "weakref": ("its referent is gone", lambda: weakref.ref(Node("gone"))),
    "weakproxy": ("its referent is gone", lambda: weakref.proxy(Node("gone"))),
    "uuid": ("an id", lambda: uuid.UUID(int=7)),
    "path": ("a path", lambda: pathlib.PurePosixPath("/a/\udcff")),
    "pattern": ("a pattern", lambda: re.compile("a\ud800")),
    "ellipsis": ("a constant", lambda: ...),
    "not-implemented": ("a constant that fails in `if`", lambda: NotImplemented),
    "log-record": ("a log record", lambda: logging.makeLogRecord({"msg": "%s", "args": ()})),
    "logger": ("a logger", lambda: logging.getLogger("again")),
    "enum": ("an enum whose value is bad", lambda: Colour.BAD),
    "enum-list": ("an enum whose value is a list", lambda: Colour.LIST),
    "enum-int": ("an enum that is a big number", lambda: Number.BIG),
    "enum-text": ("an enum that is a bad text", lambda: Text.LONE),
    "enum-class": ("all of an enum", lambda: Colour),
    "dataclass": ("a dataclass with a bad field", lambda: Node("\ud800", float("nan"))),
    "dataclass-chain": ("ten thousand dataclasses", lambda: _linked(10_000)),
    "dataclass-cycle": ("a dataclass that holds itself", _self_node),
    "dataclass-huge": ("a dataclass with a million items", lambda: Node("x", list(range(1_000_000)))),
    "dataclass-shared": ("a dataclass with a billion nodes", lambda: Node("x", _shared(30))),
    "namespace-shared": ("a bag with a billion nodes", lambda: types.SimpleNamespace(a=_shared(30))),
    "error-shared": ("an error about a billion nodes", lambda: ValueError(_shared(30))),
    "dataclass-lock": ("a dataclass that cannot be copied", lambda: Node("x", threading.Lock())),
    "dataclass-class": ("the class itself", lambda: Node),
    "slots": ("a slot without a value", _Slots),
    "property": ("a property that raises", _Descriptor),
    "namespace": ("a bag of values", lambda: types.SimpleNamespace(a=1, b="\ud800")),
    "traceback-frame": ("the globals of a module", lambda: {"globals": globals}),
}

HOSTILE: Table = {
    **{
        f"hostile{hook.strip('_').replace('_', '-')}-{name}".replace("hostile", "hostile-"): (
            f"{hook} raises {error.__name__}",
            partial(hostile, hook, error=error),
        )
        for hook in HOOKS
        for name, error in RAISED.items()
        if name == "error" or hook in {"__repr__", "__str__", "__class__", "__len__"}
    },
    "hostile-all": ("everything raises", lambda: hostile(*HOOKS[:8])),
    "hostile-all-exit": ("everything ends the process", lambda: hostile(*HOOKS[:8], error=SystemExit)),
    "hostile-cancelled": (
        "looks like a cancelled task",
        lambda: hostile("__str__", error=asyncio.CancelledError),
    ),
    "evil-str": ("a str that overrides everything", lambda: EvilStr("evil")),
    "evil-str-surrogate": ("a bad str that overrides everything", lambda: EvilStr("\ud800" * 10)),
    "evil-str-long": ("a long str that overrides everything", lambda: EvilStr("e" * 50_000)),
    "evil-int": ("an int that overrides everything", lambda: EvilInt(5)),
    "evil-int-big": ("a big int that overrides everything", lambda: EvilInt(2**80)),
    "evil-dict": ("a dict that overrides everything", lambda: EvilDict(a=1)),
    "evil-list": ("a list that overrides everything", lambda: EvilList([1])),
    "evil-mapping": ("a mapping that lies about its length", lambda: EvilMapping(endless=False)),
    "evil-mapping-endless": ("a mapping without an end", lambda: EvilMapping(endless=True)),
    "evil-class": ("a class that fails when it is looked at", lambda: EvilMeta("Evil", (), {})),
    "evil-instance": ("an object of such a class", EvilMeta("Evil", (), {})),
    "not-text-int": ("its text is a number", lambda: NotText(7)),
    "not-text-none": ("its text is nothing", lambda: NotText(None)),
    "not-text-bytes": ("its text is bytes", lambda: NotText(b"x")),
    "not-text-evil": ("its text is a hostile str", lambda: NotText(EvilStr("evil"))),
    "text-surrogate": ("its text is bad", lambda: NotText("\ud800")),
    "text-control": ("its text commands a terminal", lambda: NotText("\x1b[2J\x9b\u202e")),
    "recursive": ("printing it prints it", Recursive),
    "huge-text": ("its text has fifty megabytes", lambda: HugeText(50_000_000)),
    "huge-text-escaped": ("its text has megabytes of escapes", lambda: HugeText(5_000_000, "\x00\n")),
    "logs-again": ("logs itself when it is printed", LogsAgain),
    "logs-again-often": ("logs itself five times when it is printed", lambda: LogsAgain(5)),
    "changes-bound": ("binds when it is printed", lambda: ChangesContext("bind")),
    "changes-context": ("attaches a context when it is printed", lambda: ChangesContext("attach")),
    "changes-logging": ("configures logging when it is printed", lambda: ChangesContext("level")),
    "sleeps": ("takes its time", lambda: _Sleeps(0.05)),
}


class _Sleeps:
    """Takes as long as it takes: nothing can stop it. A short nap stands for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __repr__(self) -> str:
        time.sleep(self._seconds)
        return "awake"
