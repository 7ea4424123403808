"""Names and limits of the contract as constants.

GENERATED from telemetry.toml by `ameide-telemetry contract generate`: change the registry, not this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCESS_LOGGER",
    "CONTEXT_BAGGAGE_KEYS",
    "CONTEXT_LOG_KEYS",
    "CONTEXT_SPAN_ATTRIBUTES",
    "HEADER_REQUEST_ID",
    "KEPT_NAMES",
    "LEVELS",
    "LOG_CLIENT_DISCONNECTED",
    "LOG_DURATION_MS",
    "LOG_ENV",
    "LOG_ERROR_TYPE",
    "LOG_EXCEPTION_MESSAGE",
    "LOG_EXCEPTION_STACKTRACE",
    "LOG_EXCEPTION_TYPE",
    "LOG_EXTRA",
    "LOG_HTTP_METHOD",
    "LOG_HTTP_REQUEST_SIZE",
    "LOG_HTTP_RESPONSE_SIZE",
    "LOG_HTTP_ROUTE",
    "LOG_HTTP_STATUS",
    "LOG_LEVEL",
    "LOG_LOGGER",
    "LOG_MESSAGE",
    "LOG_REDACTED",
    "LOG_REQUEST_ID",
    "LOG_SAAS_TENANT",
    "LOG_SCHEMA_VERSION",
    "LOG_SERVICE",
    "LOG_SESSION_ID",
    "LOG_SPAN_ID",
    "LOG_STACK",
    "LOG_TENANT_ID",
    "LOG_TIMESTAMP",
    "LOG_TRACE_FLAGS",
    "LOG_TRACE_ID",
    "LOG_TRUNCATED_BYTES",
    "LOG_URL_PATH",
    "LOG_VERSION",
    "LOG_WEBSOCKET_CLOSE_CODE",
    "MAX_CONTEXT_VALUE_BYTES",
    "MAX_LINE_BYTES",
    "METRIC_DENIED_ATTRIBUTES",
    "PERSONAL_NAMES",
    "REQUEST_ID_PATTERN",
    "RESERVED_LOG_KEYS",
    "RESOURCE_ENVIRONMENT",
    "SCHEMA_VERSION",
    "SESSION_ID_PATTERN",
    "SPAN_ERROR_TYPE",
    "SPAN_HTTP_METHOD",
    "SPAN_HTTP_REQUEST_SIZE",
    "SPAN_HTTP_RESPONSE_SIZE",
    "SPAN_HTTP_ROUTE",
    "SPAN_HTTP_STATUS",
    "SPAN_ID_PATTERN",
    "SPAN_REDACTED",
    "SPAN_REQUEST_ID",
    "SPAN_SAAS_TENANT",
    "SPAN_SESSION_ID",
    "SPAN_TENANT_ID",
    "SPAN_TRUNCATED_BYTES",
    "SPAN_URL_PATH",
    "TENANT_ID_PATTERN",
    "TIMESTAMP_PATTERN",
    "TRACE_FLAGS_PATTERN",
    "TRACE_ID_PATTERN",
]

ACCESS_LOGGER: Final = "ameide_telemetry.access"
CONTEXT_BAGGAGE_KEYS: Final[Mapping[str, str]] = {
    "request_id": "request_id",
    "tenant_id": "tenant_id",
    "ameide_session_id": "ameide.session_id",
}
CONTEXT_LOG_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "request_id": ("request_id",),
    "tenant_id": ("tenant_id", "saas.tenant"),
    "ameide_session_id": ("ameide_session_id",),
}
CONTEXT_SPAN_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "request_id": ("request_id",),
    "tenant_id": ("tenant_id", "saas.tenant"),
    "ameide_session_id": ("ameide.session_id",),
}
HEADER_REQUEST_ID: Final = "x-request-id"
KEPT_NAMES: Final[frozenset[str]] = frozenset(
    {
        "ameide.redacted",
        "ameide.service.instance.id",
        "ameide.session_id",
        "ameide.truncated_bytes",
        "ameide_session_id",
        "aws.dynamodb.consistent_read",
        "browser.mobile",
        "client_disconnected",
        "cloud.resource_id",
        "container.id",
        "deployment.environment.name",
        "device.id",
        "duration_ms",
        "enduser.id",
        "env",
        "error.type",
        "error_type",
        "event.name",
        "exception_type",
        "host.id",
        "host.ip",
        "host.mac",
        "http.request.body.size",
        "http.request.method",
        "http.response.body.size",
        "http.response.status_code",
        "http.route",
        "http_request_body_size",
        "http_request_method",
        "http_response_body_size",
        "http_response_status_code",
        "http_route",
        "k8s.cluster.name",
        "k8s.container.name",
        "k8s.deployment.name",
        "k8s.namespace.name",
        "k8s.node.name",
        "k8s.pod.ip",
        "k8s.pod.name",
        "k8s.pod.uid",
        "level",
        "logger",
        "messaging.message.id",
        "net.host.ip",
        "network.local.address",
        "redacted",
        "request_id",
        "saas.tenant",
        "schema_version",
        "server.address",
        "service",
        "service.instance.id",
        "service.name",
        "service.namespace",
        "service.version",
        "session.id",
        "session.previous_id",
        "session_id",
        "span_id",
        "tenant_id",
        "timestamp",
        "trace_flags",
        "trace_id",
        "truncated_bytes",
        "version",
        "websocket_close_code",
    }
)
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
LOG_CLIENT_DISCONNECTED: Final = "client_disconnected"
LOG_DURATION_MS: Final = "duration_ms"
LOG_ENV: Final = "env"
LOG_ERROR_TYPE: Final = "error_type"
LOG_EXCEPTION_MESSAGE: Final = "exception_message"
LOG_EXCEPTION_STACKTRACE: Final = "exception_stacktrace"
LOG_EXCEPTION_TYPE: Final = "exception_type"
LOG_EXTRA: Final = "extra"
LOG_HTTP_METHOD: Final = "http_request_method"
LOG_HTTP_REQUEST_SIZE: Final = "http_request_body_size"
LOG_HTTP_RESPONSE_SIZE: Final = "http_response_body_size"
LOG_HTTP_ROUTE: Final = "http_route"
LOG_HTTP_STATUS: Final = "http_response_status_code"
LOG_LEVEL: Final = "level"
LOG_LOGGER: Final = "logger"
LOG_MESSAGE: Final = "message"
LOG_REDACTED: Final = "redacted"
LOG_REQUEST_ID: Final = "request_id"
LOG_SAAS_TENANT: Final = "saas.tenant"
LOG_SCHEMA_VERSION: Final = "schema_version"
LOG_SERVICE: Final = "service"
LOG_SESSION_ID: Final = "ameide_session_id"
LOG_SPAN_ID: Final = "span_id"
LOG_STACK: Final = "stack"
LOG_TENANT_ID: Final = "tenant_id"
LOG_TIMESTAMP: Final = "timestamp"
LOG_TRACE_FLAGS: Final = "trace_flags"
LOG_TRACE_ID: Final = "trace_id"
LOG_TRUNCATED_BYTES: Final = "truncated_bytes"
LOG_URL_PATH: Final = "url_path"
LOG_VERSION: Final = "version"
LOG_WEBSOCKET_CLOSE_CODE: Final = "websocket_close_code"
MAX_CONTEXT_VALUE_BYTES: Final = 150
MAX_LINE_BYTES: Final = 16000
METRIC_DENIED_ATTRIBUTES: Final[frozenset[str]] = frozenset(
    {
        "ameide.session_id",
        "ameide_session_id",
        "request_id",
        "saas.tenant",
        "session.id",
        "session_id",
        "span_id",
        "tenant",
        "tenant.id",
        "tenant_id",
        "trace_id",
    }
)
PERSONAL_NAMES: Final[Mapping[str, str]] = {
    "client.address": "ip",
    "client.ip": "ip",
    "db.connection_string": "key",
    "enduser.email": "email",
    "geo.location.lat": "location",
    "geo.location.lon": "location",
    "geo.postal_code": "address",
    "http.client_ip": "ip",
    "net.peer.ip": "ip",
    "net.sock.peer.addr": "ip",
    "network.peer.address": "ip",
    "source.address": "ip",
    "user.email": "email",
    "user.full_name": "name",
    "user.name": "name",
}
REQUEST_ID_PATTERN: Final = "[A-Za-z0-9._-]{1,64}"
RESERVED_LOG_KEYS: Final[frozenset[str]] = frozenset(
    {
        "ameide_session_id",
        "env",
        "exception_message",
        "exception_stacktrace",
        "exception_type",
        "extra",
        "level",
        "logger",
        "message",
        "redacted",
        "request_id",
        "saas.tenant",
        "schema_version",
        "service",
        "span_id",
        "stack",
        "tenant_id",
        "timestamp",
        "trace_flags",
        "trace_id",
        "truncated_bytes",
        "version",
    }
)
RESOURCE_ENVIRONMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "k8s.cluster.name": ("K8S_CLUSTER_NAME", "CLUSTER_NAME"),
    "k8s.namespace.name": ("K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"),
    "k8s.pod.name": ("K8S_POD_NAME", "POD_NAME"),
    "k8s.pod.uid": ("K8S_POD_UID", "POD_UID"),
    "k8s.node.name": ("K8S_NODE_NAME",),
    "k8s.deployment.name": ("K8S_DEPLOYMENT_NAME",),
    "k8s.container.name": ("K8S_CONTAINER_NAME",),
}
SCHEMA_VERSION: Final = "1.0"
SESSION_ID_PATTERN: Final = r"[A-Za-z0-9!\-_.*'()]{1,150}"
SPAN_ERROR_TYPE: Final = "error.type"
SPAN_HTTP_METHOD: Final = "http.request.method"
SPAN_HTTP_REQUEST_SIZE: Final = "http.request.body.size"
SPAN_HTTP_RESPONSE_SIZE: Final = "http.response.body.size"
SPAN_HTTP_ROUTE: Final = "http.route"
SPAN_HTTP_STATUS: Final = "http.response.status_code"
SPAN_ID_PATTERN: Final = "(?!0{16})[0-9a-f]{16}"
SPAN_REDACTED: Final = "ameide.redacted"
SPAN_REQUEST_ID: Final = "request_id"
SPAN_SAAS_TENANT: Final = "saas.tenant"
SPAN_SESSION_ID: Final = "ameide.session_id"
SPAN_TENANT_ID: Final = "tenant_id"
SPAN_TRUNCATED_BYTES: Final = "ameide.truncated_bytes"
SPAN_URL_PATH: Final = "url.path"
TENANT_ID_PATTERN: Final = r"[A-Za-z0-9!\-_.*'()]{1,150}"
TIMESTAMP_PATTERN: Final = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{6}Z"
)
TRACE_FLAGS_PATTERN: Final = "[0-9a-f]{2}"
TRACE_ID_PATTERN: Final = "(?!0{32})[0-9a-f]{32}"
