"""The section `[tool.ameide_telemetry.logs]` of a TOML file: what a project asks of its lines."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.logcheck.engine import ENGINES
from ameide_telemetry.logcheck.keys import KeyNames
from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.nearness import nearest
from ameide_telemetry.redaction import RedactionPolicy
from ameide_telemetry.redaction.classes import CLASSES
from ameide_telemetry.reports.model import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["known_codes", "known_fields", "read_config", "rules_of"]

_SECTION: Final = ("tool", "ameide_telemetry", "logs")
_TITLE: Final = f"[{'.'.join(_SECTION)}]"
_FILE: Final = "pyproject.toml"
_LINE_CHECKS: Final = "TEL5"
# How many names are offered for one that does not exist, and how alike they are (`difflib`).
_NEAR: Final = 3
_LIKENESS: Final = 0.7
# The time of a comparison grows with the square of it.
_LONGEST_NAME: Final = 100
# Keys that are fields of `Rules` as they are.
_AS_THEY_ARE: Final = ("in_trace", "max_depth", "max_line_bytes", "max_samples", "personal", "skew_seconds")


class _Form(NamedTuple):
    accepts: Callable[[Any], bool]
    words: str


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


_TEXTS: Final = _Form(_is_texts, 'a list of texts, such as ["request_id"]')
_SOME_FIELDS: Final = _Form(
    lambda value: _is_texts(value) and bool(value),
    'a list of one field or more, such as ["request_id"], or ignore = ["TEL514"]',
)
_COUNT: Final = _Form(_is_count, "a whole number above 0")
_SWITCH: Final = _Form(lambda value: isinstance(value, bool), "true or false")
_FORMS: Final[Mapping[str, _Form]] = {
    "engine": _Form(lambda value: value in ENGINES, f"one of {', '.join(ENGINES)}"),
    "ignore": _Form(_is_texts, 'a list of codes, such as ["TEL512"]'),
    "in_trace": _SWITCH,
    "known_keys": _TEXTS,
    "level": _Form(lambda value: value in LEVELS, f"one of {', '.join(LEVELS)}"),
    "max_depth": _COUNT,
    "max_line_bytes": _COUNT,
    "max_samples": _COUNT,
    "personal": _SWITCH,
    "require": _SOME_FIELDS,
    "skew_seconds": _Form(_is_seconds, "a number of seconds, 0 or more"),
    "unredacted_classes": _Form(
        lambda value: _is_texts(value) and CLASSES.keys() >= set(value), f"a list of {', '.join(CLASSES)}"
    ),
}


def read_config(file: str | None, start: Path) -> Mapping[str, Any]:
    """Return what the section says; empty when there is none.

    Args:
        file: the file that was named; without one, the nearest `pyproject.toml` that has the section.
        start: where to begin to look for that, upwards.

    Raises:
        TelemetryError: the named file has no such section; a file is not TOML; a key or value is wrong.
    """
    if file is not None:
        section = _section(Path(file))
        if section is None:
            raise TelemetryError(f"{file} has no section {_TITLE}: add it, or leave --config out")
        return _checked(section, file)
    for folder in (start, *start.parents):
        candidate = folder / _FILE
        section = _section(candidate) if candidate.is_file() else None
        if section is not None:
            return _checked(section, str(candidate))
    return {}


def rules_of(config: Mapping[str, Any]) -> Rules:
    """Return the rules that the section asks for.

    Args:
        config: what `read_config` returned.
    """
    given = {name: config[name] for name in _AS_THEY_ARE if name in config}
    if config.get("require"):
        given["required_in_request"] = tuple(config["require"])
    return Rules(
        **given,
        ignored=frozenset(config.get("ignore", ())),
        known_keys=frozenset(config.get("known_keys", ())),
        redaction=RedactionPolicy(shown=frozenset(config.get("unredacted_classes", ()))),
    )


def known_codes(codes: list[str], origin: str) -> frozenset[str]:
    """Return codes of checks of lines; `origin` is who gave them.

    Raises:
        TelemetryError: one of them is none.
    """
    lines = [code for code in CHECKS if code.startswith(_LINE_CHECKS)]
    for code in codes:
        if code not in lines:
            near = nearest(code, lines, 0.8)
            question = f"did you mean {near}? " if near else ""
            raise TelemetryError(
                f"{origin}: there is no check {code!r} of log lines: {question}"
                "see all of them: ameide-telemetry explain --list"
            )
    return frozenset(codes)


def known_fields(fields: Iterable[str], own: Iterable[str], origin: str) -> tuple[str, ...]:
    """Return keys that a line can have: those of the contract, and those that a service has declared.

    Args:
        fields: what is asked for.
        own: the keys that the service has declared.
        origin: who asks for them.

    Raises:
        TelemetryError: one of them is none of both; it names the nearest.
    """
    asked = tuple(fields)
    names = KeyNames(load_contract(), frozenset(own))
    for field in asked:
        if field not in names.known:
            raise TelemetryError(f"{origin}: no line has a field {field!r:.80}: {_instead(field, names)}")
    return asked


def _instead(field: str, names: KeyNames) -> str:
    right = names.nearest(field)
    near = get_close_matches(field[:_LONGEST_NAME], sorted(names.known), n=_NEAR, cutoff=_LIKENESS)
    if not right and not near:
        return f"declare it among the known_keys of {_TITLE} when it is the service's own"
    return f"did you mean {', '.join(dict.fromkeys([right] * bool(right) + near))}?"


def _section(path: Path) -> Mapping[str, Any] | None:
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TelemetryError(
            f"{path} cannot be read: {error.strerror}; name another file: --config FILE"
        ) from None
    except (ValueError, RecursionError) as error:
        raise TelemetryError(
            f"{path} is not TOML: {error}; correct it, or name another: --config FILE"
        ) from None
    for name in _SECTION:
        found = found.get(name) if isinstance(found, dict) else None
    if found is not None and not isinstance(found, dict):
        raise TelemetryError(f"{path}: {'.'.join(_SECTION)} is no table: write {_TITLE} above its keys")
    return found


def _checked(section: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    for key, value in section.items():
        if key not in _FORMS:
            near = nearest(key, _FORMS)
            question = f"did you mean {near}? " if near else ""
            raise TelemetryError(
                f"{file}: {_TITLE} has no key {key!r}: {question}the keys are {', '.join(_FORMS)}"
            )
        if not _FORMS[key].accepts(value):
            raise TelemetryError(f"{file}: {key} in {_TITLE} is wrong: write {_FORMS[key].words}")
    known_codes(section.get("ignore", []), f"{file}: ignore in {_TITLE}")
    if "require" in section:
        known_fields(section["require"], section.get("known_keys", ()), f"{file}: require in {_TITLE}")
    return section
