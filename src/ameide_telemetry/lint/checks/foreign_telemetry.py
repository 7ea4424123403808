"""TEL203: a second telemetry library is started beside the bootstrap."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.making import problem
from ameide_telemetry.lint.checks.mappings import keywords
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK", "FOREIGN", "loaded"]

FOREIGN: Final = frozenset(
    {
        *("logfire.configure", "logfire.Logfire.configure", "ddtrace.patch", "ddtrace.patch_all"),
        *("ddtrace.tracer.configure", "ddtrace.trace.tracer.configure", "newrelic.agent.initialize"),
        *("newrelic.agent.register_application", "elasticapm.Client", "elasticapm.base.Client"),
        *("elasticapm.contrib.starlette.make_apm_client", "elasticapm.contrib.flask.ElasticAPM"),
        *("elasticapm.instrument", "elasticapm.contrib.celery.register_instrumentation"),
        *("azure.monitor.opentelemetry.configure_azure_monitor", "uptrace.configure_opentelemetry"),
        *("honeycomb.opentelemetry.configure_opentelemetry", "splunk_otel.init_splunk_otel"),
        *("splunk_otel.start_tracing", "solarwinds_apm.configure", "openlit.init", "phoenix.otel.register"),
        *("traceloop.sdk.Traceloop.init", "scout_apm.api.install", "aws_xray_sdk.core.patch_all"),
        *("aws_xray_sdk.core.patch", "aws_xray_sdk.core.xray_recorder.configure", "sentry_sdk.init"),
        *("appsignal.Appsignal", "opentracing.set_global_tracer", "jaeger_client.Config"),
        *("atatus.Client", "highlight_io.H"),
    }
)
"""Calls that start tracing of another library."""
# Errors alone are Sentry's own matter.
_ONLY_TRACING: Final = frozenset({"sentry_sdk.init"})
_TRACING: Final = ("traces_sample_rate", "traces_sampler", "enable_tracing")
_AT_IMPORT: Final = (
    "ddtrace.auto",
    "ddtrace.bootstrap.sitecustomize",
    "autodynatrace",
    "instana",
    "pinpointPy",
)
_HINT: Final = (
    'remove it and call `init_telemetry("...")`; spans reach that vendor by OTLP, at the address in '
    "`OTEL_EXPORTER_OTLP_ENDPOINT`"
)
_SENTRY_HINT: Final = (
    "take `{name}` out of the call; errors still reach Sentry, spans come from `init_telemetry`"
)


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for each in names.imports:
        module = loaded(each.name)
        if module and not each.typing and runs(each.scope):
            message = f"`{module}` starts another telemetry library when it is imported"
            yield problem("TEL203", file, each.node, message, _HINT, scope=each.scope)
    for use in (*names.uses, *names.handed()):
        if use.name not in FOREIGN or use.name in scene.bootstrap:
            continue
        if use.meaning.hidden is not None or not runs(use.call.scope, use.call.block):
            continue
        yield from _started(file, names, use)


def loaded(name: str) -> str:
    """Return the module that starts another library when a name is imported; empty for none."""
    return next((each for each in _AT_IMPORT if name == each or name.startswith(f"{each}.")), "")


def _started(file: Parsed, names: Names, use: Use) -> Iterator[Problem]:
    if use.name not in _ONLY_TRACING:
        message = f"`{use.name}` starts another telemetry library"
        yield problem("TEL203", file, use.node, message, _HINT, scope=use.call.scope)
        return
    option = next(_tracing(names, use), "")
    if option:
        message = f"Sentry traces by `{option}`, beside the service's own spans"
        hint = _SENTRY_HINT.format(name=option)
        yield problem("TEL203", file, use.node, message, hint, scope=use.call.scope)


def _tracing(names: Names, use: Use) -> Iterator[str]:
    for each in keywords(use.node, names, use.call):
        if each.key in _TRACING and not _is_off(each.value):
            yield each.key


def _is_off(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


CHECK: Final = FileCheck(
    "TEL203",
    _look,
    (),
    packages=(
        "logfire",
        "ddtrace",
        "newrelic",
        "elasticapm",
        "sentry_sdk",
        "opentelemetry",
        "uptrace",
        "splunk_otel",
        "solarwinds_apm",
        "openlit",
        "phoenix",
        "traceloop",
        "scout_apm",
        "aws_xray_sdk",
        "appsignal",
        "opentracing",
        "jaeger_client",
        "atatus",
        "highlight_io",
        "instana",
        "autodynatrace",
        "pinpointPy",
    ),
)
