"""All questions, one after the other: `python benchmarks`."""

from __future__ import annotations

import log_check
import log_line
import plugin
import redaction
import request
import startup

for part in (log_line, request, startup, redaction, plugin, log_check):
    part.main()
