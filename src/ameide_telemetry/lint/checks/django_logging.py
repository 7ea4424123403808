"""What Django's settings say of logging: `LOGGING`, which `django.setup()` gives to `dictConfig`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.source import Parsed

__all__ = ["django_logging"]

_SETTING: Final = "LOGGING"
# With None for this one Django configures nothing.
_SWITCH: Final = "LOGGING_CONFIG"
# A module of Django's settings has this one, or has it from another by a star.
_SIGN: Final = "INSTALLED_APPS"
# Where lines go, and what they look like; levels alone say neither.
_OWN: Final = frozenset({"handlers", "formatters"})
# Which settings are used is said by a variable; those of such names are not meant for a deployment.
_AT_A_DESK: Final = re.compile(r"(?:settings_)?(?:local|dev|development|debug|tests?|ci)(?:_settings)?")


def django_logging(file: Parsed, scene: Scene) -> ast.Assign | ast.AnnAssign | None:
    """Return the assignment by which Django gives the lines of a service another form or place.

    Args:
        file: the file; only settings that an entrypoint uses count, not those of tests or for a desk.
        scene: the tree around it.

    Returns:
        The last assignment to `LOGGING` of the module's body; None if it has none, if it sets levels only, or
        where `LOGGING_CONFIG = None` keeps Django from it.
    """
    if file.path not in scene.served or _AT_A_DESK.fullmatch(file.path.stem):
        return None
    found: dict[str, ast.Assign | ast.AnnAssign] = {}
    for node in file.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({each.id: node for each in targets if isinstance(each, ast.Name)})
    given, switch = found.get(_SETTING), found.get(_SWITCH)
    if given is None or given.value is None or not (_SIGN in found or _takes_all(file.tree)):
        return None
    off = switch is not None and isinstance(switch.value, ast.Constant) and switch.value.value is None
    return None if off or _sets_levels_only(given.value) else given


def _takes_all(tree: ast.Module) -> bool:
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return any(node.names[0].name == "*" for node in imports)


def _sets_levels_only(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None
    if not isinstance(value, ast.Dict):
        return False
    keys = {each.value if isinstance(each, ast.Constant) else None for each in value.keys}
    return None not in keys and not keys & _OWN
