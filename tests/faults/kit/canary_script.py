"""A script that puts every canary into every sink, says how telemetry stands, and ends by an exception."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ameide_telemetry import init_telemetry
from faults.kit.canaries import described, one
from faults.kit.canary_sinks import prepare, sweep

__all__: list[str] = []


def _main() -> None:
    prepare()
    attributes = {each.name: each.value for each in described(os.environ["CANARY_SALT"])}
    telemetry = init_telemetry(resource=attributes)
    done = sweep()
    telemetry.force_flush(60)
    report = {"done": done, "status": telemetry.status(), "repr": f"{telemetry!r} {telemetry.settings!r}"}
    Path(os.environ["CANARY_REPORT"]).write_text(json.dumps(report))
    raise RuntimeError(one("password", f"{os.environ['CANARY_SALT']} end").text)


if __name__ == "__main__":
    _main()
