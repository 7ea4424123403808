"""OTLP over HTTP: one POST per attempt. Imported on the worker thread, for `requests` takes its time.

A session of our own: no proxy, .netrc or redirect decides where records go, no cookie comes back with them,
and nothing is tried twice behind the back of the pipeline.
"""

from __future__ import annotations

import errno
import gzip
import os
import socket
import ssl
import time
import zlib
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ameide_telemetry.settings import OtlpSettings

__all__ = ["HttpWire"]

_PROTOBUF: Final = "application/x-protobuf"
# An answer holds a count and a sentence; more than this is not read.
_MOST_BYTES: Final = 64 * 1024
_OK: Final = range(200, 300)
_TOO_LARGE: Final = 413
# OTLP specification, "OTLP/HTTP Response": every other status is final.
_RETRYABLE: Final = frozenset({429, 502, 503, 504})
_COMPRESS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "deflate": zlib.compress,
}
# From the most special to the most general; what none of them fits is called by the name of its class.
_FAILURES: Final[tuple[tuple[type[BaseException], str, bool], ...]] = (
    (ssl.SSLError, "tls_failure", False),
    (TimeoutError, "timeout", True),
    (socket.gaierror, "dns_failure", True),
    (ConnectionRefusedError, "connection_refused", True),
    (ConnectionError, "connection_reset", True),
    (HTTPException, "bad_answer", True),
)
_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})


class HttpWire:
    """A connection to one HTTP endpoint, made by the first attempt and kept.

    Args:
        otlp: where to and how.
        user_agent: what the requests call themselves.

    Raises:
        OSError: a file that TLS needs cannot be read.
    """

    __slots__ = ("_headers", "_limit", "_otlp", "_pid", "_session", "_squeeze")

    def __init__(self, otlp: OtlpSettings, user_agent: str) -> None:
        for path in (otlp.certificate, otlp.client_certificate, otlp.client_key):
            if path is not None:
                # `requests` would find this out with each attempt, and say it in its own words.
                Path(path).open("rb").close()
        self._otlp = otlp
        self._squeeze = _COMPRESS.get(otlp.compression)
        self._headers = {
            "user-agent": user_agent,
            **dict(otlp.headers),
            "content-type": _PROTOBUF,
            "accept-encoding": "identity",
            **({"content-encoding": otlp.compression} if self._squeeze is not None else {}),
        }
        self._open()

    def post(self, body: bytes, deadline: float) -> bytes | Answer:
        """Make one attempt; return the body of the acknowledgement, or what went wrong."""
        if self._pid != os.getpid():
            # The connection is the parent's.
            self._open()
        data = body if self._squeeze is None else self._squeeze(body)
        self._limit.begin(deadline)
        try:
            with self._session.post(
                self._otlp.endpoint,
                data=data,
                headers=self._headers,
                timeout=self._limit.left(),
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Answer(error="aborted") if self._limit.closed else _failed(error)

    def close(self) -> None:
        """End an attempt that is under way and release the connection; from any thread."""
        self._limit.cut()
        self._session.close()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._limit = Limit()
        self._session = _session(self._otlp, self._limit)

    def _read(self, response: requests.Response) -> bytes | Answer:
        status = response.status_code
        body = b""
        try:
            body = response.raw.read(_MOST_BYTES, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError):
            # What it is, the status has said already.
            response.close()
        if status in _OK:
            readable = response.headers.get("content-type", "").startswith(_PROTOBUF)
            return body if readable and "content-encoding" not in response.headers else b""
        return Answer(
            error=f"http_{status}",
            retry=status in _RETRYABLE,
            retry_after=_seconds(response.headers.get("retry-after")) if status in _RETRYABLE else None,
            too_large=status == _TOO_LARGE,
        )


def _session(otlp: OtlpSettings, limit: Limit) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = True if otlp.certificate is None else otlp.certificate
    if otlp.client_certificate is not None:
        session.cert = (
            (otlp.client_certificate, otlp.client_key) if otlp.client_key else otlp.client_certificate
        )
    adapter = _adapter(limit)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _adapter(limit: Limit) -> HTTPAdapter:
    """Return an adapter whose connections keep the limit.

    `_new_conn` is where urllib3 makes its socket, and `_dns_host` the name as it was given, with the dot that
    ends a full one; both are private (1.26 to 2.8).
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return limit.connect(self._dns_host, self.port)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return limit.connect(self._dns_host, self.port)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            context = create_urllib3_context()
            limit.secure(context)
            super().init_poolmanager(*arguments, ssl_context=context, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    return Adapter(pool_connections=1, pool_maxsize=1)


def _failed(error: Exception) -> Answer:
    """Return the kind of a failure, never its text: that may hold URL and headers."""
    chain = list(_chain(error))
    for each in reversed(chain):
        for family, kind, retry in _FAILURES:
            if isinstance(each, family):
                return Answer(error=kind, retry=retry)
    if getattr(chain[-1], "errno", None) in _UNREACHABLE:
        return Answer(error="unreachable", retry=True)
    # What went wrong on the way may go better the next time; what is wrong with the request itself may not.
    return Answer(error=type(error).__name__, retry=not isinstance(error, ValueError))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _seconds(value: str | None) -> float | None:
    """Return what Retry-After asks for, in seconds from now; None when it cannot be read."""
    if value is None:
        return None
    try:
        if value.strip().isdecimal():
            return float(int(value))
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
