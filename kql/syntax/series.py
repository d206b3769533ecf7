"""Regular series of aggregates (page: make-series)."""

from __future__ import annotations

from kql.syntax.base import refuse

for _rule, _construct in {
    "make_series": "make-series",
    "series_item": "make-series",
    "series_items": "make-series",
    "series_range": "make-series",
    "series_in_range": "make-series",
}.items():
    refuse(_rule, _construct)
