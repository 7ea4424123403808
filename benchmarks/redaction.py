"""What does redaction cost, and what does it take for a secret that is none?

    python benchmarks/redaction.py [--ids COUNT] [FILE ...]

Interleaved rounds in one process: microseconds added per record by ours, beside `json.dumps` of the same
record and the scrubbers of logfire and, where it is installed, of Sentry. Then recall on generated values,
false positives on generated ids and lines, and on the lines of files.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from rounds import table

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "redaction"))
REDACTOR = Redactor(RedactionPolicy())
Record = dict[str, Any]
ROUNDS = 15
COUNT = 2_000
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


def _ours(record: Record) -> object:
    found: Found = {}
    text, field = REDACTOR.text, REDACTOR.field
    return [
        text(value, found) if name == "message" else field(name, value, found)
        for name, value in record.items()
    ]


def _logfire() -> Callable[[Record], object] | None:
    try:
        from logfire._internal.scrubbing import Scrubber
    except ImportError:
        return None
    scrubber = Scrubber(None)
    return lambda record: scrubber.scrub_value((), record)


def _sentry() -> Callable[[Record], object] | None:
    try:
        from sentry_sdk.scrubber import EventScrubber
    except ImportError:
        return None
    scrubber = EventScrubber(recursive=True)
    return lambda record: scrubber.scrub_dict({**record})


def _cost() -> None:
    ways = {"ours": _ours, "json.dumps": json.dumps, "logfire": _logfire(), "Sentry": _sentry()}
    present = {name: way for name, way in ways.items() if way is not None}
    rows = []
    for title, record in RECORDS.items():
        figures = _interleaved(present, record)
        ratio = f"{figures['ours'] / figures['json.dumps']:.2f}"
        rows.append((title, *(f"{figures[name]:.1f}" for name in present), ratio))
    print(table("Microseconds per record", rows, ("record", *present, "ours / json.dumps")))


def _interleaved(ways: dict[str, Callable[[Record], object]], record: Record) -> dict[str, float]:
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name in ways if number % 2 == 0 else reversed(ways):
            way = ways[name]
            begin = time.perf_counter()
            for _ in range(COUNT):
                way(record)
            figures[name].append((time.perf_counter() - begin) / COUNT * 1e6)
    return {name: statistics.median(values) for name, values in figures.items()}


def _recall(count: int) -> None:
    from kit.people import PEOPLE

    rows = []
    for kind, (make, frames) in PEOPLE.items():
        random = Random(kind)
        values = [make(random) for _ in range(count)]
        texts = [frames[number % len(frames)].format(value) for number, value in enumerate(values)]
        found = sum(value not in REDACTOR.text(text, {}) for value, text in zip(values, texts, strict=True))
        rows.append((kind, str(count), f"{found / count:.4f}"))
    print(table("Recall of generated values", rows, ("kind", "values", "recall")))


def _false_positives(count: int) -> None:
    from kit.lines import line
    from kit.machines import FRAMES, MACHINES, SIXTEEN_DIGITS

    made = {**MACHINES, "bare 16 digits": SIXTEEN_DIGITS, "clean lines": line}
    rows = []
    for kind, make in made.items():
        random = Random(kind)
        frames = FRAMES if kind in MACHINES else ("{}",)
        touched = 0
        for number in range(count):
            text = (
                make(random) if kind == "clean lines" else frames[number % len(frames)].format(make(random))
            )
            touched += REDACTOR.text(text, {}) != text
        rows.append((kind, str(count), str(touched)))
    print(table("False positives", rows, ("kind", "texts", "redacted")))


def _files(paths: list[Path]) -> None:
    rows = []
    for path in paths:
        found: Found = {}
        lines = path.read_text(errors="replace").splitlines()
        touched = sum(REDACTOR.text(line, found) != line for line in lines)
        rows.append((path.name, str(len(lines)), str(touched), str(found or "")))
    print(table("Lines of files", rows, ("file", "lines", "redacted", "found")))


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ids", type=int, default=20_000, help="generated ids and lines of each kind")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    _cost()
    _recall(min(arguments.ids, 20_000))
    _false_positives(arguments.ids)
    if arguments.files:
        _files(arguments.files)


if __name__ == "__main__":
    main()
