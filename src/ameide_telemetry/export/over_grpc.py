"""OTLP over gRPC: one call per attempt. The library is an extra, so it is imported when a channel is made.

The generated stubs are not used: they read the answer themselves, and would turn an acknowledgement that
cannot be read into a failure.
"""

from __future__ import annotations

import os
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ameide_telemetry import guard
from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.grpc_forks import NOT_FORKABLE, is_unusable, note_use

if TYPE_CHECKING:
    from ameide_telemetry.settings import OtlpSettings

__all__ = ["GrpcWire"]

_DETAILS: Final = guard.site("export.grpc_details", foreign=True)
# OTLP specification, "OTLP/gRPC Response"; RESOURCE_EXHAUSTED only where the answer says when.
_RETRYABLE: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
_COMPRESSIONS: Final = {"none": "NoCompression", "gzip": "Gzip", "deflate": "Deflate"}
_KINDS: Final = {"DEADLINE_EXCEEDED": "timeout"}
_TOO_LARGE: Final = "larger than max"
_OPTIONS: Final = (
    # Neither proxy nor DNS record nor a retry of its own decides where records go and how often.
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.enable_retries", 0),
    # A channel made after a failure connects at once, instead of waiting with the others of this target.
    ("grpc.use_local_subchannel_pool", 1),
)


class GrpcWire:
    """A channel to one target, made by the first attempt and kept until a call fails.

    Args:
        otlp: where to and how.
        user_agent: what the calls call themselves.
        method: path of the service's method.

    Raises:
        OSError: a file that TLS needs cannot be read.
    """

    __slots__ = (
        "_channel",
        "_closed",
        "_credentials",
        "_grpc",
        "_inherited",
        "_method",
        "_options",
        "_otlp",
        "_pid",
    )

    def __init__(self, otlp: OtlpSettings, user_agent: str, method: str) -> None:
        for path in (otlp.certificate, otlp.client_certificate, otlp.client_key):
            if path is not None:
                # Also where it is not needed: who names a file for TLS does not ask for less.
                Path(path).open("rb").close()
        self._grpc: Any = import_module("grpc")
        self._otlp = otlp
        self._method = method
        self._options = (("grpc.primary_user_agent", user_agent), *_OPTIONS)
        self._credentials = None if otlp.insecure or is_unusable() else _credentials(self._grpc, otlp)
        self._channel: Any = None
        self._inherited: Any = None
        self._pid = os.getpid()
        self._closed = False

    def post(self, body: bytes, deadline: float) -> bytes | Answer:
        """Make one attempt; return the body of the acknowledgement, or what went wrong."""
        seconds = deadline - time.monotonic()
        if is_unusable():
            return Answer(error=NOT_FORKABLE)
        refusal = self._aborted() or (Answer(error="timeout", retry=True) if seconds <= 0 else None)
        if refusal is not None:
            return refusal
        channel = self._connected()
        try:
            answer: bytes = channel.unary_unary(self._method)(
                body, timeout=seconds, metadata=self._otlp.headers
            )
        except self._grpc.RpcError as error:
            # The next attempt connects anew: the channel's own pauses grow to two minutes.
            self._hang_up()
            return self._aborted() or _failed(error)
        except ValueError as error:
            # The channel was closed meanwhile, or a header is none; its text may hold the value.
            return self._aborted() or Answer(error=type(error).__name__)
        return answer

    def close(self) -> None:
        """End an attempt that is under way and release the channel; from any thread."""
        self._closed = True
        self._hang_up()

    def _connected(self) -> Any:
        if self._pid != os.getpid():
            # Kept and not closed: to finalise an inherited channel can hang or crash the child.
            self._inherited, self._channel = self._channel, None
            self._pid = os.getpid()
        channel = self._channel
        if channel is None:
            channel = self._channel = self._made()
            if self._closed:
                # Closed meanwhile, by a thread that found nothing to close.
                self._hang_up()
        return channel

    def _made(self) -> Any:
        note_use()
        compression = getattr(self._grpc.Compression, _COMPRESSIONS[self._otlp.compression])
        options = {"options": self._options, "compression": compression}
        target = _target(self._otlp.endpoint)
        if self._credentials is None:
            return self._grpc.insecure_channel(target, **options)
        return self._grpc.secure_channel(target, self._credentials, **options)

    def _aborted(self) -> Answer | None:
        return Answer(error="aborted") if self._closed else None

    def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None and self._pid == os.getpid():
            channel.close()


def _target(endpoint: str) -> str:
    """Return `host:port` of a URL, or what was given where it is no URL."""
    return urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint if "://" in endpoint else endpoint


def _credentials(grpc: Any, otlp: OtlpSettings) -> Any:
    # A file that cannot be read fails the export: to go on with other roots would be a silent downgrade.
    files = {
        "root_certificates": otlp.certificate,
        "private_key": otlp.client_key,
        "certificate_chain": otlp.client_certificate,
    }
    return grpc.ssl_channel_credentials(
        **{name: None if path is None else Path(path).read_bytes() for name, path in files.items()}
    )


def _failed(error: Any) -> Answer:
    code = error.code().name
    if code != "RESOURCE_EXHAUSTED":
        kind = _KINDS.get(code, f"grpc_{code.lower()}")
        return Answer(error=kind, retry=code in _RETRYABLE, retry_after=_retry_delay(error))
    delay = _retry_delay(error)
    return Answer(
        error="grpc_resource_exhausted",
        retry=delay is not None,
        retry_after=delay,
        too_large=delay is None and _TOO_LARGE in (error.details() or ""),
    )


def _retry_delay(error: Any) -> float | None:
    """Return what a RetryInfo in the trailers asks for, in seconds."""
    trailers: dict[str, Any] = dict(error.trailing_metadata() or ())
    packed = trailers.get("grpc-status-details-bin")
    if packed is None:
        return None
    with _DETAILS:
        info: Any = import_module("google.rpc.error_details_pb2").RetryInfo()
        for detail in import_module("google.rpc.status_pb2").Status.FromString(packed).details:
            if detail.Unpack(info):
                return max(0.0, float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9))
    return None
