"""Whether gRPC was told not to prepare for forks, by the one variable that it reads for that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["survives_forks"]

_VARIABLE: Final = "GRPC_ENABLE_FORK_SUPPORT"
# What gRPC takes for false, in any case (absl::SimpleAtob). Whatever else it cannot read means the default,
# which is true; its own `is_fork_support_enabled` says false there (grpcio 1.85).
_FALSE: Final = frozenset({"0", "f", "false", "n", "no"})


def survives_forks(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether gRPC prepares for forks, which it does unless it is told not to.

    Args:
        environ: the environment, by default that of the process.
    """
    variables = os.environ if environ is None else environ
    return variables.get(_VARIABLE, "").strip().lower() not in _FALSE
