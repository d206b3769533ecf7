"""Hunts against SQL by hand and other engines: `python tests/bench/hunts.py --store STORE [--messages N] [--only WORD ...]`.

Every hunt of `tests/bench/hunts/` is answered in turn by all contestants, again and again; the table gives medians. The ratio is
processor time of ours, compiling and refreshing included, over that of the SQL. With --messages a store is made where none is.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
from contestants import CONTESTANTS, OWN, PEERS, Cost, Refused, Runner
from hunt_texts import HuntText, Store, difference, read_hunts, rows_of
from rich.console import Console
from rich.table import Table

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake
from hunting.simulate import simulate

END = datetime(2026, 11, 20, tzinfo=UTC)
RESULTS = Path(__file__).with_name("results")
LIMITS = {"plain": 1.0, "best": 1.15}  # of the geometric means
WORST = 1.3  # of plain
Record = dict[str, Any]

# What one operator may cost against one expression; their rows need not agree.
YARDSTICKS = {
    "has over ilike": (
        'EmailEvents | where Subject has "invoice" | count',
        "SELECT count(*) FROM EmailEvents WHERE Subject ILIKE '%invoice%'",
        1.35,
    ),
    "7-day bin over date_trunc": (
        "EmailEvents | summarize count() by bin(Timestamp, 7d)",
        "SELECT date_trunc('week', Timestamp), count(*) FROM EmailEvents GROUP BY ALL",
        1.1,
    ),
}


def make_store(root: Path, messages: int, seed: int = 1) -> None:
    """A simulated tenant in which automation has removed one cluster."""
    campaigns = {c.name: c for c in simulate(Lake.create(root), messages=messages, seed=seed, end=END).campaigns}
    with Hunt(Lake.open(root), clock=ManualClock(END)) as hunt:
        hunt.air.set(by="bench", similar_files=True)
        hunt.air.investigate(campaigns["threshold-10000"].alert_id)
        hunt.air.run()
        hunt.air.close()


# ---------------------------------------------------------------- measuring


def measure(root: Path, hunts: list[HuntText], names: Iterable[str], repeat: int, told: Callable[[str], None]) -> Record:
    """What every contestant's answer to every hunt costs, and whether its rows are those of the SQL."""
    store = Store(root)
    record: Record = {"messages": store.messages, "repeat": repeat, "hunts": {}, "absent": {}} | machine()
    with ExitStack() as stack:
        runners: list[Runner] = []
        for name in names:
            try:
                runners.append(stack.enter_context(Runner(name, root)))
            except Refused as refused:
                record["absent"][name] = str(refused)
                told(f"{name}: {refused}")
        for hunt in hunts:
            told(hunt.name)
            record["hunts"][hunt.name] = measure_hunt(runners, hunt, repeat)
    return record


def measure_hunt(runners: list[Runner], hunt: HuntText, repeat: int) -> Record:
    """Per contestant the medians and the processor times of all runs, or why it cannot answer, or how its rows differ."""
    found, record = {}, Record()
    for runner in runners:
        try:
            found[runner.name] = runner.rows(hunt)
        except Refused as refused:
            record[runner.name] = {"refused": str(refused)}
    if yardstick := hunt.name in YARDSTICKS:
        found = {name: (table.slice(0, 0), dynamic) for name, (table, dynamic) in found.items()}
    runs: dict[str, list[Cost]] = {name: [] for name in found}
    for number in range(repeat):
        for runner in runners:
            if runner.name in found:
                runs[runner.name].append(runner.run(hunt, number))
    differences = {} if yardstick else compare(found, hunt)
    for name, costs in runs.items():
        record[name] = asdict(median(costs)) | {"cpu_runs": [round(cost.cpu, 4) for cost in costs]}
        if differences.get(name):
            record[name]["differs"] = differences[name]
    return record


def median(costs: list[Cost]) -> Cost:
    wall, cpu = statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs)
    return replace(costs[0], wall=wall, cpu=cpu, memory=max(c.memory for c in costs))


def compare(found: dict[str, tuple[pa.Table, set[str]]], hunt: HuntText) -> dict[str, str | None]:
    """How the rows of each contestant differ from those of the plain SQL."""
    expected = found["plain"][0]
    declared = found["ours"][1] if "ours" in found else set()
    positions = {expected.column_names.index(name) for name in (declared | hunt.sets) if name in expected.column_names}
    wanted = rows_of(expected, {expected.column_names[p] for p in positions}, hunt.sets)
    differences: dict[str, str | None] = {}
    for name, (table, _) in found.items():
        if table.num_columns != expected.num_columns:
            differences[name] = f"{table.num_columns} columns instead of {expected.num_columns}"
            continue
        if name in OWN and table.column_names != expected.column_names:
            differences[name] = f"columns {table.column_names} instead of {expected.column_names}"
            continue
        named = table.rename_columns(expected.column_names)  # other engines name columns in their own way
        rows = rows_of(named, {expected.column_names[p] for p in positions}, hunt.sets)
        differences[name] = difference(wanted, rows, hunt.ordered)
    return differences


def machine() -> Record:
    packages = {name: version(name) for name in ("duckdb", "pyarrow", "sqlglot", "lark", "deltalake")}
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "packages": packages,
    }


# ---------------------------------------------------------------- what it says


def ratio(costs: Record, one: str, other: str, figure: str = "cpu") -> float | None:
    """How much more one contestant pays than another; None where one of them gave no or another answer."""
    ours, theirs = costs.get(one, {}), costs.get(other, {})
    if figure not in ours or figure not in theirs or "differs" in ours or "differs" in theirs:
        return None
    return float(ours[figure] / theirs[figure])


def ratios(record: Record, other: str, one: str = "ours", figure: str = "cpu") -> dict[str, float]:
    found = {n: ratio(c, one, other, figure) for n, c in record["hunts"].items() if n not in YARDSTICKS}
    return {name: each for name, each in found.items() if each is not None}


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def summary(record: Record) -> Record:
    """Geometric means and the worst hunt, of processor and wall-clock time, against each of the others."""
    told: Record = {}
    for other in (*OWN[1:], *PEERS):
        if found := ratios(record, other):
            worst = max(found, key=lambda name: found[name])
            mean, wall = geometric_mean(found.values()), geometric_mean(ratios(record, other, figure="wall").values())
            told[other] = {"hunts": len(found), "mean": mean, "wall": wall, "worst": worst, "worst_ratio": found[worst]}
    return told


def faults(record: Record) -> list[str]:
    """Rows that are not those of the SQL, and own contestants that gave none."""
    return [
        f"{name}: {who}: {cost.get('differs') or cost.get('refused')}"
        for name, costs in record["hunts"].items()
        for who, cost in costs.items()
        if who in OWN and ("differs" in cost or "refused" in cost)
    ]


def table(record: Record) -> Table:
    peers = [name for name in PEERS if any(name in costs for costs in record["hunts"].values())]
    title = f"{record['messages']:,} messages; processor time, medians of {record['repeat']}"
    head = ("hunt", "rows", "ours ms", "plain ms", "best ms", "of plain", "of best", "MB", *(f"{name} of ours" for name in peers))
    shown = Table(*head, title=title)
    for name, costs in record["hunts"].items():
        own = [f"{costs[who]['cpu'] * 1000:.1f}" if "cpu" in costs.get(who, {}) else "-" for who in OWN]
        rows = f"{costs['ours'].get('rows', 0):,}" if "ours" in costs else "-"
        memory = f"{costs['ours'].get('memory', 0) / 1e6:.0f}" if "ours" in costs else "-"
        told = [_factor(ratio(costs, "ours", who)) for who in OWN[1:]]
        shown.add_row(name, rows, *own, *told, memory, *(_peer(costs, peer) for peer in peers))
    return shown


def _factor(value: float | None) -> str:
    if value is None:
        return "-"
    return f"[red]{value:.2f}[/red]" if value > WORST else f"{value:.2f}"


def _peer(costs: Record, peer: str) -> str:
    cost = costs.get(peer, {})
    if "refused" in cost:
        return "cannot"
    factor = cost["cpu"] / costs["ours"]["cpu"] if "cpu" in cost and "cpu" in costs.get("ours", {}) else math.nan
    return f"({factor:.2f}, other rows)" if "differs" in cost else f"{factor:.2f}"


def tell(record: Record, console: Console) -> None:
    console.print(table(record))
    for other, told in record["summary"].items():
        console.print(
            f"ours of {other}, {told['hunts']} hunts: geometric mean {told['mean']:.2f} (wall clock {told['wall']:.2f}), "
            f"worst {told['worst_ratio']:.2f}, {told['worst']}"
        )
    for name, (_, _, bound) in YARDSTICKS.items():
        if name in record["hunts"] and (found := ratio(record["hunts"][name], "ours", "plain")):
            console.print(f"{name}: {found:.2f} (at most {bound:g})")
    for peer in PEERS:
        for name, costs in record["hunts"].items():
            if why := costs.get(peer, {}).get("refused") or costs.get(peer, {}).get("differs"):
                console.print(f"{peer}, {name}: {why}", style="dim", markup=False, highlight=False)
    for fault in faults(record):
        console.print(fault, style="red", markup=False)


def plot(record: Record, path: Path) -> None:
    """The ratios of each hunt as a picture, SVG or PNG by the file's suffix."""
    import vl_convert

    points = [
        {"hunt": name, "of": other, "ratio": round(value, 3)}
        for other in (*OWN[1:], *PEERS)
        for name, value in (ratios(record, other) if other in OWN else ratios(record, "ours", other)).items()
    ]
    for point in points:
        point["of"] = f"ours / {point['of']}" if point["of"] in OWN else f"{point['of']} / ours"
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": f"Processor time, {record['messages']:,} messages",
        "data": {"values": points},
        "width": 600,
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 1}}},
            {
                "mark": {"type": "point", "filled": True, "size": 50},
                "encoding": {
                    "y": {"field": "hunt", "type": "nominal", "title": None},
                    "x": {"field": "ratio", "type": "quantitative", "scale": {"type": "log"}, "title": "ratio"},
                    "color": {"field": "of", "type": "nominal", "title": None},
                },
            },
        ],
    }
    if path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(spec, scale=2))
    else:
        path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")


@contextmanager
def told_of(console: Console) -> Iterator[Callable[[str], None]]:
    """Where it stands: a status line on a terminal, else lines on the error stream."""
    if not console.is_terminal:
        yield partial(print, file=sys.stderr, flush=True)
        return
    with console.status("") as status:
        yield status.update


def chosen_hunts(only: list[str] | None) -> list[HuntText]:
    sticks = [HuntText(name, name, "", kql, sql, sql, frozenset()) for name, (kql, sql, _) in YARDSTICKS.items()]
    return read_hunts(only) + [stick for stick in sticks if not only or any(word in stick.name for word in only)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="the simulated store")
    parser.add_argument("--messages", type=int, help="make the store with so many messages if it is not there")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="hunts whose name contains one of these")
    parser.add_argument(
        "--against", nargs="+", choices=[*CONTESTANTS][1:], default=[*CONTESTANTS][1:], help="the other contestants"
    )
    parser.add_argument("--repeat", type=int, default=5, help="measured runs of each, after one that is not measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"keep the results, as those in {RESULTS.name}/")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios, .svg or .png")
    asked = parser.parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if asked.messages and not asked.store.exists():
        console.print(f"simulating {asked.messages:,} messages")
        make_store(asked.store, asked.messages)
    names = dict.fromkeys(("ours", "plain", *asked.against))
    with told_of(console) as told:
        record = measure(asked.store, chosen_hunts(asked.only), names, asked.repeat, told)
    record["summary"] = summary(record)
    tell(record, console)
    for name, why in record["absent"].items():
        console.print(f"{name}: {why}", style="yellow", markup=False)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if asked.plot:
        plot(record, asked.plot)
    return 1 if faults(record) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
