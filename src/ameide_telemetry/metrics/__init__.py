"""Metrics: one meter provider per process, its bounds, and the pipeline that collects and sends.

provider     the process-wide provider; install, adopt, undo
meter        meters whose instruments never raise and mean one thing each
definitions  what an instrument is, and what becomes of two that contradict each other
instruments  the synchronous instruments that the service holds
callbacks    the callbacks of the observable ones, each within its budget
consumer     where all of them report
values       numbers and attributes made plain
bounds       denied attributes, the cardinality cap
points       sums that outgrew 64 bits
pipeline     collect on an interval and on flush, then send
runtime      process and interpreter metrics, on request
"""

from ameide_telemetry.metrics.pipeline import MetricPipeline
from ameide_telemetry.metrics.provider import Metrics, install

__all__ = ["MetricPipeline", "Metrics", "install"]
