"""How long AIR takes: `python tests/bench/air.py [MILLIONS ...]` of messages.

For each size: a cluster of 10,000 copies found, decided, remediated and published; then all other alerts of the simulation; then
100 alerts on files and links that the everyday mail carries; then what reading and undoing cost. The stores are simulated in a
temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake
from hunting.simulate import simulate

END = datetime(2026, 11, 20, tzinfo=UTC)
ALERTS = 100
BOUNDS = {"10,000 copies": 2.0, f"{ALERTS} alerts": 10.0}  # seconds, at one million messages

_T = TypeVar("_T")

Spent = dict[str, tuple[float, float]]
Counts = dict[str, int]


def timed(spent: Spent, name: str, call: Callable[[], _T]) -> _T:
    """Notes wall-clock and processor time: on a machine with other work, only the second says much."""
    began, used = time.perf_counter(), time.process_time()
    result = call()
    spent[name] = time.perf_counter() - began, time.process_time() - used
    return result


def raise_alerts(lake: Lake, hunt: Hunt) -> None:
    """Alerts on the commonest files and links of everyday mail, stated as malicious."""
    few = f"where Copies < 500 | top {ALERTS // 2} by Copies"
    files = hunt.query(f"EmailAttachmentInfo | where SHA256 != '' | summarize Copies = count() by SHA256 | {few}")
    urls = hunt.query(f"EmailUrlInfo | summarize Copies = count() by Url | {few}")
    found = [("File", "SHA256", row[0]) for row in files.rows()] + [("Url", "RemoteUrl", row[0]) for row in urls.rows()]
    at, title = END.replace(tzinfo=None), "Email messages containing malicious file removed after delivery"
    common = {"Timestamp": at, "Title": title, "ServiceSource": "Microsoft Defender for Office 365", "Severity": "Medium"}
    info = [common | {"AlertId": f"bench{number:04}"} for number in range(len(found))]
    evidence = [
        {"Timestamp": at, "AlertId": f"bench{number:04}", "EntityType": kind, "AdditionalFields": '{"LastVerdict":"Malicious"}'}
        | {"SHA256": "", "RemoteUrl": ""}
        | {column: value}
        for number, (kind, column, value) in enumerate(found)
    ]
    lake.append("AlertInfo", pa.Table.from_pylist(info))
    lake.append("AlertEvidence", pa.Table.from_pylist(evidence))


def measure(folder: Path, messages: int) -> tuple[Spent, Counts]:
    """Seconds of each step over a store of so many messages, and how much there was to do."""
    lake = Lake.create(folder / "store")
    campaigns = {c.name: c for c in simulate(lake, messages=messages, days=30, seed=1, end=END).campaigns}
    clock, spent = ManualClock(END), Spent()
    with Hunt(lake, clock=clock) as hunt:
        air = hunt.air
        air.set(by="bench", similar_files=True, similar_urls=True)
        hunt.query("EmailEvents | count")  # the first query pays for opening the tables
        found = timed(spent, "10,000 copies", lambda: air.investigate(campaigns["threshold-10000"].alert_id))
        assert found.status == "Remediated" and found.actions[0].email_count == 10_000
        simulated = timed(spent, "the simulation's alerts", air.run)
        raise_alerts(lake, hunt)
        clock.advance(timedelta(hours=2))
        done = timed(spent, f"{ALERTS} alerts", air.run)
        assert done.investigations == ALERTS, done
        clock.advance(timedelta(hours=1))
        undone = timed(spent, "undo of 10,000", lambda: air.undo(found.actions[0].id, by="bench"))
        assert undone.moved > 5_000
        timed(spent, "run, nothing new", air.run)
        timed(spent, "Action center", lambda: air.action_center("history"))
        timed(spent, "Explorer", lambda: air.explorer(additional_action="Automated remediation:automated", limit=100))
        timed(spent, "report", air.report)
        checked = timed(spent, "verify", air.verify)
        assert checked.sound, checked.faults
        clusters = hunt.query("EmailClusters | summarize count(), sum(EmailCount)").rows()[0]
        air.close()
    counts = {"messages": messages, "investigations": 1 + simulated.investigations + done.investigations}
    counts |= {"clusters": clusters[0], "their copies": clusters[1], "removed by the simulation's alerts": simulated.moved}
    return spent, counts | {f"removed by the {ALERTS} alerts": done.moved}


def _millions(text: str) -> float:
    size = float(text)
    if not 0.02 <= size <= 100:
        raise argparse.ArgumentTypeError(f"from 0.02 to 100 million messages, not {text} million")
    return size


def main(sizes: list[float]) -> int:
    columns: dict[float, Spent] = {}
    counted: dict[float, Counts] = {}
    for size in sizes:
        folder = Path(tempfile.mkdtemp())
        try:
            columns[size], counted[size] = measure(folder, int(size * 1_000_000))
        finally:
            shutil.rmtree(folder)
    table = Table("", *(f"{size:g} million" for size in sizes), title="AIR: seconds, in brackets of the processors")
    for name in counted[sizes[0]]:
        table.add_row(name, *(f"{counted[size][name]:,}" for size in sizes))
    table.add_section()
    for name in columns[sizes[0]]:
        table.add_row(name, *("{:.2f} ({:.2f})".format(*columns[size][name]) for size in sizes))
    Console().print(table)
    late = [name for name, bound in BOUNDS.items() if columns.get(1.0, {}).get(name, (0.0, 0.0))[0] > bound]
    return 1 if late else 0


if __name__ == "__main__":
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("sizes", metavar="MILLIONS", type=_millions, nargs="*", default=[0.1, 1.0], help="default: 0.1 and 1")
    sys.exit(main(command.parse_args().sizes))
