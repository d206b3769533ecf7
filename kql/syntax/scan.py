"""Matching of row sequences (page: scan)."""

from __future__ import annotations

from kql.syntax.base import refuse

for _rule, _construct in {
    "scan": "scan",
    "scan_step": "scan",
    "optional_step": "scan",
    "step_with_params": "scan",
}.items():
    refuse(_rule, _construct)
