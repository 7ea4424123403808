"""Arguments whose own code fails: an error in strict mode, else a warning and the default, nothing else."""

from __future__ import annotations

import os
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Final, NoReturn

import pytest

from ameide_telemetry.exceptions import SettingsError
from ameide_telemetry.settings import OtlpSettings, TelemetrySettings, TraceSettings, codes
from ameide_telemetry.settings.foreign import Foreign, plain
from ameide_telemetry.settings.secrets import PseudonymKey
from ameide_telemetry.settings.signals import SIGNALS
from ameide_telemetry.settings.table import SETTINGS

_ARGUMENTS: Final = [
    *(each.name for each in SETTINGS if "." not in each.name),
    *SIGNALS,
    "resource",
    "settings",
]


def _fail(*_: object, **__: object) -> NoReturn:
    raise ZeroDivisionError("sesame")


_METHODS: Final = (
    *(
        "__repr__",
        "__str__",
        "__eq__",
        "__ne__",
        "__hash__",
        "__bool__",
        "__iter__",
        "__len__",
        "__getitem__",
    ),
    *(
        "__contains__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__format__",
        "__float__",
        "__int__",
        "__index__",
    ),
    *(
        "strip",
        "lower",
        "items",
        "keys",
        "partition",
        "split",
        "encode",
        "__fspath__",
        "__add__",
        "__getattr__",
    ),
)
_HOSTILE: Final[dict[str, Any]] = dict.fromkeys(_METHODS, _fail)
_NO_CLASS: Final = {**_HOSTILE, "__class__": property(_fail)}
_Anything: Any = type("Anything", (), _HOSTILE)
_NoClass: Any = type("NoClass", (), _NO_CLASS)
_Text: Any = type("Text", (str,), {**_HOSTILE, "__hash__": str.__hash__})
_Number: Any = type("Number", (int,), _HOSTILE)
_Real: Any = type("Real", (float,), _HOSTILE)
_Pairs: Any = type("Pairs", (dict,), _HOSTILE)
_List: Any = type("List", (list,), _HOSTILE)
_Tuple: Any = type("Tuple", (tuple,), _HOSTILE)
_Paths: Any = type("Paths", (os.PathLike,), {"__fspath__": _fail})
_Lookup: Any = type("Lookup", (Mapping,), dict.fromkeys(("__getitem__", "__iter__", "__len__"), _fail))
_OBJECTS: Final[dict[str, Any]] = {
    "object": _Anything(),
    "without a class": _NoClass(),
    "text": _Text(" \n"),
    "number": _Number(-5),
    "real": _Real("nan"),
    "dictionary": _Pairs({"a": _NoClass()}),
    "list": _List([_Anything()]),
    "tuple": (_Anything(),),
    "tuple of its own": _Tuple([_NoClass()]),
    "pairs": ((_Anything(), _NoClass()),),
    "set": {_Text("a b\n")},
    "path": _Paths(),
    "mapping": _Lookup(),
    "deep": [[[[[[[[[[[[]]]]]]]]]]]],
    "huge": 10**5000,
    "bytes": b"sesame",
    "type": _Anything,
    "record": TraceSettings(sampler=_NoClass(), otlp=_Anything(), max_queue_size=_Number(-5)),
    "record in a record": TraceSettings(otlp=OtlpSettings(_NoClass(), headers=_Anything())),
    "settings": TelemetrySettings(service=_NoClass(), propagators=(_Anything(),), pseudonym_key=_NoClass()),
    "key": PseudonymKey(_NoClass(), _Anything()),
}


@pytest.mark.parametrize("kind", _OBJECTS)
def test_hostile_objects_are_refused_and_nothing_else(kind: str) -> None:
    """Given to each argument in turn: strict raises our own error or accepts, lenient gives settings."""
    value = _OBJECTS[kind]
    for name in _ARGUMENTS:
        if name != "strict":
            _check({name: value})
    for signal in SIGNALS:
        for option in ("sampler", "exporter", "otlp", "endpoint", "headers", "limits", "level", "interval"):
            _check({signal: {option: value}})
            _check({signal: {"otlp": {option: value}}})
    _check({"resource": {"a": value, "service.name": value}})


def _check(arguments: dict[str, object]) -> None:
    lenient = TelemetrySettings.resolve({"strict": False, **arguments}, {})
    assert "sesame" not in f"{lenient!r}{lenient.warnings}{lenient.as_status()}"
    hash(lenient)
    problems = [each for each in lenient.warnings if each.code not in codes.NEVER_RAISED]
    if not problems:
        TelemetrySettings.resolve({"strict": True, **arguments}, {})
        return
    with pytest.raises(SettingsError) as caught:
        TelemetrySettings.resolve({"strict": True, **arguments}, {})
    assert "sesame" not in str(caught.value)


def test_a_hostile_strict_is_refused() -> None:
    """The switch itself may be hostile: its default holds."""
    for value in _OBJECTS.values():
        settings = TelemetrySettings.resolve({"strict": value}, {})
        assert not settings.strict
        assert len(settings.warnings) == 1


def test_what_is_told_of_a_foreign_object_is_its_type() -> None:
    """The finding names the type, for who looks for the mistake."""
    (finding,) = TelemetrySettings.resolve({"service": _NoClass(), "strict": False}, {}).warnings
    assert finding.message == "a value of type NoClass is not accepted; ignored"


class _Level(IntEnum):
    INFO = 20


class _Environment(StrEnum):
    TEST = "test"


class _Counting(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return {"max_queue_size": 600}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["max_queue_size"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "mapping", [OrderedDict, UserDict, ChainMap, MappingProxyType, lambda _: _Counting()]
)
def test_well_behaved_objects_are_taken(mapping: Any) -> None:
    """Mappings of all kinds, enumerations and paths mean what they hold."""
    arguments = {
        "environment": _Environment.TEST,
        "logs": {"level": _Level.INFO},
        "traces": mapping({"max_queue_size": 600}),
    }
    settings = TelemetrySettings.resolve({"strict": True, **arguments}, {})
    assert (settings.environment, type(settings.environment)) == ("test", str)
    assert (settings.logs.level, type(settings.logs.level)) == (20, int)
    assert settings.traces.max_queue_size == 600


def test_copies_are_of_the_built_in_types() -> None:
    """A copy is made by the built-in types' own code, and what is of none of them is set apart."""
    copied: Any = plain({_Text("a"): [_Number(1), (_Real(2.5),), {_Text("b")}], (1,): None}, ())
    assert list(copied)[:1] == ["a"]
    assert copied["a"] == [1, (2.5,), {"b"}]
    assert [type(each) for each in (copied["a"][0], copied["a"][1][0])] == [int, float]
    assert [type(each) for each in copied] == [str, Foreign]
