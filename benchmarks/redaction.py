"""What does redaction cost, what does it find, and what does it take for a secret that is none?

    python benchmarks/redaction.py [--ids COUNT] [--json] [FILE ...]

Interleaved rounds in one process: microseconds added per record by ours, beside `json.dumps` of the same
record and the scrubbers of logfire and Sentry with their defaults, as far as they are installed. Then the
same for recall on generated values, for false positives on generated ids and lines and on the names of the
semantic conventions, and ours on the lines of files.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import statistics
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from rounds import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "redaction"))
REDACTOR = Redactor(RedactionPolicy())
Record = dict[str, Any]
# What -> way -> figure; the way `count` is how many were looked at.
Figures = dict[str, dict[str, float]]
OURS = "ours"
LOOP = "loop"
JSON = "json.dumps"
COUNT = "count"
ROUNDS = 31
LETTERS = 60_000
# So many values tell recall, and so many texts what the others do; false positives of ours are rarer.
ENOUGH = 20_000
WAYS = """
What each does by default:
  ours     names by their words, values of fields and text of messages by patterns and checks; called in the
           loop over the fields by which a line is rendered, whose own time is not added by it
  logfire  `Scrubber(None)`, as for attributes and body of a log record: about fifteen words, looked for in
           names and values; a value that has one is replaced as a whole. No addresses, numbers, keys, ids.
  Sentry   `EventScrubber()`, as for the extra of an event: some fifty whole names, of the outermost level.
           Values and messages are not looked at; what the server does comes after the data have left.
"""
RECORDS: dict[str, Record] = {
    "clean, 8 fields": {
        "message": "order priced in 12 ms",
        "sku": "A-100",
        "price": 12.5,
        "currency": "EUR",
        "items": 3,
        "order_id": "ord_8f3a9b2c",
        "http_route": "/orders/{id}",
        "duration_ms": 12.25,
        "region": "eu-west-1",
    },
    "clean, typical": {
        "message": "request finished: POST /orders answered 201",
        "service": "orders",
        "tenant_id": "acme",
        "request_id": "req-8f3a9b2c",
        "status": 201,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "http_route": "/orders/{id}",
        "duration_ms": 12.25,
        "user_agent": "curl/8.5.0",
    },
    "dirty": {
        "message": "login of bob@example.com failed: password=hunter2",
        "email": "bob@example.com",
        "url": "https://shop.test/in?token=abc&next=1",
        "status": 401,
        "card_number": "4111111111111111",
        "note": "call +49 30 12345678",
        "tries": 3,
    },
    "clean, 2 KB message": {"message": "the worker took another job from its queue " * 48, "n": 1},
    "clean, 2 KB of pairs": {"message": "key=value state: ready; " * 85, "n": 1},
}
# What is read of a query are its values; its names stay.
OF_OUR_CONTRACT = names.PERSONAL_NAMES.keys() | {"url.query"}


def _ours(record: Record) -> object:
    found: Found = {}
    text, field = REDACTOR.text, REDACTOR.field
    return [
        text(value, found) if name == "message" else field(name, value, found)
        for name, value in record.items()
    ]


def _loop(record: Record) -> object:
    """Go through the fields as rendering does, redacted or not."""
    return [str if name == "message" else value for name, value in record.items()]


def _logfire() -> Callable[[Record], object] | None:
    try:
        from logfire._internal.scrubbing import Scrubber
    except ImportError:
        return None
    scrubber = Scrubber(None)
    return lambda record: scrubber.scrub_value((), record)[0]


def _sentry() -> Callable[[Record], object] | None:
    try:
        from sentry_sdk.scrubber import EventScrubber
    except ImportError:
        return None
    scrubber = EventScrubber()

    def scrub(record: Record) -> object:
        # It changes what it is given.
        copied = {**record}
        scrubber.scrub_dict(copied)
        return copied

    return scrub


def _scrubbers() -> dict[str, Callable[[Record], object]]:
    ways = {OURS: _ours, "logfire": _logfire(), "Sentry": _sentry()}
    return {name: way for name, way in ways.items() if way is not None}


def _leaves(way: Callable[[Record], object], name: str, text: str) -> str:
    """Return what a scrubber makes of one text under a name."""
    made = way({name: text})
    (left,) = made.values() if isinstance(made, dict) else made  # type: ignore[attr-defined]
    return left if isinstance(left, str) else repr(left)


def cost() -> Figures:
    """Return microseconds per record, and how many times what `json.dumps` takes is added by ours."""
    ways = {**_scrubbers(), LOOP: _loop, JSON: json.dumps}
    return {title: _interleaved(ways, record) for title, record in RECORDS.items()}


def _interleaved(ways: Mapping[str, Callable[[Record], object]], record: Record) -> dict[str, float]:
    figures: dict[str, list[float]] = {name: [] for name in ways}
    count = LETTERS // len(record["message"])
    for number in range(ROUNDS):
        for name in ways if number % 2 == 0 else reversed(ways):
            way = ways[name]
            begin = time.perf_counter()
            for _ in range(count):
                way(record)
            figures[name].append((time.perf_counter() - begin) / count * 1e6)
    each = zip(figures[OURS], figures[LOOP], figures[JSON], strict=True)
    ratios = [(ours - loop) / dumped for ours, loop, dumped in each]
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return {**medians, "added": medians[OURS] - medians[LOOP], "ratio": statistics.median(ratios)}


def recall(count: int) -> Figures:
    """Return which part of generated values is found in texts that do not name them."""
    from kit.people import PEOPLE

    ways, figures = _scrubbers(), {}
    for kind, (make, frames) in PEOPLE.items():
        random = Random(kind)
        values = [make(random) for _ in range(count)]
        texts = [frames[number % len(frames)].format(value) for number, value in enumerate(values)]
        figures[kind] = {COUNT: float(count)} | {
            name: sum(
                value not in _leaves(way, "message", text) for value, text in zip(values, texts, strict=True)
            )
            / count
            for name, way in ways.items()
        }
    return figures


def false_positives(count: int) -> Figures:
    """Return how many of so many generated ids, numbers and lines are changed; by the others, of a part."""
    from kit.lines import line
    from kit.machines import FRAMES, MACHINES, SIXTEEN_DIGITS

    made = {**MACHINES, "bare 16 digits": SIXTEEN_DIGITS, "clean lines": line}
    ways, figures = _scrubbers(), {}
    for kind, make in made.items():
        frames = FRAMES if kind in MACHINES else ("{}",)
        figures[kind] = {COUNT: float(count)}
        for name, way in ways.items():
            # Of the same texts: whoever looks at fewer sees the first of them.
            random = Random(kind)
            seen = count if name == OURS else min(count, ENOUGH)
            touched = 0
            for number in range(seen):
                text = make(random) if len(frames) == 1 else frames[number % len(frames)].format(make(random))
                touched += _leaves(way, "message", text) != text
            figures[kind][name] = touched * count / seen
    return figures


def conventions() -> dict[str, list[str]]:
    """Return the attribute names of OpenTelemetry whose value goes, and that the contract does not name."""
    from opentelemetry.semconv import attributes
    from opentelemetry.semconv._incubating import attributes as incubating

    known: set[str] = set()
    for package in (attributes, incubating):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            loaded = vars(importlib.import_module(module.name))
            known.update(each for key, each in loaded.items() if key.isupper() and isinstance(each, str))
    redacted = {
        name: sorted(each for each in known if _leaves(way, each, "4") != "4")
        for name, way in _scrubbers().items()
    }
    return {"names": sorted(known)} | {
        name: [each for each in found if each not in OF_OUR_CONTRACT] for name, found in redacted.items()
    }


def _files(paths: list[Path]) -> None:
    rows = []
    for path in paths:
        found: Found = {}
        lines = path.read_text(errors="replace").splitlines()
        touched = sum(REDACTOR.text(line, found) != line for line in lines)
        rows.append((path.name, str(len(lines)), str(touched), str(found or "")))
    print(table("Lines of files", rows, ("file", "lines", "redacted", "found")))


def _show(measured: Mapping[str, Any]) -> None:
    ways = tuple(_scrubbers())
    print(WAYS.rstrip())
    rows = [
        (title, *(f"{figures[name]:.1f}" for name in (*ways, LOOP, JSON)), f"{figures['ratio']:.2f}")
        for title, figures in measured["cost"].items()
    ]
    heads: tuple[str, ...] = ("record", *ways, LOOP, JSON, f"(ours - loop) / {JSON}")
    print(table("Microseconds per record", rows, heads))
    rows = [
        (kind, f"{figures[COUNT]:,.0f}", *(f"{figures[name]:.4f}" for name in ways))
        for kind, figures in measured["recall"].items()
    ]
    print(table("Recall of generated values", rows, ("kind", "values", *ways)))
    rows = [
        (kind, f"{figures[COUNT]:,.0f}", *(f"{figures[name]:,.0f}" for name in ways))
        for kind, figures in measured["false_positives"].items()
    ]
    print(table("False positives", rows, ("kind", "texts", *ways)))
    told = measured["conventions"]
    total = f"{len(told['names'])}"
    rows = [(name, total, str(len(told[name])), ", ".join(told[name][:4])) for name in ways]
    heads = ("way", "names", "redacted", "the first of them")
    print(table("Attributes of OpenTelemetry that are not personal", rows, heads))


def main() -> None:
    """Print all tables, or all figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ids", type=int, default=ENOUGH, help="generated ids and lines of each kind")
    parser.add_argument("--json", action="store_true", help="print data instead of tables")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    measured = {
        "cost": cost(),
        "recall": recall(min(arguments.ids, ENOUGH)),
        "false_positives": false_positives(arguments.ids),
        "conventions": conventions(),
    }
    if arguments.json:
        print(json.dumps(measured, indent=2))
        return
    _show(measured)
    if arguments.files:
        _files(arguments.files)


if __name__ == "__main__":
    main()
