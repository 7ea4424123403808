"""OTLP pipelines: one worker thread per signal, one deadline for all of them, every record accounted for.

results      what a flush or a shutdown says
outage       one line when exporting starts to fail, one when it works again
quiet        exporting makes no spans and no exported log records
worker       the thread behind a pipeline: wake, flush, stop, fork
queue        a bounded queue of records (spans, log records)
together     all signals under one deadline
otlp         settings -> exporter, built on the worker thread
log_records  the SDK's logger provider, for lines that also leave over OTLP
"""

from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.results import FlushResult, SignalResult
from ameide_telemetry.export.together import flush_all, shutdown_all
from ameide_telemetry.export.worker import Pipeline

__all__ = ["FlushResult", "Pipeline", "QueuePipeline", "SignalResult", "flush_all", "shutdown_all"]
