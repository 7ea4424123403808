"""Values of which it is sure that they are the same in every line."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call

__all__ = ["is_constant"]

_LIBRARY: Final = frozenset(
    {
        *("math.pi", "math.e", "math.tau", "math.inf", "math.nan", "os.name", "os.sep", "os.linesep"),
        *("sys.platform", "sys.version", "sys.executable", "sys.maxsize", "sys.byteorder", "sys.prefix"),
        *("sys.implementation.name", "sys.implementation.cache_tag", "os.pathsep", "os.curdir", "os.devnull"),
        *("string.ascii_letters", "string.ascii_lowercase", "string.ascii_uppercase", "string.digits"),
        *("string.hexdigits", "string.punctuation", "string.printable", "string.whitespace"),
        *("tempfile.tempdir", "ssl.OPENSSL_VERSION", "sys.api_version", "sys.maxunicode"),
    }
)
_ENUMS: Final = frozenset(f"enum.{each}" for each in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))
_OF_MEMBERS: Final = frozenset({"name", "value"})


def is_constant(node: ast.expr, names: Names, call: Call) -> bool:
    """Return whether a value is the same in every line: a constant by its name, or by what it was given."""
    if isinstance(node, ast.FormattedValue):
        node = node.value
    last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if last.isupper() or (last.startswith("__") and last.endswith("__")) or isinstance(node, ast.Constant):
        return True
    if not _LIBRARY.isdisjoint(names.named(node, call)):
        return True
    if isinstance(node, ast.Name):
        given = names.value(node, call)
        return isinstance(given, ast.Constant) and isinstance(given.value, str)
    return isinstance(node, ast.Attribute) and _is_member(node, names, call)


def _is_member(node: ast.Attribute, names: Names, call: Call) -> bool:
    """Return whether an attribute is a member of an enumeration of the file, or of such a member."""
    member = node.value if node.attr in _OF_MEMBERS and isinstance(node.value, ast.Attribute) else node
    return _is_of_enum(node, names, call) or _is_of_enum(member, names, call)


def _is_of_enum(node: ast.Attribute, names: Names, call: Call) -> bool:
    for name in names.named(node.value, call):
        scope = names.layout.classes.get(name.removeprefix("::"))
        if scope is not None and node.attr in scope.bound and isinstance(scope.node, ast.ClassDef):
            bases = {each for base in scope.node.bases for each in names.named(base)}
            if not bases.isdisjoint(_ENUMS):
                return True
    return False
