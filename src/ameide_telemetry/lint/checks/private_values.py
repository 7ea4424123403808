"""Values that are about a person, hold a secret, or are full of both: by the names that lead to them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.vocabulary import SECRET_CLASSES
from ameide_telemetry.lint.checks.counts import is_count
from ameide_telemetry.lint.checks.fields import private_class
from ameide_telemetry.lint.checks.interpolated_event import parts_of
from ameide_telemetry.lint.checks.making import argument
from ameide_telemetry.lint.checks.mappings import entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call

__all__ = ["told_of"]

_WHOLE: Final = {
    **dict.fromkeys(("request", "req", "http_request"), "request"),
    **dict.fromkeys(("headers", "request_headers"), "headers"),
    **dict.fromkeys(("user", "current_user", "customer"), "user"),
    **dict.fromkeys(("cookies", "request_cookies"), "cookies"),
    "environ": "environment",
}
# Of objects that are called `request`: what they hold as a whole.
_OF_REQUEST: Final = frozenset(
    {"form", "body", "json", "data", "values", "META", "POST", "GET", "environ", "args"}
)
_REQUESTS: Final = frozenset({"request", "req"})
_ALL_LOCALS: Final = frozenset({"builtins.locals", "builtins.vars", "builtins.globals"})
_AS_TEXT: Final = frozenset(
    {"builtins.str", "builtins.repr", "builtins.dict", "json.dumps", "dataclasses.asdict", "attrs.asdict"}
)
# Methods of a text that show all of it still.
_STILL_TEXT: Final = frozenset(
    {"lower", "upper", "casefold", "title", "capitalize", "strip", "lstrip", "rstrip", "encode", "decode"}
)
_GETS: Final = frozenset({"get", "pop"})
_DUMPS: Final = frozenset({"model_dump", "model_dump_json", "dict", "to_dict", "as_dict", "to_json"})
_CHOOSES: Final = frozenset({"include", "exclude"})
_FROM_ENVIRONMENT: Final = frozenset({"os.getenv", "os.environ.get", "os.environ.pop"})
_TYPES_OF_IDS: Final = frozenset({"builtins.str()", "builtins.int()", "uuid.UUID()"})
_NEVER_NUMBERS: Final = frozenset({"email", "token", "cookie", "name", "ip", "secret", "key"})
_DEEPEST: Final = 6


def told_of(key: str, value: ast.expr, names: Names, call: Call, depth: int = 0) -> str:
    """Return what is private in a value that is logged; empty if nothing is known to be.

    Args:
        key: of the field that it is given under; empty for none.
        value: what is given.
        names: of the file.
        call: where it is given.
        depth: how many values around it were opened.
    """
    if depth > _DEEPEST:
        return ""
    found = _by_key(key, value) or _by_name(value, names, call)
    if found and _is_number(key, value, names, call):
        return ""
    if found:
        return found
    return next(
        filter(None, (told_of(k, v, names, call, depth + 1) for k, v in _inner(value, names, call))), ""
    )


def _by_key(key: str, value: ast.expr) -> str:
    kind = private_class(key) if key else None
    if kind is None or isinstance(value, ast.Constant) or _is_question(value):
        return ""
    return _said(key, kind)


def _is_number(key: str, value: ast.expr, names: Names, call: Call) -> bool:
    """Return whether a value is a number, under names of which no number is private, such as `tokens`."""
    kinds = {private_class(each) for each in (key, _name(value)) if each} - {None}
    return kinds <= _NEVER_NUMBERS and is_count(value, names, call)


def _said(name: str, kind: str) -> str:
    what = f"a secret ({kind})" if kind in SECRET_CLASSES else f"data about a person ({kind})"
    return f"`{name}` is {what} by its name"


def _is_question(value: ast.expr) -> bool:
    """Return whether a value only says whether or how much there is, or was made unreadable before."""
    if isinstance(value, ast.Compare) or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)):
        return True
    # What a function makes of it may be a mask, a digest or a count.
    return isinstance(value, ast.Call)


def _inner(value: ast.expr, names: Names, call: Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the values that are shown as parts of a value, with their keys."""
    if isinstance(value, ast.Await | ast.NamedExpr):
        yield "", value.value
    elif isinstance(value, ast.IfExp):
        yield from (("", value.body), ("", value.orelse))
    elif isinstance(value, ast.BoolOp):
        # Of `a and b`, `a` is shown only where there is nothing in it.
        shown = value.values if isinstance(value.op, ast.Or) else value.values[-1:]
        yield from (("", each) for each in shown)
    elif isinstance(value, ast.List | ast.Tuple | ast.Set):
        yield from (("", each) for each in value.elts)
    elif isinstance(value, ast.Dict):
        yield from ((each.key, each.value) for each in entries(value, names, call))
    elif isinstance(value, ast.Call) and _is_still_shown(value, names, call):
        shown = value.args[:1] or ([value.func.value] if isinstance(value.func, ast.Attribute) else [])
        yield from (("", each) for each in shown)
    elif isinstance(value, ast.JoinedStr | ast.BinOp | ast.Call):
        for part in parts_of(value, names, call):
            if isinstance(part, ast.expr):
                yield "", part.value if isinstance(part, ast.FormattedValue) else part


def _is_still_shown(value: ast.Call, names: Names, call: Call) -> bool:
    if _AS_TEXT.intersection(names.named(value.func, call)):
        return len(value.args) == 1
    return isinstance(value.func, ast.Attribute) and value.func.attr in _STILL_TEXT and not value.args


def _by_name(value: ast.expr, names: Names, call: Call) -> str:
    if isinstance(value, ast.Call):
        return _of_call(value, names, call)
    if isinstance(value, ast.Subscript) and "os.environ" in names.named(value.value, call):
        return _of_environment(names.text(value.slice, call))
    name = _name(value)
    kind = private_class(name) if name and not name.isupper() else None
    if kind is not None:
        return _said(name, kind)
    if not isinstance(value, ast.Name | ast.Attribute):
        return ""
    whole = _WHOLE.get(name)
    if isinstance(value, ast.Attribute):
        holder = _name(value.value)
        if whole is None and name in _OF_REQUEST and holder in _REQUESTS:
            whole = "request"
        elif name == "__dict__":
            whole = _WHOLE.get(holder)
    return (
        f"the whole {whole} is logged, with whatever is in it"
        if whole and not _is_id(value, names, call)
        else ""
    )


def _of_call(value: ast.Call, names: Names, call: Call) -> str:
    called = names.named(value.func, call)
    if _ALL_LOCALS.intersection(called):
        return f"`{ast.unparse(value.func)}()` logs every variable, with whatever is in it"
    if _FROM_ENVIRONMENT.intersection(called):
        return _of_environment(names.text(argument(value, "key", 0), call))
    if "builtins.getattr" in called:
        return _of_text(names.text(argument(value, "name", 1), call))
    return _of_method(value, value.func, names, call) if isinstance(value.func, ast.Attribute) else ""


def _of_method(value: ast.Call, func: ast.Attribute, names: Names, call: Call) -> str:
    if func.attr in _GETS and value.args:
        return _of_text(names.text(value.args[0], call))
    if func.attr == "get_secret_value":
        return "`get_secret_value()` takes a secret out of what hides it"
    whole = _WHOLE.get(_name(func.value)) if func.attr in _DUMPS and not _chooses(value) else None
    if func.attr in _OF_REQUEST and _name(func.value) in _REQUESTS:
        whole = "request"
    return f"the whole {whole} is logged, with whatever is in it" if whole else ""


def _chooses(value: ast.Call) -> bool:
    return bool(value.args) or any(each.arg in _CHOOSES for each in value.keywords)


def _of_text(name: str | None) -> str:
    kind = private_class(name) if name and not name.isupper() else None
    return _said(name, kind) if name and kind is not None else ""


def _of_environment(name: str | None) -> str:
    # There all names are in capitals.
    kind = private_class(name.lower()) if name else None
    return _said(name, kind) if name and kind is not None else ""


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else ""
    return ""


def _is_id(value: ast.expr, names: Names, call: Call) -> bool:
    """Return whether a name was declared, or given, as a text or a number: then it is an id or a name."""
    return isinstance(value, ast.Name) and not _TYPES_OF_IDS.isdisjoint(names.named(value, call))
