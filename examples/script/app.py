"""A plain script: a nightly report, one tenant after the other."""

from __future__ import annotations

from ameide_telemetry import bound_context, get_logger, init_telemetry

ORDERS = {"acme": [120, 80], "globex": [45], "initech": []}


def main() -> None:
    with init_telemetry("report", version="1.0.0") as telemetry:
        log = get_logger("report")
        tracer = telemetry.tracer("report")
        with tracer.start_as_current_span("nightly report"):
            for tenant, amounts in ORDERS.items():
                with bound_context(tenant_id=tenant), tracer.start_as_current_span("report of a tenant"):
                    log.info("orders summed up", count=len(amounts), total=sum(amounts))
            print("printed text becomes a line too")  # noqa: T201 to show what becomes of it


if __name__ == "__main__":
    main()
