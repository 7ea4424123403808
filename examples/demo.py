"""The demo: one order across three real services, watched by the embedded receiver.

`python3 dev demo` runs it; what it is made of stands in `demonstration/`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("ameide_telemetry", "fastapi", "flask", "gunicorn", "httpx2", "jsonschema", "uvicorn")

if __name__ == "__main__":
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.exit(f"demo: not installed here: {', '.join(missing)}\n  run it as: python3 dev demo")
    from demonstration.play import main

    sys.exit(main())
