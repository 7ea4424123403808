"""OTLP pipelines: one worker thread per signal, one deadline for all of them, every record accounted for.

destination  where a pipeline sends to, what sends, and what a sender answers
results      what a flush, a shutdown or a look at the status says
flushes      calls that wait until what was put before them is sent
outage       a line a minute at most while records are lost, one when that is over
quiet        exporting makes no spans and no exported log records
wake         waking a thread from anywhere, a signal handler included
thread       a worker thread: started when it is needed, replaced when it died
retries      when to try again, and when to give up
portions     a batch without the records that are to blame, or in halves
courier      brings a batch to its destination: attempts, pauses, smaller parts
worker       what a pipeline does on its thread: wake, flush, stop, fork
budget       how many bytes of memory the records of all signals may wait in
queue        a bounded queue of records (spans, log records)
together     all signals under one deadline
otlp         settings -> sender, built on the worker thread
grpc_forks   whether gRPC can be used in this process, a child of one that used it
log_records  the SDK's logger provider, for lines that also leave over OTLP
"""

from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.results import FlushResult, SignalResult
from ameide_telemetry.export.together import flush_all, shutdown_all
from ameide_telemetry.export.worker import Pipeline

__all__ = ["FlushResult", "Pipeline", "QueuePipeline", "SignalResult", "flush_all", "shutdown_all"]
