"""Context variables as they were before a test.

pytest runs fixtures and test in one context, so what they set is there for the next test. Only the token that
`set` has returned can unset a variable, and only in that context; whoever set it has the token, if anybody.
So a variable that had no value gets its default again, which `get()` cannot tell from unset. One that has no
default either stays set: that is told.
"""

from __future__ import annotations

import os
import sys
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final

__all__ = ["name_in_service", "restore_variables"]

_NONE: Final = object()


def restore_variables(before: Context) -> list[ContextVar[Any]]:
    """Give every variable the value that it had; return those that cannot be unset.

    Args:
        before: a copy of the context as it was.
    """
    stuck = []
    now = copy_context()
    for variable, value in now.items():
        was = before[variable] if variable in before else _default(variable)
        if was is _NONE:
            stuck.append(variable)
        elif was is not value:
            variable.set(was)
    for variable, was in before.items():
        if variable not in now:
            variable.set(was)
    return stuck


def name_in_service(variable: ContextVar[Any], root: str) -> str:
    """Return `module.name` of a variable that a module of the service holds; empty for one of a library.

    Args:
        variable: any.
        root: the folder of the project.
    """
    for name, module in tuple(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.startswith(root + os.sep) or "site-packages" in path:
            continue
        for key, value in tuple(vars(module).items()):
            if value is variable:
                return f"{name}.{key}"
    return ""


def _default(variable: ContextVar[Any]) -> Any:
    try:
        return Context().run(variable.get)
    except LookupError:
        return _NONE
