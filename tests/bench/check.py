"""No hunt may lose more than a quarter: `python tests/bench/check.py --store STORE [--only WORD ...]`.

Measures like `hunts.py` and compares ratios of ours to plain and best SQL, hunt by hunt and on the whole, with the kept results
whose store was nearest in size (`results/*.json`; those with other engines lie in `results/peers/`). What seems to have lost is
measured again with more runs before it counts. Exit code 1: a loss.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from contestants import OWN
from hunt_texts import chosen_hunts
from hunts import RESULTS, measure, told_of
from reporting import Record, command, faults, geometric_mean, ratios
from rich.console import Console

LOSS = 1.25
REPEAT, AGAIN = 5, 15


def nearest(messages: int, folder: Path = RESULTS) -> Record:
    """The kept results of the store that is nearest in size.

    Raises:
        SystemExit: nothing is kept.
    """
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise SystemExit(f"Nothing is kept in {folder}: write one with hunts.py --json.")
    return min(records, key=lambda record: abs(math.log(record["messages"] / messages)))


def losses(kept: Record, found: Record) -> list[tuple[str, str, float, float]]:
    """Hunt ("" for the geometric mean), contestant, ratio then and ratio now, of each loss."""
    lost = []
    for other in OWN[1:]:
        before, now = ratios(kept, other), ratios(found, other)
        both = sorted(before.keys() & now.keys())
        lost += [(name, other, before[name], now[name]) for name in both if now[name] > LOSS * before[name]]
        then, today = (geometric_mean(each[name] for name in both) for each in (before, now))
        if today > LOSS * then:
            lost.append(("", other, then, today))
    return lost


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="the simulated store")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="hunts whose name contains one of these")
    asked = parser.parse_args(arguments)
    console = Console(width=150)
    hunts = chosen_hunts(asked.only)
    with told_of(console) as told:
        found = measure(asked.store, hunts, OWN, REPEAT, told)
        kept = nearest(found["messages"])
        suspects = {name for name, *_ in losses(kept, found)}
        if again := [hunt for hunt in hunts if hunt.name in suspects]:
            found["hunts"] |= measure(asked.store, again, OWN, AGAIN, told)["hunts"]
    lost = losses(kept, found)
    for name, other, then, now in lost:
        console.print(f"{name or 'geometric mean'}: {now:.2f} of {other}, was {then:.2f}", style="red", highlight=False)
    for fault in faults(found):
        console.print(fault, style="red", markup=False)
    sizes = f"{found['messages']:,} messages against the results of {kept['messages']:,}"
    console.print(f"{len(found['hunts'])} hunts, {sizes}: {len(lost)} losses")
    return 1 if lost or faults(found) else 0


if __name__ == "__main__":
    command(main)
