"""Hunts against SQL by hand and other engines: `python tests/bench/hunts.py --store STORE [--messages N] [--only WORD ...]`.

Every hunt of `tests/bench/hunts/` is answered in turn by all contestants, again and again; the table gives medians. The ratio is
processor time of ours, compiling and refreshing included, over that of the SQL. With --messages a store is made where none is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from contestants import CONTESTANTS, OWN, Cost, Refused, Runner
from hunt_texts import YARDSTICKS, HuntText, Store, chosen_hunts, difference, rows_of
from reporting import Record, command, faults, plot, summary, tell
from rich.console import Console

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.lake import Lake
from hunting.simulate import simulate

END = datetime(2026, 11, 20, tzinfo=UTC)
RESULTS = Path(__file__).with_name("results")


def make_store(root: Path, messages: int, seed: int = 1) -> None:
    """A simulated tenant in which automation has removed one cluster."""
    try:
        campaigns = {c.name: c for c in simulate(Lake.create(root), messages=messages, seed=seed, end=END).campaigns}
    except HuntingError:
        shutil.rmtree(root)  # it was not there before, and half a store would be taken for one
        raise
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


# ---------------------------------------------------------------- the command


@contextmanager
def told_of(console: Console) -> Iterator[Callable[[str], None]]:
    """Where it stands: a status line on a terminal, else lines on the error stream."""
    if not console.is_terminal:
        yield partial(print, file=sys.stderr, flush=True)
        return
    with console.status("") as status:
        yield status.update


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
    command(main)
