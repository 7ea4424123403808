"""How many lines a second does the log check judge, beside validators and parsers alone?

    python benchmarks/log_check.py [--lines COUNT]

Interleaved rounds in one process over lines of about 450 bytes like those that the library writes. All checks
are on and all errors are collected, unless a row says otherwise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from random import Random
from typing import TYPE_CHECKING, Any

from ameide_telemetry.contract.load import load_contract
from ameide_telemetry.contract.schema import log_line_schema
from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.rules import Rules
from rounds import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 7
FAULTS: tuple[dict[str, Any], ...] = (
    {"level": "INFO"},
    {"trace_id": "0" * 32},
    {"message": "mail to bob@example.com bounced"},
    {"duration": float("nan")},
    {"version": None},
)


def lines(count: int, *, bad: float) -> list[bytes]:
    random = Random(count)
    return [_line(random, number, bad=random.random() < bad) for number in range(count)]


def _line(random: Random, number: int, *, bad: bool) -> bytes:
    moment = f"2026-01-31T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    record = {
        "timestamp": f"{moment}.{random.randrange(10**6):06}Z",
        "level": "info",
        "message": f"order {random.randrange(10**5)} for the warehouse: priced in {number % 99} ms",
        "logger": "orders.checkout",
        "service": "orders",
        "version": "1.4.2",
        "env": "production",
        "schema_version": "1.0",
        "trace_id": f"{random.getrandbits(128) | 1:032x}",
        "span_id": f"{random.getrandbits(64) | 1:016x}",
        "trace_flags": "03",
        "request_id": str(uuid.UUID(int=random.getrandbits(128))),
        "tenant_id": "acme",
        "saas.tenant": "acme",
        "sku": f"A-{random.randrange(10**4)}",
        "price": random.randrange(10**4) / 100,
    }
    if bad:
        record |= FAULTS[number % len(FAULTS)]
        if number % len(FAULTS) == 0 and number % 2:
            return json.dumps(record)[:300].encode()
    return json.dumps(record, separators=(",", ":")).encode()


def _ours(engine: str, *, personal: bool = True) -> Callable[[Sequence[bytes]], object]:
    def check(stream: Sequence[bytes]) -> object:
        inspector = Inspector(Rules(personal=personal), engine=engine)
        inspector.inspect_all(stream)
        return inspector.report()

    return check


def _parser(loads: Callable[[bytes], Any]) -> Callable[[Sequence[bytes]], object]:
    def parse(stream: Sequence[bytes]) -> object:
        count = 0
        for line in stream:
            try:
                loads(line)
            except ValueError:
                count += 1
        return count

    return parse


def _validator(loads: Callable[[bytes], Any], errors: Callable[[Any], Any]) -> Callable[..., object]:
    def judge(line: bytes) -> object:
        return [*errors(loads(line))]

    return _parser(judge)


def ways() -> dict[str, Callable[[Sequence[bytes]], object]]:
    found = {
        "ours, standard library": _ours("standard"),
        "ours, standard library, without the search for personal data": _ours("standard", personal=False),
        "json.loads alone": _parser(json.loads),
    }
    schema = log_line_schema(load_contract())
    try:
        import jsonschema_rs
        import orjson
    except ImportError:
        print("jsonschema-rs and orjson are not installed: pip install ameide-telemetry[check]")
    else:
        errors = jsonschema_rs.Draft202012Validator(schema).iter_errors
        found["ours, jsonschema-rs"] = _ours("jsonschema-rs")
        found["ours, jsonschema-rs, without the search for personal data"] = _ours(
            "jsonschema-rs", personal=False
        )
        found["orjson and jsonschema-rs, the schema alone"] = _validator(orjson.loads, errors)
        found["orjson alone"] = _parser(orjson.loads)
    try:
        import jsonschema
    except ImportError:
        print("jsonschema is not installed")
    else:
        slow = jsonschema.Draft202012Validator(schema).iter_errors
        found["jsonschema, the schema alone"] = lambda stream: _validator(json.loads, slow)(stream[:500])
    return found


def _measure(judges: dict[str, Callable[..., object]], stream: Sequence[bytes]) -> dict[str, float]:
    figures: dict[str, list[float]] = {name: [] for name in judges}
    for number in range(ROUNDS):
        for name in judges if number % 2 else reversed(judges):
            count = 500 if name.startswith("jsonschema,") else len(stream)
            begin = time.process_time()
            judges[name](stream)
            figures[name].append(count / (time.process_time() - begin))
    return {name: statistics.median(values) for name, values in figures.items()}


def main() -> None:
    """Print lines a second of CPU time for good lines and for a mixture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=30_000)
    count = parser.parse_args().lines
    judges = ways()
    good = lines(count, bad=0.0)
    size = statistics.mean(map(len, good))
    clean = _measure(judges, good)
    mixed = _measure(judges, lines(count, bad=0.1))
    rows = [
        (name, f"{clean[name]:,.0f}", f"{clean[name] / clean['json.loads alone']:.2f}", f"{mixed[name]:,.0f}")
        for name in judges
    ]
    heads = ("way", "good lines", "of json.loads", "10 % bad lines")
    print(table(f"Lines a second of CPU time, {size:.0f} bytes each", rows, heads))


if __name__ == "__main__":
    main()
