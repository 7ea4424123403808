"""TEL304: an id of a tenant, request, session, trace or user is an attribute of a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.fields import denied_on_metrics
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.checks.mappings import entries
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_RECORDING: Final = {
    "create_counter": "add",
    "create_up_down_counter": "add",
    "create_histogram": "record",
    "create_gauge": "set",
}
_TYPES: Final = {
    **{f"opentelemetry.metrics.{kind}()": "add" for kind in ("Counter", "UpDownCounter")},
    "opentelemetry.metrics.Histogram()": "record",
    "opentelemetry.metrics.Gauge()": "set",
    "opentelemetry.metrics._Gauge()": "set",
}
# Of an instrument that another module of the tree makes.
_NAMED: Final = ("counter", "histogram", "gauge", "_total")
_OBSERVATIONS: Final = frozenset({"opentelemetry.metrics.Observation"})


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for use in names.uses:
        if not _records(use.name) or not runs(use.call.scope, use.call.block):
            continue
        attributes = entries(argument(use.node, "attributes", 1), names, use.call)
        for node, key, _ in attributes:
            if not denied_on_metrics(key):
                continue
            message = f"`{key}` as an attribute makes a time series of each of its values"
            hint = f"take `{key}` out; it is on the lines and spans of the same request, exemplars lead there"
            yield problem("TEL304", file, node, message, hint, scope=use.call.scope)


def _records(name: str) -> bool:
    base, _, method = name.rpartition(".")
    if method not in {"add", "record", "set"}:
        return name in _OBSERVATIONS
    if _TYPES.get(base) == method:
        return True
    made = base.removesuffix("()").rpartition(".")[2]
    if base.endswith("()"):
        return _RECORDING.get(made) == method
    return base.lower().endswith(_NAMED) and not base.startswith("::")


CHECK: Final = FileCheck("TEL304", _look, (b".add(", b".record(", b".set(", b"Observation"), served_only=True)
