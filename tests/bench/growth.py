"""How cost grows with size: `python tests/bench/growth.py RESULTS.json RESULTS.json ...`, as `hunts.py --json` writes them.

The exponent of a hunt is the slope of a line through log(messages) and log(processor time): 1 is linear, 0 no growth. Small
sizes are dominated by compiling and planning, so the exponent between the two greatest sizes is given beside it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

from contestants import OWN
from hunt_texts import YARDSTICKS
from reporting import Record
from rich.console import Console
from rich.table import Table

LIMIT = 1.1
MEMORY = 4e9


def exponent(times: Mapping[float, float]) -> float:
    """The least-squares slope of log(time) over log(size).

    Raises:
        ValueError: fewer than two sizes.
    """
    if len(times) < 2:
        raise ValueError("An exponent needs two sizes.")
    points = [(math.log(size), math.log(time)) for size, time in times.items()]
    x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def times(records: list[Record], hunt: str, who: str) -> dict[float, float]:
    """Messages -> seconds of processor time."""
    found = {record["messages"]: record["hunts"].get(hunt, {}).get(who, {}) for record in records}
    return {size: cost["cpu"] for size, cost in sorted(found.items()) if "cpu" in cost}


def main(paths: list[Path]) -> int:
    records = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    sizes = sorted({record["messages"] for record in records})
    if len(sizes) < 2:
        print("Give the results of at least two sizes.", file=sys.stderr)
        return 2
    table = Table("hunt", *(f"{size / 1e6:g} M ms" for size in sizes), "exponent", "at the end", "plain's", "most MB")
    steep = []
    for hunt in dict.fromkeys(name for record in records for name in record["hunts"] if name not in YARDSTICKS):
        found = {who: times(records, hunt, who) for who in OWN[:2]}
        ours, plain = found["ours"], found["plain"]
        if len(ours) < 2 or len(plain) < 2:
            continue
        last = exponent(dict([*ours.items()][-2:]))
        if last > LIMIT and last > exponent(dict([*plain.items()][-2:])) + 0.05:
            steep.append(hunt)
        memory = max(record["hunts"].get(hunt, {}).get("ours", {}).get("memory", 0) for record in records)
        shown = [f"{ours[size] * 1000:.0f}" if size in ours else "-" for size in sizes]
        figures = [f"{each:.2f}" for each in (exponent(ours), last, exponent(plain))]
        table.add_row(hunt, *shown, *figures, f"{memory / 1e6:.0f}")
    console = Console() if sys.stdout.isatty() else Console(width=150)
    console.print(table)
    console.print(f"steeper than {LIMIT} at the end, and than plain SQL: {', '.join(steep) or 'none'}")
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
