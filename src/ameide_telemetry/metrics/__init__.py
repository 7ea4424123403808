"""Metrics: one meter provider per process, its bounds, and the pipeline that collects and sends.

provider     the process-wide provider; install, adopt, undo
bounds       denied attributes, the cardinality cap, values that OTLP cannot carry
pipeline     collect on an interval and on flush, then send
runtime      process and interpreter metrics, on request
"""

from ameide_telemetry.metrics.pipeline import MetricPipeline
from ameide_telemetry.metrics.provider import Metrics, install

__all__ = ["MetricPipeline", "Metrics", "install"]
