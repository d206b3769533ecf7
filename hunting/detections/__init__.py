"""Custom detections: a rule is a YAML file with a query whose rows become alerts.

`load(path)` reads a rule, `check(rule, hunt)` says what keeps it from being saved, `run(rule, hunt)` raises its alerts.
"""

from __future__ import annotations

from hunting.detections.conditions import check
from hunting.detections.rule import Rule, load
from hunting.detections.run import MOST, Run, run

__all__ = ["MOST", "Rule", "Run", "check", "load", "run"]
