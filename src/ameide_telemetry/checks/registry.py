"""The codes of all findings: a name, a level and a sentence each, and where the page is."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.findings import Level

__all__ = ["CHECKS", "FAMILIES", "Check", "page"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for.

    Attributes:
        code: stable identifier, such as `TEL501`; never used again for something else.
        name: a short name in words, such as `not-json`.
        level: of its findings, where they do not say otherwise.
        summary: what a finding of it means, in one sentence.
    """

    code: str
    name: str
    level: Level
    summary: str


FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TEL00": "The lint itself",
        "TEL01": "Settings",
        "TEL05": "Client libraries",
        "TEL06": "The process",
        "TEL10": "Services: how they start",
        "TEL20": "Services: what they put together by themselves",
        "TEL30": "Services: what they log, measure and pass on",
        "TEL40": "Services: dependencies and names",
        "TEL50": "Log lines: form",
        "TEL51": "Log lines: the stream",
        "TEL52": "Log lines: what must not be in them",
        "TEL53": "Log lines: the contract",
        "TEL90": "The contract file",
    }
)
"""Beginning of a code -> what its checks are about."""

_ROWS: Final[tuple[tuple[str, str, Level, str], ...]] = (
    ("TEL001", "unreadable-source", "error", "A file on the way of an entrypoint cannot be read as Python."),
    ("TEL002", "unresolved-entrypoint", "warning", "What is deployed cannot be found, or not be followed."),
    (
        "TEL003",
        "stale-suppression",
        "error",
        "A comment, a per-path ignore or an entry of the baseline allows what is no longer there.",
    ),
    ("TEL004", "unexplained-suppression", "error", "A comment switches a check off without a reason."),
    ("TEL010", "bad-value", "error", "A setting has the wrong type, range or form."),
    ("TEL011", "unknown-option", "error", "A setting that was given does not exist."),
    ("TEL012", "unreadable-file", "error", "A file that a setting names cannot be read."),
    ("TEL013", "bad-endpoint", "error", "An endpoint is no address that anything can be sent to."),
    ("TEL014", "not-installed", "error", "A setting asks for a package that is not installed."),
    ("TEL015", "contradiction", "error", "Two settings exclude each other."),
    (
        "TEL016",
        "misspelt-variable",
        "warning",
        "An `OTEL_*` variable has nearly the name of one that exists.",
    ),
    ("TEL017", "without-effect", "warning", "A setting has no effect, or a variable is not honoured."),
    ("TEL018", "no-destination", "warning", "OTLP was asked for by name, but no endpoint is set."),
    (
        "TEL019",
        "not-an-application",
        "error",
        "What was given as `app` is neither an ASGI nor a WSGI application.",
    ),
    ("TEL050", "unknown-library", "warning", "A client library that shall be instrumented is not known."),
    (
        "TEL051",
        "library-without-instrumentor",
        "info",
        "A client library is installed without its instrumentor.",
    ),
    ("TEL060", "sigterm-not-handled", "warning", "SIGTERM was asked to be handled and cannot be."),
    ("TEL061", "patched-threads", "warning", "Another library has replaced Python's threads."),
    ("TEL062", "no-threads", "warning", "uWSGI runs the process without threads."),
    ("TEL101", "entrypoint-without-init", "error", "What is deployed never calls the bootstrap."),
    ("TEL102", "late-init", "error", "The bootstrap is called when the application exists already."),
    (
        "TEL103",
        "init-in-lifespan",
        "error",
        "The bootstrap is called only when the application starts up.",
    ),
    ("TEL104", "conditional-init", "error", "The bootstrap is called only under a condition."),
    (
        "TEL105",
        "init-before-fork",
        "error",
        "Workers fork after telemetry has started, without our hook in each of them.",
    ),
    (
        "TEL106",
        "init-in-library",
        "error",
        "The bootstrap is called at the import of a module that services share.",
    ),
    ("TEL107", "double-bootstrap", "error", "Telemetry is started twice in one process."),
    (
        "TEL108",
        "import-logs-before-init",
        "error",
        "A module logs or starts a thread at import, before the bootstrap is called.",
    ),
    ("TEL201", "hand-rolled-sdk", "error", "A service puts the SDK of OpenTelemetry together by itself."),
    (
        "TEL202",
        "hand-rolled-logging",
        "error",
        "A service configures logging by itself, in code or by a file.",
    ),
    ("TEL203", "foreign-telemetry", "error", "A second telemetry library is started."),
    (
        "TEL204",
        "hidden-telemetry",
        "error",
        "An SDK, a logging configuration or another telemetry library is reached by a string.",
    ),
    ("TEL301", "print-in-service", "warning", "A service prints instead of logging."),
    ("TEL302", "interpolated-event", "warning", "Values are written into the event of a log call."),
    (
        "TEL303",
        "unstable-key",
        "warning",
        "A field of a log call has a name that is taken, or is not in snake_case.",
    ),
    (
        "TEL304",
        "tenant-as-metric-label",
        "warning",
        "The id of a tenant, user or request is an attribute of a metric.",
    ),
    (
        "TEL305",
        "pii-in-log-call",
        "warning",
        "A log call is given personal data, a secret, or an object that holds them.",
    ),
    (
        "TEL306",
        "swallowed-context",
        "warning",
        "Work goes to a thread or process without the context of its request.",
    ),
    ("TEL307", "untraced-client", "warning", "A client library is used whose instrumentor is switched off."),
    (
        "TEL401",
        "bootstrap-not-declared",
        "error",
        "A service calls the bootstrap and does not depend on its package.",
    ),
    ("TEL402", "service-name-mismatch", "warning", "Code and manifests call one service by different names."),
    ("TEL501", "not-json", "error", "The line is not JSON."),
    ("TEL502", "not-an-object", "error", "The line is JSON, but not an object."),
    ("TEL503", "torn-line", "error", "The line holds two objects, or a piece of one."),
    ("TEL504", "line-too-long", "error", "The line is longer than container runtimes keep in one piece."),
    ("TEL505", "duplicate-key", "error", "An object has the same key twice."),
    ("TEL506", "not-a-number", "error", "`NaN` or `Infinity`, which JSON does not have."),
    (
        "TEL507",
        "unsafe-text",
        "error",
        "The text holds what is not text: broken UTF-8, a byte order mark, control characters.",
    ),
    ("TEL508", "too-deep", "error", "Objects or lists are nested too deep."),
    ("TEL509", "keys-collide", "error", "Two keys have the same name once Loki has flattened them."),
    (
        "TEL510",
        "time-runs-backwards",
        "warning",
        "A line is older than one that the same process wrote before.",
    ),
    ("TEL511", "mixed-types", "warning", "One key has values of different JSON types."),
    (
        "TEL512",
        "unknown-key",
        "info",
        "A key that the contract does not name; a warning where it nearly has the name of one.",
    ),
    (
        "TEL514",
        "request-line-without-context",
        "error",
        "A line of a request has no request id, or another id that is asked for.",
    ),
    ("TEL520", "personal-data", "error", "The line holds data about a person."),
    ("TEL521", "secret", "error", "The line holds a secret."),
    ("TEL530", "missing-field", "error", "A field that every line has is missing."),
    ("TEL531", "wrong-type", "error", "A field of the contract has the wrong JSON type."),
    ("TEL532", "wrong-value", "error", "A field of the contract has a value that it cannot have."),
    ("TEL533", "incomplete-group", "error", "Fields that stand together are there in part."),
    ("TEL534", "spellings-differ", "error", "Two spellings of one field have different values."),
    ("TEL901", "contract-unreadable", "error", "The contract file is not TOML in UTF-8."),
    ("TEL902", "contract-unknown-entry", "error", "The contract file has a key that does not exist."),
    ("TEL903", "contract-missing-entry", "error", "A section or key of the contract file is missing."),
    ("TEL904", "contract-wrong-type", "error", "An entry of the contract file has the wrong type or word."),
    ("TEL905", "contract-name-taken", "error", "Two entries of the contract file claim one name."),
    ("TEL906", "contract-bad-pattern", "error", "A pattern of the contract file cannot be used."),
    (
        "TEL907",
        "contract-bad-label",
        "error",
        "A Loki label of the contract file would make too many streams.",
    ),
    ("TEL908", "contract-contradiction", "error", "Entries of the contract file do not fit together."),
)

CHECKS: Final[Mapping[str, Check]] = MappingProxyType({row[0]: Check(*row) for row in _ROWS})
"""Every check by its code, in the order of the codes."""


def page(code: str) -> str:
    """Return the page of a check as Markdown.

    Raises:
        KeyError: there is no such check.
    """
    from importlib import resources  # noqa: PLC0415 who only needs the table starts sooner

    name = f"{CHECKS[code].code}.md"
    return resources.files("ameide_telemetry.checks").joinpath("pages", name).read_text(encoding="utf-8")
