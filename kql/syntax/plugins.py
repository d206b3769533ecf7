"""Plugins, called by evaluate (pages: evaluate, bag_unpack, pivot, narrow ...)."""

from __future__ import annotations

from kql.syntax.base import refuse

for _rule, _construct in {
    "evaluate": "evaluate",
}.items():
    refuse(_rule, _construct)
