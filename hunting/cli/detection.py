"""detection check, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from hunting.cli.command import Argument
from hunting.cli.group import Group
from hunting.cli.opening import open_hunt
from hunting.cli.options import STORE, Format, Now, Output, Store
from hunting.cli.output import note, show

detection = Group("detection", "Detections: rules whose rows become alerts.")

Rule = Annotated[Path, Argument(metavar="FILE", help="A rule: YAML in the format of Sentinel's analytics rules.")]


@detection.verb()
def check(file: Rule, store: Store = STORE) -> None:
    """Say whether a rule could be saved: its query, the columns it returns, what a continuous rule may do."""
    from hunting import detections

    with open_hunt(store) as hunt:
        rule = detections.load(file)
        detections.check(rule, hunt)
    often = "continuous" if rule.frequency is None else f"every {rule.frequency}"
    note(f"{rule.name}: sound; {often}, looks back {rule.lookback}")


@detection.verb()
def run(file: Rule, store: Store = STORE, now: Now = "", form: Format = None, output: Output = None) -> None:
    """Run a rule once: new rows become alerts in AlertInfo and AlertEvidence, 150 at most."""
    from contextlib import closing

    from hunting import detections
    from hunting.formats import records

    with open_hunt(store, now) as hunt, closing(hunt.air):
        done = detections.run(detections.load(file), hunt)
    columns = {"Rows": "long", "Raised": "long", "Repeated": "long", "Lost": "long", "ErrorCode": "string"}
    show(records(columns, [(done.rows, done.raised, done.repeated, done.lost, done.error_code)]), form, output)
    if done.lost:
        note(f"{done.lost} rows are lost: a run raises {detections.MOST} alerts at most. Narrow the query.")
