"""What settings must agree on with each other, once each is right by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.settings import codes
from ameide_telemetry.settings.addresses import ENDPOINT, is_url
from ameide_telemetry.settings.forms import RefusedError
from ameide_telemetry.settings.privacy import read_key
from ameide_telemetry.settings.signals import SIGNALS
from ameide_telemetry.settings.table import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.settings.resolution import Resolution

__all__ = ["agree"]

_TLS_FILES: Final = ("certificate", "client_key", "client_certificate")
_GENERAL_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_ENDPOINT_HINT: Final = f"set {_GENERAL_ENDPOINT}"


def agree(resolution: Resolution) -> None:
    """Make the values agree, in place; what contradicts itself becomes a problem or a warning."""
    for signal in SIGNALS:
        for agreement in _OF_EACH_SIGNAL:
            agreement(resolution, signal)
    for signal in ("traces", "metrics"):
        _wanted(resolution, signal)
        _sent(resolution, signal)
    for signal in ("traces", "logs"):
        _batch_in_queue(resolution, signal)
    _sampler(resolution)
    _sink(resolution)
    _pseudonym_key(resolution)
    _pseudonyms(resolution)
    _unredacted(resolution)


def _reachable(resolution: Resolution, signal: str) -> None:
    """Drop an endpoint that lacks the scheme which OTLP over HTTP needs."""
    place = f"{signal}.otlp.endpoint"
    endpoint = resolution.values[place]
    if not isinstance(endpoint, str) or is_url(endpoint) or _protocol(resolution, signal) == "grpc":
        return
    message = f"{ENDPOINT.show(endpoint)} is not accepted: it has no scheme"
    hint = f"accepted: {ENDPOINT.accepted}"
    resolution.problems.append(Finding(codes.BAD_ENDPOINT, message, resolution.origins[place], hint))
    resolution.put(place, None, "default")


def _path(resolution: Resolution, signal: str) -> None:
    """Add the signal's path to the general endpoint, as the OTLP exporter specification says."""
    place = f"{signal}.otlp.endpoint"
    general = resolution.origins[place] == _GENERAL_ENDPOINT
    if general and not resolution.from_settings and _protocol(resolution, signal) == "http/protobuf":
        base, mark, query = str(resolution.values[place]).partition("?")
        resolution.values[place] = f"{base.rstrip('/')}/v1/{signal}{mark}{query}"


def _security(resolution: Resolution, signal: str) -> None:
    """Let the endpoint's scheme decide about TLS where it has one."""
    place = f"{signal}.otlp.endpoint"
    endpoint = resolution.values[place]
    if isinstance(endpoint, str) and is_url(endpoint):
        insecure = endpoint.lower().startswith("http://")
        resolution.put(f"{signal}.otlp.insecure", insecure, resolution.origins[place])


def _guarded(resolution: Resolution, signal: str) -> None:
    """Send nothing where a file for TLS was asked for and cannot even be named: it would go out unchecked."""
    place = f"{signal}.otlp.endpoint"
    lost = [
        name
        for name in (f"{signal}.otlp.{file}" for file in _TLS_FILES)
        if name in resolution.refused and resolution.values[name] is None
    ]
    if lost and resolution.values[place] is not None:
        message = f"nothing is sent, because {lost[0]} is wrong"
        resolution.warn(codes.NO_DESTINATION, message, resolution.origins[place], f"mend {lost[0]}")
        resolution.put(place, None, "default")


def _paired(resolution: Resolution, signal: str) -> None:
    """Send nothing with half of what mutual TLS needs: without a certificate the key is of no use.

    Over HTTP one file may hold both. gRPC needs two, and ends the process where it has one.
    """
    names = [f"{signal}.otlp.{each}" for each in ("client_certificate", "client_key")]
    certificate, key = names
    if resolution.refused & set(names):
        return
    if resolution.values[key] is not None and resolution.values[certificate] is None:
        there, missing = key, "client_key is set without client_certificate"
    elif (
        _protocol(resolution, signal) == "grpc"
        and resolution.values[key] is None
        and resolution.values[certificate] is not None
    ):
        there, missing = certificate, "client_certificate is set without client_key, which gRPC needs"
    else:
        return
    hint = "set both, or neither"
    problem = Finding(codes.CONTRADICTION, missing, resolution.origins[there], hint)
    resolution.object(problem, "nothing is sent")
    resolution.put(f"{signal}.otlp.endpoint", None, "default")


def _wanted(resolution: Resolution, signal: str) -> None:
    """Let the argument `traces=True` win over a variable that says `none`."""
    switched_on = (
        resolution.values[f"{signal}.enabled"]
        and resolution.origins[f"{signal}.enabled"] == f"argument {signal}"
    )
    place = f"{signal}.exporter"
    if switched_on and resolution.values[place] == "none" and resolution.origins[place].startswith("OTEL_"):
        resolution.put(place, "otlp", f"argument {signal}")


def _sent(resolution: Resolution, signal: str) -> None:
    """Say that an exporter asked for by name has nowhere to send to."""
    place = f"{signal}.exporter"
    lost = resolution.values[place] == "otlp" and resolution.values[f"{signal}.otlp.endpoint"] is None
    if lost and resolution.said(place) and not resolution.from_settings:
        message = "otlp is asked for but no endpoint is set, so nothing is exported"
        resolution.warn(codes.NO_DESTINATION, message, resolution.origins[place], _ENDPOINT_HINT)


def _sink(resolution: Resolution) -> None:
    """Keep lines on stdout when they would go to OTLP without an endpoint."""
    if resolution.values["logs.sink"] == "stdout" or resolution.values["logs.otlp.endpoint"] is not None:
        return
    message = "lines should go to OTLP but no endpoint is set, so they go to stdout"
    resolution.warn(codes.NO_DESTINATION, message, resolution.origins["logs.sink"], _ENDPOINT_HINT)
    resolution.put("logs.sink", "stdout", "default")


def _batch_in_queue(resolution: Resolution, signal: str) -> None:
    """Keep a batch within the queue; only a batch size that differs from the default is a problem."""
    batch, queue = f"{signal}.max_export_batch_size", f"{signal}.max_queue_size"
    size, room = resolution.values[batch], resolution.values[queue]
    if not (isinstance(size, int) and isinstance(room, int) and size > room):
        return
    if size != BY_NAME[batch].default:
        message = f"a batch of {size} does not fit in a queue of {room}"
        hint = f"accepted: at most {queue}, which comes from {resolution.origins[queue]}"
        resolution.problems.append(Finding(codes.CONTRADICTION, message, resolution.origins[batch], hint))
    resolution.put(batch, room, resolution.origins[queue])


def _pseudonym_key(resolution: Resolution) -> None:
    """Take the key from its file where one is named; it may come from one place only."""
    place, file = "pseudonym_key", "pseudonym_key_file"
    path, origin = resolution.values[file], resolution.origins[file]
    if not isinstance(path, str):
        return
    if file in resolution.refused:
        resolution.put(file, None, "default")
        return
    if (
        resolution.from_settings
        and resolution.values[place] is not None
        and resolution.origins[place] == origin
    ):
        # It was read when these settings were made.
        return
    if resolution.said(place) or place in resolution.refused:
        message = f"{place} and {file} are both set, and neither goes before the other"
        hint = f"remove one of them; {place} comes from {resolution.origins[place]}"
        resolution.object(
            Finding(codes.CONTRADICTION, message, origin, hint),
            "neither is used, and no value gets a pseudonym",
        )
        resolution.put(place, None, "default")
        resolution.put(file, None, "default")
        resolution.refused.add(place)
        return
    try:
        resolution.put(place, read_key(path), origin)
    except RefusedError as refused:
        message = f"{BY_NAME[file].form.show(path)} holds no key: {refused.reason}"
        hint = f"accepted: {BY_NAME[place].form.accepted}"
        resolution.object(Finding(codes.BAD_VALUE, message, origin, hint), "no value gets a pseudonym")
        resolution.put(file, None, "default")
        resolution.refused.add(file)


def _pseudonyms(resolution: Resolution) -> None:
    """Say that a key without classes, or classes without a key, make no pseudonyms."""
    key, classes = "pseudonym_key", "pseudonym_classes"
    if resolution.values[key] is not None and not resolution.values[classes]:
        if classes not in resolution.refused:
            message = "the key of pseudonyms is used for nothing, because no class gets one"
            hint = "set pseudonym_classes"
            resolution.warn(codes.WITHOUT_EFFECT, message, resolution.origins[key], hint)
    elif resolution.values[key] is None and resolution.values[classes]:
        if not resolution.refused & {key, "pseudonym_key_file"}:
            message = "pseudonyms are asked for but there is no key"
            hint = "set pseudonym_key or pseudonym_key_file"
            finding = Finding(codes.CONTRADICTION, message, resolution.origins[classes], hint)
            resolution.object(finding, "values are redacted without one")
        resolution.put(classes, (), "default")


def _unredacted(resolution: Resolution) -> None:
    """Redact what is both left alone and given pseudonyms: hiding too much is the smaller harm."""
    shown, named = resolution.values["unredacted_classes"], resolution.values["pseudonym_classes"]
    both = (
        [each for each in shown if each in named]
        if isinstance(shown, tuple) and isinstance(named, tuple)
        else []
    )
    if not both or not isinstance(shown, tuple):
        return
    message = f"{', '.join(both)} cannot be left alone and get pseudonyms"
    hint = f"remove it here or from {resolution.origins['pseudonym_classes']}"
    origin = resolution.origins["unredacted_classes"]
    resolution.object(Finding(codes.CONTRADICTION, message, origin, hint), "redacted")
    resolution.put("unredacted_classes", tuple(each for each in shown if each not in both), origin)


def _sampler(resolution: Resolution) -> None:
    """Give the ratio samplers a ratio, and the others none."""
    place = "traces.sampler_arg"
    if not str(resolution.values["traces.sampler"]).endswith("traceidratio"):
        resolution.values[place] = None
    elif resolution.values[place] is None:
        resolution.values[place] = 1.0


def _protocol(resolution: Resolution, signal: str) -> object:
    return resolution.values[f"{signal}.otlp.protocol"]


_OF_EACH_SIGNAL: Final[tuple[Callable[[Resolution, str], None], ...]] = (
    _reachable,
    _guarded,
    _paired,
    _path,
    _security,
)
