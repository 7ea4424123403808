"""One process's values, from arguments and the environment. The only reader of the environment.

records      what one signal is told
model        all of it, with the origin of each value
table        every setting: name, variables, form, default, meaning (`rows`, `signals` are its parts)
forms        what a value may look like (`addresses`: endpoints, headers, files, plug-ins)
hosts        lists of hosts
privacy      what is redacted, and the key of pseudonyms (`linear`: patterns, `notation`: their parts as text)
foreign      arguments as plain data
hidden       variables that OpenTelemetry stumbles over by itself
honoured     what becomes of the `OTEL_*` variables that are not in the table
resolve      first source that speaks wins (`arguments`, `attributes`, `resolution`, `agreements`)
spelling     near misses
secrets      what is never shown
codes        of the findings made here
reference    the page `docs/reference/settings.md`
"""

from ameide_telemetry.settings.attributes import AttributeValue
from ameide_telemetry.settings.model import TelemetrySettings, Trust
from ameide_telemetry.settings.records import (
    LogLimits,
    LogSettings,
    MetricSettings,
    OtlpSettings,
    SpanLimits,
    TraceSettings,
)

__all__ = [
    "AttributeValue",
    "LogLimits",
    "LogSettings",
    "MetricSettings",
    "OtlpSettings",
    "SpanLimits",
    "TelemetrySettings",
    "TraceSettings",
    "Trust",
]
