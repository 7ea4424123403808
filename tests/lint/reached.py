"""What a service shall not call or import, reached in every way that the language has.

The ways are in `reached.txt`, each a small file; what has to be found in it is known by construction.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from lint.checks.running import plant, problems, scene_of
from lint.kit import split_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Reached", "Share", "reached", "shares"]

_WAYS: Final = Path(__file__).with_name("reached.txt")
_MARK: Final = "  #!"
_HIDDEN: Final = "TEL204"
# What is called, with its code: module, name, arguments.
_CALLED: Final = (
    ("TEL201", "opentelemetry.trace", "set_tracer_provider", "provider"),
    ("TEL201", "opentelemetry.metrics", "set_meter_provider", "provider"),
    ("TEL201", "opentelemetry._logs", "set_logger_provider", "provider"),
    ("TEL201", "opentelemetry.propagate", "set_global_textmap", "provider"),
    ("TEL202", "logging", "basicConfig", "level=10"),
    ("TEL202", "logging.config", "dictConfig", "{}"),
    ("TEL202", "logging.config", "fileConfig", "'a.ini'"),
    ("TEL202", "structlog", "configure", ""),
    ("TEL202", "coloredlogs", "install", ""),
    ("TEL203", "ddtrace", "patch_all", ""),
    ("TEL203", "logfire", "configure", ""),
    ("TEL203", "newrelic.agent", "initialize", "'a.ini'"),
    ("TEL203", "elasticapm", "instrument", ""),
)
_MODULES: Final = (
    "opentelemetry.sdk.trace",
    "opentelemetry.sdk.metrics.export",
    "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "opentelemetry.instrumentation.fastapi",
)


@dataclass(frozen=True, slots=True)
class Reached:
    """One file.

    Attributes:
        name: the way, and what is reached.
        expected: code and line of all that has to be found.
        text: of the file.
    """

    name: str
    expected: frozenset[tuple[str, int]]
    text: str

    def found(self) -> frozenset[tuple[str, int]]:
        """Return what the checks of telemetry by hand find in it."""
        with tempfile.TemporaryDirectory() as folder:
            top = plant(Path(folder), {"shop/own.py": "", "shop/work.py": self.text})
            some = [each for each in problems(scene_of(top)) if each.code.startswith("TEL2")]
        return frozenset((each.code, each.spot.line) for each in some)


@dataclass(frozen=True, slots=True)
class Share:
    """How right a check is.

    Attributes:
        code: of the check.
        right: findings that had to be.
        found: all findings.
        expected: all that had to be found.
    """

    code: str
    right: int
    found: int
    expected: int

    @property
    def precision(self) -> float:
        """The share of the findings that had to be."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what had to be found that was."""
        return self.right / self.expected if self.expected else 1.0


def reached() -> Iterator[Reached]:
    """Yield every way with everything that it may reach."""
    _, ways = split_files(_WAYS.read_text(encoding="utf-8"))
    for way, form in ways.items():
        group, _, name = way.partition(": ")
        for code, words in _imported() if group == "imported" else _called():
            yield _made(name, _HIDDEN if group == "hidden" else code, form, words)


def shares(results: Iterable[tuple[Reached, frozenset[tuple[str, int]]]]) -> list[Share]:
    """Return how right each check is, of files with what was found in them."""
    right: Counter[str] = Counter()
    told: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for each, found in results:
        wanted.update(code for code, _ in each.expected)
        told.update(code for code, _ in found)
        right.update(code for code, _ in found & each.expected)
    return [Share(code, right[code], told[code], wanted[code]) for code in sorted({*wanted, *told})]


def _called() -> Iterator[tuple[str, Mapping[str, str]]]:
    for code, module, name, given in _CALLED:
        words = {"module": module, "name": name, "given": given, "last": module.rpartition(".")[2]}
        yield code, {**words, "start": name[:4], "rest": name[4:]}


def _imported() -> Iterator[tuple[str, Mapping[str, str]]]:
    for module in _MODULES:
        above, _, last = module.rpartition(".")
        longer = ".".join(module.split(".")[:2]) + "_more"
        yield "TEL201", {"module": module, "above": above, "last": last, "longer": longer}


def _made(way: str, code: str, form: str, words: Mapping[str, str]) -> Reached:
    rows = Template(form).substitute(words).split("\n")
    lines = [number for number, row in enumerate(rows, 1) if row.endswith(_MARK)]
    text = "\n".join(row.removesuffix(_MARK) for row in rows)
    name = ".".join(words[each] for each in ("module", "name") if each in words)
    return Reached(f"{way}: {name}", frozenset((code, line) for line in lines), text)
