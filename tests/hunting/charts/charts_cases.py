"""Queries with a `render` of every kind, and names that want to be more than text."""

from __future__ import annotations

import hunting
from hunting.result import Result

HUNT = hunting.connect(":memory:")
DAYS = "datatable(Day:datetime, Kind:string, N:long)" + (
    "[datetime(2026-11-01),'a',5, datetime(2026-11-01),'b',2, datetime(2026-11-02),'a',9]"
)
EVERY_KIND = {
    "anomalychart": f"{DAYS} | render anomalychart",
    "areachart": f"{DAYS} | render areachart",
    "barchart": f"{DAYS} | project Kind, N | render barchart",
    "card": "print Mails = 12, Share = 0.5 | render card",
    "columnchart": f"{DAYS} | render columnchart",
    "ladderchart": f"{DAYS} | extend End = Day + 1d | render ladderchart",
    "linechart": f"{DAYS} | render linechart",
    "piechart": f"{DAYS} | project Kind, N | render piechart",
    "pivotchart": f"{DAYS} | render pivotchart",
    "scatterchart": f"{DAYS} | project N, M = N * 2 | render scatterchart",
    "stackedareachart": f"{DAYS} | render stackedareachart",
    "timechart": f"{DAYS} | render timechart",
    "timepivot": f"{DAYS} | render timepivot",
    "treemap": f"{DAYS} | project Kind, N | render treemap",
}


def run(text: str) -> Result:
    return HUNT.query(text)


HOSTILE = [
    "datum.x",
    "a.b[0]\\",
    "<img src=x onerror=alert(1)>",
    "\x1b[2J",
    "\u202egnp",
    "{'signal': 'x'}",
    "image",
    "__proto__",
    "x" * 5000,
]
