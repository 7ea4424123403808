"""What does one correlated log line cost?

    python benchmarks/log_line.py

Every variant logs `order %s priced` or its structured form inside a recording span, to /dev/null.
"""

from __future__ import annotations

import logging
import sys

from rounds import Variant, measure, serve_rounds, table

VARIANTS = {
    "stdlib, plain text": "plain",
    "stdlib + python-json-logger, correlated": "json",
    "structlog through stdlib, JSON, correlated": "structlog-stdlib",
    "structlog, performance recipe, correlated": "structlog-fast",
    "ours, stdlib logging": "ours",
    "ours, stdlib logging with two extra fields": "ours-extra",
    "ours, structlog with two fields": "ours-structlog",
}
ROUNDS = 15
LINES = 4_000


def _correlation(record: logging.LogRecord) -> bool:
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    record.trace_id = f"{context.trace_id:032x}"
    record.span_id = f"{context.span_id:016x}"
    return True


def _correlate(_logger: object, _method: str, event: dict[str, object]) -> dict[str, object]:
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    event["trace_id"] = f"{context.trace_id:032x}"
    event["span_id"] = f"{context.span_id:016x}"
    return event


def _stdlib(formatter: logging.Formatter, *, correlated: bool) -> logging.Logger:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    if correlated:
        handler.addFilter(_correlation)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return logging.getLogger("shop")


def _plain() -> object:
    log = _stdlib(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"), correlated=False)
    return lambda number: log.info("order %s priced", number)


def _json() -> object:
    from pythonjsonlogger.json import JsonFormatter

    fields = "%(asctime)s %(levelname)s %(name)s %(message)s %(trace_id)s %(span_id)s"
    static = {"service": "orders", "version": "1", "env": "bench", "tenant_id": "acme"}
    log = _stdlib(JsonFormatter(fields, static_fields=static), correlated=True)
    return lambda number: log.info("order %s priced", number)


def _structlog_stdlib() -> object:
    import structlog

    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _correlate,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    _stdlib(
        structlog.stdlib.ProcessorFormatter(processors=[remove, structlog.processors.JSONRenderer()]),
        correlated=False,
    )
    structlog.contextvars.bind_contextvars(service="orders", version="1", env="bench", tenant_id="acme")
    log = structlog.get_logger("shop")
    return lambda number: log.info("order priced", sku=number, price=1.5)


def _structlog_fast() -> object:
    import orjson
    import structlog

    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _correlate,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
    )
    structlog.contextvars.bind_contextvars(service="orders", version="1", env="bench", tenant_id="acme")
    log = structlog.get_logger("shop")
    return lambda number: log.info("order priced", sku=number, price=1.5)


def _ours(form: str) -> object:
    from ameide_telemetry import bind_context, get_logger, init_telemetry

    init_telemetry("orders", version="1", environment="bench", instrument=False)
    bind_context(tenant_id="acme")
    log, structured = logging.getLogger("shop"), get_logger("shop")
    return {
        "ours": lambda number: log.info("order %s priced", number),
        "ours-extra": lambda number: log.info("order priced", extra={"sku": number, "price": 1.5}),
        "ours-structlog": lambda number: structured.info("order priced", sku=number, price=1.5),
    }[form]


def _worker(name: str) -> None:
    makers = {
        "plain": _plain,
        "json": _json,
        "structlog-stdlib": _structlog_stdlib,
        "structlog-fast": _structlog_fast,
    }
    call = makers[name]() if name in makers else _ours(name)
    from opentelemetry import trace

    if name in makers:
        from opentelemetry.sdk.trace import TracerProvider

        trace.set_tracer_provider(TracerProvider())

    def work(count: int) -> None:
        for number in range(count):
            call(number)  # type: ignore[operator]

    with trace.get_tracer("bench").start_as_current_span("work"):
        serve_rounds(work, LINES)


def main() -> None:
    """Measure all variants and print them beside the first."""
    found = measure([Variant(name, "log_line.py", key) for name, key in VARIANTS.items()], rounds=ROUNDS)
    base = found["stdlib, plain text"]
    rows = [(name, f"{value:.1f}", f"{value / base:.2f}x") for name, value in found.items()]
    print(table("One log line (median microseconds)", rows, ("variant", "us", "of plain text")))
    print("\naim: ours <= 1.15x of plain text")


if __name__ == "__main__":
    _worker(sys.argv[1]) if len(sys.argv) > 1 else main()
