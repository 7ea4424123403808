"""The section `[tool.ameide_telemetry.lint]`: what a repository asks of its lint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Spot
from ameide_telemetry.lint.patterns import PATTERNS, are_patterns, fits, spelled
from ameide_telemetry.lint.sections import mentions, must_be_known
from ameide_telemetry.lint.services import SERVICE_ROW, SERVICES, Declared, declared_in, section_of
from ameide_telemetry.nearness import nearest
from ameide_telemetry.reports.model import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.findings import Level

__all__ = ["Allowance", "Config", "bootstrap_name", "codes_of", "config_schema", "lint_codes", "read_config"]

FILE: Final = "pyproject.toml"
_BOOTSTRAP: Final = ("ameide_telemetry.init_telemetry", "ameide_telemetry.bootstrap.init_telemetry")
_LINT: Final = "tool.ameide_telemetry.lint"
_PER_PATH: Final = re.compile(r"\s*\[\[.*per-path-ignores")
_DOTTED: Final = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"
_VERSION: Final = r"[0-9]+(\.[0-9]+)*"
_LINTS: Final = ("TEL0", "TEL1", "TEL2", "TEL3", "TEL4")
# These are of settings, clients and processes, and say so when a service starts.
_AT_START: Final = ("TEL01", "TEL05", "TEL06")


@dataclass(frozen=True, slots=True)
class Allowance:
    """Checks that do not apply to some paths.

    Attributes:
        paths: patterns, as they are written; relative to the folder of the file that allows it.
        codes: of the checks.
        reason: why.
        spot: where it stands.
    """

    paths: tuple[str, ...]
    codes: frozenset[str]
    reason: str
    spot: Spot

    def holds(self, code: str, path: Path) -> bool:
        """Return whether a check does not apply to a path."""
        return bool(self.holding(code, path))

    def holding(self, code: str, path: Path) -> list[str]:
        """Return the patterns, as they are written, by which a check does not apply to a path."""
        if code not in self.codes or not path.is_relative_to(self.spot.path.parent):
            return []
        relative = path.relative_to(self.spot.path.parent).as_posix()
        return [each for each in self.paths if fits(relative, spelled(each))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What is asked.

    Attributes:
        bootstrap: dotted names whose call starts telemetry.
        selected: codes of the checks that run.
        levels: code -> level, where it differs.
        exclude: patterns of `fnmatch` for paths in which nothing is looked for.
        allowances: where checks do not apply.
        services: declared by hand.
        strict: whether an entrypoint that cannot be resolved is an error.
        minimum: least version of the bootstrap's package that services may ask for; empty for any.
        baseline: file of the problems that are known; None for none.
        files: what was read.
    """

    bootstrap: tuple[str, ...] = _BOOTSTRAP
    selected: frozenset[str] = frozenset()
    levels: Mapping[str, Level] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    services: tuple[Declared, ...] = ()
    strict: bool = False
    minimum: str = ""
    baseline: Path | None = None
    files: tuple[Path, ...] = ()

    def engine_key(self) -> str:
        """Return what the results for one file or entrypoint depend on; the same in every process."""
        return repr((self.bootstrap, sorted(self.selected), self.minimum))


class _Form(NamedTuple):
    accepts: Callable[[Any], bool]
    words: str
    schema: Mapping[str, Any]
    tightens: bool = False


def lint_codes() -> list[str]:
    """Return the codes of the checks that the lint has."""
    return [code for code in CHECKS if code.startswith(_LINTS) and not code.startswith(_AT_START)]


def codes_of(words: Iterable[str], origin: str) -> frozenset[str]:
    """Return the codes that codes and their beginnings stand for.

    Args:
        words: such as `TEL101`, `TEL2`.
        origin: who says so, for the error.

    Raises:
        TelemetryError: nothing begins like that.
    """
    known = lint_codes()
    found: set[str] = set()
    for word in words:
        matching = [code for code in known if word.startswith("TEL") and code.startswith(word)]
        if not matching:
            near = nearest(word, known)
            question = f"did you mean {near}? " if near else ""
            raise TelemetryError(
                f"{origin}: no check of the lint is {word!r}: {question}"
                "see all of them: ameide-telemetry explain --list"
            )
        found.update(matching)
    return frozenset(found)


def bootstrap_name(text: str) -> str:
    """Return the dotted name of a function that starts telemetry.

    Raises:
        TelemetryError: it is no dotted name.
    """
    if not re.fullmatch(_DOTTED, text):
        raise TelemetryError(f"--bootstrap: {text!r} is no dotted name, such as shop.telemetry.setup")
    return text


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _beginnings() -> list[str]:
    return sorted({code[:size] for code in lint_codes() for size in range(3, len(code) + 1)})


def _all_match(pattern: str) -> Callable[[Any], bool]:
    return lambda value: _texts(value) and bool(value) and all(re.fullmatch(pattern, each) for each in value)


# To Python `$` is also before a last line break, to an editor it is not.
_END: Final = r"$(?!\n)"
_CODE: Final[Mapping[str, Any]] = {"enum": _beginnings()}
_CODES: Final = {"type": "array", "items": _CODE}
_FORMS: Final[Mapping[str, _Form]] = {
    "baseline": _Form(
        lambda value: isinstance(value, str) and bool(value) and "\0" not in value,
        'the path of a file, such as "telemetry-baseline.json"',
        {
            "type": "string",
            "pattern": r"^[^\u0000]+$",
            "description": "File of the problems that are known; it only shrinks.",
        },
    ),
    "bootstrap": _Form(
        _all_match(_DOTTED),
        'a list of dotted names, such as ["shop.telemetry.setup"]',
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": f"^{_DOTTED}{_END}"},
            "description": "Functions whose call starts telemetry, instead of init_telemetry.",
        },
    ),
    "exclude": _Form(
        are_patterns,
        'a list of patterns, relative to this file, such as ["vendor/*"]',
        {**PATTERNS, "description": "Paths in which nothing is looked for, relative to this file."},
    ),
    "ignore": _Form(
        _texts,
        'a list of codes or their beginnings, such as ["TEL302"]',
        {**_CODES, "description": "Checks that do not run."},
    ),
    "levels": _Form(
        lambda value: isinstance(value, dict) and all(each in LEVELS for each in value.values()),
        f'a table of codes, such as {{ TEL301 = "error" }}; levels are {", ".join(LEVELS)}',
        {
            "type": "object",
            "propertyNames": _CODE,
            "additionalProperties": {"enum": list(LEVELS)},
            "description": "Code or beginning of codes -> level.",
        },
        tightens=True,
    ),
    "minimum": _Form(
        lambda value: isinstance(value, str) and bool(re.fullmatch(_VERSION, value)),
        'a version, such as "0.1"',
        {
            "type": "string",
            "pattern": f"^{_VERSION}{_END}",
            "description": "Least version of ameide-telemetry that services ask for.",
        },
    ),
    "per-path-ignores": _Form(
        lambda value: isinstance(value, list) and all(_is_allowance(each) for each in value),
        'tables [[tool.ameide_telemetry.lint.per-path-ignores]] of paths = ["jobs/*"], relative to this file,'
        ' codes = ["TEL301"] and reason = "a text"',
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["paths", "codes", "reason"],
                "additionalProperties": False,
                "properties": {
                    "paths": {**PATTERNS, "minItems": 1},
                    "codes": {**_CODES, "minItems": 1},
                    "reason": {"type": "string", "pattern": r"\S"},
                },
            },
            "description": "Where checks do not apply, and why.",
        },
    ),
    "select": _Form(
        _texts,
        'a list of codes or their beginnings, such as ["TEL1", "TEL2"]',
        {**_CODES, "description": "Checks that run; all by default."},
    ),
    "strict": _Form(
        lambda value: isinstance(value, bool),
        "true or false",
        {"type": "boolean", "description": "Whether an entrypoint that cannot be resolved is an error."},
        tightens=True,
    ),
}


def _is_allowance(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"paths", "codes", "reason"}
        and are_patterns(value["paths"])
        and _texts(value["codes"])
        and all((value["paths"], value["codes"]))
        and isinstance(value["reason"], str)
        and bool(value["reason"].strip())
    )


def config_schema() -> str:
    """Return the JSON Schema of both sections, for editors that complete `pyproject.toml`."""
    keys = {key: form.schema for key, form in _FORMS.items()}
    row = {"type": "object", "required": ["app"], "additionalProperties": False, "properties": SERVICE_ROW}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "[tool.ameide_telemetry] of pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "logs": {"type": "object", "description": "What `logs check` asks of lines."},
            "lint": {"type": "object", "additionalProperties": False, "properties": keys},
            "services": {
                "type": "object",
                "propertyNames": {"pattern": r"\S"},
                "additionalProperties": {"anyOf": [SERVICE_ROW["app"], row]},
            },
        },
    }
    return json.dumps(schema, indent=2) + "\n"


def read_config(root: Path, files: Iterable[Path], named: Path | None = None) -> Config:
    """Return what the files ask for together.

    Args:
        root: the folder that is looked at; its file, or the nearest above that has a section, is in charge.
        files: the `pyproject.toml` files below it; their sections may only tighten what the first asks for.
        named: the file that is in charge instead.

    Raises:
        TelemetryError: a file is not TOML; a key or value is wrong; a code does not exist.
    """
    main = named or _nearest(root)
    config = Config(selected=frozenset(lint_codes()))
    if main is not None:
        config = _asked(config, main, must_have=named is not None)
    for path in files:
        if path != main:
            config = _tightened(config, path, main or root / FILE)
    return config


def _nearest(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        candidate = folder / FILE
        if candidate.is_file() and mentions(candidate):
            must_be_known(candidate, _FORMS)
            found = section_of(candidate, _LINT), section_of(candidate, SERVICES)
            if found != (None, None):
                return candidate
    return None


def _asked(config: Config, path: Path, *, must_have: bool = False) -> Config:
    must_be_known(path, _FORMS)
    section = section_of(path, _LINT)
    if section is None and must_have:
        raise TelemetryError(f"{path} has no section [{_LINT}]: add it, or leave --config out")
    _check(section or {}, path)
    given = section or {}
    selected = codes_of(given["select"], f"{path}: select") if "select" in given else config.selected
    return replace(
        config,
        bootstrap=tuple(given.get("bootstrap", config.bootstrap)),
        selected=selected - codes_of(given.get("ignore", ()), f"{path}: ignore"),
        levels=_levels(given, path),
        exclude=tuple(form for each in given.get("exclude", ()) for form in spelled(each)),
        allowances=_allowances(given.get("per-path-ignores", ()), path),
        services=declared_in(path),
        strict=given.get("strict", False),
        minimum=given.get("minimum", ""),
        baseline=path.parent / given["baseline"] if "baseline" in given else None,
        files=(path,),
    )


def _tightened(config: Config, path: Path, main: Path) -> Config:
    if not mentions(path):
        return config
    must_be_known(path, _FORMS)
    section = section_of(path, _LINT) or {}
    _check(section, path)
    loose = sorted(key for key in section if not _FORMS[key].tightens)
    if loose:
        tight = ", ".join(key for key, form in _FORMS.items() if form.tightens)
        raise TelemetryError(
            f"{path}: {', '.join(loose)} in [{_LINT}] may only stand in {main}: a service can only tighten"
            f" ({tight}); to let this file decide for all: --config {path}"
        )
    raised = {
        code: level
        for code, level in _levels(section, path).items()
        if LEVELS.index(level) <= LEVELS.index(config.levels.get(code, CHECKS[code].level))
    }
    services = declared_in(path)
    if not section and not services:
        return config
    return replace(
        config,
        levels={**config.levels, **raised},
        strict=config.strict or section.get("strict", False),
        services=config.services + services,
        files=(*config.files, path),
    )


def _levels(section: Mapping[str, Any], path: Path) -> dict[str, Level]:
    return {
        code: level
        for word, level in section.get("levels", {}).items()
        for code in codes_of([word], f"{path}: levels")
    }


def _allowances(rows: Sequence[Mapping[str, Any]], path: Path) -> tuple[Allowance, ...]:
    text = contents(path).decode("utf-8")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if _PER_PATH.match(line)]
    return tuple(
        Allowance(
            tuple(row["paths"]),
            codes_of(row["codes"], f"{path}: per-path-ignores"),
            row["reason"],
            Spot(path, line),
        )
        for row, line in zip(rows, lines if len(lines) == len(rows) else (1,) * len(rows), strict=True)
    )


def _check(section: Mapping[str, Any], path: Path) -> None:
    for key, value in section.items():
        if key not in _FORMS:
            near = nearest(key, _FORMS)
            question = f"did you mean {near}? " if near else ""
            raise TelemetryError(
                f"{path}: [{_LINT}] has no key {key!r}: {question}the keys are {', '.join(_FORMS)}"
            )
        if not _FORMS[key].accepts(value):
            raise TelemetryError(f"{path}: {key} in [{_LINT}] is wrong: write {_FORMS[key].words}")
