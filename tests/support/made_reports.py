"""Reports that no check made: what formats have to cope with, in one place."""

from __future__ import annotations

from typing import Final

from ameide_telemetry.findings import Finding
from ameide_telemetry.reports.model import Group, Place, Report

__all__ = ["CLEAN", "LINE", "MARK", "REPORT"]

LINE: Final = (
    '{"timestamp":"2026-11-22T08:43:32.425614Z","level":"info","message":"order read","logger":"orders",'
    '"trace_id":"00000000000000000000000000000000","order_id":7}'
)
_MARKED: Final = '"trace_id":"00000000000000000000000000000000"'
MARK: Final = (LINE.index(_MARKED), LINE.index(_MARKED) + len(_MARKED))

CLEAN: Final = Report(
    "logs check", (), 1204, "line", {"coverage": 1.0, "unseen": []}, checks=("TEL501", "TEL532")
)

REPORT: Final = Report(
    "logs check",
    (
        Group(
            Finding("TEL532", "is all zeros", "trace_id", "leave it out"),
            412,
            (Place("logs/a b.log", 3, 5), Place("logs/a b.log", 17), Place("w.log.gz", 40)),
            LINE,
            MARK,
        ),
        # What a hostile writer can put into a line, a key and the name of a file.
        Group(
            Finding("TEL501", "is not 100% JSON\r\n::error::no", "\x1b[31mevil,key:\ud800", "fix <it> & go"),
            1,
            (Place("-", 9),),
            "\x1b[2J<b>]]>&\x00\ud800\u202e",
        ),
        Group(Finding("TEL512", "is unknown", "traceId", level="warning"), 2, (Place("a:b,c%.log", 5),)),
        Group(Finding("TEL999", "is new", level="info"), 1, ()),
    ),
    1204,
    "line",
    {"coverage": 0.72, "unseen": ["stack", "extra"], "engine": "standard"},
    checks=("TEL501", "TEL502", "TEL512", "TEL532"),
    skipped=("TEL520",),
    hidden={"info": 12},
)
