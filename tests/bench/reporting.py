"""What a measurement of the hunts says: ratios, geometric means, the table, the picture."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from contestants import OWN, PEERS
from hunt_texts import YARDSTICKS
from rich.console import Console
from rich.table import Table

from hunting.errors import HuntingError

LIMITS = {"plain": 1.0, "best": 1.15}  # of the geometric means
WORST = 1.3  # of plain
Record = dict[str, Any]


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
        bound = f"at most {LIMITS[other]:g}, " if other in LIMITS else ""
        console.print(
            f"ours of {other}, {told['hunts']} hunts: geometric mean {told['mean']:.2f} ({bound}wall clock {told['wall']:.2f}), "
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


def command(main: Callable[[list[str]], int]) -> NoReturn:
    """Runs a benchmark from the command line; what the user got wrong is a line on stderr, and exit code 2."""
    try:
        sys.exit(main(sys.argv[1:]))
    except HuntingError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
