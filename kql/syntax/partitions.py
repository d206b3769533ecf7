"""Operators that run a pipeline for each part of the rows (pages: partition, fork, facet)."""

from __future__ import annotations

from kql.syntax.base import refuse

for _rule, _construct in {
    "partition": "partition",
    "subpipeline": "A pipeline without a source",
    "fork": "fork",
    "fork_arm": "fork",
    "facet": "facet",
}.items():
    refuse(_rule, _construct)
