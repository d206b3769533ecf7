"""How long each phase of the compiler takes, what imports and a first query cost: `python tests/bench/phases.py [QUERY.kql ...]`.

Without arguments all of `data/queries/` is compiled. Medians over repeated runs of one process; CPU time. "whole" is what a hunt
pays for a text that is new to it, "known" for one that it has compiled before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import hunting
from kql import lowering, rewrite
from kql.cache import Programs
from kql.compiler import DIALECTS, uncollected
from kql.scope import Context, Scope
from kql.syntax import tree

RUNS = 7
QUERIES = Path(__file__).resolve().parents[2] / "data" / "queries"
COUNTED = "EmailEvents | where Timestamp > ago(1d) | summarize count() by SenderFromDomain"
FIRST = f"hunting.connect(':memory:').query('{COUNTED}')"
STATEMENTS = {
    "import kql": "import kql",
    "import hunting": "import hunting",
    "import hunting.cli": "import hunting.cli",
    "import and first query": f"import hunting; {FIRST}",
    "import and two queries": f"import hunting; {FIRST}; {FIRST}",
}
PHASES = ("parse", "bind", "rewrite", "lower", "print")


def timed(spent: dict[str, float], phase: str, call: Callable[[], Any]) -> Any:
    began = time.process_time()
    result = call()
    spent[phase] = (time.process_time() - began) * 1000
    return result


def phases(text: str, hunt: hunting.Hunt) -> dict[str, float]:
    """Milliseconds of each phase for one compilation."""
    spent: dict[str, float] = {}
    query = timed(spent, "parse", lambda: tree(text))
    context = Context(hunt, {})

    def bind() -> Any:
        scope, result = query.body.enter(Scope(context))
        return result.bind_tabular(scope)

    program: Any = (timed(spent, "bind", bind), tuple(context.bindings))

    program = timed(spent, "rewrite", lambda: rewrite.rewritten(program))
    dialect = DIALECTS["duckdb"]
    sql = timed(spent, "lower", lambda: lowering.Lowering(dialect).program(*program))
    timed(spent, "print", lambda: dialect.text(sql))
    return spent


def compilations(text: str, hunt: hunting.Hunt, programs: Programs) -> dict[str, float]:
    """Milliseconds of one compilation as a hunt asks for it: of a text that is new, and of one that is known."""
    spent: dict[str, float] = {}
    for what in ("whole", "known"):
        timed(spent, what, lambda: programs.compile(text, hunt, None, False, None))
    return spent


def fresh_time(statement: str) -> float:
    """Seconds of CPU of a fresh interpreter that runs the statement, less those of one that runs nothing."""

    def cpu(code: str) -> float:
        command = [sys.executable, "-c", f"import time; {code}; print(time.process_time())"]
        return min(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3))

    return cpu(statement) - cpu("pass")


def command_time() -> float:
    """Seconds of wall clock of `hunting query` as a user starts it, over a small store and with full caches: the best of five."""
    from hunting.lake import Lake
    from hunting.simulate import scenario_folder, simulate

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        scenarios = [scenario_folder() / "parcel-login.yaml"]
        simulate(Lake.create(Path(folder) / "store"), messages=2000, end=datetime.now(UTC), scenarios=scenarios)
        program = [sys.executable, "-c", "from hunting.cli import script; script()"]
        command = [*program, "query", f"{COUNTED} | top 5 by count_", "--store", str(Path(folder) / "store")]

        def wall() -> float:
            began = time.perf_counter()
            subprocess.run(command, env=environment, capture_output=True, check=True)
            return time.perf_counter() - began

        return min(wall() for _ in range(6))  # the first one fills the caches


def main(paths: list[Path]) -> None:
    hunt = hunting.connect(":memory:")
    programs = Programs()
    table = Table("query", *(f"{phase} ms" for phase in (*PHASES, "whole", "known")))
    totals = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        try:
            phases(text, hunt)
        except hunting.KqlError as error:
            table.add_row(path.stem, f"[red]{error.message[:60]}[/red]")
            continue
        with uncollected():
            runs = [phases(text, hunt) for _ in range(RUNS)]
        runs = [run | compilations(f"{text}\n// {at}", hunt, programs) for at, run in enumerate(runs)]
        medians = [statistics.median(run[phase] for run in runs) for phase in (*PHASES, "whole", "known")]
        totals.append(medians[-2])
        table.add_row(path.stem, *(f"{each:.2f}" for each in medians))
    console = Console() if sys.stdout.isatty() else Console(width=130)
    console.print(table)
    if totals:
        ordered = sorted(totals)
        p95 = ordered[int(len(ordered) * 0.95)]
        console.print(f"median {statistics.median(totals):.1f} ms, p95 {p95:.1f} ms over {len(totals)} queries")
    for name, statement in STATEMENTS.items():
        console.print(f"{name}: {fresh_time(statement):.2f} s CPU", highlight=False)
    console.print(f"hunting query: {command_time():.2f} s", highlight=False)


if __name__ == "__main__":
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("queries", metavar="QUERY.kql", type=Path, nargs="*", default=sorted(QUERIES.glob("*.kql")))
    main(command.parse_args().queries)
