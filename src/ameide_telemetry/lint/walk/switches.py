"""The documented off-switch, and what is made of it: what that is while nobody has set the variable."""

from __future__ import annotations

import ast
import json
import operator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.truth import truth
from ameide_telemetry.lint.walk.values import NONE, UNKNOWN, Constant, External, Group, Setting, Table, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.values import Arguments

__all__ = [
    "CONVERSIONS",
    "SWITCH",
    "chosen",
    "compared",
    "converted",
    "derived",
    "folded",
    "is_read",
    "matched",
    "may_be_none",
    "negated",
    "of_method",
    "one_of",
    "read",
    "returned",
    "updated",
    "usual",
    "way",
    "written",
]

SWITCH: Final = "OTEL_SDK_DISABLED"
"""The only variable that may decide whether the bootstrap is called: with it, off is documented."""
_ENVIRONMENT: Final = "os.environ"
_NOT_KNOWN: Final = object()
_FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
_TRUE: Final = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE: Final = frozenset({"n", "no", "f", "false", "off", "0"})
_METHODS: Final = frozenset(
    {
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "isalpha",
        "isdecimal",
        "isdigit",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    }
)
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[..., object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: lambda one, other: one == other and type(one) is type(other),
    ast.IsNot: lambda one, other: one != other or type(one) is not type(other),
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def usual(value: Value) -> bool | None:
    """Return what a test says while the switch is not set; None if that says nothing of it."""
    known = value.unset if isinstance(value, Setting) and value.name == SWITCH else None
    return None if known is None else truth(known)


def may_be_none(value: Value) -> bool:
    """Return whether something is what the environment has of a variable that need not be set."""
    return isinstance(value, Setting) and isinstance(value.unset, Constant) and value.unset.value is None


def read(machine: Machine, name: str, default: Value | None) -> Value:
    """Return what asking the environment for a variable gives; a default may ask for another one."""
    if name != SWITCH:
        return Setting(name, default or NONE)
    found = machine.switch or default or NONE
    if isinstance(found, Setting):
        return found
    return Setting(name, found if _plain(found) is not _NOT_KNOWN else None)


def updated(machine: Machine, given: Arguments, *, sure: bool) -> None:
    """Note what `os.environ.update(...)` sets; what a file brings is for those to say who deploy it."""
    first = given.get(0)
    for items in (first.items if isinstance(first, Table) else {}, given.names):
        value = items.get(SWITCH)
        if value is not None:
            written(machine, SWITCH, value, sure=sure)


def written(machine: Machine, name: str, value: Value, *, sure: bool) -> None:
    """Note that the source itself sets a variable."""
    if name == SWITCH:
        known = sure and isinstance(value, Constant)
        machine.switch = value if known else Setting(name)
        machine.writes += 1


def is_read(values: Sequence[Value]) -> bool:
    """Return whether a comparison asks if the environment has the switch."""
    first, last = values[0], values[-1]
    inside = isinstance(last, External) and last.name == _ENVIRONMENT
    return inside and isinstance(first, Constant) and first.value == SWITCH


def derived(values: Sequence[Value], act: Callable[..., object]) -> Value:
    """Return what is made of values that depend on variables, and on nothing else that is not known."""
    others = [each for each in values if isinstance(each, Setting) and each.name != SWITCH]
    if others:
        return Setting(others[0].name)
    plain = [_plain(each) for each in values]
    if any(each is _NOT_KNOWN for each in plain):
        return Setting(SWITCH)
    try:
        return Setting(SWITCH, _value(act(*plain)))
    except _FAILURES:
        return Setting(SWITCH)


def compared(node: ast.Compare, values: Sequence[Value]) -> Value:
    """Compare what depends on variables with each other and with what stands in the source."""
    if is_read(values):
        asked = isinstance(node.ops[0], ast.NotIn)
        return Setting(SWITCH, Constant(asked)) if len(node.ops) == 1 else UNKNOWN
    if not all(isinstance(each, (Constant, Setting, Group, Table)) for each in values):
        return UNKNOWN
    acts = [_COMPARISONS[type(each)] for each in node.ops]

    def act(*plain: object) -> object:
        return all(each(*pair) for each, pair in zip(acts, pairwise(plain), strict=True))

    return derived(values, act)


def negated(value: Setting) -> Value:
    """Return the value of `not value`."""
    return derived([value], operator.not_)


def one_of(values: Sequence[Value], *, stops: bool) -> Value | None:
    """Return the value of `a and b` or `a or b`; None if it depends on more than variables."""
    settings = [each for each in values if isinstance(each, Setting)]
    others = [each for each in settings if each.name != SWITCH]
    for each in values:
        plain = _plain(each)
        if plain is _NOT_KNOWN:
            return others[0] if others and len(settings) == len(values) else None
        if bool(plain) is stops or each is values[-1]:
            # What follows is not asked while the switch is not set, whatever it is.
            return Setting(SWITCH, _value(plain)) if len(settings) > len(others) else None
    return None


def chosen(taken: Value, values: Sequence[Value]) -> Value | None:
    """Return what is one of several values, where the switch alone says which one it is."""
    if _plain(taken) is _NOT_KNOWN or not all(map(_is_plain, values)):
        return None
    return taken if isinstance(taken, Setting) else Setting(SWITCH, taken)


def way(conditions: Sequence[Condition]) -> bool | None:
    """Return whether something is reached while the switch is not set; None if that depends."""
    ways = {each.usual for each in conditions}
    return False if False in ways else None if None in ways else True


def returned(values: Sequence[Value], ways: Sequence[bool | None]) -> Value | None:
    """Return what a function gives, where the switch says which of several values that is."""
    kept = [value for value, each in zip(values, ways, strict=True) if each is not False]
    same = kept and all(_plain(each) == _plain(kept[0]) for each in kept)
    told = len(kept) < len(values) or any(isinstance(each, Setting) for each in kept)
    return chosen(kept[0], values) if same and told else None


def of_method(value: Setting, name: str, given: Sequence[Value]) -> Value | None:
    """Return what a method of the text of a variable gives; None if it is none that is known."""
    if name not in _METHODS:
        return value if name == "get" else None
    return derived([value, *given], lambda text, *rest: getattr(text, name)(*rest))


def folded(value: Constant, name: str, given: Sequence[Value]) -> Value | None:
    """Return what a method of a text of the source gives; None if that is not known."""
    plain = [_plain(each) for each in given]
    if not isinstance(value.value, str) or name not in _METHODS or any(each is _NOT_KNOWN for each in plain):
        return None
    try:
        return _value(getattr(value.value, name)(*plain))
    except _FAILURES:
        return None


def converted(name: str, value: Value) -> Value | None:
    """Return what a function makes of a variable; None if that is none, or the function is not known."""
    act = CONVERSIONS.get(name)
    return derived([value], act) if act and isinstance(value, Setting) else None


def matched(subject: Value, cases: Sequence[ast.match_case]) -> int | None:
    """Return the place of the case that is taken, while the switch is not set; None if that is not known."""
    value = _plain(subject)
    if value is _NOT_KNOWN:
        return None
    for place, case in enumerate(cases):
        answer = _fits(case.pattern, value)
        if answer is None or (answer and case.guard):
            return None
        if answer:
            return place
    return len(cases)


def _fits(pattern: ast.pattern, value: object) -> bool | None:
    if isinstance(pattern, ast.MatchAs):
        return _fits(pattern.pattern, value) if pattern.pattern else True
    if isinstance(pattern, ast.MatchOr):
        answers = [_fits(each, value) for each in pattern.patterns]
        return None if None in answers else any(answers)
    if isinstance(pattern, ast.MatchSingleton):
        return pattern.value is value
    known = isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant)
    return value == pattern.value.value if known else None  # type: ignore[attr-defined]


def _plain(value: Value | None) -> object:
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Setting):
        return _plain(value.unset) if value.name == SWITCH else _NOT_KNOWN
    if isinstance(value, Table) and not value.open:
        return dict.fromkeys(value.items)
    if isinstance(value, Group):
        items = [_plain(each) for each in value.items]
        return _NOT_KNOWN if any(each is _NOT_KNOWN for each in items) else tuple(items)
    return _NOT_KNOWN


def _is_plain(value: Value) -> bool:
    return isinstance(value, (Constant, Setting)) or value is UNKNOWN


def _value(plain: object) -> Value:
    return Group(tuple(map(_value, plain))) if isinstance(plain, (list, tuple)) else Constant(plain)


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


CONVERSIONS: Final[Mapping[str, Callable[..., object]]] = {
    "builtins.bool": bool,
    "builtins.int": int,
    "builtins.str": str,
    "builtins.len": len,
    "json.loads": json.loads,
    "ast.literal_eval": ast.literal_eval,
    "yaml.safe_load": json.loads,
    "distutils.util.strtobool": _boolean,
    "setuptools._distutils.util.strtobool": _boolean,
    "strtobool.strtobool": _boolean,
    "str2bool.str2bool": _boolean,
}
"""Dotted name -> what a call of it makes of a text."""
